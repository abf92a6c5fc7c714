//! What the producer over Kinesis costs beside the bare SDK: records a second, and CPU a record of the thread that sends.
//!
//! The service is a thread per connection that reads a request, waits as long as a service would, and answers that all
//! records were taken. It is not part of the CPU that is shown, the kernel's share of the sender's sockets is.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench reports to whoever runs it")]

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use aws_sdk_kinesis::{
    Client,
    config::{BehaviorVersion, Builder, Credentials, Region, retry::RetryConfig},
    primitives::Blob,
    types::PutRecordsRequestEntry,
};
use bytes::Bytes;
use stream::{
    aws::{self, Connection},
    kinesis::producer::{self, Settings},
    outbox::Sending,
    producer::{Producer, Route},
    record::Record,
};

const RECORD_BYTES: usize = 1000;

/// Answers every call after `delay`. Returns the endpoint.
fn serve(delay: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || answer(&stream, delay));
        }
    });
    endpoint
}

fn answer(stream: &TcpStream, delay: Duration) {
    let mut reader = BufReader::with_capacity(1 << 20, stream);
    let mut body = Vec::new();
    loop {
        let (mut length, mut line, mut describes) = (0, String::new(), false);
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let lower = line.trim().to_ascii_lowercase();
            if lower.is_empty() {
                break;
            }
            if let Some(value) = lower.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
            describes |= lower.ends_with("describestreamsummary");
        }
        body.resize(length, 0);
        reader.read_exact(&mut body).unwrap();
        let text = if describes {
            description()
        } else {
            taken(body.windows(14).filter(|w| w == b"\"PartitionKey\"").count())
        };
        thread::sleep(delay);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\r\n",
            text.len()
        );
        let mut writer = stream;
        if writer.write_all((head + &text).as_bytes()).is_err() {
            return;
        }
    }
}

fn description() -> String {
    r#"{"StreamDescriptionSummary":{"StreamName":"good","StreamARN":"arn","StreamStatus":"ACTIVE","RetentionPeriodHours":24,
    "StreamCreationTimestamp":1,"EnhancedMonitoring":[],"OpenShardCount":1}}"#
        .to_owned()
}

fn taken(records: usize) -> String {
    let mut text = String::from(r#"{"FailedRecordCount":0,"Records":["#);
    for index in 0..records {
        let comma = if index == 0 { "" } else { "," };
        let sequence = "49590338271490256608559692538361571095921575989136588898";
        write!(text, r#"{comma}{{"SequenceNumber":"{sequence}","ShardId":"shardId-000000000000"}}"#).unwrap();
    }
    text + "]}"
}

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

/// The SDK alone: calls of so many records, one after the other, by so many callers.
async fn bare(endpoint: String, callers: usize, calls: usize, records: usize) -> usize {
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
async fn ours(endpoint: String, callers: usize, appends: usize, records: usize, ordered: bool) -> usize {
    let credentials = aws::Credentials::Fixed { access_key: "key".into(), secret_key: "secret".into() };
    let connection = Connection {
        region: Some("eu-central-1".into()),
        endpoint: Some(endpoint),
        credentials,
        ..Connection::default()
    };
    let sending = Sending { ordered, ..Sending::default() };
    let producer = producer::open(Settings { sending, ..Settings::new("good", connection) }).await;
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

fn main() {
    // Without `--bench` it only shows that it runs.
    let scale = if std::env::args().any(|argument| argument == "--bench") { 100 } else { 1 };
    let at_once = serve(Duration::ZERO);
    let later = serve(Duration::from_millis(10));
    for _ in 0..2 {
        measure("bare SDK, calls of 500, one caller", || bare(at_once.clone(), 1, scale, 500));
        measure("producer, appends of 500, one caller", || ours(at_once.clone(), 1, scale, 500, false));
        measure("producer, appends of 500, one caller, ordered", || {
            ours(at_once.clone(), 1, scale, 500, true)
        });
        measure("bare SDK, calls of 500, 8 callers, answers after 10 ms", || {
            bare(later.clone(), 8, scale / 4 + 1, 500)
        });
        measure("producer, appends of 500, 8 callers, answers after 10 ms", || {
            ours(later.clone(), 8, scale / 4 + 1, 500, false)
        });
        measure("bare SDK, calls of 1, 100 callers, answers after 10 ms", || {
            bare(later.clone(), 100, scale, 1)
        });
        measure("producer, appends of 1, 100 callers, after 10 ms", || {
            ours(later.clone(), 100, scale, 1, false)
        });
        measure("producer, appends of 1, 1000 callers, after 10 ms", || {
            ours(later.clone(), 1000, scale, 1, false)
        });
    }
}
