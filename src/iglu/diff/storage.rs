//! What a new version of a schema does where its data are stored, before it is published.

use ::iglu::{
    field::{
        column::{Place, columns},
        merge,
        outline::outline,
        select,
    },
    redshift::{column::Encodings, model::Model},
    syntax::Syntax,
    table::{
        migration::{Existing, plan},
        model::Table,
        name,
    },
};
use event::schema_key::SchemaKey;
use serde_json::Value;
use service::exit::RunError;

use super::{Given, wrong};

/// What happens in each kind of store, line by line.
pub(super) struct Consequences {
    pub(super) postgres: Vec<String>,
    pub(super) redshift: Vec<String>,
    pub(super) parquet: Vec<String>,
}

impl Consequences {
    /// Of publishing `new` after `old`.
    pub(super) fn of(old: &Given, new: &Given, dbschema: &str) -> Result<Self, RunError> {
        let read = |given: &Given| Syntax::decode(&given.json).map_err(|error| wrong(error.to_string()));
        let (old_syntax, new_syntax) = (read(old)?, read(new)?);
        let is_same_model = old.key.version.model == new.key.version.model;
        let pair = [(old.key.clone(), &old_syntax), (new.key.clone(), &new_syntax)];
        let versions = if is_same_model { &pair[..] } else { &pair[1..] };
        Ok(Self {
            postgres: postgres(old, new, dbschema)?,
            redshift: redshift(versions, dbschema),
            parquet: parquet(versions),
        })
    }
}

/// What the Postgres loader does when the first event of the new version comes.
fn postgres(old: &Given, new: &Given, dbschema: &str) -> Result<Vec<String>, RunError> {
    let table = |versions: &[&Given]| {
        let versions: Vec<(SchemaKey, &Value)> =
            versions.iter().map(|given| (given.key.clone(), &given.json)).collect();
        Table::of(&versions, true).map_err(|error| wrong(error.to_string()))
    };
    let is_same_table = old.key.version.model == new.key.version.model;
    let existing = if is_same_table { table(&[old])?.map(|table| Existing::of(&table)) } else { None };
    let wanted = if is_same_table { table(&[old, new])? } else { table(&[new])? };
    let Some(wanted) = wanted else { return Ok(Vec::new()) };
    let quoted = format!("{}.{}", name::quote(dbschema), name::quote(name::cut(&wanted.name)));
    let changes = plan(&wanted, existing.as_ref());
    Ok(changes.iter().map(|change| change.sql(&quoted).replace('\n', " ")).collect())
}

/// What the table needs; the versions are those of one model, the new one last.
fn redshift(versions: &[(SchemaKey, &Syntax)], dbschema: &str) -> Vec<String> {
    let Some(model) = Model::of(versions) else { return vec![] };
    let table = format!("{dbschema}.{}", model.table);
    if let Some(recovered) = model.recovered.first() {
        let reasons = recovered.reasons.iter().map(|reason| format!("does not fit: {reason}"));
        let instead = format!("its events go to a table of their own, {dbschema}.{}", recovered.table);
        return reasons.chain([instead]).collect();
    }
    if versions.len() == 1 {
        return vec![format!("CREATE TABLE {table}, with {} columns of the data", model.columns.len())];
    }
    let Some(step) = model.steps.last() else { return vec![] };
    let widened = step
        .widened
        .iter()
        .map(|column| format!("ALTER TABLE {table} ALTER COLUMN \"{}\" TYPE {}", column.name, column.ty));
    let added = step.added.iter().map(|column| {
        let encoding = column.encoding(Encodings::Igluctl);
        format!("ALTER TABLE {table} ADD COLUMN \"{}\" {} {encoding}", column.name, column.ty)
    });
    widened.chain(added).collect()
}

/// What becomes of the column of the events.
fn parquet(versions: &[(SchemaKey, &Syntax)]) -> Vec<String> {
    let Some((key, newer)) = versions.last() else { return vec![] };
    let name = Place::Unstruct.column(key);
    let field = |schema: &Syntax| select::unstruct(&name, schema);
    match (versions.len(), field(versions[0].1), field(newer)) {
        (_, _, None) => vec![],
        (1, _, Some(new)) | (_, None, Some(new)) => outline(&new).lines().map(str::to_owned).collect(),
        (_, Some(old), Some(new)) => {
            let breaking = merge::breaking(&old, &new);
            if breaking.is_empty() {
                return merge::growth(&old, &new).into_iter().map(|line| format!("{name}{line}")).collect();
            }
            let all: Vec<_> = versions.iter().map(|(key, schema)| (key.version, *schema)).collect();
            let own = columns(Place::Unstruct, key, &all, &[key.version]);
            let instead = own
                .iter()
                .map(|column| format!("its events have a column of their own, {}", column.field.name));
            breaking.iter().map(|why| format!("does not fit: {why}")).chain(instead).collect()
        }
    }
}
