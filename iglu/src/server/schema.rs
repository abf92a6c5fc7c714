//! A published schema and the forms in which it is served (`spec/iglu.md` 2.5).

use event::{
    schema_key::{SchemaKey, SchemaVersion},
    timestamp,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::validator::META_SCHEMA;

/// A version as rules see it, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub key: SchemaKey,
    /// When it was published, or last overwritten.
    pub created_at: Timestamp,
    /// The same.
    pub updated_at: Timestamp,
    /// Whether everybody may read it.
    pub is_public: bool,
    /// The version that data of this one are judged by.
    pub superseded_by: Option<SchemaVersion>,
    /// The versions whose data this one judges.
    pub supersedes: Vec<SchemaVersion>,
}

/// A stored schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// All but the body.
    pub listed: Listed,
    /// The schema, usually without `self` and `$schema`.
    pub body: Value,
}

/// A form in which a schema is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The self-describing schema.
    Canonical,
    /// With times and visibility.
    Meta,
    /// Its name alone.
    Uri,
}

/// Which schemas are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All.
    All,
    /// Those of a vendor, by its whole name.
    Vendor(String),
    /// All versions of one name.
    Name(String, String),
    /// Those of one model, of the format `jsonschema`.
    Model(String, String, u32),
}

impl Form {
    /// Reads `repr`.
    pub fn of(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "canonical" => Some(Self::Canonical),
            "meta" => Some(Self::Meta),
            "uri" => Some(Self::Uri),
            _ => None,
        }
    }
}

impl Scope {
    /// Whether a schema is among them.
    pub fn holds(&self, key: &SchemaKey) -> bool {
        match self {
            Self::All => true,
            Self::Vendor(vendor) => key.vendor == *vendor,
            Self::Name(vendor, name) => key.vendor == *vendor && key.name == *name,
            Self::Model(vendor, name, model) => {
                key.vendor == *vendor
                    && key.name == *name
                    && key.format == "jsonschema"
                    && key.version.model == *model
            }
        }
    }
}

impl Stored {
    /// As it is served.
    pub fn to_json(&self, form: Form) -> Value {
        let mut out = Map::new();
        match form {
            Form::Uri => return Value::String(self.listed.key.to_string()),
            Form::Canonical => {
                out.insert("$schema".into(), META_SCHEMA.into());
                self.listed.add_superseding(&mut out);
                out.insert("self".into(), of_self(&self.listed.key));
            }
            Form::Meta => {
                out.insert("self".into(), of_self(&self.listed.key));
                let metadata = json!({
                    "createdAt": timestamp::instant(self.listed.created_at).to_string(),
                    "updatedAt": timestamp::instant(self.listed.updated_at).to_string(),
                    "isPublic": self.listed.is_public,
                });
                out.insert("metadata".into(), metadata);
                self.listed.add_superseding(&mut out);
            }
        }
        add_body(&mut out, &self.body);
        Value::Object(out)
    }
}

impl Listed {
    fn add_superseding(&self, out: &mut Map<String, Value>) {
        if let Some(version) = self.superseded_by {
            out.insert("$supersededBy".into(), version.to_string().into());
        }
        if !self.supersedes.is_empty() {
            out.insert("$supersedes".into(), texts(&self.supersedes));
        }
    }
}

/// A schema that says what it is; keys of the body win.
pub fn normalized(key: &SchemaKey, body: &Value, supersedes: &[SchemaVersion]) -> Value {
    let mut out = Map::new();
    out.insert("$schema".into(), META_SCHEMA.into());
    if !supersedes.is_empty() {
        out.insert("$supersedes".into(), texts(supersedes));
    }
    out.insert("self".into(), of_self(key));
    add_body(&mut out, body);
    Value::Object(out)
}

fn add_body(out: &mut Map<String, Value>, body: &Value) {
    for (name, value) in body.as_object().into_iter().flatten() {
        out.insert(name.clone(), value.clone());
    }
}

fn of_self(key: &SchemaKey) -> Value {
    json!({ "vendor": key.vendor, "name": key.name, "format": key.format, "version": key.version.to_string() })
}

fn texts(versions: &[SchemaVersion]) -> Value {
    versions.iter().map(ToString::to_string).collect()
}
