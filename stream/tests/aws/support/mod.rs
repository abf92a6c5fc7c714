//! The stand-ins, and what tests of both need.

pub(crate) mod dynamodb;
pub(crate) mod faults;
pub(crate) mod kinesis;
pub(crate) mod sqs;

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use stream::{
    aws::{Connection, Credentials, Times},
    backoff::Backoff,
    health::Health,
    outbox::Sending,
    producer::{AppendError, Producer, Route},
    record::Record,
};

/// No test takes long: one that waits for ever fails.
pub(crate) async fn within_reason<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), test)
        .await
        .expect("something that does not come is waited for")
}

pub(crate) fn connection(endpoint: &str) -> Connection {
    Connection {
        region: Some("eu-central-1".to_owned()),
        endpoint: Some(endpoint.to_owned()),
        credentials: Credentials::Fixed { access_key: "key".to_owned(), secret_key: "secret".to_owned() },
        times: Times { connect: Duration::from_secs(5), call: Duration::from_secs(20) },
    }
}

/// Quick to try again, slow to give up.
pub(crate) fn sending() -> Sending {
    Sending {
        backoff: Backoff { min: Duration::from_millis(5), max: Duration::from_millis(50) },
        deadline: Duration::from_secs(30),
        check_interval: Duration::from_millis(20),
        ..Sending::default()
    }
}

pub(crate) async fn until(producer: &dyn Producer, wanted: impl FnMut(&Health) -> bool) -> Health {
    producer.health().wait_for(wanted).await.unwrap().clone()
}

/// The indices that were not taken, and why.
pub(crate) async fn refusal(producer: &dyn Producer, batch: Vec<Record>) -> (Vec<usize>, String) {
    match producer.append(batch, Route::ByKey).await.unwrap_err() {
        AppendError::Unavailable { missing, why, stream, .. } => {
            assert_eq!(stream, producer.stream());
            (missing, why)
        }
        other => panic!("{other:?}"),
    }
}

/// Many tasks append batches of several keys, each key by one task, its numbers in order. Returns what was acknowledged.
pub(crate) async fn load(producer: Arc<dyn Producer>, tasks: usize, batches: usize) -> Vec<Record> {
    let writers = (0..tasks).map(|task| {
        let producer = producer.clone();
        tokio::spawn(async move {
            let mut all = Vec::new();
            for batch in 0..batches {
                let record = |index| {
                    let key = format!("key {task}/{}", index % 3);
                    Record::new(key, format!("{:06} {task} {}", batch * 100 + index, "x".repeat(index * 50)))
                };
                let records: Vec<_> = (0..=batch % 7).map(record).collect();
                producer.append(records.clone(), Route::ByKey).await.unwrap();
                all.extend(records);
            }
            all
        })
    });
    let mut all = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        all.extend(writer.await.unwrap());
    }
    all
}

/// Everything acknowledged is there, in order per key; exactly once, or at least once where calls were ambiguous.
pub(crate) fn expect(acknowledged: &[Record], found: &[(Bytes, Bytes)], ambiguous: bool) {
    let mut by_key: HashMap<Bytes, Vec<Bytes>> = HashMap::new();
    for (key, data) in found {
        let kept = by_key.entry(key.clone()).or_default();
        if !(ambiguous && kept.contains(data)) {
            kept.push(data.clone());
        }
    }
    let mut wanted: HashMap<Bytes, Vec<Bytes>> = HashMap::new();
    for record in acknowledged {
        wanted.entry(record.key.clone()).or_default().push(record.data.clone());
    }
    assert_eq!(by_key.len(), wanted.len());
    for (key, data) in wanted {
        assert_eq!(by_key[&key], data, "{key:?}");
    }
}
