//! Any text: a document that is printed and read again unchanged, or an error; `serde_json` takes the same texts for JSON.

use event::json;
use serde_json::value::RawValue;

/// Asserts the law for these bytes.
pub fn law(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let depth = json::max_depth(&text);
    assert_eq!(depth.is_ok(), serde_json::from_str::<&RawValue>(&text).is_ok(), "{text}");
    match json::parse(&text) {
        Ok(value) => {
            // Of repeated members only the last is kept: the text may be deeper than its value.
            assert!(depth.is_ok_and(|depth| json::depth(&value) <= depth));
            let printed = json::to_compact(&value);
            assert_eq!(json::max_depth(&printed), Ok(json::depth(&value)));
            assert_eq!(json::parse(&printed).as_ref(), Ok(&value));
            assert!(!printed.bytes().any(|b| b < 0x20 || b == 0x7F));
        }
        Err(error) => {
            assert!(!error.is_empty());
            assert!(depth.is_err() || depth.is_ok_and(|depth| depth > json::MAX_DEPTH));
        }
    }
}
