//! Finding the next byte of a string that needs a look, eight bytes at a time.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The first position from `at` on that holds a quote, a backslash or a byte below 0x20; the end if there is none.
pub(super) fn special(bytes: &[u8], at: usize) -> usize {
    find(
        bytes,
        at,
        |word| equal(word, b'"') | equal(word, b'\\') | control(word),
        |byte| matches!(byte, b'"' | b'\\' | 0..0x20),
    )
}

/// The same for printing: also 0x7F, and 0xC2, which begins the characters U+0080 to U+009F.
pub(super) fn escaped(bytes: &[u8], at: usize) -> usize {
    find(
        bytes,
        at,
        |word| equal(word, b'"') | equal(word, b'\\') | control(word) | equal(word, 0x7F) | equal(word, 0xC2),
        |byte| matches!(byte, b'"' | b'\\' | 0..0x20 | 0x7F | 0xC2),
    )
}

/// `word` sets the high bit of the bytes looked for, and perhaps of some above the first of them.
#[inline(always)]
fn find(bytes: &[u8], mut at: usize, word: impl Fn(u64) -> u64, byte: impl Fn(u8) -> bool) -> usize {
    while let Some((chunk, _)) = bytes[at..].split_first_chunk::<8>() {
        let found = word(u64::from_le_bytes(*chunk));
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while at < bytes.len() && !byte(bytes[at]) {
        at += 1;
    }
    at
}

/// Bytes that equal `byte`. Borrows only make false finds above the first true one.
fn equal(word: u64, byte: u8) -> u64 {
    let zero = word ^ (ONES * u64::from(byte));
    zero.wrapping_sub(ONES) & !zero & HIGHS
}

/// Bytes below 0x20.
fn control(word: u64) -> u64 {
    word.wrapping_sub(ONES * 0x20) & !word & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_found_at_every_place() {
        for byte in 0..=255_u8 {
            for at in 0..20 {
                let mut bytes = [b'a'; 20];
                bytes[at] = byte;
                let place = |is: bool| if is { at } else { bytes.len() };
                let is_special = byte < 0x20 || byte == b'"' || byte == b'\\';
                assert_eq!(special(&bytes, 0), place(is_special), "{byte:x} {at}");
                assert_eq!(
                    escaped(&bytes, 0),
                    place(is_special || byte == 0x7F || byte == 0xC2),
                    "{byte:x} {at}"
                );
            }
        }
    }
}
