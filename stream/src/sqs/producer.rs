//! Writes records to a queue of SQS (`spec/collector.md` 7.2 to 7.4).
//!
//! A message's body is the record's data in padded Base64. With [`Settings::key_attribute`] its attribute `kinesisKey` holds
//! the record's key, unless that is empty; characters that SQS does not allow become U+FFFD. Attributes of records are not sent.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_sqs::{
    Client,
    config::Builder,
    error::{ProvideErrorMetadata, SdkError},
    types::{MessageAttributeValue, SendMessageBatchRequestEntry},
};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    aws::{self, Connection, Place},
    outbox::{
        Capacity, Entry, Outbox, Sending,
        carrier::{Carrier, Failure, Outcome},
    },
    record::Record,
};

/// Messages that one `SendMessageBatch` takes.
const CALL_RECORDS: usize = 10;

/// The attribute that holds the key, and its type.
const KEY_ATTRIBUTE: &str = "kinesisKey";
const KEY_TYPE: &str = "String";

/// A queue of SQS and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Name of the queue.
    pub queue: String,
    /// How SQS is reached.
    pub connection: Connection,
    /// Largest record, key and data together, before Base64.
    pub record_bytes: usize,
    /// Bytes of one call: bodies in Base64 and attributes. SQS took 256 KiB for long, and takes 1 MiB since 2025.
    pub call_bytes: usize,
    /// Whether the key is sent in the attribute `kinesisKey`.
    pub key_attribute: bool,
    /// How records are sent.
    pub sending: Sending,
}

impl Settings {
    /// The queue with the limits that every queue has, and without the attribute.
    pub fn new(queue: impl Into<String>, connection: Connection) -> Self {
        Self {
            queue: queue.into(),
            connection,
            record_bytes: 192_000,
            call_bytes: 256 << 10,
            key_attribute: false,
            sending: Sending::default(),
        }
    }
}

/// A producer. Does not wait for the queue: its health tells when it was reached. To be called within a runtime.
pub async fn open(settings: Settings) -> Arc<Outbox<SendMessageBatch>> {
    let loaded = settings.connection.load().await;
    let mut config = Builder::from(&loaded);
    if let aws::Credentials::Fixed { access_key, secret_key } = &settings.connection.credentials {
        let credentials =
            aws_sdk_sqs::config::Credentials::new(access_key, secret_key, None, None, "configuration");
        config = config.credentials_provider(credentials);
    }
    let carrier = SendMessageBatch {
        client: Client::from_conf(config.build()),
        place: Place::new(format!("SQS queue `{}`", settings.queue), "sqs", &loaded),
        queue: settings.queue,
        key_attribute: settings.key_attribute,
        url: Mutex::new(None),
    };
    let capacity = Capacity {
        call_records: CALL_RECORDS,
        call_bytes: settings.call_bytes,
        record_bytes: settings.record_bytes,
    };
    Arc::new(Outbox::open(carrier, settings.sending, capacity))
}

/// The carrier to a queue.
#[derive(Debug)]
pub struct SendMessageBatch {
    client: Client,
    queue: String,
    place: Place,
    key_attribute: bool,
    /// Where the queue is, once SQS has told it.
    url: Mutex<Option<Arc<str>>>,
}

impl SendMessageBatch {
    async fn url(&self) -> Result<Arc<str>, Failure> {
        let known = self.url.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(url) => Ok(url),
            None => self.ask_url().await,
        }
    }

    async fn ask_url(&self) -> Result<Arc<str>, Failure> {
        const ACTION: &str = "GetQueueUrl";
        let call = self.client.get_queue_url().queue_name(&self.queue);
        let answer = call.send().await.map_err(|error| self.failure(ACTION, &error))?;
        let url: Arc<str> = answer.queue_url().ok_or_else(|| self.place.not_ready("unknown"))?.into();
        self.keep(Some(url.clone()));
        Ok(url)
    }

    fn keep(&self, url: Option<Arc<str>>) {
        *self.url.lock().unwrap_or_else(PoisonError::into_inner) = url;
    }

    fn message(&self, id: usize, record: &Record) -> SendMessageBatchRequestEntry {
        let mut message = SendMessageBatchRequestEntry::builder()
            .id(id.to_string())
            .message_body(STANDARD.encode(&record.data));
        if self.key_attribute && !record.key.is_empty() {
            let value = MessageAttributeValue::builder()
                .data_type(KEY_TYPE)
                .string_value(allowed(&String::from_utf8_lossy(&record.key)))
                .build()
                .expect("the type, all it needs, is set");
            message = message.message_attributes(KEY_ATTRIBUTE, value);
        }
        message.build().expect("id and body, all it needs, are set")
    }

    fn failure<E>(&self, action: &str, error: &SdkError<E>) -> Failure
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let code = match error {
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status();
                let code = error.code().map_or_else(|| format!("HTTP {status}"), str::to_owned);
                return self.place.refused(action, &code, error.message());
            }
            SdkError::TimeoutError(_) => "timeout",
            SdkError::DispatchFailure(_) => "connection",
            SdkError::ResponseError(_) => "answer",
            _ => "request",
        };
        self.place.unanswered(action, code, error)
    }
}

impl Carrier for SendMessageBatch {
    fn stream(&self) -> &str {
        &self.queue
    }

    fn weight(&self, record: &Record) -> usize {
        let body = record.data.len().div_ceil(3) * 4;
        // A byte that is not UTF-8 becomes three.
        let attribute = KEY_ATTRIBUTE.len() + KEY_TYPE.len() + 3 * record.key.len();
        if self.key_attribute { body + attribute } else { body }
    }

    async fn send(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        let url = self.url().await?;
        let messages =
            entries.iter().enumerate().map(|(id, entry)| self.message(id, entry.record())).collect();
        let call = self.client.send_message_batch().queue_url(&*url).set_entries(Some(messages));
        let answer = call.send().await.map_err(|error| {
            // It may have been made anew elsewhere.
            self.keep(None);
            self.failure("SendMessage", &error)
        })?;
        // Only what is named as taken is.
        let unnamed = Failure {
            text: format!("{}: the answer does not name the message", self.place),
            ..self.place.not_ready("unnamed")
        };
        let mut outcomes = vec![Outcome::Refused(unnamed); entries.len()];
        for taken in answer.successful() {
            if let Some(outcome) = taken.id().parse().ok().and_then(|id: usize| outcomes.get_mut(id)) {
                *outcome = Outcome::Taken(None);
            }
        }
        for refused in answer.failed() {
            if let Some(outcome) = refused.id().parse().ok().and_then(|id: usize| outcomes.get_mut(id)) {
                *outcome =
                    Outcome::Refused(self.place.refused("SendMessage", refused.code(), refused.message()));
            }
        }
        Ok(outcomes)
    }

    async fn check(&self) -> Result<(), Failure> {
        self.ask_url().await.map(drop)
    }
}

/// The text with what SQS does not allow replaced.
fn allowed(text: &str) -> String {
    let replaced = |c| match c {
        '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => c,
        _ => char::REPLACEMENT_CHARACTER,
    };
    text.chars().map(replaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_hold_only_what_sqs_allows() {
        let check = |text: &str, expect: &str| assert_eq!(allowed(text), expect, "{text:?}");
        check("", "");
        check("key 1\t\u{e9}\u{10ffff}", "key 1\t\u{e9}\u{10ffff}");
        check("a\0b\u{1f}c\u{fffe}", "a\u{fffd}b\u{fffd}c\u{fffd}");
    }
}
