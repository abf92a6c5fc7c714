//! The self-describing event and the entities of an event: taken apart, validated, printed (`spec/enrich.md` 5.1, 5.5).

use std::fmt::Write;

use event::{
    schema_key::{SchemaCriterion, SchemaKey, SchemaVersion},
    self_describing::SelfDescribing,
};
use serde_json::{Value, json};

use crate::{
    judge::{Judge, Judgement},
    problem::{Problem, Source},
};

/// What came through.
#[derive(Debug, Default)]
pub(crate) struct Validated {
    pub(crate) items: Vec<SelfDescribing>,
    /// What superseded what, as entities.
    pub(crate) infos: Vec<SelfDescribing>,
    pub(crate) problems: Vec<Problem>,
}

const VENDOR: &str = "com.snowplowanalytics.snowplow";

/// Validates the self-describing event. At most one item comes through.
pub(crate) fn unstruct(json: Value, judge: &Judge<'_>) -> Validated {
    let mut out = Validated::default();
    if let Some(inner) = out.open(json, Source::Unstruct, "unstruct_event", judge) {
        out.item(inner, Source::Unstruct, judge);
    }
    out
}

/// Validates the entities: invalid ones are left out.
pub(crate) fn contexts(json: Value, judge: &Judge<'_>) -> Validated {
    let mut out = Validated::default();
    if let Some(Value::Array(entities)) = out.open(json, Source::Contexts, "contexts", judge) {
        out.items.reserve(entities.len());
        for entity in entities {
            out.item(entity, Source::Contexts, judge);
        }
    }
    out
}

/// Validates entities that enrichments made.
pub(crate) fn derived(entities: Vec<SelfDescribing>, judge: &Judge<'_>) -> Validated {
    let mut out = Validated::default();
    for entity in entities {
        out.validate(entity, Source::Derived, judge);
    }
    out
}

/// Validates what a script has put in the place of what the tracker sent.
pub(crate) fn of_script(items: Vec<SelfDescribing>, source: Source, judge: &Judge<'_>) -> Validated {
    let mut out = Validated::default();
    for item in items {
        out.validate(item, source, judge);
    }
    out
}

/// What is wrong with entities that enrichments made, which stay as they are.
pub(crate) fn check(entities: &[SelfDescribing], judge: &Judge<'_>) -> Vec<Problem> {
    let problem = |entity: &SelfDescribing| match judge.judge(entity) {
        Judgement::Invalid(error) => Some(Problem::Iglu {
            source: Source::Derived,
            key: entity.schema.clone(),
            error,
            data: entity.data.clone(),
        }),
        Judgement::Valid | Judgement::Superseded(_) | Judgement::Unknown => None,
    };
    entities.iter().filter_map(problem).collect()
}

/// Appends `{"schema":...,"data":[...]}` around entities.
pub(crate) fn write_contexts(entities: &[SelfDescribing], out: &mut String) {
    out.push_str(r#"{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1","data":["#);
    for (n, entity) in entities.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        entity.write_compact(out);
    }
    out.push_str("]}");
}

/// Appends `{"schema":...,"data":{...}}` around the self-describing event.
pub(crate) fn write_unstruct(event: &SelfDescribing, out: &mut String) {
    out.push_str(
        r#"{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":"#,
    );
    event.write_compact(out);
    out.push('}');
}

impl Validated {
    /// The envelope: self-describing, of the schema that the place demands, valid by it.
    fn open(&mut self, json: Value, source: Source, name: &str, judge: &Judge<'_>) -> Option<Value> {
        let envelope = match judge.take_apart(json) {
            Ok(envelope) => envelope,
            Err((json, code)) => {
                self.problems.push(Problem::NotIglu { source, json, code });
                return None;
            }
        };
        let SchemaKey { vendor, version, .. } = &envelope.schema;
        let fits = vendor == VENDOR
            && envelope.schema.name == name
            && envelope.schema.format == "jsonschema"
            && (version.model, version.revision) == (1, 0);
        if !fits {
            let criterion = SchemaCriterion {
                vendor: VENDOR.into(),
                name: name.into(),
                format: "jsonschema".into(),
                model: Some(1),
                revision: Some(0),
                addition: None,
            };
            let SelfDescribing { schema, data } = envelope;
            self.problems.push(Problem::Criterion { source, key: schema, criterion, data });
            return None;
        }
        if is_surely_valid(source, version.addition, &envelope.data) && !judge.is_too_deep(&envelope.data) {
            return Some(envelope.data);
        }
        match judge.judge(&envelope) {
            Judgement::Valid | Judgement::Superseded(_) => Some(envelope.data),
            Judgement::Unknown => None,
            Judgement::Invalid(error) => {
                let SelfDescribing { schema, data } = envelope;
                self.problems.push(Problem::Iglu { source, key: schema, error, data });
                None
            }
        }
    }

    fn item(&mut self, json: Value, source: Source, judge: &Judge<'_>) {
        match judge.take_apart(json) {
            Ok(item) => self.validate(item, source, judge),
            Err((json, code)) => self.problems.push(Problem::NotIglu { source, json, code }),
        }
    }

    fn validate(&mut self, mut item: SelfDescribing, source: Source, judge: &Judge<'_>) {
        match judge.judge(&item) {
            Judgement::Valid => self.items.push(item),
            Judgement::Superseded(version) => {
                self.infos.push(validation_info(&item.schema, version));
                item.schema.version = version;
                self.items.push(item);
            }
            Judgement::Unknown => {}
            Judgement::Invalid(error) => {
                let SelfDescribing { schema, data } = item;
                self.problems.push(Problem::Iglu { source, key: schema, error, data });
            }
        }
    }
}

/// Whether an envelope follows its published schema. `false` leaves the verdict and its words to the validator.
fn is_surely_valid(source: Source, addition: u32, data: &Value) -> bool {
    match (source, addition, data) {
        (Source::Unstruct, 0, item) => is_item(item),
        (Source::Contexts, 0, Value::Array(items)) => !items.is_empty() && items.iter().all(is_item),
        (Source::Contexts, 1, Value::Array(items)) => items.iter().all(is_item),
        _ => false,
    }
}

/// Exactly the keys `schema` and `data`, the first a text like `iglu:a/b/c/1-0-0`.
fn is_item(item: &Value) -> bool {
    let Some(members) = item.as_object() else { return false };
    let uri = members.get("schema").and_then(Value::as_str).and_then(|uri| uri.strip_prefix("iglu:"));
    members.len() == 2 && members.contains_key("data") && uri.is_some_and(is_path)
}

fn is_path(path: &str) -> bool {
    let word = |text: &[u8], dots: bool| {
        let good = |b: &u8| {
            matches!(b, b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_') || (dots && *b == b'.')
        };
        !text.is_empty() && text.iter().all(good)
    };
    let mut parts = path.as_bytes().split(|&b| b == b'/');
    let mut next = || parts.next().unwrap_or_default();
    let named = word(next(), true) && word(next(), false) && word(next(), false);
    let mut numbers = next().split(|&b| b == b'-');
    let three =
        (0..3).all(|_| numbers.next().is_some_and(|n| !n.is_empty() && n.iter().all(u8::is_ascii_digit)));
    named && three && numbers.next().is_none() && parts.next().is_none()
}

fn validation_info(original: &SchemaKey, validated_with: SchemaVersion) -> SelfDescribing {
    let mut version = String::new();
    write!(version, "{validated_with}").expect("writing to a String cannot fail");
    let schema = SchemaKey::new(
        "com.snowplowanalytics.iglu",
        "validation_info",
        "jsonschema",
        SchemaVersion::new(1, 0, 0),
    );
    SelfDescribing::new(schema, json!({"originalSchema": original.to_string(), "validatedWith": version}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_published_shape_is_surely_valid() {
        let good = json!({"schema": "iglu:com.acme/click-it/jsonschema/1-0-0", "data": null});
        assert!(is_item(&good));
        let table = [
            json!(1),
            json!({"schema": "iglu:com.acme/click/jsonschema/1-0-0"}),
            json!({"schema": "iglu:com.acme/click/jsonschema/1-0-0", "data": 1, "more": 1}),
            json!({"schema": "iglu:com.acme/click/jsonschema/1-0", "data": 1}),
            json!({"schema": "iglu:com.acme/cl.ick/jsonschema/1-0-0", "data": 1}),
            json!({"schema": "iglu:com.acme/click/jsonschema/1-0-0-", "data": 1}),
            json!({"schema": "iglu:com.acme/click/jsonschema/1-0-0/x", "data": 1}),
            json!({"schema": "com.acme/click/jsonschema/1-0-0", "data": 1}),
        ];
        for item in table {
            assert!(!is_item(&item), "{item}");
        }
    }
}
