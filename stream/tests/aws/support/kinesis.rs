//! Kinesis: ferrokinesis, with faults by script, and with the limit of a request that Kinesis has.

use std::sync::Arc;

use aws_sdk_kinesis::{
    Client,
    config::{BehaviorVersion, Builder, Credentials, Region},
    types::ShardIteratorType,
};
use axum::{
    body::{Body, to_bytes},
    extract::{DefaultBodyLimit, Request, State},
    http::{Response, StatusCode},
    middleware::{self, Next},
};
use bytes::Bytes;
use ferrokinesis::store::StoreOptions;
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
        let (app, _) = ferrokinesis::create_app(options);
        let script = Arc::new(Script::default());
        let app = app
            .layer(middleware::from_fn_with_state(script.clone(), meddle))
            .layer(DefaultBodyLimit::max(BODY_LIMIT));
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

    /// Everything in a stream, shard by shard, in order.
    pub(crate) async fn read(&self, stream: &str) -> Vec<Found> {
        let shards = self.client.list_shards().stream_name(stream).send().await.unwrap();
        let mut found = Vec::new();
        for shard in shards.shards() {
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

async fn meddle(State(script): State<Arc<Script>>, request: Request, next: Next) -> Response<Body> {
    let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok());
    if target.is_none_or(|target| !target.ends_with(".PutRecords")) {
        return next.run(request).await;
    }
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
