//! `piste doctor`: which hop of a pipeline is broken.

use std::{fmt, time::Duration};

use clap::Args;
use serde_json::Value;
use service::{
    admin::client,
    exit::{ExitCode, RunError},
};

use crate::{healthcheck::Door, output};

/// Asks the roles of a pipeline for their health and lag, in the order that events take, and names the first that is broken: those
/// behind it may only suffer from it.
///
/// Ends with 0 when all are well, with 1 when one is not.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// A role, and its port for health and metrics; of a URL with a path only the status counts. In the order that events take.
    #[arg(long, value_name = "NAME=URL", value_parser = hop, default_value = "piste=http://127.0.0.1:8000")]
    ask: Vec<Hop>,
    /// Seconds that a role may be behind.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    behind: u64,
    /// Seconds to wait for an answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

/// A role and where it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hop {
    name: String,
    door: Door,
    /// Whether metrics are there, too.
    told_more: bool,
}

/// What is wrong with a hop.
#[derive(Clone, Debug, PartialEq)]
enum Finding {
    Well,
    /// It does not answer.
    Silent(String),
    /// What it says is wrong.
    Unwell(String),
    /// It works, and not fast enough: which metric, and its seconds.
    Behind(&'static str, f64),
}

/// What tells how far a role is behind, in seconds.
const LAGS: [(&str, &str); 3] = [
    ("piste_consumer_behind_seconds", "behind the newest record of its stream"),
    ("piste_consumer_lag_seconds", "old is a record that it has not finished"),
    ("piste_lake_lag_seconds", "old is a record that is in no file"),
];

/// Asks one after the other, and says what it found.
pub(crate) async fn run(options: Options) -> Result<ExitCode, RunError> {
    let (most, patience) = (options.behind as f64, Duration::from_secs(options.timeout));
    let widest = options.ask.iter().map(|hop| hop.name.len()).max().unwrap_or_default();
    let mut broken = None;
    for hop in &options.ask {
        let finding = hop.ask(most, patience).await;
        output::line(format_args!("{:widest$}  {finding}", hop.name));
        if finding != Finding::Well && broken.is_none() {
            broken = Some((&hop.name, finding));
        }
    }
    match broken {
        None => Ok(ExitCode::Ok),
        Some((name, finding)) => {
            output::line(format_args!("broken: {name}: {finding}"));
            Ok(ExitCode::Unwell)
        }
    }
}

impl Hop {
    async fn ask(&self, most: f64, patience: Duration) -> Finding {
        let address = self.door.address();
        let silent = |error: std::io::Error| Finding::Silent(format!("{address}: {error}"));
        let (status, body) = match client::ask(&address, self.door.path(), patience).await {
            Ok(answer) => answer,
            Err(error) => return silent(error),
        };
        if !status.is_success() {
            return Finding::Unwell(troubles(&body).unwrap_or_else(|| format!("it answers {status}")));
        }
        if !self.told_more {
            return Finding::Well;
        }
        match client::ask(&address, "/metrics", patience).await {
            Ok((_, metrics)) => lag(&String::from_utf8_lossy(&metrics), most),
            Err(error) => silent(error),
        }
    }
}

/// What the facts in an answer say is wrong.
fn troubles(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let facts = body["facts"].as_array()?.iter();
    let troubles = facts.filter_map(|fact| {
        let trouble = fact["trouble"].as_str()?;
        Some(format!("{}: {trouble}", fact["name"].as_str().unwrap_or_default()))
    });
    Some(troubles.collect::<Vec<_>>().join("; ")).filter(|troubles| !troubles.is_empty())
}

/// Whether metrics in Prometheus' text format tell of more lag than that.
fn lag(metrics: &str, most: f64) -> Finding {
    let seconds = |name: &str| {
        let of = |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        let values = metrics
            .lines()
            .filter(|line| of(line))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        values.fold(0.0, f64::max)
    };
    let worst = LAGS.iter().map(|(name, what)| (*what, seconds(name))).find(|(_, seconds)| *seconds > most);
    worst.map_or(Finding::Well, |(what, seconds)| Finding::Behind(what, seconds))
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Well => f.write_str("well"),
            Self::Silent(why) => write!(f, "does not answer: {why}"),
            Self::Unwell(what) => f.write_str(what),
            Self::Behind(what, seconds) => write!(f, "{seconds:.0} s {what}"),
        }
    }
}

/// `NAME=URL`
fn hop(text: &str) -> Result<Hop, String> {
    let (name, url) =
        text.split_once('=').ok_or("expected NAME=URL, for example enrich=http://enrich:8000")?;
    let door = Door::of_url(url).map_err(|error| error.to_string())?;
    let told_more = door.path() == "/";
    let door = if told_more { door.with_path("/health") } else { door };
    Ok(Hop { name: name.into(), door, told_more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_are_names_and_urls() {
        for (text, name, at, told_more) in [
            ("enrich=http://enrich:8000", "enrich", "enrich:8000/health", true),
            ("a=http://10.0.0.1:8000/", "a", "10.0.0.1:8000/health", true),
            ("iglu=http://iglu:8080/api/meta/health/db", "iglu", "iglu:8080/api/meta/health/db", false),
        ] {
            let found = hop(text).unwrap();
            let found_at = format!("{}{}", found.door.address(), found.door.path());
            assert_eq!((found.name.as_str(), found_at.as_str(), found.told_more), (name, at, told_more));
        }
        for text in ["enrich", "enrich=https://enrich:8000", "enrich="] {
            assert!(hop(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lag_is_the_worst_of_each_metric() {
        let metrics = "# TYPE piste_consumer_behind_seconds gauge\n\
            piste_consumer_behind_seconds{stream=\"a\",consumer=\"b\"} 12\n\
            piste_consumer_behind_seconds{stream=\"c\",consumer=\"b\"} 301.5\n\
            piste_lake_lag_seconds 400\n";
        for (most, expected) in [
            (500.0, Finding::Well),
            (399.0, Finding::Behind(LAGS[2].1, 400.0)),
            (300.0, Finding::Behind(LAGS[0].1, 301.5)),
        ] {
            assert_eq!(lag(metrics, most), expected);
        }
        assert_eq!(lag("", 0.0), Finding::Well);
    }

    #[test]
    fn an_answer_says_what_is_wrong() {
        let body = br#"{"facts":[{"name":"sink","trouble":"no stream"},{"name":"x","trouble":null},{"name":"y","trouble":"z"}]}"#;
        assert_eq!(troubles(body).as_deref(), Some("sink: no stream; y: z"));
        for body in [&b"not json"[..], b"{}", br#"{"facts":[]}"#] {
            assert_eq!(troubles(body), None);
        }
    }
}
