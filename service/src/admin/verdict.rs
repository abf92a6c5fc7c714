//! Health and readiness from what the parts of the process state (`spec/deploy.md` 6.2).

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use crate::health::Stated;

/// Work taken longer ago than this and still not finished means trouble, unless configured.
pub const UNHEALTHY_AGE: Duration = Duration::from_secs(120);

/// What to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// No part is in trouble and nothing is too old.
    pub healthy: bool,
    /// Every part has been well at least once, and the process is not ending.
    pub ready: bool,
    /// Both as JSON, with what every part states.
    pub body: String,
}

/// Judges the statements at `now`; work older than `unhealthy_age` means trouble.
pub fn verdict(statements: &[Stated], draining: bool, unhealthy_age: Duration, now: Timestamp) -> Verdict {
    let mut healthy = true;
    let mut reached = true;
    let mut facts = Vec::new();
    for fact in statements {
        let age = fact.oldest_unacknowledged.map(|since| now.duration_since(since));
        let late = age
            .filter(|age| age.unsigned_abs() > unhealthy_age && age.is_positive())
            .map(|age| format!("oldest work is {} s old", age.as_secs()));
        let trouble = fact.trouble.clone().or(late);
        healthy &= trouble.is_none();
        reached &= fact.reached;
        facts.push(json!({
            "name": fact.name,
            "well": trouble.is_none(),
            "trouble": trouble,
            "oldestUnacknowledged": fact.oldest_unacknowledged.map(|since| since.to_string()),
        }));
    }
    let ready = reached && !draining;
    let body =
        json!({ "healthy": healthy, "ready": ready, "draining": draining, "facts": facts }).to_string();
    Verdict { healthy, ready, body }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Health;

    #[test]
    fn a_process_is_judged_by_its_facts() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let health = Health::default();
        let check = |draining: bool, healthy: bool, ready: bool| {
            let found = verdict(&health.statements(), draining, UNHEALTHY_AGE, now);
            assert_eq!((found.healthy, found.ready), (healthy, ready), "{}", found.body);
        };
        check(false, true, true);
        let sink = health.fact("collector.sink");
        check(false, false, false);
        sink.well();
        check(false, true, true);
        check(true, true, false);
        sink.trouble("no space");
        check(false, false, true);
        sink.well();
        sink.oldest_unacknowledged(Some(now - Duration::from_secs(119)));
        check(false, true, true);
        sink.oldest_unacknowledged(Some(now - Duration::from_secs(121)));
        check(false, false, true);
        sink.oldest_unacknowledged(Some(now + Duration::from_secs(500)));
        check(false, true, true);
    }
}
