//! commons-codec's URL-safe decoder: it never fails (`spec/enrich.md` 2.5).

use base64_simd::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use event::utf8;

/// Both alphabets, other bytes skipped, up to the first `=`; left-over bits are dropped. The bytes as UTF-8, broken
/// sequences as U+FFFD.
pub(crate) fn decode_lenient(text: &str) -> String {
    let text = &text.as_bytes()[..memchr::memchr(b'=', text.as_bytes()).unwrap_or(text.len())];
    // Nearly all are of one alphabet and whole.
    let strict = URL_SAFE_NO_PAD.decode_to_vec(text).or_else(|_| STANDARD_NO_PAD.decode_to_vec(text));
    let bytes = strict.unwrap_or_else(|_| decode_mixed(text));
    String::from_utf8(bytes).unwrap_or_else(|e| utf8::decode(e.as_bytes()).into_owned())
}

fn decode_mixed(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let mut bits = 0_u32;
    let mut count = 0_u8;
    for &b in text {
        let value = VALUES[usize::from(b)];
        if value >= 64 {
            continue;
        }
        bits = bits << 6 | u32::from(value);
        count += 1;
        if count == 4 {
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
            (bits, count) = (0, 0);
        }
    }
    match count {
        2 => bytes.push((bits >> 4) as u8),
        3 => bytes.extend_from_slice(&((bits >> 2) as u16).to_be_bytes()),
        _ => {}
    }
    bytes
}

/// The value of each byte; 255: not of an alphabet.
const VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut i = 0;
    while i < 64 {
        values[alphabet[i] as usize] = i as u8;
        i += 1;
    }
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lenient_as_commons_codec() {
        let table = [
            ("Sm9oblNtaXRo", "JohnSmith"),
            ("am9obitzbWl0aA", "john+smith"),
            ("Sm9o=biBT", "Joh"),
            ("S", ""),
            ("Sm", "J"),
            ("äöü - & ", ""),
            ("", ""),
            ("__57fQ", "\u{FFFD}\u{FFFD}{}"),
            ("//57fQ", "\u{FFFD}\u{FFFD}{}"),
            ("_/57fQ==", "\u{FFFD}\u{FFFD}{}"),
            ("Sm9oblNtaXRoSm9oblNtaXRoSm9oblNtaXRoSm9oblNtaXRo", "JohnSmithJohnSmithJohnSmithJohnSmith"),
            ("Sm9ob\nlNtaXRoSm9oblNtaXRo Sm9oblNtaXRoSm9oblNtaXRo", "JohnSmithJohnSmithJohnSmithJohnSmith"),
            ("Smo", "Jj"),
            ("Smp", "Jj"),
        ];
        for (text, expect) in table {
            assert_eq!(decode_lenient(text), expect, "{text}");
        }
    }
}
