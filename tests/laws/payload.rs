//! Any bytes: a payload that is written and read again unchanged, or an error.

use event::payload::CollectorPayload;

/// Asserts the law for these bytes.
pub fn law(data: &[u8]) {
    let record = data.to_vec().into();
    let payload = match CollectorPayload::decode(&record) {
        Ok(payload) => payload,
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.apache_text().is_empty());
            return;
        }
    };
    let mut written = Vec::new();
    payload.encode(&mut written);
    assert_eq!(written.len(), payload.encoded_len());
    assert_eq!(CollectorPayload::decode(&written.into()).as_ref(), Ok(&payload));
    for text in [payload.to_text(100), payload.to_plain_text(100)] {
        assert!(text.encode_utf16().count() <= 100);
    }
}
