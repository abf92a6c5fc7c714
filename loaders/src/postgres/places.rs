//! Where in data the columns of a table lie. Only what becomes a column is looked at.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

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
