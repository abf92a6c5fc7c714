//! Orders that come from Java's and Scala's hash maps and are visible in reports.

/// `String.hashCode`.
pub(crate) fn string(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// The places of entries with these hashes, inserted in order, as a `java.util.HashMap` of default size walks them.
pub(crate) fn walk_order(hashes: &[i32]) -> Vec<usize> {
    let mut capacity: u32 = 16;
    while hashes.len() as u64 * 4 > u64::from(capacity) * 3 {
        capacity *= 2;
    }
    let mut places: Vec<usize> = (0..hashes.len()).collect();
    places.sort_by_key(|place| {
        let hash = hashes[*place] as u32;
        (hash ^ (hash >> 16)) & (capacity - 1)
    });
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_strings() {
        assert_eq!(string(""), 0);
        assert_eq!(string("a"), 97);
        assert_eq!(string("hello"), 99_162_322);
    }

    #[test]
    fn walks() {
        assert_eq!(walk_order(&[3, 1, 2]), [1, 2, 0]);
        assert_eq!(walk_order(&[17, 1]), [0, 1]);
    }
}
