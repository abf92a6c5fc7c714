//! `piste enrich --offline`: archived payloads, enriched again.

use std::{
    fs::File,
    io::{self, BufReader, IsTerminal as _, Read},
    num::NonZero,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ::enrich::{
    enrichments::client::{Loader, read_folder},
    offline::run::{Offline, OfflineError, Summary},
};
use flate2::bufread::MultiGzDecoder;
use iglu::client::Client;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use service::{
    clock,
    exit::{ExitCode, RunError},
};
use tokio::runtime::Handle;

use super::Options;
use crate::{enrichments, schemas};

/// A registry that does not answer so long ends the run.
const PATIENCE: Duration = Duration::from_secs(30);

/// Enriches all files, one after the other, to the standard output.
pub(super) async fn run(options: Options) -> Result<ExitCode, RunError> {
    let config = options.without_streams()?;
    let now = options.now.map(Timestamp::from_millisecond).transpose();
    let now = now.map_err(|e| RunError::new(ExitCode::Usage, format!("--now: {e}")))?;
    let resolver = schemas::resolver_or_central(options.iglu_config.as_deref())?;
    // One clock for all: what is said about registries must not differ between two runs.
    let iglu = Client::new(resolver, move || now.unwrap_or_else(clock::now));
    let iglu = Arc::new(iglu.with_http(config.registries()));
    let loader = Loader::new(Arc::clone(&iglu), options.assets.clone());
    let mut settings = config.settings(!config.compatibility.is_apache());
    if let Some(folder) = &options.enrichments {
        let configurations = read_folder(folder).map_err(enrichments::invalid)?;
        let enrichments = loader.load(&configurations).await.map_err(enrichments::not_loaded)?;
        settings.enrichments = Arc::new(enrichments);
    }
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let jobs = options.jobs.map_or(cores, usize::from);
    let (seed, runtime) = (options.seed, Handle::current());
    let remote = config.remote_adapters.client();
    let offline = Offline { settings, iglu, loader, now, seed, patience: PATIENCE, jobs, remote, runtime };
    let ended = tokio::task::spawn_blocking(move || enrich_all(&offline, &options.offline)).await;
    let summary = ended.map_err(|e| RunError::bug(format!("enriching: {e}")))??;
    tracing::info!(
        lines = summary.lines,
        enriched = summary.good,
        failed = summary.failed,
        bad = summary.bad,
        unreadable = summary.unreadable,
        "done"
    );
    if summary.unreadable > 0 {
        let what = format!(
            "{} of {} lines hold no payload; each has an `error` in the output",
            summary.unreadable, summary.lines
        );
        return Err(RunError::new(ExitCode::Data, what));
    }
    Ok(ExitCode::Ok)
}

fn enrich_all(offline: &Offline, files: &[PathBuf]) -> Result<Summary, RunError> {
    let size = files.iter().map(|file| std::fs::metadata(file).map_or(0, |m| m.len())).sum();
    let bar = progress_bar(size);
    let read = Arc::new(AtomicU64::new(0));
    let mut total = Summary::default();
    for file in files {
        let failed = |e: io::Error| RunError::unavailable(format!("{}: {e}", file.display()));
        let input = open(file, Arc::clone(&read)).map_err(failed)?;
        let before = total.lines;
        let output = io::BufWriter::with_capacity(1 << 18, io::stdout());
        let ended = offline.run(input, output, |lines| {
            bar.set_position(read.load(Ordering::Relaxed));
            bar.set_message(format!("{} lines", before + lines));
        });
        match ended {
            Ok(summary) => total.add(summary),
            // Whoever reads the output has enough.
            Err(OfflineError::Io(e)) if e.kind() == io::ErrorKind::BrokenPipe => break,
            Err(OfflineError::Io(e)) => return Err(failed(e)),
            Err(e @ OfflineError::Unanswered { .. }) => {
                return Err(RunError::unavailable(format!("{}: {e}", file.display())));
            }
        }
    }
    bar.finish_and_clear();
    Ok(total)
}

/// The lines of a file, unpacked where it is gzipped. `read` counts the bytes of the file itself.
fn open(file: &Path, read: Arc<AtomicU64>) -> io::Result<Box<dyn Read>> {
    let source: Box<dyn Read> =
        if file == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(file)?) };
    let mut source = BufReader::with_capacity(1 << 18, Counted { source, read });
    let gzipped = io::BufRead::fill_buf(&mut source)?.starts_with(&[0x1f, 0x8b]);
    Ok(if gzipped { Box::new(MultiGzDecoder::new(source)) } else { Box::new(source) })
}

struct Counted {
    source: Box<dyn Read>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// On a terminal, unless the results go there too.
fn progress_bar(size: u64) -> ProgressBar {
    let shown = io::stderr().is_terminal() && !io::stdout().is_terminal();
    let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let template = match size {
        0 => "{spinner} {msg}  {elapsed}",
        _ => "{bar:30} {percent}%  {msg}  {bytes_per_sec}  {eta} left",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(Some(size), target).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
