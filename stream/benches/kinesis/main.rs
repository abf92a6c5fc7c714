//! What producer and consumer over Kinesis cost beside the bare SDK: records a second, and CPU a record of the thread that sends
//! or reads.
//!
//! The service is not part of the CPU that is shown, the kernel's share of our sockets is.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench reports to whoever runs it")]

mod consuming;
mod producing;
mod server;

use std::time::{Duration, Instant};

use aws_sdk_kinesis::{
    Client,
    config::{BehaviorVersion, Builder, Credentials, Region, retry::RetryConfig},
};
use stream::{
    aws::{self, Connection, Times},
    record::Record,
};

use self::server::serve;

const RECORD_BYTES: usize = 1000;

fn record() -> Record {
    let bytes: Vec<u8> = (0..RECORD_BYTES).map(|n| (n * 31 % 251) as u8).collect();
    Record::new("2e6b4b3e-6b0c-4d0e-9f0a-5a1d1f6f7a11", bytes)
}

/// CPU time of this thread.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// Runs on a runtime of its own, one thread, and reports.
fn measure<F: Future<Output = usize>>(name: &str, run: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (began, cpu_before) = (Instant::now(), cpu());
        let records = run().await;
        let (took, used) = (began.elapsed(), cpu() - cpu_before);
        println!(
            "{name:<58} {:>9.0} rec/s {:>8.2} us CPU a record",
            records as f64 / took.as_secs_f64(),
            used.as_secs_f64() * 1e6 / records as f64
        );
    });
}

fn client(endpoint: &str) -> Client {
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::disabled())
        .credentials_provider(Credentials::new("key", "secret", None, None, "bench"))
        .build();
    Client::from_conf(config)
}

fn connection(endpoint: &str) -> Connection {
    let credentials = aws::Credentials::Fixed { access_key: "key".into(), secret_key: "secret".into() };
    Connection {
        region: Some("eu-central-1".into()),
        endpoint: Some(endpoint.to_owned()),
        credentials,
        times: Times { call: Duration::from_secs(60), ..Times::default() },
    }
}

/// Shards that are read.
const SHARDS: u32 = 8;

fn main() {
    // Without `--bench` it only shows that it runs.
    let (scale, got) =
        if std::env::args().any(|argument| argument == "--bench") { (100, 5000) } else { (1, 50) };
    let at_once = serve(Duration::ZERO, SHARDS, got);
    let later = serve(Duration::from_millis(10), SHARDS, got);
    let table = consuming::table();
    for run in 0..2 {
        measure("bare SDK, calls of 500, one caller", || producing::bare(at_once.clone(), 1, scale, 500));
        measure("producer, appends of 500, one caller", || {
            producing::ours(at_once.clone(), 1, scale, 500, false)
        });
        measure("producer, appends of 500, one caller, ordered", || {
            producing::ours(at_once.clone(), 1, scale, 500, true)
        });
        measure("bare SDK, calls of 500, 8 callers, answers after 10 ms", || {
            producing::bare(later.clone(), 8, scale / 4 + 1, 500)
        });
        measure("producer, appends of 500, 8 callers, answers after 10 ms", || {
            producing::ours(later.clone(), 8, scale / 4 + 1, 500, false)
        });
        measure("bare SDK, calls of 1, 100 callers, answers after 10 ms", || {
            producing::bare(later.clone(), 100, scale, 1)
        });
        measure("producer, appends of 1, 100 callers, after 10 ms", || {
            producing::ours(later.clone(), 100, scale, 1, false)
        });
        measure("producer, appends of 1, 1000 callers, after 10 ms", || {
            producing::ours(later.clone(), 1000, scale, 1, false)
        });
        measure(&format!("bare SDK, calls that get {got}"), || consuming::bare(at_once.clone(), scale, got));
        measure(&format!("consumer, calls that get {got}, {SHARDS} shards"), || {
            consuming::ours(at_once.clone(), table.clone(), run, scale, got)
        });
    }
}
