//! Which versions of a model there are. Registries without a list of their schemas are asked for one version after the other
//! (`spec/iglu.md` 3.7, 6.8).

use std::{collections::HashSet, sync::Arc};

use event::schema_key::{SchemaKey, SchemaVersion};
use iglu::{
    cache::{Cache, Lookup},
    client_error::{RegistryError, ResolutionError},
    schema::Schema,
};
use jiff::Timestamp;

/// What is known of a model.
#[derive(Clone, Debug)]
pub enum Family {
    /// Ask for this schema, then look again.
    Ask(SchemaKey),
    /// These versions, lowest first.
    Versions(Vec<Arc<Schema>>),
    /// No version at all; what the registries said about the one that was wanted.
    Missing(Arc<ResolutionError>),
    /// A registry is away, so that nothing can be said yet.
    Away(Arc<ResolutionError>),
}

/// What a cache of schemas knows of a model, `asked` being the versions that were fetched just now.
pub fn known(cache: &Cache, key: &SchemaKey, asked: &HashSet<SchemaKey>, now: Timestamp) -> Family {
    of(key, |key| match cache.lookup(key, now) {
        // Asked just now and still nothing to be had.
        Lookup::Need if asked.contains(key) => Lookup::Unknown(Arc::default()),
        known => known,
    })
}

/// The versions of the model of `key`, as far as registries can be asked one by one: everything up to `key`, and from there on
/// until one is missing.
pub fn of(key: &SchemaKey, lookup: impl Fn(&SchemaKey) -> Lookup) -> Family {
    let version = |revision, addition| SchemaKey {
        version: SchemaVersion { model: key.version.model, revision, addition },
        ..key.clone()
    };
    let mut found = Vec::new();
    let mut missing = None;
    for revision in 0.. {
        let before = found.len();
        for addition in 0.. {
            let here = version(revision, addition);
            let up_to_key = here.version <= key.version;
            match lookup(&here) {
                Lookup::Need => return Family::Ask(here),
                Lookup::Known(schema) => found.push(schema),
                Lookup::Unknown(error) if up_to_key && is_away(&error) => return Family::Away(error),
                Lookup::Unknown(error) => {
                    if here == *key {
                        missing = Some(error);
                    }
                    // Within the revision of `key` gaps are passed over; a list may begin late.
                    if revision != key.version.revision || addition >= key.version.addition {
                        break;
                    }
                }
            }
        }
        if revision >= key.version.revision && found.len() == before {
            break;
        }
        // Beyond `key` a revision that is missing ends the list.
        if revision > key.version.revision.saturating_add(REVISIONS_AHEAD) {
            break;
        }
    }
    match (found.is_empty(), missing) {
        (true, Some(error)) => Family::Missing(error),
        (true, None) => Family::Missing(Arc::default()),
        (false, _) => Family::Versions(found),
    }
}

/// So many revisions beyond the one that was wanted are looked for at most.
const REVISIONS_AHEAD: u32 = 100;

/// Whether some registry has never answered: what it has is not known.
pub fn is_away(error: &ResolutionError) -> bool {
    error.lookup_history.values().any(|history| !history.errors.contains(&RegistryError::NotFound))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use iglu::client_error::LookupHistory;
    use jiff::Timestamp;

    use super::*;

    fn error(errors: Vec<RegistryError>) -> Arc<ResolutionError> {
        let history = LookupHistory { errors, attempts: 1, last_attempt: Timestamp::UNIX_EPOCH };
        Arc::new(ResolutionError { lookup_history: BTreeMap::from([("r".to_owned(), history)]) })
    }

    fn key(version: &str) -> SchemaKey {
        format!("iglu:com.acme/x/jsonschema/{version}").parse().unwrap()
    }

    /// Versions found when these exist, as the result of asking until nothing is asked for.
    fn versions(wanted: &str, exist: &[&str], away: &[&str]) -> Result<Vec<String>, &'static str> {
        let mut asked = Vec::new();
        loop {
            let family = of(&key(wanted), |key| {
                let version = key.version.to_string();
                if !asked.contains(&version) {
                    Lookup::Need
                } else if exist.contains(&version.as_str()) {
                    Lookup::Known(Arc::new(Schema::compile(key.clone(), serde_json::json!({}))))
                } else if away.contains(&version.as_str()) {
                    Lookup::Unknown(error(vec![RegistryError::RepoFailure("down".into())]))
                } else {
                    let failed_once = RegistryError::ClientFailure("once".into());
                    Lookup::Unknown(error(vec![failed_once, RegistryError::NotFound]))
                }
            });
            match family {
                Family::Ask(key) => asked.push(key.version.to_string()),
                Family::Versions(all) => return Ok(all.iter().map(|s| s.key.version.to_string()).collect()),
                Family::Missing(_) => return Err("missing"),
                Family::Away(_) => return Err("away"),
            }
        }
    }

    #[test]
    fn finds_what_there_is() {
        let check = |wanted, exist: &[&str], expect: Result<&[&str], &'static str>| {
            let expect = expect.map(|all| all.iter().map(|&v| v.to_owned()).collect());
            assert_eq!(versions(wanted, exist, &[]), expect, "{wanted} of {exist:?}");
        };
        check("1-0-0", &["1-0-0"], Ok(&["1-0-0"]));
        check("1-0-0", &["1-0-0", "1-0-1", "1-1-0", "2-0-0"], Ok(&["1-0-0", "1-0-1", "1-1-0"]));
        check("1-1-0", &["1-0-0", "1-0-1", "1-1-0"], Ok(&["1-0-0", "1-0-1", "1-1-0"]));
        // The list begins late, has a gap, or does not have the version that was wanted.
        check("1-0-4", &["1-0-4"], Ok(&["1-0-4"]));
        check("1-0-2", &["1-0-0", "1-0-2"], Ok(&["1-0-0", "1-0-2"]));
        check("1-0-9", &["1-0-0", "1-0-1"], Ok(&["1-0-0", "1-0-1"]));
        check("1-0-0", &[], Err("missing"));
    }

    #[test]
    fn waits_for_a_registry_that_is_away() {
        assert_eq!(versions("1-0-1", &["1-0-1"], &["1-0-0"]), Err("away"));
        assert_eq!(versions("1-0-0", &["1-0-0"], &["1-0-1", "1-1-0"]), Ok(vec!["1-0-0".to_owned()]));
    }
}
