//! Enriching archived payloads without streams: lines in, lines out, in the same order. How a raw archive is processed
//! again.
//!
//! A line is Base64 of a raw record, or a JSON object with it in `payload_b64` and, if wanted, configurations in
//! `enrichments` for this line alone. For every line there is one line of JSON:
//! `{"outcomes":[{"enriched":"<tsv>"} | {"failed":"<tsv>"} | {"bad":{...}}, ...]}`, with `error` beside it where the line
//! itself could not be read.

pub mod run;

use std::borrow::Cow;

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::output::{Kind, Output};

/// With padding or without, as archives and sinks print it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a line holds.
#[derive(Debug, PartialEq, Eq)]
struct Line<'l> {
    /// A raw record.
    record: Vec<u8>,
    /// A list of configurations as it was written, unless it is empty.
    enrichments: Option<&'l str>,
}

#[derive(Deserialize)]
struct Object<'l> {
    #[serde(borrow)]
    payload_b64: Cow<'l, str>,
    #[serde(borrow, default)]
    enrichments: Option<&'l RawValue>,
}

impl<'l> Line<'l> {
    /// Reads a line without its end.
    fn read(line: &'l str) -> Result<Self, String> {
        let text = line.trim();
        if !text.starts_with('{') {
            return Ok(Self { record: decode(text)?, enrichments: None });
        }
        let object: Object<'l> = serde_json::from_str(text).map_err(|e| format!("no such object: {e}"))?;
        let list = object.enrichments.map(|list| list.get()).filter(|list| !is_empty(list));
        Ok(Self { record: decode(&object.payload_b64)?, enrichments: list })
    }
}

fn decode(text: &str) -> Result<Vec<u8>, String> {
    if text.is_empty() {
        return Err("an empty line".into());
    }
    let quick = if text.ends_with('=') { base64_simd::STANDARD } else { base64_simd::STANDARD_NO_PAD };
    // The slower one says what is wrong.
    quick.decode_to_vec(text).or_else(|_| BASE64.decode(text).map_err(|e| format!("not Base64: {e}")))
}

/// The line that holds a raw record.
pub fn line_of(record: &[u8]) -> String {
    let mut line = BASE64.encode(record);
    line.push('\n');
    line
}

/// Whether a list or `null` has nothing in it.
fn is_empty(list: &str) -> bool {
    list == "null" || list.bytes().all(|b| matches!(b, b'[' | b']' | b' ' | b'\t'))
}

/// Appends the line for what came out of a record.
fn write_outcomes(outputs: &[Output], out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"outcomes":["#);
    for (n, output) in outputs.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        match output.kind {
            Kind::Good => write_text("enriched", &output.data, out),
            Kind::Failed => write_text("failed", &output.data, out),
            Kind::Bad(_) => {
                out.extend_from_slice(br#"{"bad":"#);
                out.extend_from_slice(&output.data);
                out.push(b'}');
            }
        }
    }
    out.extend_from_slice(b"]}\n");
}

fn write_text(name: &str, line: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    // The lossy way is a slow one, even for what has nothing to lose.
    match std::str::from_utf8(line) {
        Ok(line) => event::json::write_string(line, out),
        Err(_) => event::json::write_string(&String::from_utf8_lossy(line), out),
    }
    out.push(b'}');
}

/// Appends the line for a line that could not be read.
fn write_error(number: u64, what: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"outcomes":[],"error":"#);
    event::json::write_string(&format!("line {number}: {what}"), out);
    out.extend_from_slice(b"}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let read = |line| Line::read(line).map(|line| (line.record, line.enrichments));
        assert_eq!(read("AAEC"), Ok((vec![0, 1, 2], None)));
        assert_eq!(read("AAE"), Ok((vec![0, 1], None)));
        assert_eq!(read(" AAE=\r"), Ok((vec![0, 1], None)));
        assert_eq!(read(r#"{"payload_b64":"AAEC","x":1}"#), Ok((vec![0, 1, 2], None)));
        assert_eq!(read(r#"{"enrichments":[ ],"payload_b64":"AAEC"}"#), Ok((vec![0, 1, 2], None)));
        let list = r#"[{"schema":"a"}]"#;
        let line = format!(r#"{{"payload_b64":"AAEC","enrichments":{list}}}"#);
        assert_eq!(read(&line), Ok((vec![0, 1, 2], Some(list))));
        for line in ["", "?", "{", "{}", r#"{"payload_b64":1}"#, r#"{"payload_b64":"?"}"#] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
