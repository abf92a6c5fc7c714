//! `piste enrich --offline`: archived payloads, enriched again.

use std::{
    io,
    num::NonZero,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ::enrich::{
    enrichments::client::Loader,
    offline::run::{Offline, OfflineError, Summary},
};
use iglu::client::Client;
use jiff::Timestamp;
use service::{
    clock,
    exit::{ExitCode, RunError},
};
use stream::archive::file::open;
use tokio::runtime::Handle;

use super::Options;
use crate::{archive, enrichments, schemas};

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
    let configurations = enrichments::configurations(options.enrichments.as_deref())?;
    if !configurations.is_empty() {
        let enrichments = loader.load(&configurations).await.map_err(enrichments::not_loaded)?;
        settings.enrichments = Arc::new(enrichments);
    }
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let jobs = options.jobs.map_or(cores, usize::from);
    let (seed, runtime) = (options.seed, Handle::current());
    let (remote, services) = (config.remote_adapters.client(), config.lookups.client());
    let offline =
        Offline { settings, iglu, loader, now, seed, patience: PATIENCE, jobs, remote, services, runtime };
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
    let bar = archive::progress_bar(files, true);
    let read = Arc::new(AtomicU64::new(0));
    let mut total = Summary::default();
    for file in files {
        let failed = |e: io::Error| RunError::unavailable(format!("{}: {e}", file.display()));
        let input = open(file, None, Arc::clone(&read)).map_err(failed)?;
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
