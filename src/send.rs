//! `piste send`: sample events to any collector.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use service::{
    clock,
    exit::{ExitCode, RunError},
};

use crate::{output, samples};

/// Sends sample events (page views, pings, link clicks, structured events) and counts the answers.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The collector.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090")]
    to: String,
    /// How many events.
    #[arg(long, short = 'n', default_value_t = 1000)]
    events: u64,
    /// Events in one request.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=500))]
    batch: u64,
    /// Requests under way at once.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=1024))]
    connections: u64,
    /// Requests a second at most, over all connections; without it as fast as they are answered.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    rate: Option<u64>,
}

#[derive(Default)]
struct Counts {
    next: AtomicU64,
    stored: AtomicU64,
    refused: AtomicU64,
    unanswered: AtomicU64,
}

/// Sends, prints a summary, and ends with 69 unless every request was answered 200.
pub(crate) async fn run(options: Options) -> Result<ExitCode, RunError> {
    let target = format!("{}{}", options.to.trim_end_matches('/'), samples::TP2);
    let target = reqwest::Url::parse(&target).map_err(|e| {
        RunError::new(
            ExitCode::Usage,
            format!("--to {}: {e}; it should look like http://127.0.0.1:9090", options.to),
        )
    })?;
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .map_err(|e| RunError::bug(format!("no HTTP client: {e}")))?;
    let bar = ProgressBar::new(options.events).with_style(
        ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} events, {per_sec}, {eta} to go")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let counts = Arc::new(Counts::default());
    let started = Instant::now();
    let workers: Vec<_> = (0..options.connections)
        .map(|_| {
            let (client, target, counts, bar) = (client.clone(), target.clone(), counts.clone(), bar.clone());
            let (events, batch, rate) = (options.events, options.batch, options.rate);
            tokio::spawn(async move {
                loop {
                    let first = counts.next.fetch_add(batch, Ordering::Relaxed);
                    if first >= events {
                        break;
                    }
                    if let Some(rate) = rate {
                        let due = Duration::from_secs_f64((first / batch) as f64 / rate as f64);
                        tokio::time::sleep(due.saturating_sub(started.elapsed())).await;
                    }
                    let count = batch.min(events - first);
                    let now = clock::now().as_millisecond();
                    let body = samples::envelope(
                        (first..first + count).map(|n| samples::event(n, clock::random_id(), now)).collect(),
                    );
                    let answer = client
                        .post(target.clone())
                        .header("content-type", "application/json; charset=UTF-8")
                        .body(body)
                        .send()
                        .await;
                    let counter = match answer {
                        Ok(answer) if answer.status().is_success() => &counts.stored,
                        Ok(_) => &counts.refused,
                        Err(_) => &counts.unanswered,
                    };
                    counter.fetch_add(count, Ordering::Relaxed);
                    bar.inc(count);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.map_err(|e| RunError::bug(format!("a sender stopped: {e}")))?;
    }
    bar.finish();
    let seconds = started.elapsed().as_secs_f64();
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (stored, refused, unanswered) =
        (count(&counts.stored), count(&counts.refused), count(&counts.unanswered));
    output::line(format_args!(
        "{stored} events stored, {refused} refused, {unanswered} unanswered in {seconds:.1} s ({:.0} events/s)",
        stored as f64 / seconds.max(1e-9)
    ));
    Ok(if refused + unanswered == 0 { ExitCode::Ok } else { ExitCode::Unavailable })
}
