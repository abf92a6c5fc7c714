//! What a struct says about its keys: the schema that `schemars` derives from it.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

use super::super::Note;

/// The keyword with which a field says that it has no effect, and why.
const WITHOUT_EFFECT: &str = "x-without-effect";

/// The keys of a struct, with the definitions they refer to.
pub(super) struct Schema {
    root: Value,
}

/// One key.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) name: &'a str,
    value: &'a Value,
    schema: &'a Schema,
}

impl Schema {
    pub(super) fn of<T: JsonSchema>() -> Self {
        let generator = SchemaSettings::draft2020_12().into_generator();
        Self { root: generator.into_root_schema_for::<T>().to_value() }
    }

    /// The keys at the top, in the order of the fields.
    pub(super) fn keys(&self) -> Vec<Key<'_>> {
        self.keys_of(&self.root)
    }

    fn keys_of<'a>(&'a self, value: &'a Value) -> Vec<Key<'a>> {
        let properties = self.resolved(value)["properties"].as_object();
        let keys = properties.into_iter().flatten();
        keys.map(|(name, value)| Key { name, value, schema: self }).collect()
    }

    /// What a reference leads to; of an alternative with null, the other one.
    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let one = value["anyOf"].as_array().and_then(|all| all.iter().find(|each| each["type"] != "null"));
        let value = one.unwrap_or(value);
        let definition = value["$ref"].as_str().and_then(|to| self.root.pointer(to.strip_prefix('#')?));
        definition.unwrap_or(value)
    }
}

impl<'a> Key<'a> {
    /// The docs of the field, or else those of its type.
    pub(super) fn about(self) -> &'a str {
        let own = self.value["description"].as_str();
        own.or_else(|| self.schema.resolved(self.value)["description"].as_str()).unwrap_or_default()
    }

    /// The keys of the section that this is; none for a value.
    pub(super) fn keys(self) -> Vec<Key<'a>> {
        self.schema.keys_of(self.value)
    }

    /// What could be written where there is no default.
    pub(super) fn example(self) -> Option<&'a Value> {
        self.value["examples"].as_array()?.first()
    }

    /// Why it has no effect, if it never has one.
    pub(super) fn without_effect(self) -> Option<&'a str> {
        self.value[WITHOUT_EFFECT].as_str()
    }
}

/// The keys of a struct that never have an effect: fields with `#[schemars(extend("x-without-effect" = "why"))]`.
pub fn without_effect<T: JsonSchema>() -> Vec<Note> {
    fn walk(keys: Vec<Key<'_>>, section: &str, notes: &mut Vec<Note>) {
        for key in keys {
            let path =
                if section.is_empty() { key.name.to_owned() } else { format!("{section}.{}", key.name) };
            match key.without_effect() {
                Some(why) => notes.push(Note::new(path, why)),
                None => walk(key.keys(), &path, notes),
            }
        }
    }
    let mut notes = Vec::new();
    walk(Schema::of::<T>().keys(), "", &mut notes);
    notes
}
