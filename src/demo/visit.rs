//! The recorded visit (`visit.json`) made fresh: own ids, times of now, and a user agent that marks each request, so that
//! its outcome can be found again wherever it ends.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::samples;

/// One request of the visit.
#[derive(Debug)]
pub(crate) struct Step {
    /// What the visitor did.
    pub(crate) what: String,
    /// In the user agent, and so in the enriched event or in the bad row.
    pub(crate) mark: String,
    /// Path and query.
    pub(crate) target: String,
    /// A POST has one.
    pub(crate) body: Option<String>,
    /// How many events or bad rows it leads to.
    pub(crate) outcomes: usize,
}

#[derive(Deserialize)]
struct Recorded {
    what: String,
    get: Option<Map<String, Value>>,
    post: Option<Vec<Map<String, Value>>>,
    raw: Option<Raw>,
    event: Option<Value>,
    #[serde(default)]
    entities: Vec<Value>,
}

#[derive(Deserialize)]
struct Raw {
    path: String,
    body: String,
}

/// The steps of a visit that happens `now`; `id` gives a new id at each call.
///
/// # Errors
/// Only if `visit.json` is not what this file reads, which a test excludes.
pub(crate) fn visit(now: Timestamp, mut id: impl FnMut() -> Uuid) -> serde_json::Result<Vec<Step>> {
    let run = id().to_string();
    let page = id().to_string();
    let visitor = id().to_string();
    let session = id().to_string();
    let text = include_str!("visit.json")
        .replace("{run}", &run[..8])
        .replace("{page}", &page)
        .replace("{megabyte}", &"lamp ".repeat(250_000));
    let recorded: Vec<Recorded> = serde_json::from_str(&text)?;
    let steps = recorded.into_iter().enumerate().map(|(n, step)| {
        let mark = format!("piste-demo/{run}/{}.", n + 1);
        let mut complete = |mut event: Map<String, Value>| {
            let ms = now.as_millisecond() + i64::try_from(n).unwrap_or_default();
            for (key, value) in [
                ("tv", format!("piste-demo-{}", env!("CARGO_PKG_VERSION"))),
                ("tna", "demo".into()),
                ("aid", "web-shop".into()),
                ("p", "web".into()),
                ("eid", id().to_string()),
                ("duid", visitor.clone()),
                ("sid", session.clone()),
                ("vid", "1".into()),
                ("lang", "nl-BE".into()),
                ("res", "1920x1080".into()),
                ("vp", "1280x900".into()),
                ("dtm", ms.to_string()),
                ("stm", (ms + 1).to_string()),
            ] {
                event.insert(key.into(), value.into());
            }
            if let Some(unstruct) = &step.event {
                event.insert("ue_pr".into(), samples::unstruct(unstruct).into());
            }
            if !step.entities.is_empty() {
                event.insert("co".into(), samples::contexts(&step.entities).into());
            }
            event
        };
        let (target, body, outcomes) = if let Some(event) = step.get {
            (format!("/i?{}", query(&complete(event))), None, 1)
        } else if let Some(events) = step.post {
            let count = events.len();
            let events = events.into_iter().map(|event| Value::Object(complete(event))).collect();
            (samples::TP2.to_owned(), Some(samples::envelope(events)), count)
        } else {
            let raw = step.raw.unwrap_or(Raw { path: samples::TP2.into(), body: String::new() });
            (raw.path, Some(raw.body), 1)
        };
        Step { what: step.what, mark, target, body, outcomes }
    });
    Ok(steps.collect())
}

fn query(event: &Map<String, Value>) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    let pairs: Vec<String> = event
        .iter()
        .map(|(key, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{key}={}", utf8_percent_encode(&text, NON_ALPHANUMERIC))
        })
        .collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recorded_step_becomes_a_request() {
        let mut n = 0;
        let steps = visit(Timestamp::UNIX_EPOCH, || {
            n += 1;
            Uuid::from_u128(n)
        })
        .unwrap();
        assert_eq!(steps.len(), 13);
        assert_eq!(steps.iter().map(|s| s.outcomes).sum::<usize>(), 15);
        assert!(steps[0].target.starts_with("/i?e=pv&url=https%3A%2F%2Fshop%2Eexample"));
        assert!(steps.iter().all(|s| !s.body.as_deref().unwrap_or_default().contains("{page}")));
        assert!(steps[12].body.as_ref().unwrap().len() > 1_048_576, "the oversized event is over the limit");
    }
}
