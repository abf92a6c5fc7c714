//! Lists of schemas for static registries (`spec/iglu.md` 5.6): those whose order of publication their versions tell.

use event::schema_key::{SchemaKey, SchemaVersion};

/// The schemas of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelList {
    /// `com.acme/cart/jsonschema/1`
    pub path: String,
    /// URIs, sorted as texts; `None`: the versions do not tell their order.
    pub uris: Option<Vec<String>>,
    /// `com.acme/cart/1`
    pub name: String,
}

/// A list for each model, sorted by path.
pub fn lists(keys: &[SchemaKey]) -> Vec<ModelList> {
    let mut sorted: Vec<&SchemaKey> = keys.iter().collect();
    sorted.sort();
    let models = sorted
        .chunk_by(|a, b| (&a.vendor, &a.name, a.version.model) == (&b.vendor, &b.name, b.version.model));
    let list = |model: &[&SchemaKey]| {
        let key = model[0];
        let versions: Vec<SchemaVersion> = model.iter().map(|key| key.version).collect();
        let mut uris: Vec<String> = model.iter().map(ToString::to_string).collect();
        uris.sort();
        let (vendor, name, number) = (&key.vendor, &key.name, key.version.model);
        ModelList {
            path: format!("{vendor}/{name}/jsonschema/{number}"),
            uris: is_ordered(&versions).then_some(uris),
            name: format!("{vendor}/{name}/{number}"),
        }
    };
    models.map(list).collect()
}

/// Whether sorting by revision and addition is sorting by addition and revision.
fn is_ordered(versions: &[SchemaVersion]) -> bool {
    let mut by_revision = versions.to_vec();
    by_revision.sort_by_key(|version| (version.revision, version.addition));
    let mut by_addition = versions.to_vec();
    by_addition.sort_by_key(|version| (version.addition, version.revision));
    by_revision == by_addition
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certain() {
        let keys: Vec<SchemaKey> =
            ["a/1-0-10", "a/1-0-0", "a/1-0-2", "b/1-0-0", "b/1-0-1", "b/1-1-0", "a/2-0-0"]
                .iter()
                .map(|text| format!("iglu:v/{}", text.replace('/', "/jsonschema/")).parse().unwrap())
                .collect();
        let found = lists(&keys);
        let paths: Vec<&str> = found.iter().map(|list| list.path.as_str()).collect();
        assert_eq!(paths, ["v/a/jsonschema/1", "v/a/jsonschema/2", "v/b/jsonschema/1"]);
        let sorted_as_texts =
            ["iglu:v/a/jsonschema/1-0-0", "iglu:v/a/jsonschema/1-0-10", "iglu:v/a/jsonschema/1-0-2"];
        assert_eq!(found[0].uris.as_deref().unwrap(), sorted_as_texts);
        assert_eq!((found[2].uris.as_ref(), found[2].name.as_str()), (None, "v/b/1"));
    }
}
