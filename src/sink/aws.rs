//! Sinks of Amazon Web Services, from the keys of the original.

use std::sync::Arc;

use service::{config::sections::KinesisSink, telemetry};
use stream::{
    aws::Connection,
    backoff::Backoff,
    kinesis::producer::{PutRecords, Settings, open},
    outbox::{Outbox, Sending},
};

use crate::{sent, source::Close};

/// Bytes of a partition key, which count as part of a record and not of `maxRecordSize`.
const KEY_BYTES: usize = 256;

/// A Kinesis stream, which is closed with `closing`.
pub(crate) async fn kinesis(keys: KinesisSink<'_>, closing: &mut Vec<Close>) -> Arc<Outbox<PutRecords>> {
    let connection = Connection {
        region: keys.region.map(str::to_owned),
        endpoint: keys.endpoint.map(str::to_owned),
        ..Connection::default()
    };
    let mut settings = Settings::new(keys.stream, connection);
    settings.record_bytes = settings.record_bytes.max(keys.max_record_size + KEY_BYTES);
    // A larger record goes alone.
    settings.call_bytes = keys.byte_limit;
    settings.call_records = keys.record_limit;
    let backoff = Backoff { min: keys.pauses.min_backoff, max: keys.pauses.max_backoff };
    settings.sending = Sending { backoff, ..Sending::default() };
    let outbox = open(settings).await;
    let (closed, asked) = (outbox.clone(), outbox.clone());
    telemetry::ask(move || sent::outbox(&asked.facts()));
    closing.push(Box::pin(async move { closed.close().await }));
    outbox
}
