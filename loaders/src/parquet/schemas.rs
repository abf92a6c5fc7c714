//! What the entities of a batch look like: the versions of their models up to the highest that the batch has
//! (`spec/loaders-and-leases.md` 4.5).

use std::collections::{BTreeMap, BTreeSet};

use event::schema_key::{SchemaCriterion, SchemaKey, SchemaVersion};
use iglu::{
    client_error::{ClientError, ResolutionError},
    field::{
        column::{Column, Place, columns},
        fingerprint,
        syntax::Syntax,
    },
};
use serde_json::{Value, json};

/// The schemas of one batch.
#[derive(Debug, Default)]
pub struct Schemas {
    models: BTreeMap<SchemaKey, BTreeMap<SchemaVersion, Known>>,
    /// Models whose data are left out.
    skipped: BTreeSet<SchemaKey>,
}

/// A version as columns see it, or why no data of it can be stored.
#[derive(Debug)]
enum Known {
    Readable(Box<Syntax>),
    Unusable(String),
    Missing(Value),
}

/// The key that stands for all versions of a model.
fn model_of(key: &SchemaKey) -> SchemaKey {
    SchemaKey { version: SchemaVersion::new(key.version.model, 0, 0), ..key.clone() }
}

/// The highest version of each model among `keys`.
pub fn highest(keys: &BTreeSet<SchemaKey>) -> Vec<SchemaKey> {
    let mut highest: BTreeMap<SchemaKey, SchemaKey> = BTreeMap::new();
    for key in keys {
        // Ascending: the last one counts.
        highest.insert(model_of(key), key.clone());
    }
    highest.into_values().collect()
}

impl Schemas {
    /// Leaves out the data of each model of which all versions among `present` fall under one of the criteria
    /// (`spec/loaders-and-leases.md` 4.3).
    pub fn skip(&mut self, present: &BTreeSet<SchemaKey>, criteria: &[SchemaCriterion]) {
        let is_named = |key: &SchemaKey| criteria.iter().any(|criterion| criterion.matches(key));
        let kept: BTreeSet<SchemaKey> = present.iter().filter(|key| !is_named(key)).map(model_of).collect();
        self.skipped = present.iter().map(model_of).filter(|model| !kept.contains(model)).collect();
    }

    /// Whether data of this schema are left out.
    pub fn skips(&self, key: &SchemaKey) -> bool {
        self.skipped.contains(&model_of(key))
    }

    /// Adds a version.
    pub fn add(&mut self, key: &SchemaKey, schema: &Value) {
        let known = match Syntax::decode(schema) {
            Ok(syntax) => Known::Readable(Box::new(syntax)),
            Err(error) => Known::Unusable(format!("cannot be parsed as JSON Schema: {error}")),
        };
        self.models.entry(model_of(key)).or_default().insert(key.version, known);
    }

    /// Adds a version that no registry has.
    pub fn add_missing(&mut self, key: &SchemaKey, error: &ResolutionError) {
        let error = ClientError::Resolution(error.clone()).to_json();
        self.models.entry(model_of(key)).or_default().insert(key.version, Known::Missing(error));
    }

    /// Whether anything was said about this version.
    pub fn has(&self, key: &SchemaKey) -> bool {
        self.models.get(&model_of(key)).is_some_and(|versions| versions.contains_key(&key.version))
    }

    /// What a bad row says of data whose schema cannot be used; `None`: it can.
    pub fn trouble(&self, key: &SchemaKey) -> Option<Value> {
        if self.skips(key) {
            return None;
        }
        let uri = key.to_string();
        match self.models.get(&model_of(key)).and_then(|versions| versions.get(&key.version)) {
            Some(Known::Readable(_)) => None,
            Some(Known::Unusable(message)) => Some(json!({"schemaKey": uri, "message": message})),
            Some(Known::Missing(error)) => Some(json!({"schemaKey": uri, "error": error})),
            None => Some(json!({"schemaKey": uri, "message": "was not looked for"})),
        }
    }

    /// The columns for data of these schemas, sorted by name, each with the model that it belongs to. Where two models meet in
    /// one name, which stops the original, the later ones' columns have a hash of vendor and name behind it.
    pub fn columns(&self, present: &BTreeSet<(Place, SchemaKey)>) -> Vec<(SchemaKey, Place, Column)> {
        let mut by_model: BTreeMap<(Place, SchemaKey), Vec<SchemaVersion>> = BTreeMap::new();
        for (place, key) in present.iter().filter(|(_, key)| !self.skips(key)) {
            by_model.entry((*place, model_of(key))).or_default().push(key.version);
        }
        let mut all: Vec<(SchemaKey, Place, Column)> = Vec::new();
        for ((place, model), present) in by_model {
            let Some(versions) = self.models.get(&model) else { continue };
            let readable: Vec<(SchemaVersion, &Syntax)> = versions
                .iter()
                .filter_map(|(version, known)| match known {
                    Known::Readable(syntax) => Some((*version, &**syntax)),
                    Known::Unusable(_) | Known::Missing(_) => None,
                })
                .collect();
            for mut column in columns(place, &model, &readable, &present) {
                if all.iter().any(|(_, _, known)| known.field.name == column.field.name) {
                    let hash = fnv(format!("{}/{}/{}", model.vendor, model.name, model.format).bytes());
                    column.field.name.push_str(&format!("_{:08x}", hash as u32));
                }
                all.push((model.clone(), place, column));
            }
        }
        all.sort_by(|(.., a), (.., b)| a.field.name.cmp(&b.field.name));
        all
    }

    /// A hash of everything here, 16 hexadecimal digits: equal ones make the same columns of the same lines.
    pub fn fingerprint(&self) -> String {
        let mut text: String = self.skipped.iter().map(|model| format!("!{model}")).collect();
        for (model, versions) in &self.models {
            for (version, known) in versions {
                text.push_str(&SchemaKey { version: *version, ..model.clone() }.to_string());
                match known {
                    Known::Readable(syntax) => text.push_str(&fingerprint::text(syntax)),
                    // How often a registry was asked does not count.
                    Known::Unusable(_) | Known::Missing(_) => text.push('-'),
                }
            }
        }
        format!("{:016x}", fnv(text.bytes()))
    }
}

/// FNV-1a: the same over all versions and platforms.
fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &str) -> SchemaKey {
        SchemaKey::from_path(path).unwrap()
    }

    #[test]
    fn the_highest_version_of_each_model_is_looked_for() {
        let keys =
            ["a/x/jsonschema/1-0-2", "a/x/jsonschema/1-0-10", "a/x/jsonschema/2-0-0", "b/x/jsonschema/1-0-0"];
        let wanted: Vec<String> =
            highest(&keys.into_iter().map(key).collect()).iter().map(SchemaKey::path).collect();
        assert_eq!(wanted, ["a/x/jsonschema/1-0-10", "a/x/jsonschema/2-0-0", "b/x/jsonschema/1-0-0"]);
    }

    #[test]
    fn a_model_is_left_out_where_all_of_it_is_named() {
        let present: BTreeSet<SchemaKey> =
            ["a/x/jsonschema/1-0-0", "a/x/jsonschema/1-0-1", "a/x/jsonschema/2-0-0", "b/x/jsonschema/1-0-0"]
                .into_iter()
                .map(key)
                .collect();
        for (criteria, skipped) in [
            (&[][..], &[][..]),
            (&["iglu:a/x/jsonschema/1-0-0"], &[]),
            (&["iglu:a/x/jsonschema/1-0-0", "iglu:a/x/jsonschema/*-0-1"], &["1-0-0", "1-0-1"]),
            (&["iglu:a/x/jsonschema/*-*-*"], &["1-0-0", "1-0-1", "2-0-0"]),
            (&["iglu:a/y/jsonschema/*-*-*"], &[]),
        ] {
            let criteria: Vec<SchemaCriterion> = criteria.iter().map(|text| text.parse().unwrap()).collect();
            let mut schemas = Schemas::default();
            let before = schemas.fingerprint();
            schemas.skip(&present, &criteria);
            assert_eq!(schemas.fingerprint() == before, skipped.is_empty());
            let found: Vec<String> =
                present.iter().filter(|key| schemas.skips(key)).map(|key| key.version.to_string()).collect();
            assert_eq!(found, skipped, "{criteria:?}");
            assert!(present.iter().all(|key| schemas.trouble(key).is_none() == schemas.skips(key)));
        }
    }

    #[test]
    fn models_that_meet_in_one_name_have_columns_of_their_own() {
        let mut schemas = Schemas::default();
        let object = json!({"type": "object", "properties": {"a": {"type": "string"}}});
        let keys = [key("com.acme-x/y/jsonschema/1-0-0"), key("com.acme_x/y/jsonschema/1-0-0")];
        let before = schemas.fingerprint();
        keys.iter().for_each(|key| schemas.add(key, &object));
        assert_ne!(schemas.fingerprint(), before);
        let present = keys.iter().map(|key| (Place::Unstruct, key.clone())).collect();
        let names: Vec<String> =
            schemas.columns(&present).into_iter().map(|(.., column)| column.field.name).collect();
        assert_eq!(names[0], "unstruct_event_com_acme_x_y_1");
        assert!(names[1].starts_with("unstruct_event_com_acme_x_y_1_") && names.len() == 2, "{names:?}");
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        let mut schemas = Schemas::default();
        let [broken, missing, other] =
            ["a/x/jsonschema/1-0-0", "a/x/jsonschema/1-0-1", "a/x/jsonschema/1-0-2"].map(key);
        schemas.add(&broken, &json!({"type": "objekt"}));
        schemas.add_missing(&missing, &ResolutionError::default());
        let message = |key: &SchemaKey| schemas.trouble(key).unwrap()["message"].clone();
        assert_eq!(message(&broken), "cannot be parsed as JSON Schema: type at  is not understood");
        assert_eq!(schemas.trouble(&missing).unwrap()["error"]["error"], "ResolutionError");
        assert_eq!(message(&other), "was not looked for");
    }
}
