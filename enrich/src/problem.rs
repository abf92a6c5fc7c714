//! What can be wrong with an event. Kept apart from how it is worded: see `render.rs`.

use event::{
    atomic::Field,
    bad_row::Message,
    schema_key::{SchemaCriterion, SchemaKey},
};
use iglu::client_error::ClientError;
use serde_json::Value;

use crate::conversion::Unconvertible;

/// Where self-describing data came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Unstruct,
    Contexts,
    Derived,
}

/// A violation of a schema: of the atomic one or of one that the data name.
#[derive(Clone, Debug)]
pub(crate) enum Problem {
    /// The collector's timestamp is out of range.
    CollectorTstamp { iso: String, formatted: String },
    /// A parameter that its field does not take.
    Parameter { name: &'static str, value: String, why: Unconvertible },
    /// Fields that are too long, with their limits and values.
    TooLong(Vec<(Field, u32, String)>),
    /// `text` is no JSON. It was sent as `sent` in `parameter`.
    NotJson { source: Source, parameter: &'static str, sent: String, text: String, error: String },
    /// Not self-describing.
    NotIglu { source: Source, json: Value, code: &'static str },
    /// Self-describing, but by another schema than the place demands.
    Criterion { source: Source, key: SchemaKey, criterion: SchemaCriterion, data: Value },
    /// The schema is not to be had, or the data do not follow it.
    Iglu { source: Source, key: SchemaKey, error: ClientError, data: Value },
}

/// A step that failed.
#[derive(Clone, Debug)]
pub(crate) struct StepFailure {
    /// Schema key of the configuration and identifier, of configurable enrichments.
    pub(crate) enrichment: Option<(SchemaKey, String)>,
    pub(crate) what: StepProblem,
}

/// Why a step failed.
#[derive(Clone, Debug)]
pub(crate) enum StepProblem {
    /// As bad rows print it.
    Message(Message),
    /// A text that is not convertible.
    Conversion { field: &'static str, value: String, why: Unconvertible },
}

impl StepFailure {
    /// A failure of a step that is always on.
    pub(crate) fn built_in(message: Message) -> Box<Self> {
        Box::new(Self { enrichment: None, what: StepProblem::Message(message) })
    }
}

impl Source {
    /// As bad rows and failure entities name it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Unstruct => "unstruct",
            Self::Contexts => "contexts",
            Self::Derived => "derived_contexts",
        }
    }
}
