//! Outputs that a stream can never take, although they keep the configured limit: they become bad rows, which are small
//! enough for every stream.

use event::bad_row::{BadRow, Failure, Processor};
use jiff::Timestamp;
use stream::record::Record;

use crate::java::text::utf16_len;

/// Bytes of text in such a row, at most.
const KEPT: usize = 100_000;

/// A `generic_error` with the whole text of the output, or a `size_violation` with its beginning. `why`: the stream's words.
pub fn bad_row(record: &Record, why: &str, processor: &Processor, max: usize, now: Timestamp) -> Record {
    let text = String::from_utf8_lossy(&record.data);
    let failure = if text.len() <= KEPT {
        Failure::GenericError { timestamp: now, errors: vec![why.to_owned()], payload: text.into_owned() }
    } else {
        Failure::SizeViolation {
            timestamp: now,
            maximum_allowed_size_bytes: max as u64,
            actual_size_bytes: utf16_len(&text) as u64,
            expectation: why.to_owned(),
            payload: text[..text.floor_char_boundary(KEPT)].to_owned(),
        }
    };
    let row = BadRow { processor: processor.clone(), failure };
    Record { data: row.to_json().into(), ..record.clone() }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_output_stays_readable() {
        let check = |text: &str, kind: &str, kept: usize| {
            let processor = Processor { artifact: "test".into(), version: "1".into() };
            let record = Record::new("key", text.to_owned());
            let row =
                bad_row(&record, "too large for the stream", &processor, 3_000_000, Timestamp::UNIX_EPOCH);
            let json: Value = serde_json::from_slice(&row.data).unwrap();
            assert!(json["schema"].as_str().unwrap().contains(kind), "{json}");
            assert_eq!(row.key, "key");
            let payload = json["data"]["payload"].as_str().unwrap();
            assert_eq!((payload.len(), text.starts_with(payload)), (kept, true));
            assert!(json["data"]["failure"].to_string().contains("too large for the stream"), "{json}");
            assert!(row.size() < 1 << 20, "{} bytes", row.size());
        };
        check("a\tb", "/generic_error/", 3);
        check(&"\u{1}".repeat(KEPT), "/generic_error/", KEPT);
        check(&"\u{1}".repeat(KEPT + 1), "/size_violation/", KEPT);
        check(&"x\u{e9}".repeat(KEPT), "/size_violation/", KEPT);
    }
}
