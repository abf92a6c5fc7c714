//! What a file holds, packed or not, and its name as a shard.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::record::ShardId;

/// Bytes that are read at once.
const BUFFER: usize = 1 << 18;
/// What a gzip file begins with.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// What a Parquet file begins with.
const PARQUET: &[u8] = b"PAR1";

/// Who a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `sha256-` and the hash of what it holds.
    pub shard: ShardId,
    /// Bytes of what it holds.
    pub bytes: u64,
}

/// Opens a file; `-` is the standard input. What is gzipped is unpacked, by its first bytes and not by its name. `read` grows by
/// the bytes of the file itself.
///
/// # Errors
/// It cannot be read, or holds no lines.
pub fn open(file: &Path, read: Arc<AtomicU64>) -> io::Result<Box<dyn BufRead + Send>> {
    let source: Box<dyn Read + Send> =
        if file == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(file)?) };
    let mut source = BufReader::with_capacity(BUFFER, Counted { source, read });
    let start = source.fill_buf()?;
    if start.starts_with(PARQUET) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a Parquet file, where lines are expected"));
    }
    if start.starts_with(GZIP) {
        return Ok(Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(source))));
    }
    Ok(Box::new(source))
}

/// Reads a file once to know who it is.
///
/// # Errors
/// As [`open`], and what is packed wrongly.
pub fn identify(file: &Path) -> io::Result<Identity> {
    let mut input = open(file, Arc::default())?;
    let mut hash = Sha256::new();
    let mut bytes = 0;
    loop {
        let part = input.fill_buf()?;
        if part.is_empty() {
            break;
        }
        hash.update(part);
        let length = part.len();
        bytes += length as u64;
        input.consume(length);
    }
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Identity { shard: format!("sha256-{hex}").as_str().into(), bytes })
}

struct Counted {
    source: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(parts: &[&[u8]], level: u32) -> Vec<u8> {
        let mut all = Vec::new();
        for part in parts {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
            encoder.write_all(part).unwrap();
            all.extend(encoder.finish().unwrap());
        }
        all
    }

    #[test]
    fn a_file_is_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let identity = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            identify(&path)
        };
        let plain = identity("plain", b"a\nb\n").unwrap();
        let hash = "911169ddaaf146aff539f58c26c489af3b892dff0fe283c1c264c65ae5aa59a2";
        assert_eq!(plain.shard.as_str(), format!("sha256-{hash}"));
        assert_eq!(plain.bytes, 4);
        for (name, content) in [
            ("renamed.gz", b"a\nb\n".to_vec()),
            ("quick", packed(&[b"a\nb\n"], 1)),
            ("small", packed(&[b"a\nb\n"], 9)),
            ("members", packed(&[b"a\n", b"b\n"], 6)),
        ] {
            assert_eq!(identity(name, &content).unwrap(), plain, "{name}");
        }
        assert_ne!(identity("grown", b"a\nb\nc\n").unwrap().shard, plain.shard);
        let cut = packed(&[b"a\nb\n"], 6);
        assert!(identity("cut", &cut[..cut.len() - 3]).is_err());
        assert!(identity("columns", b"PAR1....PAR1").unwrap_err().to_string().contains("Parquet"));
    }
}
