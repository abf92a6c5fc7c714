//! The service: a thread per connection that reads a request, waits as long as a service would, and answers. Records that are
//! put are taken; those that are got are always the same.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use stream::record::ShardId;

use crate::record;

/// What is answered, and how late.
struct Service {
    delay: Duration,
    shards: u32,
    /// The answer to each `GetRecords`.
    page: String,
}

/// Answers every call after `delay`, as a stream of so many shards of which each call gets so many records. Returns the
/// endpoint.
pub(crate) fn serve(delay: Duration, shards: u32, records: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let service = Arc::new(Service { delay, shards, page: page(records) });
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, service) = (stream.unwrap(), service.clone());
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || service.answer(&stream));
        }
    });
    endpoint
}

impl Service {
    fn answer(&self, stream: &TcpStream) {
        let mut reader = BufReader::with_capacity(1 << 20, stream);
        let mut body = Vec::new();
        loop {
            let (mut length, mut line, mut operation) = (0, String::new(), String::new());
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
                } else if let Some(value) = lower.strip_prefix("x-amz-target: kinesis_20131202.") {
                    operation = value.to_owned();
                }
            }
            body.resize(length, 0);
            reader.read_exact(&mut body).unwrap();
            let text = match &*operation {
                "describestreamsummary" => DESCRIPTION,
                "listshards" => &shards(self.shards),
                "getsharditerator" => r#"{"ShardIterator":"next"}"#,
                "getrecords" => &self.page,
                _ => &taken(body.windows(14).filter(|w| w == b"\"PartitionKey\"").count()),
            };
            thread::sleep(self.delay);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\r\n",
                text.len()
            );
            let mut writer = stream;
            if writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(text.as_bytes())).is_err() {
                return;
            }
        }
    }
}

const SEQUENCE: &str = "49590338271490256608559692538361571095921575989136588898";

const DESCRIPTION: &str = r#"{"StreamDescriptionSummary":{"StreamName":"good","StreamARN":"arn","StreamStatus":"ACTIVE",
    "RetentionPeriodHours":24,"StreamCreationTimestamp":1,"EnhancedMonitoring":[],"OpenShardCount":1}}"#;

fn taken(records: usize) -> String {
    let taken = format!(r#"{{"SequenceNumber":"{SEQUENCE}","ShardId":"shardId-000000000000"}}"#);
    format!(r#"{{"FailedRecordCount":0,"Records":[{}]}}"#, vec![taken; records].join(","))
}

fn shards(count: u32) -> String {
    let part = u128::MAX / u128::from(count);
    let shard = |number: u32| {
        let start = u128::from(number) * part;
        let end = if number + 1 == count { u128::MAX } else { start + part - 1 };
        format!(
            r#"{{"ShardId":"{}","HashKeyRange":{{"StartingHashKey":"{start}","EndingHashKey":"{end}"}},
            "SequenceNumberRange":{{"StartingSequenceNumber":"1"}}}}"#,
            ShardId::numbered(number)
        )
    };
    format!(r#"{{"Shards":[{}]}}"#, (0..count).map(shard).collect::<Vec<_>>().join(","))
}

fn page(records: usize) -> String {
    let record = record();
    let (key, data) = (str::from_utf8(&record.key).unwrap(), STANDARD.encode(&record.data));
    let mut text = String::from(r#"{"NextShardIterator":"next","MillisBehindLatest":1000,"Records":["#);
    for index in 0..records {
        let comma = if index == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}{{"SequenceNumber":"{}{index:06}","PartitionKey":"{key}","Data":"{data}",
            "ApproximateArrivalTimestamp":1700000000.5}}"#,
            &SEQUENCE[6..]
        )
        .unwrap();
    }
    text + "]}"
}
