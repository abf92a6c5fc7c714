//! Records are put.

use aws_sdk_kinesis::{primitives::Blob, types::PutRecordsRequestEntry};
use bytes::Bytes;
use stream::{
    kinesis::producer::{self, Settings},
    outbox::Sending,
    producer::{Producer, Route},
    record::Record,
};

use crate::{client, connection, record};

/// The SDK alone: calls of so many records, one after the other, by so many callers.
pub(crate) async fn bare(endpoint: String, callers: usize, calls: usize, records: usize) -> usize {
    let client = client(&endpoint);
    let record = record();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (client, record) = (client.clone(), record.clone());
            tokio::spawn(async move {
                for _ in 0..calls {
                    let entry = || {
                        PutRecordsRequestEntry::builder()
                            .data(Blob::new(record.data.as_ref()))
                            .partition_key(str::from_utf8(&record.key).unwrap())
                            .build()
                            .unwrap()
                    };
                    let entries = (0..records).map(|_| entry()).collect();
                    let answer = client
                        .put_records()
                        .stream_name("good")
                        .set_records(Some(entries))
                        .send()
                        .await
                        .unwrap();
                    assert_eq!(answer.records().len(), records);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    callers * calls * records
}

/// The producer: appends of so many records, one after the other, by so many callers.
pub(crate) async fn ours(
    endpoint: String,
    callers: usize,
    appends: usize,
    records: usize,
    ordered: bool,
) -> usize {
    let sending = Sending { ordered, ..Sending::default() };
    let producer = producer::open(Settings { sending, ..Settings::new("good", connection(&endpoint)) }).await;
    let record = record();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let (producer, record) = (producer.clone(), record.clone());
            tokio::spawn(async move {
                for append in 0..appends {
                    let keyed = |index| Record {
                        key: Bytes::from(format!("{caller:08}-{append:08}-{index:08}-5a1d1f6f7a11")),
                        ..record.clone()
                    };
                    producer.append((0..records).map(keyed).collect(), Route::ByKey).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let counts = producer.facts().counts;
    println!("  {} records in {} calls", counts.taken_records, counts.calls);
    callers * appends * records
}
