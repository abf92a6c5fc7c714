//! Sinks of Amazon Web Services, from the keys of the original.

use std::{sync::Arc, time::Duration};

use ::collector::{
    compatibility::Compatibility,
    config::{Kind, Stream},
    partition_key, rejected,
    split::Limits,
};
use service::{clock, exit::RunError, telemetry};
use stream::{
    aws::Connection,
    backoff::Backoff,
    fallback::Fallback,
    kinesis,
    outbox::{Outbox, Sending, carrier::Carrier},
    overflow::{Overflow, Rounds},
    producer::Producer,
    record::Record,
    spill::{Spill, SpillConfig},
    sqs,
};

use super::{Opening, Which, name, told};
use crate::log::unopened;
use crate::sent;

/// Bytes of a partition key, which count as part of a record and not of `maxBytes`.
const KEY_BYTES: usize = 36;

impl Opening<'_> {
    /// A sink on another machine. What it rejects becomes bad rows; what it does not take goes into the spill, if there is a
    /// folder for one.
    pub(super) async fn elsewhere(
        &mut self,
        stream: &Stream,
        which: Which,
        bad: Option<&Arc<dyn Producer>>,
    ) -> Result<Arc<dyn Producer>, RunError> {
        let mut sink = match stream.kind() {
            Kind::Sqs => self.sqs(stream).await,
            _ => self.kinesis(stream, which).await,
        };
        if let Some(bad) = bad {
            sink = self.with_bad_rows(stream, sink, bad);
        }
        self.spilling(sink, which)
    }

    /// A Kinesis stream, with its buffer in SQS if there is one.
    async fn kinesis(&mut self, stream: &Stream, which: Which) -> Arc<dyn Producer> {
        let mut settings = kinesis::producer::Settings::new(name(stream), connection(stream));
        settings.record_bytes = settings.record_bytes.max(max_bytes(stream) + KEY_BYTES);
        // A larger record goes alone.
        settings.call_bytes = call_bytes(stream);
        settings.call_records = usize::try_from(stream.buffer.records()).unwrap_or(usize::MAX);
        let buffer = match which {
            Which::Good => &stream.sqs_good_buffer,
            Which::Bad => &stream.sqs_bad_buffer,
        };
        let sending = self.sending(stream);
        // With a buffer it is not the stream that is asked again, but the buffer instead.
        settings.sending = Sending { tries: buffer.as_ref().map(|_| 1), ..sending };
        let primary = self.opened(kinesis::producer::open(settings).await);
        let Some(queue) = buffer else { return primary };
        // A queue is another service: the endpoint of the stream is not its own.
        let connection = Connection { endpoint: None, ..connection(stream) };
        let mut settings = sqs::producer::Settings::new(queue, connection);
        settings.record_bytes = stream.sqs_max_bytes() + KEY_BYTES;
        // What reads the queue of the Apache line puts records back under this key.
        settings.key_attribute = self.config.compatibility == Compatibility::V2;
        settings.sending = Sending { tries: Some(1), ..sending };
        let buffer = self.opened(sqs::producer::open(settings).await);
        let Sending { deadline, backoff, .. } = sending;
        let overflow = Arc::new(Overflow::open(primary, buffer, Rounds { deadline, backoff }));
        let asked = overflow.clone();
        telemetry::ask(move || told::overflow(asked.stream(), asked.diverted()));
        overflow
    }

    /// A queue as the sink itself.
    async fn sqs(&mut self, stream: &Stream) -> Arc<dyn Producer> {
        let mut settings = sqs::producer::Settings::new(name(stream), connection(stream));
        settings.record_bytes = max_bytes(stream) + KEY_BYTES;
        settings.key_attribute = true;
        settings.sending = self.sending(stream);
        self.opened(sqs::producer::open(settings).await)
    }

    /// An outbox that is closed at the end, and told of.
    fn opened<C: Carrier>(&mut self, outbox: Arc<Outbox<C>>) -> Arc<dyn Producer> {
        let (closed, asked) = (outbox.clone(), outbox.clone());
        self.closing.push(Box::pin(async move { closed.close().await }));
        telemetry::ask(move || sent::outbox(&asked.facts()));
        outbox
    }

    /// Records that the sink can never take become bad rows.
    fn with_bad_rows(
        &self,
        stream: &Stream,
        sink: Arc<dyn Producer>,
        bad: &Arc<dyn Producer>,
    ) -> Arc<dyn Producer> {
        let compatibility = self.config.compatibility;
        let limits = Limits {
            good: max_bytes(stream),
            bad: bad.max_record_bytes().saturating_sub(partition_key::max_length(compatibility)),
            payload: self.config.networking.max_payload_size,
        };
        let turn = move |record: &Record, why: &str| {
            rejected::bad_rows(record, why, &limits, compatibility, clock::now())
        };
        let fallback = Arc::new(Fallback::new(sink, bad.clone(), turn));
        let asked = fallback.clone();
        telemetry::ask(move || sent::fallback(asked.stream(), asked.turned()));
        fallback
    }

    /// The sink behind a spill, if there is a folder for one.
    fn spilling(&mut self, sink: Arc<dyn Producer>, which: Which) -> Result<Arc<dyn Producer>, RunError> {
        let keys = &self.config.streams.spill;
        let Some(folder) = &keys.folder else { return Ok(sink) };
        let mut settings = SpillConfig::new(folder.join(match which {
            Which::Good => "good",
            Which::Bad => "bad",
        }));
        settings.max_bytes = keys.max_bytes;
        let spill = Arc::new(Spill::open(settings, sink).map_err(unopened)?);
        let (closed, asked) = (spill.clone(), spill.clone());
        // Before what it hands on to.
        let close = async move {
            // It has logged what is left.
            let _ = closed.close().await;
        };
        self.closing.insert(0, Box::pin(close));
        telemetry::ask(move || told::spill(&asked.facts(), clock::now()));
        Ok(spill)
    }

    /// Records are sent for as long as the spill lets them, where there is one.
    fn sending(&self, stream: &Stream) -> Sending {
        let (spill, default) = (&self.config.streams.spill, Sending::default());
        Sending {
            backoff: backoff(stream),
            check_interval: stream.startup_check_interval.unwrap_or(Duration::from_secs(1)),
            deadline: if spill.folder.is_some() { spill.patience } else { default.deadline },
            ..default
        }
    }
}

fn connection(stream: &Stream) -> Connection {
    Connection {
        region: stream.region.clone(),
        endpoint: stream.custom_endpoint.clone(),
        ..Connection::default()
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
