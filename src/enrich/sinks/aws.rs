//! Sinks of Amazon Web Services, from the keys of the original.

use std::sync::Arc;

use ::enrich::{
    config::{EnrichConfig, Sink},
    rejected,
};
use service::{clock, telemetry};
use stream::{
    aws::Connection, backoff::Backoff, fallback::Fallback, kinesis, outbox::Sending, producer::Producer,
    record::Record,
};

use super::Close;
use crate::sent;

/// Bytes of a partition key, which count as part of a record and not of `maxRecordSize`.
const KEY_BYTES: usize = 256;

/// A Kinesis stream. What it can never take becomes bad rows, in the stream of bad rows; that is this one where there is none
/// yet.
pub(super) async fn kinesis(
    config: &EnrichConfig,
    sink: &Sink,
    bad: Option<&Arc<dyn Producer>>,
    closing: &mut Vec<Close>,
) -> Arc<dyn Producer> {
    let max_record_size = config.output.good.max_record_size;
    let connection = Connection {
        region: sink.region.clone(),
        endpoint: sink.custom_endpoint.clone(),
        ..Connection::default()
    };
    let name = sink.stream_name.as_deref().unwrap_or_default();
    let mut settings = kinesis::producer::Settings::new(name, connection);
    settings.record_bytes = settings.record_bytes.max(max_record_size + KEY_BYTES);
    // A larger record goes alone.
    settings.call_bytes = sink.byte_limit;
    settings.call_records = sink.record_limit;
    let pauses = &sink.throttled_backoff_policy;
    settings.sending = Sending {
        backoff: Backoff { min: pauses.min_backoff, max: pauses.max_backoff },
        ..Sending::default()
    };
    let outbox = kinesis::producer::open(settings).await;
    let (closed, asked) = (outbox.clone(), outbox.clone());
    telemetry::ask(move || sent::outbox(&asked.facts()));
    closing.push(Box::pin(async move { closed.close().await }));
    let processor = config.processor();
    let turn = move |record: &Record, why: &str| {
        vec![rejected::bad_row(record, why, &processor, max_record_size, clock::now())]
    };
    let other = bad.cloned().unwrap_or_else(|| outbox.clone());
    let fallback = Arc::new(Fallback::new(outbox, other, turn));
    let asked = fallback.clone();
    telemetry::ask(move || sent::fallback(asked.stream(), asked.turned()));
    fallback
}
