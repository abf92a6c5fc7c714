//! Partition keys of bad rows.

/// A key that depends on the bytes alone: the bad rows of one line go to one place.
pub(crate) fn partition_key(line: &[u8]) -> String {
    let mix = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    format!("{:08x}", line.iter().fold(0x811c_9dc5, mix))
}
