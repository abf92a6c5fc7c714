//! SQS: what a producer needs of it, with its limits, and with faults by script.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Response, StatusCode},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::faults::{self, Script};

/// Bytes of a message and of a batch.
const LIMIT: usize = 256 << 10;

#[derive(Clone)]
pub(crate) struct Sqs {
    pub(crate) endpoint: String,
    pub(crate) script: Arc<Script>,
    queues: Arc<Mutex<BTreeMap<String, Vec<Message>>>>,
}

/// A message in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// As it came.
    pub(crate) body: String,
    /// Names, types and texts.
    pub(crate) attributes: Vec<(String, String, String)>,
}

impl Message {
    /// The attribute `kinesisKey` and the data in the body.
    pub(crate) fn pair(&self) -> (Bytes, Bytes) {
        let key = self.attributes.first().map_or(String::new(), |attribute| attribute.2.clone());
        (key.into(), STANDARD.decode(&self.body).unwrap().into())
    }
}

impl Sqs {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let sqs = Self { endpoint, script: Arc::default(), queues: Arc::default() };
        let app = Router::new()
            .route("/", post(answer))
            .fallback(post(answer))
            .with_state(sqs.clone())
            .layer(DefaultBodyLimit::max(16 << 20));
        tokio::spawn(async { axum::serve(listener, app).await });
        sqs
    }

    pub(crate) fn create(&self, queue: &str) {
        self.queues.lock().unwrap().insert(queue.to_owned(), Vec::new());
    }

    pub(crate) fn delete(&self, queue: &str) {
        self.queues.lock().unwrap().remove(queue);
    }

    pub(crate) fn messages(&self, queue: &str) -> Vec<Message> {
        self.queues.lock().unwrap()[queue].clone()
    }

    pub(crate) fn pairs(&self, queue: &str) -> Vec<(Bytes, Bytes)> {
        self.messages(queue).iter().map(Message::pair).collect()
    }

    fn url(&self, request: &Value) -> Response<Body> {
        let name = request["QueueName"].as_str().unwrap();
        if !self.queues.lock().unwrap().contains_key(name) {
            return missing();
        }
        ok(json!({ "QueueUrl": format!("{}/000000000000/{name}", self.endpoint) }))
    }

    async fn send(&self, request: &Value, bytes: usize) -> Response<Body> {
        let url = request["QueueUrl"].as_str().unwrap();
        let name = url.strip_prefix(&format!("{}/000000000000/", self.endpoint)).unwrap().to_owned();
        let entries = request["Entries"].as_array().unwrap();
        self.script.calls.lock().unwrap().push((entries.len(), bytes));
        let fault = self.script.next();
        fault.around(async { self.carry_out(&name, entries, |index| fault.hits(index)) }).await
    }

    fn carry_out(
        &self,
        name: &str,
        entries: &[Value],
        hits: impl Fn(usize) -> Option<&'static str>,
    ) -> Response<Body> {
        let mut queues = self.queues.lock().unwrap();
        let Some(queue) = queues.get_mut(name) else { return missing() };
        let refuse =
            |code: &str| faults::error(StatusCode::BAD_REQUEST, &format!("com.amazonaws.sqs#{code}"), code);
        let ids: HashSet<_> = entries.iter().map(|entry| entry["Id"].as_str().unwrap()).collect();
        if entries.is_empty() || entries.len() > 10 {
            return refuse("TooManyEntriesInBatchRequest");
        }
        if ids.len() < entries.len() {
            return refuse("BatchEntryIdsNotDistinct");
        }
        if entries.iter().map(weight).sum::<usize>() > LIMIT {
            return refuse("BatchRequestTooLong");
        }
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for (index, entry) in entries.iter().enumerate() {
            let id = &entry["Id"];
            let scripted = hits(index);
            let content = (!is_allowed(entry)).then_some("InvalidMessageContents");
            match scripted.or(content) {
                Some(code) => {
                    failed.push(json!({ "Id": id, "Code": code, "SenderFault": content.is_some() }))
                }
                None => {
                    successful
                        .push(json!({ "Id": id, "MessageId": "m", "MD5OfMessageBody": "not calculated" }));
                    queue.push(Message {
                        body: entry["MessageBody"].as_str().unwrap().to_owned(),
                        attributes: attributes(entry),
                    });
                }
            }
        }
        ok(json!({ "Successful": successful, "Failed": failed }))
    }
}

async fn answer(State(sqs): State<Sqs>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let request: Value = serde_json::from_slice(&body).unwrap();
    match headers["x-amz-target"].to_str().unwrap() {
        "AmazonSQS.GetQueueUrl" => sqs.url(&request),
        "AmazonSQS.SendMessageBatch" => sqs.send(&request, body.len()).await,
        other => panic!("{other} is not asked for"),
    }
}

fn ok(answer: Value) -> Response<Body> {
    faults::json(StatusCode::OK, answer.to_string())
}

fn missing() -> Response<Body> {
    faults::error(StatusCode::BAD_REQUEST, "com.amazonaws.sqs#QueueDoesNotExist", "no such queue")
}

fn attributes(entry: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let attribute = |(name, value): (&String, &Value)| {
        (name.clone(), text(&value["DataType"]), text(&value["StringValue"]))
    };
    entry["MessageAttributes"].as_object().into_iter().flatten().map(attribute).collect()
}

fn weight(entry: &Value) -> usize {
    let attributes: usize =
        attributes(entry).iter().map(|(name, kind, text)| name.len() + kind.len() + text.len()).sum();
    entry["MessageBody"].as_str().unwrap().len() + attributes
}

/// Bodies and attributes are not empty and hold the characters of XML.
fn is_allowed(entry: &Value) -> bool {
    let mut texts = attributes(entry)
        .into_iter()
        .map(|(_, _, text)| text)
        .chain([entry["MessageBody"].as_str().unwrap().to_owned()]);
    texts.all(|text| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}') || matches!(c, '\t' | '\n' | '\r'))
    })
}
