//! Payloads that do not fit a record: batches are split, the rest becomes bad rows (`spec/collector.md` 5).

use bytes::Bytes;
use event::{
    bad_row::{BadRow, Failure, Processor},
    json,
    payload::CollectorPayload,
    schema_key::SchemaKey,
    self_describing::NotSelfDescribing,
    utf8,
};
use jiff::Timestamp;
use serde_json::Value;
use stream::record::Record;

use crate::{compatibility::Compatibility, ids::Ids, partition_key::PartitionKeys};

/// How large things may be, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A good record, which must stay below.
    pub good: usize,
    /// A bad row.
    pub bad: usize,
    /// A payload that splitting is tried for.
    pub payload: usize,
}

/// Texts cut into those that fit and those that never will.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cut<T> {
    /// Batches, the last first, and each in reverse: the original's order.
    pub batches: Vec<Vec<T>>,
    /// Too large each, in reverse.
    pub rejected: Vec<T>,
}

/// Puts items into batches of at most `budget`, where each costs its size and `join`.
pub fn cut<T>(
    items: impl IntoIterator<Item = T>,
    size: impl Fn(&T) -> usize,
    join: usize,
    budget: usize,
) -> Cut<T> {
    let mut cut = Cut { batches: Vec::new(), rejected: Vec::new() };
    let (mut batch, mut total) = (Vec::new(), 0);
    for item in items {
        let cost = size(&item) + join;
        if cost > budget {
            cut.rejected.push(item);
        } else if total + cost > budget {
            batch.reverse();
            cut.batches.push(std::mem::replace(&mut batch, vec![item]));
            total = cost;
        } else {
            batch.push(item);
            total += cost;
        }
    }
    if !batch.is_empty() {
        batch.reverse();
        cut.batches.push(batch);
    }
    cut.batches.reverse();
    cut.rejected.reverse();
    cut
}

/// The good and the bad records of a payload of `whole` bytes, which are too many for one record.
pub fn into_records(
    payload: &CollectorPayload,
    whole: usize,
    limits: &Limits,
    compatibility: Compatibility,
    now: Timestamp,
    mut keys: PartitionKeys<'_, impl Ids>,
) -> (Vec<Record>, Vec<Record>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    let violation = Violation { payload, compatibility, now, bad_max: limits.bad };
    // The Apache line has no such limit: it tries to split whatever it reads.
    if whole > limits.payload && !compatibility.is_v2() {
        let reason = format!("Payload exceeds max size of {}. Actual length: {whole}", limits.payload);
        bad.push(Record::new(keys.next_key(), violation.row(limits.payload, whole, &reason)));
        return (good, bad);
    }
    let batch = match Batch::read(payload.body.as_ref(), limits.good, whole) {
        Ok(batch) => batch,
        Err(reason) => {
            bad.push(Record::new(keys.next_key(), violation.row(limits.good, whole, &reason)));
            return (good, bad);
        }
    };
    let budget = limits.good + batch.array_size - whole;
    let cut = cut(batch.events, |event| event.len(), 1, budget);
    for events in cut.batches {
        let part = CollectorPayload { body: Some(body_of(&batch.schema, &events)), ..payload.clone() };
        let mut bytes = Vec::with_capacity(part.encoded_len());
        part.encode(&mut bytes);
        good.push(Record::new(keys.next_key(), bytes));
    }
    for event in cut.rejected {
        let reason = "this POST request split is still too large";
        bad.push(Record::new(keys.next_key(), violation.row(limits.good, event.len(), reason)));
    }
    (good, bad)
}

/// The bad row of a payload of `whole` bytes that fits no compressed record (`spec/collector.md` 5.2); it is not split.
pub fn too_large_compressed(
    payload: &CollectorPayload,
    whole: usize,
    limits: &Limits,
    compatibility: Compatibility,
    now: Timestamp,
    mut keys: PartitionKeys<'_, impl Ids>,
) -> Record {
    let max = limits.good;
    let reason = format!("Uncompressed size {whole} exceeded max allowed size {max} after compression");
    let violation = Violation { payload, compatibility, now, bad_max: limits.bad };
    Record::new(keys.next_key(), violation.row(max, whole, &reason))
}

/// A batch of events, each printed compactly.
struct Batch {
    schema: SchemaKey,
    events: Vec<String>,
    array_size: usize,
}

impl Batch {
    /// Reads the body of a payload with `whole` bytes.
    fn read(body: Option<&Bytes>, good_max: usize, whole: usize) -> Result<Self, String> {
        let Some(body) = body else { return Err("GET requests cannot be split".into()) };
        let json = json::parse(&utf8::decode(body))
            .map_err(|message| format!("cannot split POST requests which are not json {message}"))?;
        let (schema, data) = self_describing(json).map_err(|message| {
            format!("cannot split POST requests which are not self-describing {message}")
        })?;
        let Value::Array(events) = data else {
            return Err("cannot split POST requests which do not contain a data array".into());
        };
        let events: Vec<String> = events.iter().map(json::to_compact).collect();
        let array_size = 2 + events.iter().map(String::len).sum::<usize>() + events.len().saturating_sub(1);
        if whole.saturating_sub(array_size) >= good_max {
            return Err(
                "cannot split this POST request because event without \"data\" field is still too big".into(),
            );
        }
        Ok(Self { schema, events, array_size })
    }
}

/// The two parts of self-describing data, or the original's decoder's message.
fn self_describing(json: Value) -> Result<(SchemaKey, Value), String> {
    let wrong_type = |value: &Value, expected: &str| {
        format!("Got value '{}' with wrong type, expecting {expected}", json::to_compact(value))
    };
    let mut object = match json {
        Value::Object(object) => object,
        other => return Err(wrong_type(&other, "object")),
    };
    let uri = match object.get("schema") {
        None => return Err("schema key is not available".into()),
        Some(Value::String(uri)) => uri,
        Some(other) => return Err(wrong_type(other, "string")),
    };
    let schema = uri.parse::<SchemaKey>().map_err(|invalid| {
        let sentence = NotSelfDescribing { code: invalid.code }.sentence();
        format!("{sentence}: {uri}, code: {}", invalid.code)
    })?;
    let data = object.remove("data").ok_or("data key is not available")?;
    Ok((schema, data))
}

/// `{"schema":...,"data":[...]}`
fn body_of(schema: &SchemaKey, events: &[String]) -> Bytes {
    // A schema key holds no character that JSON escapes.
    format!("{{\"schema\":\"{schema}\",\"data\":[{}]}}", events.join(",")).into()
}

/// What size violations of one payload have in common.
pub(crate) struct Violation<'a> {
    pub(crate) payload: &'a CollectorPayload,
    pub(crate) compatibility: Compatibility,
    pub(crate) now: Timestamp,
    /// Bytes that a row may have.
    pub(crate) bad_max: usize,
}

impl Violation<'_> {
    /// The bad row: `actual` bytes are more than `max`.
    pub(crate) fn row(&self, max: usize, actual: usize, reason: &str) -> String {
        // The reason and the beginning of the payload both may hold what the client sent: the row must fit as well.
        let (mut reason, mut payload_chars) = (reason, max / 10);
        loop {
            let json = self.json(max, actual, reason, payload_chars);
            if json.len() <= self.bad_max || (reason.len() <= 100 && payload_chars == 0) {
                return json;
            }
            payload_chars /= 2;
            reason = truncated(reason, (reason.len() / 2).max(100));
        }
    }

    fn json(&self, max: usize, actual: usize, reason: &str, payload_chars: usize) -> String {
        BadRow {
            processor: processor(),
            failure: Failure::SizeViolation {
                timestamp: self.now,
                maximum_allowed_size_bytes: max as u64,
                actual_size_bytes: actual as u64,
                expectation: format!("oversized collector payload: {reason}"),
                payload: match self.compatibility {
                    Compatibility::V2 => self.payload.to_plain_text(payload_chars),
                    Compatibility::V3 => self.payload.to_text(payload_chars),
                },
            },
        }
        .to_json()
    }
}

/// Who writes the bad rows of a collector.
pub(crate) fn processor() -> Processor {
    Processor { artifact: "snowplow-stream-collector".into(), version: env!("CARGO_PKG_VERSION").into() }
}

/// The beginning of a text, at most so many bytes.
fn truncated(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
