//! Bad rows: what could not be processed, why, and the original payload (`spec/enrich.md` 6, `spec/collector.md` 5.2,
//! `spec/loaders-and-leases.md` 5). Keys are printed in the order given there, absent values as `null`.

mod print;
mod summary;

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    enriched::EnrichedEvent,
    schema_key::{SchemaCriterion, SchemaKey, SchemaVersion},
};

pub use summary::{MAX_REASON, NotABadRow, Summary, summary};

/// The vendor of all bad-row schemas.
pub const VENDOR: &str = "com.snowplowanalytics.snowplow.badrows";

/// One bad row.
#[derive(Clone, Debug, PartialEq)]
pub struct BadRow {
    /// Who gave up on the event.
    pub processor: Processor,
    /// Why, and on what.
    pub failure: Failure,
}

/// `{"artifact":...,"version":...}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processor {
    /// For example `snowplow-enrich-kinesis`.
    pub artifact: String,
    /// Its version.
    pub version: String,
}

/// Every kind of bad row.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// `size_violation` 1-0-0
    SizeViolation {
        /// When.
        timestamp: Timestamp,
        /// The limit in bytes.
        maximum_allowed_size_bytes: u64,
        /// What there was.
        actual_size_bytes: u64,
        /// The rule, in words.
        expectation: String,
        /// The beginning of what was too large.
        payload: String,
    },
    /// `generic_error` 1-0-0
    GenericError {
        /// When.
        timestamp: Timestamp,
        /// At least one.
        errors: Vec<String>,
        /// The input.
        payload: String,
    },
    /// `collector_payload_format_violation` 1-0-0
    CollectorPayloadFormatViolation {
        /// When.
        timestamp: Timestamp,
        /// `thrift`, `Zstd`, `Gzip` ...
        loader: String,
        /// `InputData` is printed as `{payloadField, value, expectation}`, `Simple` as `{error}`.
        message: Message,
        /// The record in standard Base64.
        payload: String,
    },
    /// `adapter_failures` 1-0-0
    AdapterFailures(Box<AdapterFailure>),
    /// `tracker_protocol_violations` 1-0-1
    TrackerProtocolViolations(Box<AdapterFailure>),
    /// `schema_violations` 2-0-1
    SchemaViolations {
        /// When.
        timestamp: Timestamp,
        /// At least one.
        messages: Vec<Message>,
        /// The event and what it was made from.
        payload: Box<EnrichmentPayload>,
    },
    /// `enrichment_failures` 2-0-1
    EnrichmentFailures {
        /// When.
        timestamp: Timestamp,
        /// At least one.
        messages: Vec<EnrichmentMessage>,
        /// The event and what it was made from.
        payload: Box<EnrichmentPayload>,
    },
    /// `loader_parsing_error` 2-0-0
    LoaderParsingError {
        /// The `failure` object.
        error: Value,
        /// The line.
        payload: String,
    },
    /// `loader_iglu_error` 2-0-0, as the Postgres loader writes it
    LoaderIgluError {
        /// The items of the `failure` array.
        errors: Vec<Value>,
        /// The event object.
        payload: Value,
    },
    /// `loader_runtime_error` 1-0-1
    LoaderRuntimeError {
        /// What the destination said.
        error: String,
        /// The event object.
        payload: Value,
    },
    /// `loader_recovery_error` 1-0-0
    LoaderRecoveryError {
        /// The `failure.error` object.
        error: Value,
        /// The line.
        payload: String,
    },
}

/// What adapters fail with.
#[derive(Clone, Debug, PartialEq)]
pub struct AdapterFailure {
    /// When.
    pub timestamp: Timestamp,
    /// First path segment.
    pub vendor: String,
    /// Second path segment.
    pub version: String,
    /// At least one.
    pub messages: Vec<Message>,
    /// The request.
    pub payload: RequestPayload,
}

/// One reason. Readers tell the shapes apart by their keys.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// `{field, value, expectation}`
    InputData {
        /// Which input.
        field: String,
        /// Its value.
        value: Option<String>,
        /// What it should be.
        expectation: String,
    },
    /// `{field, value, error}`
    NotJson {
        /// Which input.
        field: String,
        /// Its value.
        value: Option<String>,
        /// The parser's message.
        error: String,
    },
    /// `{json, error}`
    NotIglu {
        /// The JSON that should be self-describing.
        json: Value,
        /// The code.
        error: &'static str,
    },
    /// `{actual, expectedMapping, expectation}`
    SchemaMapping {
        /// What the input named.
        actual: Option<String>,
        /// The names there are.
        expected_mapping: Vec<(String, SchemaKey)>,
        /// In words.
        expectation: String,
    },
    /// `{schemaKey, error}`
    IgluError {
        /// The schema.
        schema_key: SchemaKey,
        /// The client error, as JSON.
        error: Value,
    },
    /// `{schemaKey, schemaCriterion}`
    CriterionMismatch {
        /// The schema found.
        schema_key: SchemaKey,
        /// What it should fall under.
        criterion: SchemaCriterion,
    },
    /// `{error}`
    Simple {
        /// In words.
        error: String,
    },
}

/// One failed enrichment.
#[derive(Clone, Debug, PartialEq)]
pub struct EnrichmentMessage {
    /// Schema key and identifier of the enrichment, `None` for built-in steps.
    pub enrichment: Option<(SchemaKey, String)>,
    /// Why.
    pub message: Message,
}

/// The request inside adapter and tracker-protocol bad rows (`spec/enrich.md` 6.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the keys of the JSON, in its order")]
pub struct RequestPayload {
    pub vendor: String,
    pub version: String,
    pub querystring: Vec<(String, Option<String>)>,
    pub content_type: Option<String>,
    pub body: Option<String>,
    pub collector: Option<String>,
    pub encoding: Option<String>,
    pub hostname: Option<String>,
    /// Milliseconds since the epoch.
    pub timestamp: Option<i64>,
    pub ip_address: Option<String>,
    pub useragent: Option<String>,
    pub referer_uri: Option<String>,
    pub headers: Vec<String>,
    pub network_userid: Option<String>,
}

/// The raw event inside schema-violation and enrichment-failure bad rows (`spec/enrich.md` 6.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the keys of the JSON, in its order")]
pub struct RawEvent {
    pub vendor: String,
    pub version: String,
    /// In the order of `spec/enrich.md` 2.6.
    pub parameters: Vec<(String, Option<String>)>,
    pub content_type: Option<String>,
    /// `v_collector` of the payload.
    pub loader_name: Option<String>,
    pub encoding: Option<String>,
    pub hostname: Option<String>,
    /// Milliseconds since the epoch.
    pub timestamp: Option<i64>,
    pub ip_address: Option<String>,
    pub useragent: Option<String>,
    pub referer_uri: Option<String>,
    pub headers: Vec<String>,
    pub user_id: Option<String>,
}

/// Payload of schema violations and enrichment failures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnrichmentPayload {
    /// The event after everything ran.
    pub enriched: EnrichedEvent,
    /// What it was made from.
    pub raw: RawEvent,
}

impl BadRow {
    /// The schema of this kind.
    pub fn schema_key(&self) -> SchemaKey {
        let (name, version) = self.failure.schema();
        SchemaKey::new(VENDOR, name, "jsonschema", version)
    }

    /// Compact JSON, without newline.
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(1024);
        print::write(self, &mut out);
        out
    }
}

impl Failure {
    /// Name and version of the schema.
    fn schema(&self) -> (&'static str, SchemaVersion) {
        let v = SchemaVersion::new;
        match self {
            Self::SizeViolation { .. } => ("size_violation", v(1, 0, 0)),
            Self::GenericError { .. } => ("generic_error", v(1, 0, 0)),
            Self::CollectorPayloadFormatViolation { .. } => {
                ("collector_payload_format_violation", v(1, 0, 0))
            }
            Self::AdapterFailures(_) => ("adapter_failures", v(1, 0, 0)),
            Self::TrackerProtocolViolations(_) => ("tracker_protocol_violations", v(1, 0, 1)),
            Self::SchemaViolations { .. } => ("schema_violations", v(2, 0, 1)),
            Self::EnrichmentFailures { .. } => ("enrichment_failures", v(2, 0, 1)),
            Self::LoaderParsingError { .. } => ("loader_parsing_error", v(2, 0, 0)),
            Self::LoaderIgluError { .. } => ("loader_iglu_error", v(2, 0, 0)),
            Self::LoaderRuntimeError { .. } => ("loader_runtime_error", v(1, 0, 1)),
            Self::LoaderRecoveryError { .. } => ("loader_recovery_error", v(1, 0, 0)),
        }
    }
}
