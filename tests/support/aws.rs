//! Kinesis and DynamoDB on loopback, for whole processes: the stand-ins of the tests of `stream`, driven from threads.

#[path = "../../stream/tests/aws/support/dynamodb.rs"]
mod dynamodb;
#[expect(dead_code, reason = "the tests of `stream` need more of it")]
#[path = "../../stream/tests/aws/support/faults.rs"]
mod faults;
#[expect(dead_code, reason = "the tests of `stream` need more of it")]
#[path = "../../stream/tests/aws/support/kinesis.rs"]
mod kinesis;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use aws_sdk_kinesis::{
    primitives::Blob,
    types::{PutRecordsRequestEntry, Shard, ShardIteratorType},
};
use event::payload::{CollectorPayload, SCHEMA};
use service::clock;
use tokio::runtime::Runtime;

use self::{dynamodb::DynamoDb, kinesis::Kinesis};
use super::{
    piste::PATIENCE,
    proxy::{self, Proxy},
    wait,
};

/// Both services, in this process.
pub struct Aws {
    runtime: Runtime,
    kinesis: Kinesis,
    dynamodb: DynamoDb,
}

/// A lease as it stands in its table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// Who has it.
    pub owner: Option<String>,
    /// A sequence number or a word.
    pub checkpoint: String,
}

impl Aws {
    /// Starts them on free ports.
    pub fn start() -> Arc<Self> {
        let runtime = Runtime::new().expect("threads can be started");
        let (kinesis, dynamodb) =
            runtime.block_on(async { (Kinesis::start().await, DynamoDb::start().await) });
        Arc::new(Self { runtime, kinesis, dynamodb })
    }

    /// The URL of Kinesis.
    pub fn kinesis(&self) -> &str {
        &self.kinesis.endpoint
    }

    /// The URL of DynamoDB.
    pub fn dynamodb(&self) -> &str {
        &self.dynamodb.endpoint
    }

    /// A connection to one of these URLs that can be made worse.
    pub fn proxy(&self, endpoint: &str) -> Proxy {
        let address: SocketAddr =
            endpoint.trim_start_matches("http://").parse().expect("a URL of an address");
        self.runtime.block_on(proxy::start(address))
    }

    /// Makes a stream.
    pub fn create(&self, stream: &str, shards: i32) {
        self.runtime.block_on(self.kinesis.create(stream, shards));
    }

    /// Splits a shard in the middle of its hashes.
    pub fn split(&self, stream: &str, shard: &str) {
        self.runtime.block_on(self.kinesis.split(stream, shard));
    }

    /// Merges two shards that are next to each other, the one with the lower hashes first.
    pub fn merge(&self, stream: &str, lower: &str, upper: &str) {
        self.runtime.block_on(self.kinesis.merge(stream, lower, upper));
    }

    /// The ids of the open shards of a stream, and of the closed ones.
    pub fn open_and_closed(&self, stream: &str) -> (Vec<String>, Vec<String>) {
        let is_open =
            |shard: &Shard| shard.sequence_number_range().unwrap().ending_sequence_number().is_none();
        let shards = self.runtime.block_on(self.kinesis.shards(stream));
        let (open, closed): (Vec<_>, Vec<_>) = shards.into_iter().partition(is_open);
        let ids = |shards: Vec<Shard>| shards.into_iter().map(|shard| shard.shard_id).collect();
        (ids(open), ids(closed))
    }

    /// The sequence number of the last record of each shard of a stream that has one.
    pub fn last_records(&self, stream: &str) -> BTreeMap<String, String> {
        let found = self.runtime.block_on(self.kinesis.read(stream));
        found.into_iter().map(|found| (found.shard, found.sequence)).collect()
    }

    /// All records of a stream, as text.
    pub fn texts(&self, stream: &str) -> Vec<String> {
        let found = self.runtime.block_on(self.kinesis.read(stream));
        let text = |data: &[u8]| String::from_utf8(data.to_vec()).expect("the stream holds text");
        found.iter().map(|found| text(&found.data)).collect()
    }

    /// The leases in a table, by shard; none where there is no table yet.
    pub fn leases(&self, table: &str) -> BTreeMap<String, Lease> {
        let mut leases: BTreeMap<String, Lease> = BTreeMap::new();
        for (shard, checkpoint) in self.runtime.block_on(self.dynamodb.texts(table, "checkpoint")) {
            leases.entry(shard).or_default().checkpoint = checkpoint;
        }
        for (shard, owner) in self.runtime.block_on(self.dynamodb.texts(table, "leaseOwner")) {
            leases.entry(shard).or_default().owner = Some(owner);
        }
        leases
    }

    /// How many leases each worker has.
    pub fn shares(&self, table: &str) -> BTreeMap<String, usize> {
        let mut shares = BTreeMap::new();
        for owner in self.leases(table).into_values().filter_map(|lease| lease.owner) {
            *shares.entry(owner).or_default() += 1;
        }
        shares
    }

    /// Puts keys and data into a stream.
    pub fn put(&self, stream: &str, records: Vec<(String, Vec<u8>)>) {
        let entry = |(key, data): (String, Vec<u8>)| {
            PutRecordsRequestEntry::builder().partition_key(key).data(Blob::new(data)).build().unwrap()
        };
        let put = self.kinesis.client.put_records().stream_name(stream);
        let put = put.set_records(Some(records.into_iter().map(entry).collect()));
        let answer = self.runtime.block_on(put.send()).unwrap();
        assert_eq!(answer.failed_record_count(), Some(0));
    }
}

/// Page views that are put into a stream all the time.
pub struct Load {
    stop: Arc<AtomicBool>,
    put: Arc<AtomicUsize>,
    thread: JoinHandle<BTreeSet<String>>,
}

impl Load {
    /// Begins with some thirty in a second, so that a busy machine keeps up.
    pub fn start(aws: &Arc<Aws>, stream: &'static str) -> Self {
        let (stop, put) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (aws, stopped, counted) = (aws.clone(), stop.clone(), put.clone());
        let thread = std::thread::spawn(move || {
            let mut ids = BTreeSet::new();
            while !stopped.load(Ordering::Relaxed) {
                let fresh: Vec<_> = (0..6).map(|_| clock::random_id().to_string()).collect();
                aws.put(stream, fresh.iter().map(|id| (id.clone(), page_view(id))).collect());
                ids.extend(fresh);
                counted.store(ids.len(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(200));
            }
            ids
        });
        Self { stop, put, thread }
    }

    /// How many have been put so far.
    pub fn put(&self) -> usize {
        self.put.load(Ordering::Relaxed)
    }

    /// Ends; the ids of all events that were put.
    pub fn stop(self) -> BTreeSet<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("a load does not panic")
    }
}

/// What a collector makes of a page view.
fn page_view(id: &str) -> Vec<u8> {
    let payload = CollectorPayload {
        schema: SCHEMA.to_owned(),
        ip_address: Some("203.0.113.7".to_owned()),
        timestamp: clock::now().as_millisecond(),
        encoding: Some("UTF-8".to_owned()),
        collector: Some("load".to_owned()),
        path: Some("/i".to_owned()),
        querystring: Some(format!("e=pv&p=web&tv=load&eid={id}")),
        ..CollectorPayload::default()
    };
    let mut bytes = Vec::with_capacity(payload.encoded_len());
    payload.encode(&mut bytes);
    bytes
}

/// Follows a stream that has one shard.
pub struct Tail {
    aws: Arc<Aws>,
    iterator: Option<String>,
    /// The records so far, as text.
    pub lines: Vec<String>,
}

impl Tail {
    /// From the beginning of the stream.
    pub fn new(aws: &Arc<Aws>, stream: &str) -> Self {
        let oldest = aws.kinesis.client.get_shard_iterator().stream_name(stream);
        let oldest =
            oldest.shard_id("shardId-000000000000").shard_iterator_type(ShardIteratorType::TrimHorizon);
        let iterator = aws.runtime.block_on(oldest.send()).unwrap().shard_iterator;
        Self { aws: aws.clone(), iterator, lines: Vec::new() }
    }

    /// Reads what has come since.
    pub fn read(&mut self) {
        loop {
            let read = self.aws.kinesis.client.get_records().set_shard_iterator(self.iterator.take());
            let answer = self.aws.runtime.block_on(read.send()).unwrap();
            self.iterator = answer.next_shard_iterator;
            if answer.records.is_empty() {
                return;
            }
            let text = |data: Blob| String::from_utf8(data.into_inner()).expect("the stream holds text");
            self.lines.extend(answer.records.into_iter().map(|record| text(record.data)));
        }
    }

    /// Reads on until `wanted` says so of all lines.
    pub fn until(&mut self, what: &str, mut wanted: impl FnMut(&[String]) -> bool) {
        wait::until(what, PATIENCE, || {
            self.read();
            wanted(&self.lines).then_some(())
        });
    }
}
