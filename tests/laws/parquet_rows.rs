//! Any bytes are a Parquet file of ours or refused; what is read are lines of 131 columns; never a panic.

use bytes::Bytes;
use loaders::parquet::read::lines;

/// More rows are not looked at: a damaged file may say that it has billions.
const ROWS: usize = 10_000;

/// The bytes are the file.
pub fn law(data: &[u8]) {
    let Ok(found) = lines(Bytes::copy_from_slice(data)) else { return };
    for line in found.take(ROWS) {
        let Ok(line) = line else { return };
        assert_eq!(line.split('\t').count(), event::atomic::COUNT, "{line:?}");
        assert!(!line.contains('\n'), "{line:?}");
    }
}
