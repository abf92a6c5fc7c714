//! The versions of a model that data have -> the columns of an entity (`spec/loaders-and-leases.md` 4.3, 4.5, 4.6).

use event::schema_key::{SchemaKey, SchemaVersion};
use event::shredded_name;

use super::{
    Field,
    fingerprint::fingerprint,
    merge::merge,
    select::{contexts, unstruct, version_text},
    syntax::Syntax,
};

/// Where an event holds an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// Among its contexts, derived ones included.
    Contexts,
    /// As the event itself.
    Unstruct,
}

/// A column of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name and type.
    pub field: Field,
    /// The versions whose data it takes.
    pub versions: Vec<SchemaVersion>,
}

impl Place {
    /// The name of the column of a model.
    pub fn column(self, key: &SchemaKey) -> String {
        match self {
            Self::Contexts => shredded_name::contexts(key),
            Self::Unstruct => shredded_name::unstruct_event(key),
        }
    }
}

/// The columns for data of the versions `present`, a part of `versions`, which are all versions of the model of `key` up to
/// the highest that is present, lowest first. A version that does not merge with those before it has a column of its own.
/// Versions that allow nothing to store have none.
pub fn columns(
    place: Place,
    key: &SchemaKey,
    versions: &[(SchemaVersion, &Syntax)],
    present: &[SchemaVersion],
) -> Vec<Column> {
    let name = place.column(key);
    let field = |name: &str, schema: &Syntax| match place {
        Place::Contexts => contexts(name, schema),
        Place::Unstruct => unstruct(name, schema),
    };
    let mut main: Option<Column> = None;
    let mut recovered = Vec::new();
    for (version, schema) in versions {
        let Some(newer) = field(&name, schema) else { continue };
        main = match main.take() {
            None => Some(Column { field: newer, versions: vec![*version] }),
            Some(Column { field: older, mut versions }) => match merge(&older, &newer) {
                Some(field) => {
                    versions.push(*version);
                    Some(Column { field, versions })
                }
                None => {
                    if present.contains(version) {
                        let version_text = version_text(*version);
                        let name = format!("{name}_recovered_{version_text}_{}", fingerprint(schema));
                        let own =
                            field(&name, schema).map(|field| Column { field, versions: vec![*version] });
                        recovered.extend(own);
                    }
                    Some(Column { field: older, versions })
                }
            },
        };
    }
    let is_present = |column: &Column| column.versions.iter().any(|version| present.contains(version));
    main.into_iter().filter(is_present).chain(recovered).collect()
}
