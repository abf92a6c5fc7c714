//! Schemas by model.

use ::iglu::syntax::Syntax;
use event::schema_key::SchemaKey;
use serde_json::Value;

/// One version.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) key: SchemaKey,
    pub(crate) json: Value,
    pub(crate) syntax: Syntax,
}

/// Each model's versions in order, none empty. Messages are those of igluctl.
pub(crate) fn models(
    schemas: impl IntoIterator<Item = (SchemaKey, Value)>,
) -> Result<Vec<Vec<Version>>, Vec<String>> {
    let mut sorted: Vec<(SchemaKey, Value)> = schemas.into_iter().collect();
    sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut models: Vec<Vec<Version>> = Vec::new();
    for (key, json) in sorted {
        let syntax = Syntax::decode(&json)
            .map_err(|_| vec!["Error while parsing schema jsons to Schema object".to_owned()])?;
        let version = Version { key, json, syntax };
        match models.last_mut() {
            Some(model) if is_one_model(&model[0].key, &version.key) => model.push(version),
            _ => models.push(vec![version]),
        }
    }
    Ok(models)
}

fn is_one_model(a: &SchemaKey, b: &SchemaKey) -> bool {
    (&a.vendor, &a.name, a.version.model) == (&b.vendor, &b.name, b.version.model)
}
