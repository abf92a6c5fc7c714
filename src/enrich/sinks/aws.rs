//! Sinks of Amazon Web Services, from the keys of the original.

use std::sync::Arc;

use ::enrich::config::Sink;
use stream::{aws::Connection, backoff::Backoff, kinesis, outbox::Sending, producer::Producer};

use super::Close;

/// Bytes of a partition key, which count as part of a record and not of `maxRecordSize`.
const KEY_BYTES: usize = 256;

/// A Kinesis stream.
pub(super) async fn kinesis(
    sink: &Sink,
    max_record_size: usize,
    closing: &mut Vec<Close>,
) -> Arc<dyn Producer> {
    let connection = Connection {
        region: sink.region.clone(),
        endpoint: sink.custom_endpoint.clone(),
        ..Connection::default()
    };
    let name = sink.stream_name.as_deref().unwrap_or_default();
    let mut settings = kinesis::producer::Settings::new(name, connection);
    settings.record_bytes = settings.record_bytes.max(max_record_size + KEY_BYTES);
    settings.call_bytes = sink.byte_limit.max(settings.record_bytes);
    settings.call_records = sink.record_limit;
    let pauses = &sink.throttled_backoff_policy;
    settings.sending = Sending {
        backoff: Backoff { min: pauses.min_backoff, max: pauses.max_backoff },
        ..Sending::default()
    };
    let outbox = kinesis::producer::open(settings).await;
    let closed = outbox.clone();
    closing.push(Box::pin(async move { closed.close().await }));
    outbox
}
