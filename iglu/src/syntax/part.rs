//! How a schema is taken apart: the keywords that hold schemas, and those that all who read schemas understand alike. What
//! numbers mean is the affair of who reads.

use serde_json::{Map, Value};

/// A schema or a part of one, as somebody reads it.
pub(crate) trait Part: Sized {
    /// Reads it from its keywords.
    fn of(given: &mut Given<'_>) -> Result<Self, NotASchema>;
}

/// The keywords of a part. One that is null is not there.
pub(crate) struct Given<'a> {
    object: &'a Map<String, Value>,
    at: &'a mut String,
}

/// The document is no schema: a known keyword has a value without meaning.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{keyword} at {pointer} is not understood")]
pub struct NotASchema {
    /// The keyword.
    pub keyword: &'static str,
    /// Where it stands; empty at the root.
    pub pointer: String,
}

/// A `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the words of JSON Schema")]
pub enum Kind {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

/// `type`: each once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Types {
    pub(crate) kinds: Vec<Kind>,
}

/// `items`
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Items<T = super::Syntax> {
    /// One schema for all.
    Each(Box<T>),
    /// One schema for each place.
    Places(Vec<T>),
}

/// `additionalProperties`, `additionalItems`
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Additional<T = super::Syntax> {
    Allowed(bool),
    Like(Box<T>),
}

/// What stands under a keyword.
type Read<T> = Result<Option<T>, NotASchema>;

/// Reads a whole schema.
pub(crate) fn whole<T: Part>(schema: &Value) -> Result<T, NotASchema> {
    part(schema, &mut String::new())
}

fn part<T: Part>(schema: &Value, at: &mut String) -> Result<T, NotASchema> {
    match schema {
        Value::Object(object) => T::of(&mut Given { object, at }),
        _ => Err(NotASchema { keyword: "schema", pointer: at.clone() }),
    }
}

impl Given<'_> {
    /// A value that must be understood.
    pub(crate) fn read<T>(&self, keyword: &'static str, read: impl FnOnce(&Value) -> Option<T>) -> Read<T> {
        match self.object.get(keyword) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.wrong(keyword)),
        }
    }

    pub(crate) fn text(&self, keyword: &'static str) -> Read<String> {
        self.read(keyword, text)
    }

    pub(crate) fn texts(&self, keyword: &'static str) -> Read<Vec<String>> {
        self.read(keyword, |value| value.as_array()?.iter().map(text).collect())
    }

    /// `type`
    pub(crate) fn types(&self) -> Read<Types> {
        self.read("type", |value| match value {
            Value::Array(all) => all.iter().map(Kind::named).collect::<Option<_>>().map(Types::of),
            one => Kind::named(one).map(|kind| Types::of(vec![kind])),
        })
    }

    pub(crate) fn items<T: Part>(&mut self) -> Read<Items<T>> {
        match self.object.get("items") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(places)) => self.each("items", places).map(|all| Some(Items::Places(all))),
            Some(one @ Value::Object(_)) => Ok(Some(Items::Each(Box::new(self.below(one, &["items"])?)))),
            Some(_) => Err(self.wrong("items")),
        }
    }

    /// A schema, or whether there may be any.
    pub(crate) fn additional<T: Part>(&mut self, keyword: &'static str) -> Read<Additional<T>> {
        match self.object.get(keyword) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(allowed)) => Ok(Some(Additional::Allowed(*allowed))),
            Some(like @ Value::Object(_)) => {
                Ok(Some(Additional::Like(Box::new(self.below(like, &[keyword])?))))
            }
            Some(_) => Err(self.wrong(keyword)),
        }
    }

    /// Schemas by name, in the order of the document.
    pub(crate) fn named<T: Part>(&mut self, keyword: &'static str) -> Read<Vec<(String, T)>> {
        match self.object.get(keyword) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(all)) => {
                let named =
                    all.iter().map(|(name, value)| Ok((name.clone(), self.below(value, &[keyword, name])?)));
                named.collect::<Result<_, _>>().map(Some)
            }
            Some(_) => Err(self.wrong(keyword)),
        }
    }

    /// Schemas of which some hold.
    pub(crate) fn list<T: Part>(&mut self, keyword: &'static str) -> Read<Vec<T>> {
        match self.object.get(keyword) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(all)) => self.each(keyword, all).map(Some),
            Some(_) => Err(self.wrong(keyword)),
        }
    }

    fn each<T: Part>(&mut self, keyword: &str, all: &[Value]) -> Result<Vec<T>, NotASchema> {
        all.iter().map(|value| self.below(value, &[keyword])).collect()
    }

    fn below<T: Part>(&mut self, value: &Value, steps: &[&str]) -> Result<T, NotASchema> {
        let before = self.at.len();
        for step in steps {
            self.at.push('/');
            self.at.push_str(step);
        }
        let read = part(value, self.at);
        self.at.truncate(before);
        read
    }

    fn wrong(&self, keyword: &'static str) -> NotASchema {
        NotASchema { keyword, pointer: self.at.clone() }
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

impl Kind {
    /// What the value of a `type`, or one of its list, names.
    fn named(value: &Value) -> Option<Self> {
        Some(match value.as_str()? {
            "null" => Self::Null,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "string" => Self::String,
            "array" => Self::Array,
            "object" => Self::Object,
            _ => return None,
        })
    }
}

impl Types {
    /// Each of these once.
    pub(crate) fn of(all: Vec<Kind>) -> Self {
        let mut kinds = Vec::new();
        for kind in all {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        Self { kinds }
    }

    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// This type, or a union of it and null.
    pub(crate) fn is(&self, kind: Kind) -> bool {
        let mut others = self.kinds.iter().filter(|k| **k != Kind::Null);
        others.next() == Some(&kind) && others.next().is_none()
    }
}
