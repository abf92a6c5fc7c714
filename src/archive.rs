//! What tools say while they read files.

use std::{
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use stream::archive::file::RowReader;

/// A bar over the bytes of these files, on a terminal, unless `results` go there too.
pub(crate) fn progress_bar(files: &[PathBuf], results: bool) -> ProgressBar {
    let shown = io::stderr().is_terminal() && !(results && io::stdout().is_terminal());
    let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let size = files.iter().map(|file| std::fs::metadata(file).map_or(0, |m| m.len())).sum();
    let template = match size {
        0 => "{spinner} {msg}  {elapsed}",
        _ => "{bar:30} {percent}%  {msg}  {bytes_per_sec}  {eta} left",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(Some(size), target).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// The file, or all files below the folder, by their names.
pub(crate) fn files_below(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !std::fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries =
        std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    let mut files = Vec::new();
    for entry in entries {
        files.extend(files_below(&entry)?);
    }
    Ok(files)
}

/// Reads Parquet files of the lake loader as enriched lines.
pub(crate) const ROWS: Option<RowReader> = {
    #[cfg(feature = "loaders")]
    let rows: Option<RowReader> = Some(|file| {
        use loaders::parquet::read::{ReadError, lines};
        let invalid = |error: ReadError| io::Error::new(io::ErrorKind::InvalidData, error);
        Ok(Box::new(lines(file).map_err(invalid)?.map(move |line| line.map_err(invalid))))
    });
    #[cfg(not(feature = "loaders"))]
    let rows = None;
    rows
};
