//! Judging self-describing data while collecting the schemas that are not known yet.

use std::cell::RefCell;

use event::{
    json,
    schema_key::{SchemaKey, SchemaVersion},
    self_describing::SelfDescribing,
};
use iglu::{
    cache::Cache,
    check::{Verdict, check},
    client_error::ClientError,
    schema::{DataReport, Invalid},
};
use jiff::Timestamp;
use serde_json::Value;

/// Known schemas at one moment.
#[derive(Debug)]
pub(crate) struct Judge<'a> {
    cache: &'a Cache,
    now: Timestamp,
    /// Deepest data that a schema is asked about; `None`: depth was looked at before.
    max_depth: Option<usize>,
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
    pub(crate) fn new(cache: &'a Cache, now: Timestamp, max_depth: Option<usize>) -> Self {
        Self { cache, now, max_depth, needs: RefCell::default() }
    }

    /// Judges data by the schema they name.
    pub(crate) fn judge(&self, data: &SelfDescribing) -> Judgement {
        if self.is_too_deep(&data.data) {
            let report = DataReport {
                message: "Maximum allowed JSON depth exceeded".into(),
                path: Some("/".into()),
                keyword: None,
                targets: Vec::new(),
            };
            return Judgement::Invalid(ClientError::Validation {
                invalid: Invalid::Data(vec![report]),
                superseded_by: None,
            });
        }
        match check(self.cache, data, self.now) {
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
        self.max_depth.is_some_and(|max| json::depth(data) > max)
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
