//! The JSON of bad rows, key by key.

use std::fmt::Display;

use serde_json::Value;

use super::{
    AdapterFailure, BadRow, EnrichmentMessage, EnrichmentPayload, Failure, Message, RawEvent, RequestPayload,
    VENDOR,
};
use crate::{
    atomic::{FIELDS, Field, Kind},
    enriched::EnrichedEvent,
    json, timestamp,
};

pub(super) fn write(row: &BadRow, out: &mut String) {
    let (name, version) = row.failure.schema();
    let mut envelope = Object::begin(out);
    envelope.display("schema", format_args!("iglu:{VENDOR}/{name}/jsonschema/{version}"));
    envelope.object("data", |data| {
        data.object("processor", |processor| {
            processor.text("artifact", &row.processor.artifact);
            processor.text("version", &row.processor.version);
        });
        failure_and_payload(&row.failure, data);
    });
    envelope.end();
}

fn failure_and_payload(failure: &Failure, data: &mut Object<'_>) {
    match failure {
        Failure::SizeViolation {
            timestamp,
            maximum_allowed_size_bytes,
            actual_size_bytes,
            expectation,
            payload,
        } => {
            data.object("failure", |failure| {
                failure.display("timestamp", timestamp::instant(*timestamp));
                failure.number("maximumAllowedSizeBytes", maximum_allowed_size_bytes);
                failure.number("actualSizeBytes", actual_size_bytes);
                failure.text("expectation", expectation);
            });
            data.text("payload", payload);
        }
        Failure::GenericError { timestamp, errors, payload } => {
            data.object("failure", |failure| {
                failure.display("timestamp", timestamp::instant(*timestamp));
                failure.list("errors", errors, |error, out| json::write_string(error, out));
            });
            data.text("payload", payload);
        }
        Failure::CollectorPayloadFormatViolation { timestamp, loader, message, payload } => {
            data.object("failure", |failure| {
                failure.display("timestamp", timestamp::instant(*timestamp));
                failure.text("loader", loader);
                write_message(message, "payloadField", failure.key("message"));
            });
            data.text("payload", payload);
        }
        Failure::AdapterFailures(failure) | Failure::TrackerProtocolViolations(failure) => {
            adapter_failure(failure, data)
        }
        Failure::SchemaViolations { timestamp, messages, payload } => {
            data.object("failure", |failure| {
                failure.display("timestamp", timestamp::instant(*timestamp));
                failure.list("messages", messages, |message, out| write_message(message, "field", out));
            });
            enrichment_payload(payload, data);
        }
        Failure::EnrichmentFailures { timestamp, messages, payload } => {
            data.object("failure", |failure| {
                failure.display("timestamp", timestamp::instant(*timestamp));
                failure.list("messages", messages, write_enrichment_message);
            });
            enrichment_payload(payload, data);
        }
        Failure::LoaderParsingError { error, payload } => {
            data.json("failure", error);
            data.text("payload", payload);
        }
        Failure::LoaderIgluError { errors, payload } => {
            data.list("failure", errors, json::write_compact);
            data.json("payload", payload);
        }
        Failure::LoaderRuntimeError { error, payload } => {
            data.text("failure", error);
            data.json("payload", payload);
        }
        Failure::LoaderRecoveryError { error, payload } => {
            data.object("failure", |failure| failure.json("error", error));
            data.text("payload", payload);
        }
    }
}

fn adapter_failure(failure: &AdapterFailure, data: &mut Object<'_>) {
    data.object("failure", |out| {
        out.display("timestamp", timestamp::instant(failure.timestamp));
        out.text("vendor", &failure.vendor);
        out.text("version", &failure.version);
        out.list("messages", &failure.messages, |message, out| write_message(message, "field", out));
    });
    data.object("payload", |out| request_payload(&failure.payload, out));
}

fn write_enrichment_message(message: &EnrichmentMessage, out: &mut String) {
    let mut object = Object::begin(out);
    match &message.enrichment {
        None => object.null("enrichment"),
        Some((schema_key, identifier)) => object.object("enrichment", |object| {
            object.display("schemaKey", schema_key);
            object.text("identifier", identifier);
        }),
    }
    write_message(&message.message, "field", object.key("message"));
    object.end();
}

/// One reason. The key that names the input differs between kinds.
fn write_message(message: &Message, field_key: &str, out: &mut String) {
    let mut object = Object::begin(out);
    match message {
        Message::InputData { field, value, expectation } => {
            object.text(field_key, field);
            object.maybe("value", value.as_deref());
            object.text("expectation", expectation);
        }
        Message::NotJson { field, value, error } => {
            object.text(field_key, field);
            object.maybe("value", value.as_deref());
            object.text("error", error);
        }
        Message::NotIglu { json, error } => {
            object.json("json", json);
            object.text("error", error);
        }
        Message::SchemaMapping { actual, expected_mapping, expectation } => {
            object.maybe("actual", actual.as_deref());
            object.object("expectedMapping", |object| {
                for (name, key) in expected_mapping {
                    object.display(name, key);
                }
            });
            object.text("expectation", expectation);
        }
        Message::IgluError { schema_key, error } => {
            object.display("schemaKey", schema_key);
            object.json("error", error);
        }
        Message::CriterionMismatch { schema_key, criterion } => {
            object.display("schemaKey", schema_key);
            object.display("schemaCriterion", criterion);
        }
        Message::Simple { error } => object.text("error", error),
    }
    object.end();
}

fn request_payload(payload: &RequestPayload, out: &mut Object<'_>) {
    out.text("vendor", &payload.vendor);
    out.text("version", &payload.version);
    out.list("querystring", &payload.querystring, write_parameter);
    out.maybe("contentType", payload.content_type.as_deref());
    out.maybe("body", payload.body.as_deref());
    out.maybe("collector", payload.collector.as_deref());
    out.maybe("encoding", payload.encoding.as_deref());
    out.maybe("hostname", payload.hostname.as_deref());
    out.maybe_display("timestamp", payload.timestamp.map(timestamp::joda));
    out.maybe("ipAddress", payload.ip_address.as_deref());
    out.maybe("useragent", payload.useragent.as_deref());
    out.maybe("refererUri", payload.referer_uri.as_deref());
    out.list("headers", &payload.headers, |header, out| json::write_string(header, out));
    out.maybe("networkUserId", payload.network_userid.as_deref());
}

fn enrichment_payload(payload: &EnrichmentPayload, data: &mut Object<'_>) {
    data.object("payload", |out| {
        out.object("enriched", |out| enriched(&payload.enriched, out));
        out.object("raw", |out| raw_event(&payload.raw, out));
    });
}

fn raw_event(raw: &RawEvent, out: &mut Object<'_>) {
    out.text("vendor", &raw.vendor);
    out.text("version", &raw.version);
    out.list("parameters", &raw.parameters, write_parameter);
    out.maybe("contentType", raw.content_type.as_deref());
    out.maybe("loaderName", raw.loader_name.as_deref());
    out.maybe("encoding", raw.encoding.as_deref());
    out.maybe("hostname", raw.hostname.as_deref());
    out.maybe_display("timestamp", raw.timestamp.map(timestamp::joda));
    out.maybe("ipAddress", raw.ip_address.as_deref());
    out.maybe("useragent", raw.useragent.as_deref());
    out.maybe("refererUri", raw.referer_uri.as_deref());
    out.list("headers", &raw.headers, |header, out| json::write_string(header, out));
    out.maybe("userId", raw.user_id.as_deref());
}

fn write_parameter((name, value): &(String, Option<String>), out: &mut String) {
    let mut object = Object::begin(out);
    object.text("name", name);
    object.maybe("value", value.as_deref());
    object.end();
}

/// All 131 fields. Numbers are printed as numbers, except `txn_id` and decimals; JSON columns are strings.
fn enriched(event: &EnrichedEvent, out: &mut Object<'_>) {
    for field in FIELDS {
        match event.get(field) {
            None if event.is_empty(field) => out.text(field.name(), ""),
            None => out.null(field.name()),
            Some(text) if is_number(field) && is_json_number(text) => out.key(field.name()).push_str(text),
            Some(text) => out.text(field.name(), text),
        }
    }
}

fn is_number(field: Field) -> bool {
    field != Field::TxnId && matches!(field.definition().kind, Kind::Int | Kind::Bool | Kind::Float)
}

/// Whether the text may stand in JSON as it is: a field may have been set to anything.
fn is_json_number(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
        && json::max_depth(text).is_ok()
}

/// An object being printed.
struct Object<'a> {
    out: &'a mut String,
    first: bool,
}

impl<'a> Object<'a> {
    fn begin(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    fn end(self) {
        self.out.push('}');
    }

    /// The key; its value is to be appended to what is returned.
    fn key(&mut self, key: &str) -> &mut String {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        json::write_string(key, self.out);
        self.out.push(':');
        self.out
    }

    fn null(&mut self, key: &str) {
        self.key(key).push_str("null");
    }

    fn text(&mut self, key: &str, text: &str) {
        json::write_string(text, self.key(key));
    }

    fn maybe(&mut self, key: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(key, text),
            None => self.null(key),
        }
    }

    /// A text that needs no escapes.
    fn display(&mut self, key: &str, value: impl Display) {
        use std::fmt::Write as _;
        let _ = write!(self.key(key), "\"{value}\"");
    }

    fn maybe_display(&mut self, key: &str, value: Option<impl Display>) {
        match value {
            Some(value) => self.display(key, value),
            None => self.null(key),
        }
    }

    fn number(&mut self, key: &str, value: impl Display) {
        use std::fmt::Write as _;
        let _ = write!(self.key(key), "{value}");
    }

    fn json(&mut self, key: &str, value: &Value) {
        json::write_compact(value, self.key(key));
    }

    fn object(&mut self, key: &str, members: impl FnOnce(&mut Object<'_>)) {
        let mut object = Object::begin(self.key(key));
        members(&mut object);
        object.end();
    }

    fn list<T>(&mut self, key: &str, items: &[T], print: impl Fn(&T, &mut String)) {
        let out = self.key(key);
        out.push('[');
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            print(item, out);
        }
        out.push(']');
    }
}
