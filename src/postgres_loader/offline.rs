//! `piste postgres-loader --offline`: archived lines, loaded by the role's own code.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use indicatif::ProgressBar;
use loaders::postgres::{
    client::connect,
    config::{BadRowKey, PostgresConfig},
    run::{self, Loaded},
    settings::PostgresLoaderConfig,
};
use service::{
    config,
    context::Context,
    exit::{ExitCode, RunError},
    supervise::{DEADLINE, Supervisor},
};
use stream::{
    archive::consumer::{Archive, Progress},
    consumer::Delivered,
    health::{Health, HealthState, HealthWatch},
    producer::{AppendError, Appended, BoxFuture, Producer, Route},
    record::{Position, Record, ShardId},
    stdout::Output,
};
use tokio::sync::oneshot;

use super::{Options, dry_run};
use crate::{archive, output};

/// The one stage of the drain.
const LOAD: u8 = 0;

/// Loads all files, one after the other, and says what became of them. Ends with 65 if there were bad rows, with 75 if it was
/// asked to end before all was loaded.
pub(super) async fn run(options: Options) -> Result<ExitCode, RunError> {
    let postgres = options.database()?;
    if let Some(file) = options.offline.iter().find(|file| file.as_os_str() == "-") {
        let what = "is the standard input, which cannot be read twice: what a file holds has to be known before it is loaded";
        return Err(RunError::new(ExitCode::Usage, format!("--offline {}: it {what}", file.display())));
    }
    for file in &options.offline {
        let is_there = std::fs::File::open(file).map(drop);
        is_there.map_err(|error| RunError::unavailable(format!("{}: {error}", file.display())))?;
    }
    let iglu = options.iglu()?;
    if options.dry_run {
        return dry_run::run(&postgres, &iglu, &options.offline).await;
    }
    // A database that is away at the start is an error here; later it is waited for.
    let reached = connect(&postgres).await;
    drop(reached.map_err(|error| RunError::unavailable(format!("{}: {error}", postgres.place())))?);
    let progress = Progress::default();
    let bar = archive::progress_bar(&options.offline, false);
    let bad: Arc<dyn Producer> = match &options.bad {
        Some(file) => {
            let output = Output::file(file);
            output
                .map_err(|error| RunError::unavailable(format!("--bad {}: {error}", file.display())))?
                .texts("bad")
        }
        None => Arc::new(Said::new(progress.clone(), bar.clone())),
    };
    let process = Context::default();
    let (drain, all) = (process.drain.clone(), Arc::new(AtomicBool::new(false)));
    let mut supervisor = Supervisor::new(process, DEADLINE);
    let context = supervisor.context(LOAD);
    let at_end = all.clone();
    // The end of a file is told when what was read of it is committed.
    let source = Archive::new(options.offline.clone(), progress.clone(), move || {
        at_end.store(true, Ordering::SeqCst);
        drain.request();
    })
    .with_rows(archive::ROWS);
    let (outcome, loaded) = oneshot::channel();
    supervisor.spawn(LOAD, "postgres-loader --offline", async move {
        let loaded = run::run(postgres, Box::new(source), iglu, bad, context).await;
        // Nobody waits for it where the process gives up.
        let _ = outcome.send(loaded.map_err(|error| RunError::unavailable(error.to_string()))?);
        Ok(())
    });
    let showing = tokio::spawn(show(bar.clone(), progress));
    let code = supervisor.run().await?;
    showing.abort();
    bar.finish_and_clear();
    match loaded.await {
        Ok(loaded) => finish(loaded, all.load(Ordering::SeqCst)),
        // The log says why.
        Err(_) => Ok(code),
    }
}

fn finish(loaded: Loaded, all: bool) -> Result<ExitCode, RunError> {
    let Loaded { events, duplicates, bad } = loaded;
    output::line(format_args!("{events} events loaded, {duplicates} were there already, {bad} bad rows"));
    if !all {
        return Err(RunError::new(
            ExitCode::Deadline,
            "ended before all was loaded: the next run goes on from here",
        ));
    }
    Ok(if bad > 0 { ExitCode::Data } else { ExitCode::Ok })
}

/// Moves the bar while files are read.
async fn show(bar: ProgressBar, progress: Progress) {
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    loop {
        ticks.tick().await;
        bar.set_position(progress.read.load(Ordering::Relaxed));
    }
}

impl Options {
    /// Where to load: `--postgres`, else what the configuration says of its output.
    fn database(&self) -> Result<PostgresConfig, RunError> {
        let mut postgres = match &self.postgres {
            Some(url) => PostgresConfig::from_url(url)
                .map_err(|error| RunError::new(ExitCode::Usage, format!("--postgres: {error}")))?,
            None => {
                let (sources, _) = self.configuration.sources()?;
                let config = config::load::<PostgresLoaderConfig>(&sources, Some("snowplow"))?.config;
                if config.output.good.host.is_none() {
                    let what = "--offline needs --postgres URL, or a configuration with output.good";
                    return Err(RunError::new(ExitCode::Usage, what));
                }
                config.postgres().map_err(|error| RunError::new(ExitCode::Config, error.to_string()))?
            }
        };
        postgres.bad_row_key = BadRowKey::Place;
        // There is no stream to be told, and nobody else in it.
        (postgres.save_every, postgres.shares_stream) = (Duration::ZERO, false);
        Ok(postgres)
    }
}

/// Bad rows on stderr, each behind the file and the line that it comes from.
struct Said {
    progress: Progress,
    bar: ProgressBar,
    health: HealthState,
}

impl Said {
    fn new(progress: Progress, bar: ProgressBar) -> Self {
        Self { progress, bar, health: HealthState::new(Health::Well) }
    }

    fn say(&self, record: &Record) {
        let place = String::from_utf8_lossy(&record.key);
        let (shard, line) = place.split_once(':').unwrap_or((&place, "?"));
        let file = self.progress.file(&ShardId::from(shard)).unwrap_or_else(|| PathBuf::from(shard));
        let row = String::from_utf8_lossy(&record.data);
        self.bar.suspend(|| output::error_line(format_args!("{}:{line}: {row}", file.display())));
    }
}

impl Producer for Said {
    fn stream(&self) -> &str {
        "stderr"
    }

    fn append(&self, batch: Vec<Record>, _: Route) -> BoxFuture<'_, Result<Appended, AppendError>> {
        batch.iter().for_each(|record| self.say(record));
        Box::pin(async { Ok(Appended { last: Vec::new() }) })
    }

    fn max_record_bytes(&self) -> usize {
        usize::MAX
    }

    fn health(&self) -> HealthWatch {
        self.health.watch()
    }

    fn read_after(
        &self,
        _: &ShardId,
        _: Option<Position>,
    ) -> BoxFuture<'_, Result<Option<Vec<Delivered>>, AppendError>> {
        Box::pin(async { Ok(None) })
    }
}
