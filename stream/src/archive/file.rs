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

/// Reads a file that holds rows of columns: its rows as lines, with a hint of how many there are.
pub type RowReader = fn(File) -> io::Result<Box<dyn Iterator<Item = io::Result<String>> + Send>>;

/// Who a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `sha256-` and the hash of what it holds; of rows, of the file as it is.
    pub shard: ShardId,
    /// Bytes of the lines that it holds; `None` for rows.
    pub bytes: Option<u64>,
}

/// Opens a file; `-` is the standard input. What is gzipped is unpacked, and what holds rows is read by `rows`, both by the first
/// bytes and not by the name. `read` grows by the bytes of the file itself.
///
/// # Errors
/// It cannot be read, or holds rows where none are expected.
pub fn open(
    file: &Path,
    rows: Option<RowReader>,
    read: Arc<AtomicU64>,
) -> io::Result<Box<dyn BufRead + Send>> {
    let mut source = source(file, read.clone())?;
    let start = source.fill_buf()?;
    if start.starts_with(PARQUET) {
        let rows = rows.ok_or_else(|| invalid("a Parquet file, where lines are expected"))?;
        if file == Path::new("-") {
            return Err(invalid("Parquet is read from its end, which the standard input does not allow"));
        }
        return Ok(Box::new(RowLines::of(rows(File::open(file)?)?, start.len() as u64, file, read)?));
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
pub fn identify(file: &Path, rows: Option<RowReader>) -> io::Result<Identity> {
    let mut start = source(file, Arc::default())?;
    let has_rows = rows.is_some() && start.fill_buf()?.starts_with(PARQUET);
    // Rows may come out as other lines from another version of their reader.
    let mut input = if has_rows { Box::new(start) } else { open(file, rows, Arc::default())? };
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
    let shard = format!("sha256-{hex}").as_str().into();
    Ok(Identity { shard, bytes: (!has_rows).then_some(bytes) })
}

fn source(file: &Path, read: Arc<AtomicU64>) -> io::Result<BufReader<Counted>> {
    let source: Box<dyn Read + Send> =
        if file == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(file)?) };
    Ok(BufReader::with_capacity(BUFFER, Counted { source, read }))
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Rows as a text of lines.
struct RowLines {
    rows: Box<dyn Iterator<Item = io::Result<String>> + Send>,
    line: Vec<u8>,
    at: usize,
    /// Bytes of the file that a row stands for, and those that are left for the end.
    each: u64,
    left: u64,
    read: Arc<AtomicU64>,
}

impl RowLines {
    /// `counted`: bytes of the file that are counted already.
    fn of(
        rows: Box<dyn Iterator<Item = io::Result<String>> + Send>,
        counted: u64,
        file: &Path,
        read: Arc<AtomicU64>,
    ) -> io::Result<Self> {
        let left = std::fs::metadata(file)?.len().saturating_sub(counted);
        let each = rows.size_hint().1.map_or(0, |count| left / (count as u64).max(1));
        Ok(Self { rows, line: Vec::new(), at: 0, each, left, read })
    }

    fn count(&mut self, bytes: u64) {
        let bytes = bytes.min(self.left);
        self.left -= bytes;
        self.read.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl BufRead for RowLines {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.line.len() {
            self.at = 0;
            self.line.clear();
            match self.rows.next().transpose()? {
                Some(line) => {
                    self.line = line.into_bytes();
                    self.line.push(b'\n');
                    self.count(self.each);
                }
                None => self.count(u64::MAX),
            }
        }
        Ok(&self.line[self.at..])
    }

    fn consume(&mut self, bytes: usize) {
        self.at = self.line.len().min(self.at + bytes);
    }
}

impl Read for RowLines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut part = self.fill_buf()?;
        let count = part.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
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
            identify(&path, None)
        };
        let plain = identity("plain", b"a\nb\n").unwrap();
        let hash = "911169ddaaf146aff539f58c26c489af3b892dff0fe283c1c264c65ae5aa59a2";
        assert_eq!(plain.shard.as_str(), format!("sha256-{hash}"));
        assert_eq!(plain.bytes, Some(4));
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

    #[test]
    fn rows_are_read_as_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        std::fs::write(&path, b"PAR1 and 991 bytes more".repeat(50)).unwrap();
        let rows: RowReader = |_| Ok(Box::new((1..=3).map(|n| Ok("row ".repeat(n)))));
        let read = Arc::new(AtomicU64::new(0));
        let mut text = String::new();
        open(&path, Some(rows), read.clone()).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "row \nrow row \nrow row row \n");
        assert_eq!(read.load(Ordering::Relaxed), 23 * 50);
        let known = identify(&path, Some(rows)).unwrap();
        assert_eq!(known.bytes, None);
        let copy = folder.path().join("copy");
        std::fs::copy(&path, &copy).unwrap();
        assert_eq!(identify(&copy, Some(rows)).unwrap(), known);
        std::fs::write(&copy, b"PAR1").unwrap();
        assert_ne!(identify(&copy, Some(rows)).unwrap(), known);
        let damaged: RowReader = |_| Ok(Box::new([Ok("one".to_owned()), Err(invalid("torn"))].into_iter()));
        let mut lines = open(&path, Some(damaged), Arc::default()).unwrap().lines();
        assert_eq!(lines.next().unwrap().unwrap(), "one");
        assert_eq!(lines.next().unwrap().unwrap_err().to_string(), "torn");
    }
}
