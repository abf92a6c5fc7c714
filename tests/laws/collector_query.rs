//! The collector's reading of a query: nothing is lost, and what is escaped can be read again.

use std::borrow::Cow;

use collector::{compatibility::Compatibility, query};

/// Pairs, escapes and look-ups of a query.
pub fn law(data: &[u8]) {
    for (compatibility, separators) in [(Compatibility::V2, &b"&"[..]), (Compatibility::V3, b"&;")] {
        pairs(data, compatibility, separators);
    }
}

fn pairs(data: &[u8], compatibility: Compatibility, separators: &[u8]) {
    // Pairs hold all bytes but the separators, in order.
    let mut rejoined = Vec::new();
    for (name, value) in query::pairs(data, compatibility) {
        rejoined.extend_from_slice(name);
        if let Some(value) = value {
            rejoined.push(b'=');
            rejoined.extend_from_slice(value);
        }
        let at = rejoined.len();
        rejoined.extend(data.get(at).filter(|b| separators.contains(b)));
        assert!(data.starts_with(&rejoined), "{:?}", String::from_utf8_lossy(data));
    }
    assert_eq!(rejoined, data);

    // Decoding never grows beyond three bytes for each that is no UTF-8.
    let decoded: Cow<'_, str> = query::decode_form(data);
    assert!(decoded.len() <= data.len() * 3);

    // What is encoded holds no separator and reads as before.
    let mut encoded = Vec::new();
    query::encode(&decoded, b"", &mut encoded);
    assert!(!encoded.iter().any(|b| b"&;=+ #".contains(b)));
    assert_eq!(query::decode_form(&encoded), decoded);

    // A parameter is found under its name, whatever stands before it.
    let mut with_nuid = data.to_vec();
    with_nuid.extend_from_slice(b"&nuid=");
    with_nuid.extend_from_slice(&encoded);
    assert_eq!(query::values(&with_nuid, "nuid", compatibility).last().unwrap(), decoded);
}
