//! Objects and arrays of JSON on their way into columns. What is not stored is not looked into.

use std::fmt;

use arrow_array::ArrayRef;
use iglu::field::{Field, FieldType, select::SCHEMA_VERSION};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::builder::{Builder, Scratch};

/// The fields of an object.
pub(super) struct Members {
    fields: Vec<Member>,
    /// Which keys there are and where their values are put, sorted.
    keys: Vec<(Box<str>, usize)>,
}

struct Member {
    builder: Builder,
    nullable: bool,
    /// Takes any JSON, null too.
    is_json: bool,
    /// The version of the schema, which is not among the data.
    is_version: bool,
    /// Where the values of its keys are.
    slots: std::ops::Range<usize>,
}

impl Members {
    pub(super) fn new(fields: &[Field]) -> Self {
        let mut keys = Vec::new();
        let mut members = Vec::with_capacity(fields.len());
        for (at, field) in fields.iter().enumerate() {
            let is_version = at == 0 && field.name == SCHEMA_VERSION && !field.nullable;
            let first = keys.len();
            if !is_version {
                for key in &field.accessors {
                    keys.push((key.as_str().into(), keys.len()));
                }
            }
            members.push(Member {
                builder: Builder::new(&field.ty),
                nullable: field.nullable,
                is_json: field.ty == FieldType::Json,
                is_version,
                slots: first..keys.len(),
            });
        }
        keys.sort();
        Self { fields: members, keys }
    }

    /// Adds nulls until there are so many.
    pub(super) fn fill(&mut self, length: usize) {
        self.fields.iter_mut().for_each(|member| member.builder.fill(length));
    }

    /// Takes an object. `false`: it is none, or a field does not take its value.
    pub(super) fn push<'a>(
        &mut self,
        json: &'a str,
        version: Option<&str>,
        scratch: &mut Scratch<'a>,
    ) -> bool {
        if !json.starts_with('{') {
            return false;
        }
        let base = scratch.len();
        scratch.resize(base + self.keys.len(), None);
        let mut reader = serde_json::Deserializer::from_str(json);
        let found = Find { keys: &self.keys, values: &mut scratch[base..] }.deserialize(&mut reader);
        let is_right =
            found.is_ok() && self.fields.iter_mut().all(|member| member.push(version, base, scratch));
        scratch.truncate(base);
        is_right
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.fields.iter_mut().for_each(|member| member.builder.truncate(length));
    }

    pub(super) fn finish(&mut self) -> Vec<ArrayRef> {
        self.fields.iter_mut().map(|member| member.builder.finish()).collect()
    }
}

impl Member {
    /// The first key with a value that fits counts. Where none fits and one is missing, the field is null if it may be
    /// (`spec/loaders-and-leases.md` 4.7).
    fn push<'a>(&mut self, version: Option<&str>, base: usize, scratch: &mut Scratch<'a>) -> bool {
        if self.is_version
            && let Some(version) = version
        {
            self.builder.push_text(version);
            return true;
        }
        let before = self.builder.len();
        let (mut is_missing, mut is_wrong) = (self.slots.is_empty(), false);
        for slot in self.slots.clone() {
            match scratch[base + slot] {
                None | Some("null") => is_missing = true,
                Some(json) => {
                    let below = scratch.len();
                    if self.builder.push(json, self.nullable, scratch) {
                        return true;
                    }
                    scratch.truncate(below);
                    self.builder.truncate(before);
                    is_wrong = true;
                }
            }
        }
        if is_missing && self.nullable {
            self.builder.push_null();
            return true;
        }
        !is_wrong && self.is_json && self.builder.push("null", false, scratch)
    }
}

/// Puts the texts of the values of known keys to their places; of a repeated key the last value.
struct Find<'f, 'a> {
    keys: &'f [(Box<str>, usize)],
    values: &'f mut [Option<&'a str>],
}

impl<'a> DeserializeSeed<'a> for Find<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Find<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(slot) = map.next_key_seed(Key(self.keys))? {
            match slot {
                None => drop(map.next_value::<IgnoredAny>()?),
                Some(slot) => self.values[slot] = Some(map.next_value::<&'a RawValue>()?.get()),
            }
        }
        Ok(())
    }
}

struct Key<'f>(&'f [(Box<str>, usize)]);

impl<'a> DeserializeSeed<'a> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.binary_search_by(|(known, _)| (**known).cmp(key)).ok().map(|at| self.0[at].1))
    }
}

/// Gives the text of each element to `take` until it says no. `false`: it did, or this is no array.
pub(super) fn each_element<'a>(json: &'a str, take: impl FnMut(&'a str) -> bool) -> bool {
    struct Each<F>(F);

    impl<'a, F: FnMut(&'a str) -> bool> Visitor<'a> for Each<F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'a>>(mut self, mut seq: A) -> Result<(), A::Error> {
            while let Some(item) = seq.next_element::<&'a RawValue>()? {
                if !(self.0)(item.get()) {
                    return Err(A::Error::custom("an element that does not fit"));
                }
            }
            Ok(())
        }
    }

    json.starts_with('[') && serde_json::Deserializer::from_str(json).deserialize_seq(Each(take)).is_ok()
}
