//! What bad rows say when a schema is not to be had or data do not follow it (`spec/enrich.md` 5.6, `spec/iglu.md` 3.8).

use std::{collections::BTreeMap, fmt};

use event::{schema_key::SchemaVersion, timestamp::instant};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::schema::{DataReport, Invalid, SchemaIssue};

/// Distinct errors remembered of a registry.
const ERRORS_KEPT: usize = 32;

/// The original's client error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// No registry has the schema.
    Resolution(ResolutionError),
    /// Invalid data or schema.
    Validation {
        /// Why.
        invalid: Invalid,
        /// The version the data were judged by, where it superseded the one asked for.
        superseded_by: Option<SchemaVersion>,
    },
}

/// What each registry answered, by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolutionError {
    /// In order of the names.
    pub lookup_history: BTreeMap<String, LookupHistory>,
}

/// What one registry answered over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupHistory {
    /// Distinct errors, oldest first.
    pub errors: Vec<RegistryError>,
    /// How often it was asked.
    pub attempts: u32,
    /// When it was asked last.
    pub last_attempt: Timestamp,
}

/// One registry's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryError {
    /// It does not have it.
    NotFound,
    /// It failed.
    RepoFailure(String),
    /// We failed to ask, or did not understand.
    ClientFailure(String),
    /// It was asked and understood, and will not give a schema that can be used. Bad rows show a `ClientFailure`.
    Refused(String),
}

impl ClientError {
    /// The JSON that goes into `error` of bad rows.
    /// Keys stand in the original's order.
    pub fn to_json(&self) -> Value {
        let mut json = Map::new();
        match self {
            ClientError::Resolution(error) => return error.to_json(),
            ClientError::Validation { invalid, superseded_by } => {
                if let Some(version) = superseded_by {
                    json.insert("supersededBy".into(), version.to_string().into());
                }
                json.insert("error".into(), "ValidationError".into());
                match invalid {
                    Invalid::Data(reports) => {
                        json.insert("dataReports".into(), reports.iter().map(data_report).collect());
                    }
                    Invalid::Schema(issues) => {
                        let issue =
                            |issue: &SchemaIssue| json!({"path": issue.path, "message": issue.message});
                        json.insert("schemaIssues".into(), issues.iter().map(issue).collect());
                    }
                }
            }
        }
        Value::Object(json)
    }
}

impl ResolutionError {
    /// Whether a registry was unreachable or misbehaved, so that asking later may give another answer
    /// (`spec/enrich.md` 5.4).
    pub fn is_system_error(&self) -> bool {
        self.lookup_history
            .values()
            .any(|history| history.errors.iter().any(|error| *error != RegistryError::NotFound))
    }

    /// A registry that may have the schema and has not answered yet, and what came instead of an answer. None: all have
    /// answered, and data that name the schema are bad.
    pub fn undecided(&self) -> Option<(&str, &RegistryError)> {
        self.lookup_history.iter().find_map(|(name, history)| {
            let has_answered = history.errors.iter().any(RegistryError::is_answer);
            let failure = history.errors.last().filter(|_| !has_answered)?;
            Some((name.as_str(), failure))
        })
    }

    /// Notes what a registry answered.
    pub(crate) fn add(&mut self, repository: &str, error: RegistryError, now: Timestamp) {
        let empty = || LookupHistory { errors: vec![], attempts: 0, last_attempt: now };
        let history = self.lookup_history.entry(repository.to_owned()).or_insert_with(empty);
        if history.errors.len() < ERRORS_KEPT && !history.errors.contains(&error) {
            history.errors.push(error);
        }
        history.attempts = history.attempts.saturating_add(1);
        history.last_attempt = history.last_attempt.max(now);
    }

    /// Drops what was not found: those registries are to be asked again.
    pub(crate) fn forget_not_found(&mut self) {
        for history in self.lookup_history.values_mut() {
            history.errors.retain(|error| *error != RegistryError::NotFound);
        }
    }

    /// The JSON that goes into `error` of bad rows.
    pub fn to_json(&self) -> Value {
        let history = |(name, history): (&String, &LookupHistory)| {
            json!({
                "repository": name,
                "errors": history.errors.iter().map(RegistryError::to_json).collect::<Value>(),
                "attempts": history.attempts,
                "lastAttempt": instant(history.last_attempt).to_string(),
            })
        };
        json!({"error": "ResolutionError", "lookupHistory": self.lookup_history.iter().map(history).collect::<Value>()})
    }
}

impl RegistryError {
    /// Whether it says that the registry has no such schema for us; all else may pass.
    pub fn is_answer(&self) -> bool {
        matches!(self, RegistryError::NotFound | RegistryError::Refused(_))
    }

    fn to_json(&self) -> Value {
        match self {
            RegistryError::NotFound => json!({"error": "NotFound"}),
            RegistryError::RepoFailure(message) => json!({"error": "RepoFailure", "message": message}),
            RegistryError::ClientFailure(message) | RegistryError::Refused(message) => {
                json!({"error": "ClientFailure", "message": message})
            }
        }
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegistryError::NotFound => f.write_str("not found"),
            RegistryError::RepoFailure(what)
            | RegistryError::ClientFailure(what)
            | RegistryError::Refused(what) => f.write_str(what),
        }
    }
}

fn data_report(report: &DataReport) -> Value {
    json!({"message": report.message, "path": report.path, "keyword": report.keyword, "targets": report.targets})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_decided() {
        let failed = || RegistryError::RepoFailure("down".into());
        let refused = || RegistryError::Refused("no".into());
        let check = |registries: &[&[RegistryError]], expect: Option<&str>| {
            let mut error = ResolutionError::default();
            for (registry, answers) in ["a", "b"].iter().zip(registries) {
                for answer in *answers {
                    error.add(registry, answer.clone(), Timestamp::UNIX_EPOCH);
                }
            }
            assert_eq!(error.undecided().map(|(registry, _)| registry), expect, "{registries:?}");
        };
        check(&[], None);
        check(&[&[RegistryError::NotFound], &[refused()]], None);
        check(&[&[RegistryError::NotFound], &[failed()]], Some("b"));
        check(&[&[failed()], &[failed()]], Some("a"));
        check(&[&[failed(), RegistryError::NotFound]], None);
        check(&[&[failed(), refused()]], None);
    }
}
