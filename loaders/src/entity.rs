//! The self-describing data of an event: `contexts`, `derived_contexts`, `unstruct_event`, in this order
//! (`spec/loaders-and-leases.md` 2.1, 3.4). Data stay texts.

use std::borrow::Cow;

use event::atomic::Field;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::line::Line;

/// The columns that hold data, in the order of their rows.
pub const FIELDS: [Field; 3] = [Field::Contexts, Field::DerivedContexts, Field::UnstructEvent];

/// One piece of self-describing data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity<'a> {
    /// `iglu:...`, not looked into.
    pub uri: Cow<'a, str>,
    /// The data, a valid JSON text.
    pub data: Cow<'a, str>,
}

/// Appends the entities of the line to `found`. `false`: one of the columns is not as expected; the slow reader of the
/// event crate then says why, or reads what is unusual all the same.
pub fn entities<'a>(line: &Line<'a>, found: &mut Vec<Entity<'a>>) -> bool {
    FIELDS.iter().all(|&field| column(field, line.get(field), found).is_some())
}

fn column<'a>(field: Field, text: &'a str, found: &mut Vec<Entity<'a>>) -> Option<()> {
    if text.is_empty() {
        return Some(());
    }
    if let Some(data) = as_printed(field, text)
        && inner(field, data, found).is_some()
    {
        return Some(());
    }
    let outer: Envelope<'_> = serde_json::from_str(text).ok()?;
    let rest = after_schema(field, &outer.schema)?;
    if !rest.is_empty() {
        return None;
    }
    inner(field, outer.data.get(), found)
}

/// What stands where `data` do, if the envelope is spelled as the pipeline prints it: nothing is read twice then. It is valid
/// JSON exactly if the envelope is.
fn as_printed(field: Field, text: &str) -> Option<&str> {
    let rest = after_schema(field, text.strip_prefix(r#"{"schema":""#)?)?;
    rest.strip_prefix(r#"","data":"#)?.strip_suffix('}')
}

/// What stands behind the name of the envelope's schema.
fn after_schema(field: Field, text: &str) -> Option<&str> {
    let name = if field == Field::UnstructEvent { "unstruct_event" } else { "contexts" };
    let addition = text
        .strip_prefix("iglu:com.snowplowanalytics.snowplow/")?
        .strip_prefix(name)?
        .strip_prefix("/jsonschema/1-0-")?;
    let rest = addition.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < addition.len()).then_some(rest)
}

fn inner<'a>(field: Field, data: &'a str, found: &mut Vec<Entity<'a>>) -> Option<()> {
    if field == Field::UnstructEvent {
        found.push(serde_json::from_str::<Envelope<'_>>(data).ok()?.into());
    } else {
        found.extend(serde_json::from_str::<Vec<Envelope<'_>>>(data).ok()?.into_iter().map(Entity::from));
    }
    Some(())
}

/// A self-describing record as a whole. `None`: it is not as expected, as above.
pub fn record(text: &str) -> Option<Entity<'_>> {
    serde_json::from_str::<Envelope<'_>>(text).ok().map(Entity::from)
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    schema: Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl<'a> From<Envelope<'a>> for Entity<'a> {
    fn from(envelope: Envelope<'a>) -> Self {
        Self { uri: envelope.schema, data: Cow::Borrowed(envelope.data.get()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(unstruct_event: &str, contexts: &str) -> String {
        let mut columns = vec![""; event::atomic::COUNT];
        columns[Field::UnstructEvent as usize] = unstruct_event;
        columns[Field::Contexts as usize] = contexts;
        columns.join("\t")
    }

    #[test]
    fn contexts_come_before_the_event() {
        let line = line(
            r#"{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{"schema":"iglu:c/e/jsonschema/1-0-0","data":{"k":[1, 2]}}}"#,
            r#"{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1","data":[{"schema":"iglu:a/b/jsonschema/1-0-0","data":"x"}]}"#,
        );
        let mut found = Vec::new();
        assert!(entities(&Line::split(&line).unwrap(), &mut found));
        let shown: Vec<(&str, &str)> = found.iter().map(|e| (&*e.uri, &*e.data)).collect();
        assert_eq!(
            shown,
            [("iglu:a/b/jsonschema/1-0-0", "\"x\""), ("iglu:c/e/jsonschema/1-0-0", r#"{"k":[1, 2]}"#)]
        );
    }

    #[test]
    fn the_spelling_of_envelopes_does_not_matter() {
        let printed = r#"{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0","data":[{"schema":"iglu:a/b/jsonschema/1-0-0","data":{}}]}"#;
        let spaced = printed.replace(r#","data":["#, r#" , "data" : [ "#);
        let turned = r#"{"data":[{"data":{},"schema":"iglu:a/b/jsonschema/1-0-0"}],"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0"}"#;
        let more = printed.replace("]}", r#"],"more":{}}"#);
        for text in [printed, &spaced, turned, &more] {
            let line = line("", text);
            let mut found = Vec::new();
            assert!(entities(&Line::split(&line).unwrap(), &mut found), "{text}");
            assert_eq!(
                (found.len(), &*found[0].uri, &*found[0].data),
                (1, "iglu:a/b/jsonschema/1-0-0", "{}")
            );
        }
        for text in [
            printed.replace("]}", "]"),
            printed.replace("]}", "]}}"),
            printed.replace("]}", "]]}"),
            printed.replace("]}", "],}"),
        ] {
            assert!(!entities(&Line::split(&line("", &text)).unwrap(), &mut Vec::new()), "{text}");
        }
    }

    #[test]
    fn anything_unusual_is_left_to_the_slow_reader() {
        for unstruct in [
            "{}",
            "[1",
            r#"{"schema":"iglu:com.acme/x/jsonschema/1-0-0","data":{}}"#,
            r#"{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-x","data":{"schema":"","data":{}}}"#,
            r#"{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{"schema":"iglu:c/e/jsonschema/1-0-0"}}"#,
        ] {
            assert!(!entities(&Line::split(&line(unstruct, "")).unwrap(), &mut Vec::new()), "{unstruct}");
        }
    }
}
