//! Records are got.

use std::{net::TcpListener, thread};

use stream::{
    consumer::{Checkpoint, Consumer, Event, Start},
    kinesis::consumer::{self, Settings},
};

use crate::{client, connection};

/// DynamoDB in a thread of its own; its endpoint.
pub(crate) fn table() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()).await
        })
    });
    endpoint
}

/// The SDK alone: so many calls, one after the other, each of which gets so many records.
pub(crate) async fn bare(endpoint: String, calls: usize, records: usize) -> usize {
    let client = client(&endpoint);
    for _ in 0..calls {
        let answer = client.get_records().shard_iterator("next").limit(10_000).send().await.unwrap();
        assert_eq!(answer.records().len(), records);
    }
    calls * records
}

/// The consumer, with what it does about leases: at least so many calls for all shards together. What it has had is saved.
/// A shard is asked five times in a second, as Kinesis allows. Each run is an application of its own, so that it begins anew.
pub(crate) async fn ours(endpoint: String, table: String, run: u32, calls: usize, records: usize) -> usize {
    let application = format!("run-{run}");
    let settings = Settings::new("good", &application, "worker", connection(&endpoint), Start::Oldest);
    let settings = Settings { dynamodb: connection(&table), ..settings };
    let mut consumer = consumer::open(settings).await.unwrap();
    let (checkpointer, observer) = (consumer.checkpointer(), consumer.observer());
    let mut had = 0;
    while had < calls * records {
        if let Event::Records(batch) = consumer.next().await.unwrap() {
            had += batch.records.len();
            let acknowledged = batch.records.last().map(|record| record.position);
            checkpointer.save(&batch.shard, Checkpoint { acknowledged, pending: None }).await.unwrap();
        }
    }
    let released = consumer.released();
    drop(consumer);
    released.await;
    let calls: u64 = observer.facts().calls.values().sum();
    println!("  {had} records in {calls} calls");
    had
}
