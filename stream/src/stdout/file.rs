//! A file that lines are added to.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write},
    path::Path,
};

/// Syncs what was written when it is flushed.
pub(super) struct Synced(File);

impl Synced {
    /// Opens or makes the file, to write behind what it holds. A line that a crash has torn is ended first.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::options().read(true).append(true).create(true).open(path)?;
        if file.metadata()?.is_file() && file.seek(SeekFrom::End(0))? > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
            }
        }
        Ok(Self(file))
    }
}

impl Write for Synced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.sync_data() {
            // A pipe or a terminal has nothing to sync.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            synced => synced,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::Output;
    use crate::{producer::Route, record::Record};

    #[tokio::test]
    async fn lines_are_added_behind_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bad");
        for (before, expect) in [("", "a\nb\n"), ("x\n", "x\na\nb\n"), ("torn", "torn\na\nb\n")] {
            fs::write(&path, before).unwrap();
            let producer = Output::file(&path).unwrap().texts("bad");
            let batch = ["a", "b"].map(|text| Record::new("k", text)).to_vec();
            producer.append(batch, Route::ByKey).await.unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), expect);
        }
        assert!(Output::file(&folder.path().join("none/bad")).is_err());
    }
}
