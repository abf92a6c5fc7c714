//! Sinks of Amazon Web Services, from the keys of the original.

use std::{sync::Arc, time::Duration};

use ::collector::{
    compatibility::Compatibility,
    config::{CollectorConfig, Stream},
};
use stream::{
    aws::Connection,
    backoff::Backoff,
    kinesis,
    outbox::{Outbox, Sending, carrier::Carrier},
    overflow::{Overflow, Rounds},
    producer::Producer,
    sqs,
};

use super::{Close, Which, name};

/// Bytes of a partition key, which count as part of a record and not of `maxBytes`.
const KEY_BYTES: usize = 36;

/// A Kinesis stream, with its buffer in SQS if there is one.
pub(super) async fn kinesis(
    config: &CollectorConfig,
    stream: &Stream,
    which: Which,
    closing: &mut Vec<Close>,
) -> Arc<dyn Producer> {
    let mut settings = kinesis::producer::Settings::new(name(stream), connection(stream));
    settings.record_bytes = settings.record_bytes.max(max_bytes(stream) + KEY_BYTES);
    settings.call_bytes = call_bytes(stream).max(settings.record_bytes);
    settings.call_records = usize::try_from(stream.buffer.records()).unwrap_or(usize::MAX);
    settings.sending = sending(stream);
    let primary = closed_at_the_end(kinesis::producer::open(settings).await, closing);
    let buffer = match which {
        Which::Good => &stream.sqs_good_buffer,
        Which::Bad => &stream.sqs_bad_buffer,
    };
    let Some(queue) = buffer else { return primary };
    // A queue is another service: the endpoint of the stream is not its own.
    let connection = Connection { endpoint: None, ..connection(stream) };
    let mut settings = sqs::producer::Settings::new(queue, connection);
    settings.record_bytes = stream.sqs_max_bytes() + KEY_BYTES;
    // What reads the queue of the Apache line puts records back under this key.
    settings.key_attribute = config.compatibility == Compatibility::V2;
    settings.sending = sending(stream);
    let buffer = closed_at_the_end(sqs::producer::open(settings).await, closing);
    Arc::new(Overflow::open(primary, buffer, Rounds { backoff: backoff(stream), ..Rounds::default() }))
}

/// A queue as the sink itself.
pub(super) async fn sqs(stream: &Stream, closing: &mut Vec<Close>) -> Arc<dyn Producer> {
    let mut settings = sqs::producer::Settings::new(name(stream), connection(stream));
    settings.record_bytes = max_bytes(stream) + KEY_BYTES;
    settings.key_attribute = true;
    settings.sending = sending(stream);
    closed_at_the_end(sqs::producer::open(settings).await, closing)
}

fn closed_at_the_end<C: Carrier>(outbox: Arc<Outbox<C>>, closing: &mut Vec<Close>) -> Arc<dyn Producer> {
    let closed = outbox.clone();
    closing.push(Box::pin(async move { closed.close().await }));
    outbox
}

fn connection(stream: &Stream) -> Connection {
    Connection {
        region: stream.region.clone(),
        endpoint: stream.custom_endpoint.clone(),
        ..Connection::default()
    }
}

fn sending(stream: &Stream) -> Sending {
    Sending {
        backoff: backoff(stream),
        check_interval: stream.startup_check_interval.unwrap_or(Duration::from_secs(1)),
        ..Sending::default()
    }
}

fn backoff(stream: &Stream) -> Backoff {
    let policy = stream.backoff.clone().unwrap_or_default();
    let default = Backoff::default();
    Backoff {
        min: policy.min_backoff.map_or(default.min, Duration::from_millis),
        max: policy.max_backoff.map_or(default.max, Duration::from_millis),
    }
}

fn max_bytes(stream: &Stream) -> usize {
    stream.max_bytes.unwrap_or_else(|| stream.kind().max_bytes())
}

fn call_bytes(stream: &Stream) -> usize {
    usize::try_from(stream.buffer.bytes()).unwrap_or(usize::MAX)
}
