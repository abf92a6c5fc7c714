//! Judging self-describing data while collecting the schemas that are not known yet.

use std::cell::RefCell;

use event::{
    json,
    schema_key::{InvalidSchemaKey, SchemaKey, SchemaVersion},
    self_describing::SelfDescribing,
};
use iglu::{
    cache::Cache,
    check::{Verdict, check_within},
    client_error::ClientError,
};
use jiff::Timestamp;
use serde_json::Value;

use crate::compatibility::Compatibility;

/// Known schemas at one moment.
#[derive(Debug)]
pub(crate) struct Judge<'a> {
    cache: &'a Cache,
    now: Timestamp,
    /// Deepest data that a schema is asked about.
    max_depth: usize,
    compatibility: Compatibility,
    needs: RefCell<Vec<SchemaKey>>,
}

/// Levels of a document above the data of an entity: the envelope, the list, and the entity.
const ENVELOPES: usize = 4;

/// A judgement.
#[derive(Debug)]
pub(crate) enum Judgement {
    Valid,
    /// Valid by this version, which supersedes the one that the data name.
    Superseded(SchemaVersion),
    Invalid(ClientError),
    /// The schema was put on the list of needs: it is not known, or a registry that may have it has not answered.
    Unknown,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(
        cache: &'a Cache,
        now: Timestamp,
        max_depth: usize,
        compatibility: Compatibility,
    ) -> Self {
        // Data stand a few levels below the top of a document, which may be folded at the deepest level.
        let max_depth = max_depth.min(json::MAX_DEPTH - ENVELOPES);
        Self { cache, now, max_depth, compatibility, needs: RefCell::default() }
    }

    /// Judges data by the schema they name.
    pub(crate) fn judge(&self, data: &SelfDescribing) -> Judgement {
        match check_within(self.cache, data, self.max_depth, self.now) {
            Verdict::Valid => Judgement::Valid,
            Verdict::ValidBySuperseding(key) => Judgement::Superseded(key.version),
            // A registry that does not answer says nothing about the data.
            Verdict::Invalid(ClientError::Resolution(error)) if error.undecided().is_some() => {
                self.need(data.schema.clone())
            }
            Verdict::Invalid(error) => Judgement::Invalid(error),
            Verdict::Need(key) => self.need(key),
        }
    }

    fn need(&self, key: SchemaKey) -> Judgement {
        let mut needs = self.needs.borrow_mut();
        if !needs.contains(&key) {
            needs.push(key);
        }
        Judgement::Unknown
    }

    /// Whether data are deeper than a schema may be asked about.
    pub(crate) fn is_too_deep(&self, data: &Value) -> bool {
        // The current line has parsed the text with that limit.
        self.compatibility.is_apache() && json::depth(data) > self.max_depth
    }

    /// Reads the name of a schema.
    ///
    /// # Errors
    /// The code that bad rows carry.
    pub(crate) fn schema_key(&self, uri: &str) -> Result<SchemaKey, InvalidSchemaKey> {
        self.compatibility.schema_key(uri)
    }

    /// Takes `schema` and `data` apart; other keys are dropped.
    ///
    /// # Errors
    /// The JSON as it was, and the code that bad rows carry.
    pub(crate) fn take_apart(&self, json: Value) -> Result<SelfDescribing, (Value, &'static str)> {
        self.compatibility.take_apart(json)
    }

    /// The schemas that were missing.
    pub(crate) fn into_needs(self) -> Vec<SchemaKey> {
        self.needs.into_inner()
    }
}
