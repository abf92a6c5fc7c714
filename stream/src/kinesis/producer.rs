//! Writes records to a stream of Kinesis (`spec/collector.md` 7.2).
//!
//! A record's key is its partition key: text that is not UTF-8 is made so, and at most 256 bytes of it are sent. A record with
//! an empty key goes to any shard, and to another one when it is tried again. Attributes are not sent: Kinesis has no place
//! for them.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_config::SdkConfig;
use aws_sdk_kinesis::{
    Client,
    config::Builder,
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::{PutRecordsRequestEntry, PutRecordsResultEntry, StreamStatus},
};

use crate::{
    aws::{Connection, Credentials, Place},
    outbox::{
        Capacity, Entry, Outbox, Sending,
        carrier::{Carrier, Failure, Outcome},
    },
    record::{Record, ShardId},
};

/// Records that one `PutRecords` takes.
const CALL_RECORDS: usize = 500;

/// Bytes of a partition key. Kinesis counts characters, of a kind it does not define: as many bytes are never too many.
const KEY_BYTES: usize = 256;

/// A stream of Kinesis and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Name of the stream.
    pub stream: String,
    /// How Kinesis is reached.
    pub connection: Connection,
    /// Largest record, key and data together: 1 MiB, or up to 10 MiB where the stream was set so.
    pub record_bytes: usize,
    /// Bytes of one call, keys and data together: 5 MiB, or 10 MiB where the stream was set so.
    pub call_bytes: usize,
    /// Records of one call: at most 500.
    pub call_records: usize,
    /// How records are sent.
    pub sending: Sending,
}

impl Settings {
    /// The stream with the limits that every stream has.
    pub fn new(stream: impl Into<String>, connection: Connection) -> Self {
        Self {
            stream: stream.into(),
            connection,
            record_bytes: 1 << 20,
            call_bytes: 5 << 20,
            call_records: CALL_RECORDS,
            sending: Sending::default(),
        }
    }
}

/// A producer. Does not wait for the stream: its health tells when it was reached. To be called within a runtime.
pub async fn open(settings: Settings) -> Arc<Outbox<PutRecords>> {
    let loaded = settings.connection.load().await;
    let carrier = PutRecords {
        client: client(&settings.connection, &loaded),
        place: Place::new(format!("Kinesis stream `{}`", settings.stream), "kinesis", &loaded),
        stream: settings.stream,
        shards: Mutex::default(),
        seed: RandomState::new(),
        drawn: AtomicU64::new(0),
    };
    let capacity = Capacity {
        call_records: settings.call_records.clamp(1, CALL_RECORDS),
        call_bytes: settings.call_bytes,
        record_bytes: settings.record_bytes,
    };
    Arc::new(Outbox::open(carrier, settings.sending, capacity))
}

pub(super) fn client(connection: &Connection, loaded: &SdkConfig) -> Client {
    let mut config = Builder::from(loaded);
    if let Credentials::Fixed { access_key, secret_key } = &connection.credentials {
        let credentials =
            aws_sdk_kinesis::config::Credentials::new(access_key, secret_key, None, None, "configuration");
        config = config.credentials_provider(credentials);
    }
    Client::from_conf(config.build())
}

/// The carrier to a stream.
#[derive(Debug)]
pub struct PutRecords {
    client: Client,
    stream: String,
    place: Place,
    /// Names of shards that were seen, so that each is stored once.
    shards: Mutex<Vec<ShardId>>,
    /// Draws keys for records without one.
    seed: RandomState,
    drawn: AtomicU64,
}

impl PutRecords {
    fn key(&self, record: &Record) -> String {
        if record.key.is_empty() {
            let number = self.drawn.fetch_add(1, Ordering::Relaxed);
            return format!("{:016x}", self.seed.hash_one(number));
        }
        let key = String::from_utf8_lossy(&record.key);
        key[..key.floor_char_boundary(KEY_BYTES)].to_owned()
    }

    fn entry(&self, record: &Record) -> PutRecordsRequestEntry {
        PutRecordsRequestEntry::builder()
            .data(Blob::new(record.data.as_ref()))
            .partition_key(self.key(record))
            .build()
            .expect("data and key, all it needs, are set")
    }

    fn outcome(&self, entry: PutRecordsResultEntry) -> Outcome {
        if let Some(code) = entry.error_code() {
            return Outcome::Refused(self.place.refused("PutRecords", code, entry.error_message()));
        }
        let place = entry.sequence_number().and_then(|text| text.parse().ok()).zip(entry.shard_id());
        Outcome::Taken(place.map(|(sequence, shard)| {
            (self.shard(shard), crate::record::Position { sequence, sub_sequence: 0 })
        }))
    }

    fn shard(&self, name: &str) -> ShardId {
        let mut shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shards.iter().find(|known| known.as_str() == name) {
            return known.clone();
        }
        // Streams are split and merged: the list would grow for ever.
        if shards.len() >= 1000 {
            shards.clear();
        }
        let shard = ShardId::from(name);
        shards.push(shard.clone());
        shard
    }

    fn failure<E>(&self, action: &str, error: &SdkError<E>) -> Failure
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        failure(&self.place, action, error)
    }
}

/// What a call to a stream that failed means.
pub(super) fn failure<E>(place: &Place, action: &str, error: &SdkError<E>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let code = match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status();
            let code = error.code().map_or_else(|| format!("HTTP {status}"), str::to_owned);
            return place.refused(action, &code, error.message());
        }
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "connection",
        SdkError::ResponseError(_) => "answer",
        _ => "request",
    };
    place.unanswered(action, code, error)
}

impl Carrier for PutRecords {
    fn stream(&self) -> &str {
        &self.stream
    }

    fn weight(&self, record: &Record) -> usize {
        // A key that is drawn has 16 characters.
        record.data.len() + if record.key.is_empty() { 16 } else { record.key.len() }
    }

    async fn send(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        let records = entries.iter().map(|entry| self.entry(entry.record())).collect();
        let call = self.client.put_records().stream_name(&self.stream).set_records(Some(records));
        let answer = call.send().await.map_err(|error| self.failure("PutRecords", &error))?;
        Ok(answer.records.into_iter().map(|entry| self.outcome(entry)).collect())
    }

    async fn check(&self) -> Result<(), Failure> {
        const ACTION: &str = "DescribeStreamSummary";
        let call = self.client.describe_stream_summary().stream_name(&self.stream);
        let answer = call.send().await.map_err(|error| self.failure(ACTION, &error))?;
        match answer.stream_description_summary().map(|summary| summary.stream_status()) {
            // A stream that is being split or merged takes records.
            Some(StreamStatus::Active | StreamStatus::Updating) => Ok(()),
            Some(other) => Err(self.place.not_ready(other.as_str())),
            None => Err(self.place.not_ready("unknown")),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_kinesis::{
        config::{
            ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextRef,
        },
        error::BoxError,
    };

    use super::*;

    /// Keeps where a call would go, and lets none go.
    #[derive(Clone, Debug, Default)]
    struct Destination(Arc<Mutex<String>>);

    impl Intercept for Destination {
        fn name(&self) -> &'static str {
            "destination"
        }

        fn read_before_transmit(
            &self,
            context: &BeforeTransmitInterceptorContextRef<'_>,
            _: &RuntimeComponents,
            _: &mut ConfigBag,
        ) -> Result<(), BoxError> {
            context.request().uri().clone_into(&mut self.0.lock().unwrap());
            Err("far enough".into())
        }
    }

    #[tokio::test]
    async fn calls_go_where_region_and_endpoint_say() {
        let check = async |region: &str, endpoint: Option<&str>, expect: &str| {
            let connection = Connection {
                region: Some(region.to_owned()),
                endpoint: endpoint.map(str::to_owned),
                credentials: Credentials::Fixed {
                    access_key: "key".to_owned(),
                    secret_key: "secret".to_owned(),
                },
                ..Connection::default()
            };
            let client = client(&connection, &connection.load().await);
            let destination = Destination::default();
            let call = client.describe_stream_summary().stream_name("good");
            let error = call.customize().interceptor(destination.clone()).send().await.unwrap_err();
            assert!(format!("{error:?}").contains("far enough"), "{error:?}");
            assert_eq!(*destination.0.lock().unwrap(), expect);
        };
        check("eu-central-1", None, "https://kinesis.eu-central-1.amazonaws.com/").await;
        check("cn-north-1", None, "https://kinesis.cn-north-1.amazonaws.com.cn/").await;
        check("cn-northwest-1", None, "https://kinesis.cn-northwest-1.amazonaws.com.cn/").await;
        check("cn-north-1", Some("http://127.0.0.1:4566"), "http://127.0.0.1:4566/").await;
    }
}
