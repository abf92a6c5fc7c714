//! Bodies of trackers, read and validated in one pass: `{"schema": payload_data 1-0-0 to 1-0-4, "data": [{...}]}` with
//! string values. What is not exactly that is left to the JSON parser and the validator, which find the words for it.

use std::borrow::Cow;

use crate::{
    parameter_table::{self, TABLE},
    parameters::Parameters,
};

/// The versions that are known here end in this.
const SCHEMA: &str = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-";

/// Events of a body that certainly follows its schema; `None`: ask the validator.
pub(super) fn read(body: &str) -> Option<Vec<Parameters<'_>>> {
    let mut cursor = Cursor { text: body, at: 0 };
    cursor.expect(b'{')?;
    let mut version = None;
    let mut events = None;
    loop {
        let name = cursor.string()?;
        cursor.expect(b':')?;
        match name.as_ref() {
            "schema" if version.is_none() => version = Some(version_of(&cursor.string()?)?),
            // The usual order. Other orders take the long way.
            "data" if events.is_none() => events = Some(cursor.events(version?)?),
            _ => return None,
        }
        if cursor.next()? == b'}' {
            break;
        }
        cursor.back_to(b',')?;
    }
    cursor.skip_white();
    (cursor.at == body.len()).then_some(events).flatten()
}

fn version_of(schema: &str) -> Option<u8> {
    match schema.strip_prefix(SCHEMA)?.as_bytes() {
        [digit @ b'0'..=b'4'] => Some(digit - b'0'),
        _ => None,
    }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn events(&mut self, version: u8) -> Option<Vec<Parameters<'a>>> {
        self.expect(b'[')?;
        let mut events = Vec::new();
        loop {
            events.push(self.event(version)?);
            if self.next()? == b']' {
                return Some(events);
            }
            self.back_to(b',')?;
        }
    }

    fn event(&mut self, version: u8) -> Option<Parameters<'a>> {
        self.expect(b'{')?;
        let mut parameters = Parameters::with_room();
        loop {
            let name = self.string()?;
            let row = &TABLE[usize::from(parameter_table::number(&name)?)];
            if row.body_since.is_none_or(|since| since > version) {
                return None;
            }
            self.expect(b':')?;
            let value = self.string()?;
            parameters.insert(Cow::Borrowed(row.name), Some(value));
            if self.next()? == b'}' {
                break;
            }
            self.back_to(b',')?;
        }
        ["tv", "p", "e"].iter().all(|name| parameters.get(name).is_some()).then_some(parameters)
    }

    /// A string; with escapes it is decoded.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.expect(b'"')?;
        let from = self.at;
        let bytes = self.text.as_bytes();
        let end = from + memchr::memchr2(b'"', b'\\', &bytes[from..])?;
        if bytes[end] == b'"' {
            self.at = end + 1;
            let text = &self.text[from..end];
            return (!has_control(text)).then_some(Cow::Borrowed(text));
        }
        let mut end = end;
        while bytes.get(end)? != &b'"' {
            end += 2;
            end += memchr::memchr2(b'"', b'\\', bytes.get(end..)?)?;
        }
        self.at = end + 1;
        let raw = &self.text[from - 1..=end];
        // A lone surrogate is an error here and a character to the original: the long way knows.
        serde_json::from_str::<String>(raw).ok().map(Cow::Owned)
    }

    fn skip_white(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count();
    }

    fn next(&mut self) -> Option<u8> {
        self.skip_white();
        let b = *self.text.as_bytes().get(self.at)?;
        self.at += 1;
        Some(b)
    }

    fn expect(&mut self, b: u8) -> Option<()> {
        (self.next()? == b).then_some(())
    }

    /// The byte just read must be this one.
    fn back_to(&mut self, b: u8) -> Option<()> {
        (self.text.as_bytes()[self.at - 1] == b).then_some(())
    }
}

fn has_control(text: &str) -> bool {
    text.bytes().any(|b| b < 0x20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(version: &str, event: &str) -> String {
        format!(r#"{{"schema":"{SCHEMA}{version}","data":[{event}]}}"#)
    }

    #[test]
    fn plain_bodies_are_read() {
        let body = body(
            "4",
            r#"{"e":"pv", "p" : "web","tv":"\u00e9\n","ttm":"1"},{"e":"pp","p":"web","tv":"t","e":"pv"}"#,
        );
        let events = read(&body).expect("plain");
        assert_eq!(events.len(), 2);
        assert_eq!(events[0].get("tv"), Some(Some("é\n")));
        assert_eq!(events[1].get("e"), Some(Some("pv")));
    }

    #[test]
    fn the_rest_is_left_to_the_validator() {
        let event = r#"{"e":"pv","p":"web","tv":"t"}"#;
        let table = [
            String::new(),
            "[]".into(),
            body("5", event),
            body("4", ""),
            body("4", "{}"),
            body("4", r#"{"e":"pv","p":"web"}"#),
            body("4", r#"{"e":"pv","p":"web","tv":1}"#),
            body("4", r#"{"e":"pv","p":"web","tv":"t","cv":"1"}"#),
            body("4", r#"{"e":"pv","p":"web","tv":"t","foo":"1"}"#),
            body("3", r#"{"e":"pv","p":"web","tv":"t","ttm":"1"}"#),
            body("4", "{\"e\":\"pv\",\"p\":\"web\",\"tv\":\"\t\"}"),
            body("4", r#"{"e":"pv","p":"web","tv":"\x"}"#),
            body("4", &format!("{event},")),
            format!("{}x", body("4", event)),
            body("4", event).replace("\"data\"", "\"date\""),
        ];
        for text in table {
            assert!(read(&text).is_none(), "{text}");
        }
    }
}
