//! An embedded log with records in it, before any role runs.

use std::path::Path;

use stream::{
    log::{Log, LogConfig, StreamConfig},
    producer::Route,
    record::Record,
};
use tokio::runtime::Runtime;

/// Appends records to a stream of the log below a folder, which nobody else holds.
pub fn fill(folder: &Path, stream: &str, records: &[String]) {
    let streams = vec![StreamConfig::new(stream)];
    Runtime::new().expect("threads can be started").block_on(async {
        let log = Log::open(LogConfig::new(folder.join("log"), folder.join("checkpoints"), streams));
        let log = log.expect("a log");
        for records in records.chunks(500) {
            let records = records.iter().map(|record| Record::new("k", record.clone())).collect();
            log.producer(stream).append(records, Route::ByKey).await.expect("room");
        }
        log.close().await;
    });
}
