//! Any text: pairs that are written and read again unchanged, or an error that says where; never more bytes than came in.

use std::fmt::Write;

use enrich::querystring::Pairs;

/// Asserts the law for these bytes.
pub fn law(data: &[u8]) {
    let query = String::from_utf8_lossy(data);
    let pairs = match Pairs::parse_utf8(&query) {
        Ok(pairs) => pairs,
        Err(error) => {
            assert!(error.contains(" at index "), "{error}");
            return;
        }
    };
    let bytes: usize = pairs.iter().map(|(name, value)| name.len() + value.map_or(0, str::len)).sum();
    // A byte that is no UTF-8 becomes the three bytes of U+FFFD.
    assert!(bytes <= 3 * query.len() && pairs.len() <= query.len());
    let mut written = String::new();
    for (name, value) in pairs.iter() {
        assert!(!name.is_empty());
        encode(name, &mut written);
        if let Some(value) = value {
            written.push('=');
            encode(value, &mut written);
        }
        written.push('&');
    }
    assert_eq!(
        Pairs::parse_utf8(&written).unwrap().iter().collect::<Vec<_>>(),
        pairs.iter().collect::<Vec<_>>()
    );
}

fn encode(text: &str, out: &mut String) {
    for b in text.bytes() {
        write!(out, "%{b:02X}").unwrap();
    }
}
