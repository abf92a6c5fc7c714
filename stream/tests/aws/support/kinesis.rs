//! Kinesis: ferrokinesis, with faults by script, with the limit of a request that Kinesis has, and with what it lacks: shards
//! are listed by filter, and who reads a shard to its end is told its children.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_kinesis::{
    Client,
    config::{BehaviorVersion, Builder, Credentials, Region},
    types::{Shard, ShardIteratorType, StreamStatus},
};
use axum::{
    body::{Body, to_bytes},
    extract::{DefaultBodyLimit, Request, State},
    http::{Response, StatusCode},
    middleware::{self, Next},
};
use bytes::Bytes;
use ferrokinesis::store::{Store, StoreOptions};
use serde_json::{Value, json};

use super::faults::{self, Script};

/// Larger than any request, so that Kinesis' own limit is the one that is met.
const BODY_LIMIT: usize = 16 << 20;

pub(crate) struct Kinesis {
    pub(crate) endpoint: String,
    pub(crate) script: Arc<Script>,
    pub(crate) client: Client,
}

/// A record as it stands in the stream.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) shard: String,
    pub(crate) sequence: String,
    pub(crate) key: Bytes,
    pub(crate) data: Bytes,
}

impl Kinesis {
    pub(crate) async fn start() -> Self {
        Self::with(StoreOptions::default()).await
    }

    pub(crate) async fn with(options: StoreOptions) -> Self {
        let options = StoreOptions {
            create_stream_ms: 0,
            update_stream_ms: 0,
            delete_stream_ms: 0,
            shard_limit: 100,
            ..options
        };
        let (app, store) = ferrokinesis::create_app(options);
        let script = Arc::new(Script::default());
        let shim = Arc::new(Shim { script: script.clone(), store, iterators: Mutex::default() });
        let app =
            app.layer(middleware::from_fn_with_state(shim, meddle)).layer(DefaultBodyLimit::max(BODY_LIMIT));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, app).await });
        let config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .endpoint_url(&endpoint)
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .build();
        Self { endpoint, script, client: Client::from_conf(config) }
    }

    pub(crate) async fn create(&self, stream: &str, shards: i32) {
        self.client.create_stream().stream_name(stream).shard_count(shards).send().await.unwrap();
    }

    /// The shards of a stream.
    pub(crate) async fn shards(&self, stream: &str) -> Vec<Shard> {
        self.client.list_shards().stream_name(stream).send().await.unwrap().shards.unwrap_or_default()
    }

    /// Splits a shard in the middle of its hashes.
    pub(crate) async fn split(&self, stream: &str, shard: &str) {
        let shards = self.shards(stream).await;
        let range = shards.iter().find(|found| found.shard_id() == shard).unwrap().hash_key_range().unwrap();
        let number = |text: &str| text.parse::<u128>().unwrap();
        let (start, end) = (number(range.starting_hash_key()), number(range.ending_hash_key()));
        let middle = (start + (end - start) / 2).to_string();
        let split = self.client.split_shard().stream_name(stream).shard_to_split(shard);
        split.new_starting_hash_key(middle).send().await.unwrap();
        self.until_active(stream).await;
    }

    /// Merges two shards that are next to each other, the one with the lower hashes first.
    pub(crate) async fn merge(&self, stream: &str, lower: &str, upper: &str) {
        let merge = self.client.merge_shards().stream_name(stream);
        merge.shard_to_merge(lower).adjacent_shard_to_merge(upper).send().await.unwrap();
        self.until_active(stream).await;
    }

    /// Waits until a change of the shards is done.
    async fn until_active(&self, stream: &str) {
        let mut looks = tokio::time::interval(Duration::from_millis(10));
        loop {
            looks.tick().await;
            let described = self.client.describe_stream_summary().stream_name(stream).send().await.unwrap();
            if *described.stream_description_summary().unwrap().stream_status() == StreamStatus::Active {
                return;
            }
        }
    }

    /// Everything in a stream, shard by shard, in order.
    pub(crate) async fn read(&self, stream: &str) -> Vec<Found> {
        let mut found = Vec::new();
        for shard in &self.shards(stream).await {
            let oldest = self.client.get_shard_iterator().stream_name(stream).shard_id(shard.shard_id());
            let oldest = oldest.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await.unwrap();
            let mut next = oldest.shard_iterator;
            loop {
                let read =
                    self.client.get_records().set_shard_iterator(next).limit(10_000).send().await.unwrap();
                if read.records.is_empty() {
                    break;
                }
                found.extend(read.records.into_iter().map(|record| Found {
                    shard: shard.shard_id().to_owned(),
                    sequence: record.sequence_number,
                    key: record.partition_key.unwrap().into(),
                    data: record.data.into_inner().into(),
                }));
                next = read.next_shard_iterator;
            }
        }
        found
    }

    /// Keys and data of everything in a stream.
    pub(crate) async fn pairs(&self, stream: &str) -> Vec<(Bytes, Bytes)> {
        self.read(stream).await.into_iter().map(|found| (found.key, found.data)).collect()
    }
}

struct Shim {
    script: Arc<Script>,
    store: Store,
    /// The stream and the shard of each iterator.
    iterators: Mutex<HashMap<String, (String, String)>>,
}

async fn meddle(State(shim): State<Arc<Shim>>, request: Request, next: Next) -> Response<Body> {
    let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok());
    match target.and_then(|target| target.rsplit('.').next()) {
        Some("PutRecords") => put_records(&shim.script, request, next).await,
        Some("ListShards") => {
            answered(request, next, async |request, answer| {
                let shards = answer["Shards"].as_array_mut().unwrap();
                match request["ShardFilter"]["Type"].as_str() {
                    Some("AT_TRIM_HORIZON") => shards.retain(|shard| shard["ParentShardId"].is_null()),
                    Some("AT_LATEST") => shards.retain(is_open),
                    _ => {}
                }
            })
            .await
        }
        Some("GetShardIterator") => {
            answered(request, next, async |request, answer| {
                let text = |name: &str| request[name].as_str().unwrap().to_owned();
                let place = (text("StreamName"), text("ShardId"));
                shim.remember(&answer["ShardIterator"], place);
            })
            .await
        }
        Some("GetRecords") => {
            answered(request, next, async |request, answer| {
                let iterator = request["ShardIterator"].as_str().unwrap();
                let known = shim.iterators.lock().unwrap().get(iterator).cloned();
                let Some((stream, shard)) = known else { return };
                if answer["NextShardIterator"].is_null() {
                    answer["ChildShards"] = shim.children(&stream, &shard).await;
                } else {
                    shim.remember(&answer["NextShardIterator"], (stream, shard));
                }
            })
            .await
        }
        _ => next.run(request).await,
    }
}

fn is_open(shard: &Value) -> bool {
    shard["SequenceNumberRange"]["EndingSequenceNumber"].is_null()
}

impl Shim {
    fn remember(&self, iterator: &Value, place: (String, String)) {
        self.iterators.lock().unwrap().insert(iterator.as_str().unwrap().to_owned(), place);
    }

    async fn children(&self, stream: &str, parent: &str) -> Value {
        let Ok(stream) = self.store.get_stream(stream).await else { panic!("no stream {stream}") };
        let shards = serde_json::to_value(&stream.shards).unwrap();
        let child = |shard: &Value| {
            let parents = [&shard["ParentShardId"], &shard["AdjacentParentShardId"]];
            let parents: Vec<_> = parents.into_iter().filter(|parent| !parent.is_null()).collect();
            let is_child = parents.iter().any(|known| *known == parent);
            is_child.then(|| {
                json!({
                    "ShardId": shard["ShardId"],
                    "ParentShards": parents,
                    "HashKeyRange": shard["HashKeyRange"],
                })
            })
        };
        shards.as_array().unwrap().iter().filter_map(child).collect()
    }
}

/// Carries a call out and changes its answer, if it succeeds.
async fn answered(
    request: Request,
    next: Next,
    change: impl AsyncFnOnce(&Value, &mut Value),
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await.unwrap();
    let content: Value = serde_json::from_slice(&body).unwrap();
    let answer = next.run(Request::from_parts(head, Body::from(body))).await;
    if !answer.status().is_success() {
        return answer;
    }
    let answer = to_bytes(answer.into_body(), BODY_LIMIT).await.unwrap();
    let mut answer = serde_json::from_slice(&answer).unwrap();
    change(&content, &mut answer).await;
    faults::json(StatusCode::OK, answer.to_string())
}

async fn put_records(script: &Script, request: Request, next: Next) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await.unwrap();
    let mut content: Value = serde_json::from_slice(&body).unwrap();
    let records = content["Records"].as_array_mut().unwrap();
    let sent = records.len();
    script.calls.lock().unwrap().push((sent, body.len()));
    let fault = script.next();
    let hits: Vec<_> = (0..sent).filter_map(|index| Some((index, fault.hits(index)?))).collect();
    for (index, _) in hits.iter().rev() {
        records.remove(*index);
    }
    let rest = records.len();
    let proceed = async {
        let mut answer = if rest == 0 {
            json!({ "Records": [] })
        } else {
            let body = if hits.is_empty() { body } else { content.to_string().into() };
            let mut head = head;
            head.headers.remove("content-length");
            let answer = next.run(Request::from_parts(head, Body::from(body))).await;
            if hits.is_empty() || !answer.status().is_success() {
                return answer;
            }
            serde_json::from_slice(&to_bytes(answer.into_body(), BODY_LIMIT).await.unwrap()).unwrap()
        };
        let outcomes = answer["Records"].as_array_mut().unwrap();
        for (index, code) in &hits {
            outcomes.insert(*index, json!({ "ErrorCode": code, "ErrorMessage": "as the script says" }));
        }
        answer["FailedRecordCount"] = hits.len().into();
        faults::json(StatusCode::OK, answer.to_string())
    };
    fault.around(proceed).await
}
