//! What the answers of HTTP registries mean (`spec/iglu.md` 3.4). Pure.

pub(crate) mod client;

use std::{collections::HashSet, time::Duration};

use event::schema_key::SchemaKey;
use serde_json::Value;

use crate::client_error::RegistryError;

/// Bytes of a body at most; the longest of Iglu Central's schemas has 32 kB.
pub(crate) const MAX_BODY: usize = 4 * 1024 * 1024;

/// How HTTP registries are asked (`spec/enrich.md` 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// Times a request is repeated after a failure that may pass.
    pub max_retries: u32,
    /// Wait before a repetition at most.
    pub max_wait: Duration,
    /// Time for one request with its answer.
    pub timeout: Duration,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self { max_retries: 2, max_wait: Duration::from_secs(1), timeout: Duration::from_secs(5) }
    }
}

impl HttpSettings {
    /// The wait before repetition number `retry`, counted from 0: doubling from 100 ms.
    pub(crate) fn wait(&self, retry: u32) -> Duration {
        Duration::from_millis(100)
            .saturating_mul(1_u32.checked_shl(retry).unwrap_or(u32::MAX))
            .min(self.max_wait)
    }
}

/// Whether a request with this status is repeated.
pub(crate) fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 500 | 502 | 503 | 504)
}

/// The JSON of an answer, or what went wrong. `with_key`: the request carried a key.
pub(crate) fn body_of(status: u16, body: &[u8], with_key: bool) -> Result<Value, RegistryError> {
    let text = || String::from_utf8_lossy(body);
    match status {
        200..=299 => decode(body),
        404 => Err(RegistryError::NotFound),
        400..=499 => {
            let what = format!("Unexpected response code: {status}");
            // Stores of files say 403 for what they do not have; who sends a key is told that the key is wrong.
            let may_have_it = matches!(status, 401 | 407 | 408 | 429) || (status == 403 && with_key);
            Err(if may_have_it { RegistryError::ClientFailure(what) } else { RegistryError::Refused(what) })
        }
        500..=599 => Err(RegistryError::RepoFailure(format!("Unexpected server response: {}", text()))),
        _ => Err(RegistryError::ClientFailure(format!("Unexpected response: {}", text()))),
    }
}

/// Where a registry has the schema; none: a key with `..` in it would name something else.
pub(crate) fn url_of(uri: &str, key: &SchemaKey) -> Option<String> {
    let is_dots = |part: &&String| part.bytes().all(|byte| byte == b'.');
    let names_a_place = ![&key.vendor, &key.name, &key.format].iter().any(is_dots);
    names_a_place.then(|| format!("{uri}/schemas/{}", key.path()))
}

/// The keys of a list (`spec/iglu.md` 1.3).
pub(crate) fn list_of(json: &Value) -> Result<Vec<SchemaKey>, RegistryError> {
    valid_list(json).ok_or_else(|| {
        let printed = serde_json::to_string_pretty(json).unwrap_or_default();
        not_decodable(&format!(
            "org.http4s.InvalidMessageBodyFailure: Invalid message body: Could not decode JSON: {printed}"
        ))
    })
}

fn valid_list(json: &Value) -> Option<Vec<SchemaKey>> {
    let keys: Vec<SchemaKey> =
        json.as_array()?.iter().map(|uri| uri.as_str()?.parse().ok()).collect::<Option<_>>()?;
    let first = keys.first()?;
    let is_start = first.version.revision == 0 && first.version.addition == 0;
    let is_family = keys.iter().all(|key| key.vendor == first.vendor && key.name == first.name);
    let is_distinct = keys.iter().collect::<HashSet<_>>().len() == keys.len();
    (is_start && is_family && is_distinct).then_some(keys)
}

fn decode(body: &[u8]) -> Result<Value, RegistryError> {
    // The texts are the original's: they stand in bad rows that people compare.
    const MALFORMED: &str = "org.http4s.MalformedMessageBodyFailure: Malformed message body: Invalid JSON";
    if body.is_empty() {
        return Err(not_decodable(&format!("{MALFORMED}: empty body")));
    }
    let text = std::str::from_utf8(body).map_err(|_| not_decodable(MALFORMED))?;
    event::json::parse(text).map_err(|_| not_decodable(MALFORMED))
}

fn not_decodable(what: &str) -> RegistryError {
    RegistryError::ClientFailure(format!("Could not decode server response. {what}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_double_up_to_the_most() {
        let settings = HttpSettings::default();
        let waits: Vec<u128> = (0..6).map(|retry| settings.wait(retry).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000]);
    }

    #[test]
    fn addresses_stay_inside() {
        let check = |key: &str, expect: Option<&str>| {
            assert_eq!(url_of("http://r", &key.parse().unwrap()).as_deref(), expect, "{key}");
        };
        check("iglu:com.acme/a/jsonschema/1-0-0", Some("http://r/schemas/com.acme/a/jsonschema/1-0-0"));
        check("iglu:../a/jsonschema/1-0-0", None);
        check("iglu:./a/jsonschema/1-0-0", None);
    }

    #[test]
    fn what_answers_decide() {
        let check = |status, with_key, is_answer| {
            let error = body_of(status, b"{", with_key).unwrap_err();
            assert_eq!(error.is_answer(), is_answer, "{status} {with_key}");
        };
        for status in [400, 403, 404, 410, 414] {
            check(status, false, true);
        }
        for status in [200, 302, 401, 408, 429, 500, 503] {
            check(status, false, false);
        }
        check(403, true, false);
    }

    proptest! {
        #[test]
        fn every_answer_means_something(status: u16, body: Vec<u8>) {
            if let Ok(json) = body_of(status, &body, false) {
                prop_assert!((200..300).contains(&status));
                let _ = list_of(&json);
            }
        }
    }
}
