//! What enrichments that ask services take from an event: fields, and values inside self-describing data
//! (`spec/enrichments-and-adapters.md` 2.20, 2.21).

use event::{
    atomic::{FIELDS, Field},
    schema_key::SchemaCriterion,
    self_describing::SelfDescribing,
};
use serde::Deserialize;
use serde_json::Value;

use crate::{json_path::JsonPath, steps::Working};

/// `pojo` or `json` of an input, as configured.
#[derive(Deserialize)]
pub(crate) struct Configured {
    pojo: Option<Pojo>,
    json: Option<Json>,
}

/// A field of the event.
#[derive(Deserialize)]
pub(super) struct Pojo {
    pub(super) field: String,
}

/// A part of self-describing data.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Json {
    pub(super) field: Place,
    pub(super) schema_criterion: String,
    pub(super) json_path: String,
}

/// Where self-describing data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    UnstructEvent,
    Contexts,
    DerivedContexts,
}

/// Where an input is.
pub(crate) enum Input {
    Field(Field),
    Inside(Inside),
}

/// A value inside self-describing data.
pub(crate) struct Inside {
    place: Place,
    criterion: SchemaCriterion,
    path: JsonPath,
}

/// What is in an event.
pub(crate) enum Found<'e> {
    /// The text of a field.
    Field(Field, &'e str),
    /// The values that a path leads to, in the first data of the schema.
    Values(Vec<Value>),
    /// No such field, or no such data.
    Nothing,
    /// It is not known before a service has answered.
    Unknown,
}

impl Input {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(configured: Configured) -> Result<Self, String> {
        match configured {
            Configured { pojo: Some(Pojo { field }), .. } => {
                let known = FIELDS.into_iter().find(|known| known.name() == field);
                known.map(Self::Field).ok_or_else(|| format!("pojo.field: there is no field {field}"))
            }
            Configured { json: Some(json), .. } => {
                let criterion = json.schema_criterion.parse();
                let criterion = criterion.map_err(|_| {
                    format!("json.schemaCriterion: {} is no criterion", json.schema_criterion)
                })?;
                let path = JsonPath::compile(&json.json_path).map_err(|e| format!("json.jsonPath: {e}"))?;
                Ok(Self::Inside(Inside { place: json.field, criterion, path }))
            }
            Configured { pojo: None, json: None } => Err("neither pojo nor json".to_owned()),
        }
    }

    /// Looks into an event.
    pub(crate) fn find<'e>(&self, working: &'e Working<'_>) -> Found<'e> {
        match self {
            Self::Field(field) => {
                working.event.get(*field).map_or(Found::Nothing, |text| Found::Field(*field, text))
            }
            Self::Inside(inside) => inside.find(working),
        }
    }
}

impl Inside {
    fn find(&self, working: &Working<'_>) -> Found<'static> {
        let is_it = |entity: &&SelfDescribing| self.criterion.matches(&entity.schema);
        let found = match self.place {
            Place::UnstructEvent => working.unstruct.as_ref().filter(is_it),
            Place::Contexts => working.contexts.iter().find(is_it),
            // Another service may be about to add what this one is asked about.
            Place::DerivedContexts if working.inquiry.is_open() => return Found::Unknown,
            Place::DerivedContexts => working.derived.iter().find(is_it),
        };
        found.map_or(Found::Nothing, |entity| Found::Values(self.path.values(&entity.data)))
    }
}
