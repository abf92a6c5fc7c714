//! Schemas that batches want and a registry has not decided about: what health says of them. Pure.

pub(crate) mod run;

use std::collections::BTreeMap;

use event::schema_key::SchemaKey;
use iglu::client_error::RegistryError;
use jiff::Timestamp;

/// Characters of a registry's failure that are shown.
const SHOWN: usize = 200;

/// The schemas that are asked for again and again.
#[derive(Debug, Default)]
pub(crate) struct Undecided {
    schemas: BTreeMap<SchemaKey, Wait>,
}

#[derive(Debug)]
struct Wait {
    since: Timestamp,
    what: String,
}

impl Undecided {
    /// A registry has not answered for `key`, again perhaps: `what` it did instead. Whether it is the first time.
    pub(crate) fn failed(&mut self, key: &SchemaKey, what: &str, now: Timestamp) -> bool {
        let what = what.to_owned();
        if let Some(wait) = self.schemas.get_mut(key) {
            wait.what = what;
            return false;
        }
        self.schemas.insert(key.clone(), Wait { since: now, what });
        true
    }

    /// It is decided, or nobody wants it any more. Whether it was waited for.
    pub(crate) fn over(&mut self, key: &SchemaKey) -> bool {
        self.schemas.remove(key).is_some()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.schemas.len()
    }

    /// The oldest wait in one line; none: there is none.
    pub(crate) fn summary(&self) -> Option<String> {
        let (key, wait) = self.schemas.iter().min_by_key(|(_, wait)| wait.since)?;
        let others = match self.schemas.len() - 1 {
            0 => String::new(),
            n => format!("; {n} more schemas wait"),
        };
        Some(format!("{key} is waited for since {}: {}{others}", wait.since, wait.what))
    }
}

/// What a registry did instead of answering.
pub(crate) fn unanswered(registry: &str, failure: &RegistryError) -> String {
    let said: String =
        failure.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
    format!("registry `{registry}` does not answer: {said}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_wait_is_told() {
        let key = |name: &str| format!("iglu:com.acme/{name}/jsonschema/1-0-0").parse::<SchemaKey>().unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        let failure = |what: &str| unanswered("Acme", &RegistryError::RepoFailure(what.into()));
        let mut undecided = Undecided::default();
        assert_eq!(undecided.summary(), None);
        assert!(undecided.failed(&key("b"), &failure("down"), at(1)));
        assert!(undecided.failed(&key("a"), &failure("down"), at(2)));
        assert!(!undecided.failed(&key("b"), &failure("<html>\n"), at(3)));
        let expect = "iglu:com.acme/b/jsonschema/1-0-0 is waited for since 1970-01-01T00:00:01Z: \
                      registry `Acme` does not answer: <html> ; 1 more schemas wait";
        assert_eq!(undecided.summary().as_deref(), Some(expect));
        assert!(undecided.over(&key("b")) && !undecided.over(&key("b")));
        assert!(
            undecided.summary().is_some_and(|summary| summary.contains("/a/") && !summary.contains("more"))
        );
    }
}
