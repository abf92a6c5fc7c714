//! The self-describing data of an event: `contexts`, `derived_contexts`, `unstruct_event`, in this order
//! (`spec/loaders-and-leases.md` 2.1, 3.4). Data stay texts; only what becomes a column is looked at.

use std::{borrow::Cow, fmt};

use event::atomic::Field;
use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor},
};
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
    let outer: Envelope<'_> = serde_json::from_str(text).ok()?;
    let name = if field == Field::UnstructEvent { "unstruct_event" } else { "contexts" };
    let addition = outer
        .schema
        .strip_prefix("iglu:com.snowplowanalytics.snowplow/")?
        .strip_prefix(name)?
        .strip_prefix("/jsonschema/1-0-")?;
    if addition.is_empty() || !addition.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let data = outer.data.get();
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

/// Where in the data the columns of a table lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The columns that store the value here.
    columns: Vec<usize>,
    /// By key, sorted.
    below: Vec<(Box<str>, Places)>,
}

impl Places {
    /// From the path of each column.
    pub fn of<'p>(paths: impl Iterator<Item = &'p [String]>) -> Self {
        let mut root = Self::default();
        for (column, path) in paths.enumerate() {
            let mut here = &mut root;
            for key in path {
                let at = match here.below.binary_search_by(|(k, _)| (**k).cmp(key)) {
                    Ok(at) => at,
                    Err(at) => {
                        here.below.insert(at, (key.as_str().into(), Self::default()));
                        at
                    }
                };
                here = &mut here.below[at].1;
            }
            here.columns.push(column);
        }
        root
    }

    /// Puts the JSON text of each column's value into `values`; what is not there stays `None`.
    pub fn fill<'a>(&self, json: &'a str, values: &mut [Option<&'a str>]) {
        for &column in &self.columns {
            values[column] = Some(json);
        }
        if self.below.is_empty() || !json.starts_with('{') {
            return;
        }
        let mut reader = serde_json::Deserializer::from_str(json);
        // The text has been read once already, so that it is valid JSON.
        let _ = Fill { places: self, values }.deserialize(&mut reader);
    }
}

struct Fill<'f, 'a> {
    places: &'f Places,
    values: &'f mut [Option<&'a str>],
}

impl<'a> DeserializeSeed<'a> for Fill<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Fill<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(place) = map.next_key_seed(Key(self.places))? {
            match place {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(place) => place.fill(map.next_value::<&'a RawValue>()?.get(), self.values),
            }
        }
        Ok(())
    }
}

struct Key<'f>(&'f Places);

impl<'a, 'f> DeserializeSeed<'a> for Key<'f> {
    type Value = Option<&'f Places>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'f> Visitor<'_> for Key<'f> {
    type Value = Option<&'f Places>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let below = &self.0.below;
        Ok(below.binary_search_by(|(k, _)| (**k).cmp(key)).ok().map(|at| &below[at].1))
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

    #[test]
    fn values_are_found_at_their_places() {
        let paths: Vec<Vec<String>> = [vec!["a"], vec!["b", "c"], vec!["b"], vec!["key\n"], vec!["none"]]
            .iter()
            .map(|p| p.iter().map(|&s| s.to_owned()).collect())
            .collect();
        let places = Places::of(paths.iter().map(Vec::as_slice));
        let check = |json: &'static str, expect: [Option<&str>; 5]| {
            let mut values = [None; 5];
            places.fill(json, &mut values);
            assert_eq!(values, expect, "{json}");
        };
        check(
            r#"{"x":{"a":0},"b":{"d":1,"c":{"e":2}},"key\n":"v","a":[1, "]"]}"#,
            [Some(r#"[1, "]"]"#), Some(r#"{"e":2}"#), Some(r#"{"d":1,"c":{"e":2}}"#), Some("\"v\""), None],
        );
        check(r#"{"b":"flat","a":1,"a":2}"#, [Some("2"), None, Some("\"flat\""), None, None]);
        check("[1]", [None; 5]);
        check("null", [None; 5]);
    }
}
