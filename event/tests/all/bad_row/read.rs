//! Recorded bad rows read into the structs that print them.

use event::{
    atomic::Field,
    bad_row::{
        AdapterFailure, BadRow, EnrichmentMessage, EnrichmentPayload, Failure, Message, Processor, RawEvent,
        RequestPayload,
    },
    enriched::EnrichedEvent,
    json,
    timestamp::AtomicTime,
};
use jiff::Timestamp;
use serde_json::Value;

/// `far` is the payload's timestamp where it is beyond the year 9999.
pub fn bad_row(bad: &Value, far: Option<i64>) -> BadRow {
    let data = &bad["data"];
    let processor = Processor {
        artifact: text(&data["processor"]["artifact"]),
        version: text(&data["processor"]["version"]),
    };
    let (failure, payload) = (&data["failure"], &data["payload"]);
    let name = bad["schema"].as_str().unwrap().split('/').nth(1).unwrap();
    let failure = match name {
        "collector_payload_format_violation" => Failure::CollectorPayloadFormatViolation {
            timestamp: time(failure),
            loader: text(&failure["loader"]),
            message: message(&failure["message"]),
            payload: text(payload),
        },
        "adapter_failures" => Failure::AdapterFailures(adapter(failure, payload, far)),
        "tracker_protocol_violations" => Failure::TrackerProtocolViolations(adapter(failure, payload, far)),
        "schema_violations" => Failure::SchemaViolations {
            timestamp: time(failure),
            messages: list(&failure["messages"], message),
            payload: enrichment(payload, far),
        },
        "enrichment_failures" => Failure::EnrichmentFailures {
            timestamp: time(failure),
            messages: list(&failure["messages"], |m| EnrichmentMessage {
                enrichment: m["enrichment"].is_object().then(|| {
                    let enrichment = &m["enrichment"];
                    (text(&enrichment["schemaKey"]).parse().unwrap(), text(&enrichment["identifier"]))
                }),
                message: message(&m["message"]),
            }),
            payload: enrichment(payload, far),
        },
        "loader_parsing_error" => {
            Failure::LoaderParsingError { error: failure.clone(), payload: text(payload) }
        }
        "loader_iglu_error" => {
            Failure::LoaderIgluError { errors: list(failure, Value::clone), payload: payload.clone() }
        }
        "loader_runtime_error" => {
            Failure::LoaderRuntimeError { error: text(failure), payload: payload.clone() }
        }
        other => panic!("{other}"),
    };
    BadRow { processor, failure }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn maybe(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn list<T>(value: &Value, read: impl Fn(&Value) -> T) -> Vec<T> {
    value.as_array().unwrap().iter().map(read).collect()
}

fn time(failure: &Value) -> Timestamp {
    failure["timestamp"].as_str().unwrap().parse().unwrap()
}

fn millis(value: &Value, far: Option<i64>) -> Option<i64> {
    let text = value.as_str()?.strip_suffix('Z').unwrap();
    text.parse().map(AtomicTime::as_millis).ok().or(far)
}

fn pairs(value: &Value) -> Vec<(String, Option<String>)> {
    list(value, |pair| (text(&pair["name"]), maybe(&pair["value"])))
}

fn message(m: &Value) -> Message {
    let has = |key: &str| m.get(key).is_some();
    let field = ["field", "payloadField"].into_iter().find_map(|key| m.get(key));
    match field {
        Some(field) if has("error") => {
            Message::NotJson { field: text(field), value: maybe(&m["value"]), error: text(&m["error"]) }
        }
        Some(field) => Message::InputData {
            field: text(field),
            value: maybe(&m["value"]),
            expectation: text(&m["expectation"]),
        },
        None if has("json") => {
            let codes = ["INVALID_DATA_PAYLOAD", "INVALID_IGLUURI", "INVALID_SCHEMAVER"];
            let error = codes.into_iter().find(|code| m["error"] == *code).unwrap();
            Message::NotIglu { json: m["json"].clone(), error }
        }
        None if has("expectedMapping") => Message::SchemaMapping {
            actual: maybe(&m["actual"]),
            expected_mapping: m["expectedMapping"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, key)| (name.clone(), text(key).parse().unwrap()))
                .collect(),
            expectation: text(&m["expectation"]),
        },
        None if has("schemaCriterion") => Message::CriterionMismatch {
            schema_key: text(&m["schemaKey"]).parse().unwrap(),
            criterion: text(&m["schemaCriterion"]).parse().unwrap(),
        },
        None if has("schemaKey") => Message::IgluError {
            schema_key: text(&m["schemaKey"]).parse().unwrap(),
            error: m["error"].clone(),
        },
        None => Message::Simple { error: text(&m["error"]) },
    }
}

fn adapter(failure: &Value, p: &Value, far: Option<i64>) -> Box<AdapterFailure> {
    Box::new(AdapterFailure {
        timestamp: time(failure),
        vendor: text(&failure["vendor"]),
        version: text(&failure["version"]),
        messages: list(&failure["messages"], message),
        payload: RequestPayload {
            vendor: text(&p["vendor"]),
            version: text(&p["version"]),
            querystring: pairs(&p["querystring"]),
            content_type: maybe(&p["contentType"]),
            body: maybe(&p["body"]),
            collector: maybe(&p["collector"]),
            encoding: maybe(&p["encoding"]),
            hostname: maybe(&p["hostname"]),
            timestamp: millis(&p["timestamp"], far),
            ip_address: maybe(&p["ipAddress"]),
            useragent: maybe(&p["useragent"]),
            referer_uri: maybe(&p["refererUri"]),
            headers: list(&p["headers"], text),
            network_userid: maybe(&p["networkUserId"]),
        },
    })
}

fn enrichment(payload: &Value, far: Option<i64>) -> Box<EnrichmentPayload> {
    let mut enriched = EnrichedEvent::default();
    for (name, value) in payload["enriched"].as_object().unwrap() {
        match value {
            Value::Null => {}
            Value::String(text) => enriched.set(Field::named(name).unwrap(), text),
            number => enriched.set(Field::named(name).unwrap(), &json::to_compact(number)),
        }
    }
    let raw = &payload["raw"];
    let raw = RawEvent {
        vendor: text(&raw["vendor"]),
        version: text(&raw["version"]),
        parameters: pairs(&raw["parameters"]),
        content_type: maybe(&raw["contentType"]),
        loader_name: maybe(&raw["loaderName"]),
        encoding: maybe(&raw["encoding"]),
        hostname: maybe(&raw["hostname"]),
        timestamp: millis(&raw["timestamp"], far),
        ip_address: maybe(&raw["ipAddress"]),
        useragent: maybe(&raw["useragent"]),
        referer_uri: maybe(&raw["refererUri"]),
        headers: list(&raw["headers"], text),
        user_id: maybe(&raw["userId"]),
    };
    Box::new(EnrichmentPayload { enriched, raw })
}
