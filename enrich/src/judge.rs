//! Judging self-describing data while collecting the schemas that are not known yet.

use std::cell::RefCell;

use event::{
    json,
    schema_key::{SchemaKey, SchemaVersion},
    self_describing::SelfDescribing,
};
use iglu::{
    cache::Cache,
    check::{Verdict, check_within},
    client_error::ClientError,
};
use jiff::Timestamp;
use serde_json::Value;

/// Known schemas at one moment.
#[derive(Debug)]
pub(crate) struct Judge<'a> {
    cache: &'a Cache,
    now: Timestamp,
    /// Deepest data that a schema is asked about.
    max_depth: usize,
    /// Whether data are known to be no deeper, because their text was parsed with that limit.
    depth_is_known: bool,
    needs: RefCell<Vec<SchemaKey>>,
}

/// A judgement.
#[derive(Debug)]
pub(crate) enum Judgement {
    Valid,
    /// Valid by this version, which supersedes the one that the data name.
    Superseded(SchemaVersion),
    Invalid(ClientError),
    /// The schema was put on the list of needs.
    Unknown,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(cache: &'a Cache, now: Timestamp, max_depth: usize, depth_is_known: bool) -> Self {
        Self { cache, now, max_depth, depth_is_known, needs: RefCell::default() }
    }

    /// Judges data by the schema they name.
    pub(crate) fn judge(&self, data: &SelfDescribing) -> Judgement {
        match check_within(self.cache, data, self.max_depth, self.now) {
            Verdict::Valid => Judgement::Valid,
            Verdict::ValidBySuperseding(key) => Judgement::Superseded(key.version),
            Verdict::Invalid(error) => Judgement::Invalid(error),
            Verdict::Need(key) => {
                let mut needs = self.needs.borrow_mut();
                if !needs.contains(&key) {
                    needs.push(key);
                }
                Judgement::Unknown
            }
        }
    }

    /// Whether data are deeper than a schema may be asked about.
    pub(crate) fn is_too_deep(&self, data: &Value) -> bool {
        !self.depth_is_known && json::depth(data) > self.max_depth
    }

    /// The schemas that were missing.
    pub(crate) fn into_needs(self) -> Vec<SchemaKey> {
        self.needs.into_inner()
    }
}

/// Takes `schema` and `data` apart; other keys are dropped.
///
/// # Errors
/// The JSON as it was, and the code that bad rows carry.
pub(crate) fn take_apart(mut json: Value) -> Result<SelfDescribing, (Value, &'static str)> {
    match SelfDescribing::schema_of(&json) {
        Err(not) => Err((json, not.code)),
        Ok(schema) => {
            let data = json.get_mut("data").map(Value::take).unwrap_or_default();
            Ok(SelfDescribing { schema, data })
        }
    }
}
