//! The whole core: one raw record -> outputs, or what must be known first. No await, no clock, no network.

use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use event::{
    atomic::Field,
    bad_row::{AdapterFailure, BadRow, EnrichmentPayload, Failure, Message},
    enriched::EnrichedEvent,
    payload::frame::{Compression, MAX_TOTAL, Piece, pieces},
};
use iglu::cache::Cache;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    adapters::{self, remote::Correspondence},
    enrichment::{Finished, Surroundings, enrich},
    entities, failure_entity,
    judge::Judge,
    lookup::{Answered, Inquiry},
    output::{Kind, Lookup, Outcome, Output, Tally},
    parameters::Parameters,
    raw::request::Request,
    render::{self, Verdict},
    settings::Settings,
    transform::JsonRules,
};

/// Processes a raw record at `now`, the clock of its batch. `ids` draws random UUIDs.
///
/// Any bytes end as outputs. A bug that panics ends as a bad row too, and as an error in the log.
pub fn process(
    record: &Bytes,
    schemas: &Cache,
    settings: &Settings,
    now: Timestamp,
    ids: &mut dyn FnMut() -> Uuid,
) -> Outcome {
    process_with(record, schemas, &Answered::default(), settings, now, ids)
}

/// The same, knowing what adapters behind HTTP and services have answered.
pub fn process_with(
    record: &Bytes,
    schemas: &Cache,
    answers: &Answered,
    settings: &Settings,
    now: Timestamp,
    ids: &mut dyn FnMut() -> Uuid,
) -> Outcome {
    process_and_count(record, schemas, answers, settings, now, ids).0
}

/// The same, and what the record held.
pub(crate) fn process_and_count(
    record: &Bytes,
    schemas: &Cache,
    answers: &Answered,
    settings: &Settings,
    now: Timestamp,
    ids: &mut dyn FnMut() -> Uuid,
) -> (Outcome, Tally) {
    let remote = Correspondence::new(&answers.remote);
    let inquiry = Inquiry::new(&answers.services, now.as_second());
    let judge = Judge::new(schemas, now, settings.max_json_depth, settings.compatibility);
    let mut outputs = Outputs { settings, now, ids, made: Vec::new(), events: 0, tally: Tally::default() };
    let guarded = catch_unwind(AssertUnwindSafe(|| {
        let around = Surroundings { settings, judge: &judge, now, inquiry: &inquiry };
        read_record(record, &around, &remote, &mut outputs);
    }));
    if guarded.is_err() {
        tracing::error!(
            bytes = record.len(),
            "a record could not be processed: this is a bug; it became a bad row"
        );
        outputs.made.clear();
        outputs.events = 0;
        outputs.tally = Tally { payloads: 1, ..Tally::default() };
        let errors = vec!["the record could not be processed because of a bug".to_owned()];
        outputs.bad(
            "generic_error",
            Failure::GenericError { timestamp: now, errors, payload: STANDARD.encode(record) },
        );
    }
    let (made, tally) = (outputs.made, outputs.tally);
    let calls = remote.into_wanted().into_iter().map(Lookup::Remote);
    let calls = calls.chain(inquiry.into_open().into_iter().map(Lookup::Service));
    let needs: Vec<_> = judge.into_needs().into_iter().map(Lookup::Schema).chain(calls).collect();
    let outcome =
        if needs.is_empty() || guarded.is_err() { Outcome::Done(made) } else { Outcome::Need(needs) };
    (outcome, tally)
}

fn read_record(
    record: &Bytes,
    around: &Surroundings<'_>,
    remote: &Correspondence<'_>,
    outputs: &mut Outputs<'_>,
) {
    let settings = around.settings;
    let Some(compression) = Compression::sniff(record) else {
        read_payload(record, around, remote, outputs);
        return;
    };
    let mut pieces = pieces(record, compression, settings.max_decompressed_payload).peekable();
    let begins_well = matches!(pieces.peek(), Some(Piece::Payload(_) | Piece::TooLarge(_)));
    if !begins_well && !settings.compatibility.knows_compressed() {
        read_payload(record, around, remote, outputs);
        return;
    }
    for piece in pieces {
        match piece {
            Piece::Payload(payload) => read_payload(&payload, around, remote, outputs),
            Piece::TooLarge(size) => {
                outputs.decompression(record, settings.max_decompressed_payload, size, compression)
            }
            Piece::Endless => outputs.decompression(record, MAX_TOTAL, MAX_TOTAL + 1, compression),
            Piece::Versions(spec, format) => {
                let error = format!("Unsupported versions in compressed record header: {spec}, {format}");
                outputs.format_violation(record, compression.name(), Message::Simple { error });
            }
            Piece::Corrupt => {
                let error = "corrupt compressed payload".to_owned();
                outputs.format_violation(record, "", Message::Simple { error });
            }
        }
    }
}

fn read_payload(
    payload: &Bytes,
    around: &Surroundings<'_>,
    remote: &Correspondence<'_>,
    outputs: &mut Outputs<'_>,
) {
    let request = match Request::read(payload, around.settings.compatibility) {
        Ok(request) => request,
        Err(messages) => {
            for message in messages {
                outputs.format_violation(payload, "thrift", message);
            }
            return;
        }
    };
    outputs.tally.add(Tally { payloads: 1, collected: Some(request.payload.timestamp), ..Tally::default() });
    let Some(adapter) = adapters::find(&request, around.settings) else {
        outputs.adapter_failure(&request, adapters::unsupported(&request), false);
        return;
    };
    let rules =
        JsonRules { compatibility: around.settings.compatibility, max_depth: around.settings.max_json_depth };
    let schemas = &around.settings.webhook_schemas;
    let context = adapters::Context { judge: around.judge, rules, schemas, remote };
    let read = adapter.read(&request, &context, &mut |mut parameters, request| {
        parameters.sort();
        let finished = enrich(&parameters, request, around, outputs.ids);
        outputs.event(finished, request, &parameters);
    });
    if let Err(messages) = read {
        outputs.adapter_failure(&request, messages, adapter.is_tracker_protocol());
    }
}

/// Collects what comes out of a record.
struct Outputs<'a> {
    settings: &'a Settings,
    now: Timestamp,
    ids: &'a mut dyn FnMut() -> Uuid,
    made: Vec<Output>,
    /// Good events and bad rows made so far.
    events: u32,
    tally: Tally,
}

impl Outputs<'_> {
    fn event(&mut self, mut finished: Finished, request: &Request, parameters: &Parameters<'_>) {
        if finished.is_dropped {
            self.tally.dropped += 1;
            return;
        }
        let settings = self.settings;
        let compatibility = settings.compatibility;
        let verdict = render::verdict(&finished, compatibility);
        self.tally.invalid += u64::from(finished.accepted_invalid);
        let mut derived = Vec::new();
        if verdict.is_some() && compatibility.goes_on_after_violations() {
            derived = failure_entity::of(&finished, settings, self.now);
        }
        derived.append(&mut finished.derived);
        if !derived.is_empty() {
            finished.event.set_with(Field::DerivedContexts, |out| entities::write_contexts(&derived, out));
        }
        let Some(verdict) = verdict else {
            self.good(&finished.event);
            return;
        };
        if settings.emits_failed {
            self.failed(&finished.event);
        }
        let payload =
            Box::new(EnrichmentPayload { enriched: finished.event, raw: request.raw_event(parameters) });
        let timestamp = self.millis();
        match verdict {
            Verdict::Schema(messages) => {
                self.bad("schema_violations", Failure::SchemaViolations { timestamp, messages, payload });
            }
            Verdict::Enrichment(messages) => {
                self.bad("enrichment_failures", Failure::EnrichmentFailures { timestamp, messages, payload });
            }
        }
    }

    fn good(&mut self, event: &EnrichedEvent) {
        let max = self.settings.max_record_size;
        if event.tsv_len() > max {
            let mut line = Vec::new();
            event.write_tsv(&mut line);
            let line = String::from_utf8_lossy(&line);
            let expectation = format!("Enriched event exceeds the maximum allowed size of {max} bytes");
            self.size_violation(&line, expectation);
            return;
        }
        let mut line = Vec::with_capacity(event.tsv_len());
        event.write_tsv(&mut line);
        let key = self.key_of(event, self.settings.good_key);
        self.push(Kind::Good, key, line.into());
    }

    fn failed(&mut self, event: &EnrichedEvent) {
        // As in the original, one that is too large is left out: its bad row tells.
        if event.tsv_len() <= self.settings.max_record_size {
            let mut line = Vec::with_capacity(event.tsv_len());
            event.write_tsv(&mut line);
            let key = self.key_of(event, self.settings.failed_key);
            self.push(Kind::Failed, key, line.into());
        }
    }

    fn format_violation(&mut self, record: &[u8], loader: &str, message: Message) {
        self.tally.payloads += 1;
        let failure = Failure::CollectorPayloadFormatViolation {
            timestamp: self.now,
            loader: loader.to_owned(),
            message,
            payload: STANDARD.encode(record),
        };
        self.bad("collector_payload_format_violation", failure);
    }

    fn decompression(&mut self, record: &[u8], limit: u64, size: u64, compression: Compression) {
        let name = compression.name();
        let failure = Failure::SizeViolation {
            timestamp: self.now,
            maximum_allowed_size_bytes: limit,
            actual_size_bytes: size,
            expectation: format!(
                "Collector payload will exceed maximum allowed size of {limit} after {name} decompression"
            ),
            payload: STANDARD.encode(record),
        };
        self.bad("size_violation", failure);
    }

    fn adapter_failure(&mut self, request: &Request, messages: Vec<Message>, is_tracker_protocol: bool) {
        let failure = Box::new(AdapterFailure {
            timestamp: self.millis(),
            vendor: request.vendor.clone(),
            version: request.version.clone(),
            messages,
            payload: request.for_bad_row(),
        });
        if is_tracker_protocol {
            self.bad("tracker_protocol_violations", Failure::TrackerProtocolViolations(failure));
        } else {
            self.bad("adapter_failures", Failure::AdapterFailures(failure));
        }
    }

    fn bad(&mut self, kind: &'static str, failure: Failure) {
        let max = self.settings.max_record_size;
        let row = BadRow { processor: self.settings.processor.clone(), failure }.to_json();
        if row.len() > max {
            let expectation = format!(
                "Event failed enrichment and resulting bad row exceeds the maximum allowed size of {max} bytes"
            );
            self.size_violation(&row, expectation);
            return;
        }
        let key = self.random_key();
        self.push(Kind::Bad(kind), key, row.into());
    }

    /// Keeps a tenth of the limit of the text that was too large. Sizes are in UTF-16 units, as in the original.
    fn size_violation(&mut self, text: &str, expectation: String) {
        let max = self.settings.max_record_size;
        let mut left = max / 10;
        let end = text.char_indices().find(|(_, c)| {
            let fits = c.len_utf16() <= left;
            left = left.saturating_sub(c.len_utf16());
            !fits
        });
        let failure = Failure::SizeViolation {
            timestamp: self.now,
            maximum_allowed_size_bytes: max as u64,
            actual_size_bytes: crate::java::text::utf16_len(text) as u64,
            expectation,
            payload: text[..end.map_or(text.len(), |(at, _)| at)].to_owned(),
        };
        let row = BadRow { processor: self.settings.processor.clone(), failure }.to_json();
        let key = self.random_key();
        self.push(Kind::Bad("size_violation"), key, row.into());
    }

    fn key_of(&mut self, event: &EnrichedEvent, field: Option<Field>) -> Bytes {
        match field.and_then(|field| event.get(field)) {
            Some(text) => {
                let end = text.char_indices().nth(256).map_or(text.len(), |(at, _)| at);
                Bytes::copy_from_slice(&text.as_bytes()[..end])
            }
            None => self.random_key(),
        }
    }

    fn random_key(&mut self) -> Bytes {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        (self.ids)().hyphenated().encode_lower(&mut text);
        Bytes::copy_from_slice(&text)
    }

    fn push(&mut self, kind: Kind, key: Bytes, data: Bytes) {
        self.made.push(Output { kind, event: self.events, key, data });
        // A failed event comes right before its bad row.
        if kind != Kind::Failed {
            self.events += 1;
        }
    }

    /// The batch's clock as the bad rows of events and requests have it.
    fn millis(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now.as_millisecond()).unwrap_or(self.now)
    }
}
