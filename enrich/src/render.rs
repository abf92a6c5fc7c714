//! Problems -> the messages of bad rows, in the words and the order of each line (`spec/enrich.md` 2.5, 4.1, 6.2).

use event::{
    bad_row::{EnrichmentMessage, Message},
    schema_key::{SchemaKey, SchemaVersion},
};
use iglu::{
    client_error::ClientError,
    schema::{DataReport, Invalid},
};

use crate::{
    compatibility::Compatibility,
    conversion::Unconvertible,
    enrichment::Finished,
    problem::{Problem, Source, StepFailure, StepProblem},
};

/// The kind of bad row, and what it says.
#[derive(Debug)]
pub(crate) enum Verdict {
    Schema(Vec<Message>),
    Enrichment(Vec<EnrichmentMessage>),
}

/// What the bad row of an event says; `None`: it is good.
pub(crate) fn verdict(finished: &Finished, compatibility: Compatibility) -> Option<Verdict> {
    if finished.is_good() {
        return None;
    }
    Some(match compatibility {
        Compatibility::Current => current(finished),
        Compatibility::Apache => apache(finished),
    })
}

/// All violations of the input in the order of the current line: atomic, event, entities.
pub(crate) fn input_problems(finished: &Finished) -> impl Iterator<Item = &Problem> {
    let of = |source: Source| {
        finished
            .conversions
            .iter()
            .filter(move |p| matches!(p, Problem::NotJson { source: s, .. } if *s == source))
    };
    of(Source::Unstruct).chain(&finished.unstruct).chain(of(Source::Contexts)).chain(&finished.contexts)
}

/// The reports of values that no field takes: the collector's timestamp, then the parameters from the last to the first.
pub(crate) fn atomic_reports(finished: &Finished) -> Vec<DataReport> {
    let of_collector = finished.conversions.iter().filter_map(|problem| match problem {
        Problem::CollectorTstamp { formatted, .. } => Some(report(
            format!("Formatted as {formatted} is not Redshift-compatible"),
            "collector_tstamp",
            PARSE_ERROR,
        )),
        _ => None,
    });
    let of_parameters = finished.conversions.iter().rev().filter_map(|problem| match problem {
        Problem::Parameter { name, why, .. } => {
            Some(report(why.text(Compatibility::Current), name, PARSE_ERROR))
        }
        _ => None,
    });
    of_collector.chain(of_parameters).collect()
}

/// The reports of fields that are too long.
pub(crate) fn length_reports(problem: &Problem) -> Vec<DataReport> {
    let Problem::TooLong(fields) = problem else { return Vec::new() };
    let text = |limit: &u32| format!("Field is longer than maximum allowed size {limit}");
    fields
        .iter()
        .map(|(field, limit, _)| report(text(limit), field.name(), "atomic_field_length_exceeded"))
        .collect()
}

/// `iglu:com.snowplowanalytics.snowplow/atomic/jsonschema/1-0-0`
pub(crate) fn atomic_key() -> SchemaKey {
    SchemaKey::new("com.snowplowanalytics.snowplow", "atomic", "jsonschema", SchemaVersion::new(1, 0, 0))
}

impl Unconvertible {
    /// In words.
    pub(crate) fn text(&self, compatibility: Compatibility) -> String {
        let text = match self {
            Self::EventType if compatibility.is_apache() => "not recognized as an event type".into(),
            Self::EventType => "Not a valid event type".into(),
            Self::Platform if compatibility.is_apache() => "not recognized as a tracking platform".into(),
            Self::Platform => "Not a valid platform".into(),
            Self::Integer => "Cannot be converted to java.lang.Integer".into(),
            Self::Decimal(why) => format!("Cannot be converted to java.math.BigDecimal. Error : {why}"),
            Self::Boolean => "Cannot be converted to Boolean-like java.lang.Byte".into(),
            Self::Millis => "Not in the expected format: ms since epoch".into(),
            Self::Year(formatted) => format!("Formatting as {formatted} is not Redshift-compatible"),
            Self::Uuid => "Not a valid UUID".into(),
            Self::Dimensions => r"Does not conform to regex (\d+)x(\d+)".into(),
            Self::DimensionsInteger => "Could not be converted to java.lang.Integer s".to_owned(),
        };
        if compatibility.is_apache() { lower_first(text) } else { text }
    }
}

impl StepFailure {
    /// As bad rows print it.
    pub(crate) fn message(&self, compatibility: Compatibility) -> EnrichmentMessage {
        let message = match &self.what {
            StepProblem::Message(message) => message.clone(),
            StepProblem::Conversion { field, value, why } => input(field, value, why.text(compatibility)),
        };
        EnrichmentMessage { enrichment: self.enrichment.clone(), message }
    }
}

const PARSE_ERROR: &str = "atomic_field_parse_error";

fn current(finished: &Finished) -> Verdict {
    let mut messages = Vec::new();
    let atomic = atomic_reports(finished);
    if !atomic.is_empty() {
        messages.push(atomic_message(atomic));
    }
    messages.extend(input_problems(finished).map(message));
    if !messages.is_empty() {
        return Verdict::Schema(messages);
    }
    if !finished.failures.is_empty() {
        return Verdict::Enrichment(
            finished.failures.iter().map(|f| f.message(Compatibility::Current)).collect(),
        );
    }
    Verdict::Schema(finished.output.iter().map(message).collect())
}

/// The Apache line stops at the first phase that fails.
fn apache(finished: &Finished) -> Verdict {
    if !finished.conversions.is_empty() {
        return Verdict::Enrichment(finished.conversions.iter().filter_map(apache_conversion).collect());
    }
    let violations: Vec<_> = finished.contexts.iter().chain(&finished.unstruct).map(message).collect();
    if !violations.is_empty() {
        return Verdict::Schema(violations);
    }
    let failures = finished.failures.iter().map(|f| f.message(Compatibility::Apache));
    Verdict::Enrichment(failures.chain(finished.output.iter().flat_map(apache_output)).collect())
}

fn apache_conversion(problem: &Problem) -> Option<EnrichmentMessage> {
    let message = match problem {
        Problem::CollectorTstamp { iso, formatted } => {
            input("collector_tstamp", iso, format!("formatted as {formatted} is not Redshift-compatible"))
        }
        Problem::Parameter { name, value, why } => input(name, value, why.text(Compatibility::Apache)),
        Problem::NotJson { parameter, sent, error, .. } => input(parameter, sent, error.clone()),
        _ => return None,
    };
    Some(EnrichmentMessage { enrichment: None, message })
}

fn apache_output(problem: &Problem) -> Vec<EnrichmentMessage> {
    let simple = |error: String| EnrichmentMessage { enrichment: None, message: Message::Simple { error } };
    match problem {
        Problem::TooLong(fields) => {
            let head =
                "Enriched event does not conform to atomic schema field's length restrictions".to_owned();
            let each = fields.iter().map(|(field, limit, _)| {
                format!("Field {} longer than maximum allowed size {limit}", field.name())
            });
            std::iter::once(head).chain(each).map(simple).collect()
        }
        Problem::Iglu { key, .. } => {
            let enrichment = Some((key.clone(), "enrichments-contexts-validation".to_owned()));
            vec![EnrichmentMessage { enrichment, message: message(problem) }]
        }
        // Of the input: told before.
        _ => Vec::new(),
    }
}

/// A violation as both lines print it.
fn message(problem: &Problem) -> Message {
    match problem {
        Problem::NotJson { source, text, error, .. } => {
            Message::NotJson { field: source.label().into(), value: Some(text.clone()), error: error.clone() }
        }
        Problem::NotIglu { json, code, .. } => Message::NotIglu { json: json.clone(), error: code },
        Problem::Criterion { key, criterion, .. } => {
            Message::CriterionMismatch { schema_key: key.clone(), criterion: criterion.clone() }
        }
        Problem::Iglu { key, error, .. } => {
            Message::IgluError { schema_key: key.clone(), error: error.to_json() }
        }
        Problem::TooLong(_) | Problem::CollectorTstamp { .. } | Problem::Parameter { .. } => {
            atomic_message(length_reports(problem))
        }
    }
}

fn atomic_message(reports: Vec<DataReport>) -> Message {
    let error = ClientError::Validation { invalid: Invalid::Data(reports), superseded_by: None };
    Message::IgluError { schema_key: atomic_key(), error: error.to_json() }
}

fn report(message: String, path: &str, keyword: &str) -> DataReport {
    DataReport {
        message,
        path: Some(path.to_owned()),
        keyword: Some(keyword.to_owned()),
        targets: Vec::new(),
    }
}

fn input(field: &str, value: &str, expectation: String) -> Message {
    Message::InputData { field: field.to_owned(), value: Some(value.to_owned()), expectation }
}

fn lower_first(mut text: String) -> String {
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    text
}
