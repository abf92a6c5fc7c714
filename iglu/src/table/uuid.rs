//! UUIDs as Java reads them.

/// Java's `UUID.fromString`: five groups of hexadecimal digits; short groups are filled with zeros, long ones lose their
/// upper digits. At most 36 characters.
pub fn java_uuid(text: &str) -> Option<[u8; 16]> {
    let bytes = text.as_bytes();
    if let Some(id) = canonical(bytes) {
        return Some(id);
    }
    if bytes.len() > 36 {
        return None;
    }
    let mut groups = [0_u64; 5];
    let mut parts = text.split('-');
    for group in &mut groups {
        let part = parts.next()?;
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        // Java reads a signed long.
        *group = i64::from_str_radix(part, 16).ok()?.unsigned_abs();
    }
    if parts.next().is_some() {
        return None;
    }
    let [a, b, c, d, e] = groups;
    let high = (a & 0xffff_ffff) << 32 | (b & 0xffff) << 16 | c & 0xffff;
    let low = (d & 0xffff) << 48 | e & 0xffff_ffff_ffff;
    Some((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
}

/// The usual 36 characters.
fn canonical(text: &[u8]) -> Option<[u8; 16]> {
    if text.len() != 36 {
        return None;
    }
    let mut id = [0_u8; 16];
    let mut at = 0;
    for (i, byte) in id.iter_mut().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            if text[at] != b'-' {
                return None;
            }
            at += 1;
        }
        *byte = digit(text[at])? << 4 | digit(text[at + 1])?;
        at += 2;
    }
    Some(id)
}

fn digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        b'A'..=b'F' => Some(c - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_java() {
        let expect = |text: &str| java_uuid(text).map(|id| format!("{:032x}", u128::from_be_bytes(id)));
        for (text, hex) in [
            ("F81D4FAE-7dec-11d0-a765-00a0c91e6bf6", Some("f81d4fae7dec11d0a76500a0c91e6bf6")),
            ("1-2-3-4-5", Some("00000001000200030004000000000005")),
            ("1ffffffff-1-1-1-1", Some("ffffffff000100010001000000000001")),
            ("x", None),
            ("", None),
            ("1-2-3-4", None),
            ("1-2-3-4-5-6", None),
            ("1--3-4-5", None),
            ("f81d4fae-7dec-11d0-a765-00a0c91e6bf6a", None),
            ("f81d4fae-7dec-11d0-a765-00a0c91e6bfg", None),
        ] {
            assert_eq!(expect(text).as_deref(), hex, "{text}");
        }
    }
}
