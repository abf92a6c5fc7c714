//! `piste deploy status`: what is there, and how it is.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use serde_json::{Map, Value};
use service::exit::{ExitCode, RunError};

use super::{folder::Folder, terraform::Terraform};
use crate::output;

/// Says what is deployed, asks the collector for its health, and streams for their shards.
///
/// Ends with 0 when all is well, with 1 when something is not.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The folder that `piste deploy init` has written.
    #[arg(long, value_name = "DIR", default_value = "piste-aws")]
    dir: PathBuf,
    /// Seconds to wait for an answer of the collector.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

/// Outputs of an environment that is there, by name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outputs(Map<String, Value>);

/// Those that are shown, and what they are called.
const SHOWN: [(&str, &str); 7] = [
    ("collector_url", "collector"),
    ("iglu_url", "registry"),
    ("bucket", "files"),
    ("postgres_db_address", "postgres"),
    ("alarm_topic_arn", "alarms"),
    ("dashboard_name", "dashboard"),
    ("image", "image"),
];

/// Asks, and says what it found.
pub(crate) async fn run(options: Options) -> Result<ExitCode, RunError> {
    let folder = Folder::open(&options.dir)?;
    let terraform = Terraform::of(folder.environment());
    let outputs = Outputs::of(&terraform).await?;
    if outputs.0.is_empty() {
        output::line(format_args!("nothing is deployed yet: piste deploy up"));
        return Ok(ExitCode::Unwell);
    }
    outputs.print();
    let mut well = collector(&outputs, Duration::from_secs(options.timeout)).await;
    well &= streams(&folder, &outputs).await;
    Ok(if well { ExitCode::Ok } else { ExitCode::Unwell })
}

/// Whether the collector serves.
async fn collector(outputs: &Outputs, patience: Duration) -> bool {
    let Some(url) = outputs.text("collector_url") else {
        output::line(format_args!("collector: no address is known"));
        return false;
    };
    let at = format!("{}/health", url.trim_end_matches('/'));
    let client = reqwest::Client::builder().timeout(patience).build();
    let asked = match client {
        Ok(client) => client.get(&at).send().await,
        Err(error) => Err(error),
    };
    match asked {
        Ok(answer) if answer.status().is_success() => {
            output::line(format_args!("collector: well"));
            true
        }
        Ok(answer) => {
            output::line(format_args!("collector: {at} answers {}", answer.status()));
            false
        }
        Err(error) => {
            let mut root: &dyn std::error::Error = &error;
            while let Some(source) = root.source() {
                root = source;
            }
            output::line(format_args!("collector: {at} does not answer: {root}"));
            false
        }
    }
}

/// Whether streams are there and take records.
#[cfg(feature = "aws")]
async fn streams(folder: &Folder, outputs: &Outputs) -> bool {
    use stream::{aws::Connection, kinesis::shards::Shards};

    let connection = Connection { region: folder.variable("region"), ..Connection::default() };
    let mut well = true;
    for name in outputs.streams() {
        match Shards::open(&name, &connection).await.summary().await {
            Ok(found) => {
                let changing = if found.at_rest { "" } else { ", changing" };
                output::line(format_args!("stream {name}: shards {}{changing}", found.open));
            }
            Err(failure) => {
                well = false;
                output::line(format_args!("stream {name}: {}", failure.text));
            }
        }
    }
    well
}

#[cfg(not(feature = "aws"))]
async fn streams(_: &Folder, _: &Outputs) -> bool {
    true
}

impl Outputs {
    /// What Terraform knows.
    pub(super) async fn of(terraform: &Terraform) -> Result<Self, RunError> {
        Ok(Self::parse(terraform.json(&["output", "-json", "-no-color"]).await?))
    }

    fn parse(said: Value) -> Self {
        let Value::Object(said) = said else { return Self(Map::new()) };
        let values = said.into_iter().filter_map(|(name, output)| {
            // What is secret is not kept: nothing here could show it.
            let value = (output["sensitive"] != true).then(|| output["value"].clone())?;
            Some((name, value))
        });
        Self(values.collect())
    }

    /// An output that is a text and not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// Those that a person wants to know.
    pub(super) fn print(&self) {
        for (name, what) in SHOWN {
            if let Some(text) = self.text(name) {
                output::line(format_args!("{what:<10} {text}"));
            }
        }
    }

    /// Names of streams.
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "nothing else asks them"))]
    fn streams(&self) -> Vec<String> {
        let arns = self.0.get("stream_arns").and_then(Value::as_object).into_iter().flat_map(Map::values);
        arns.filter_map(|arn| Some(arn.as_str()?.rsplit_once('/')?.1.to_owned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn outputs_are_read() {
        let output = |value: Value| json!({ "sensitive": false, "type": "string", "value": value });
        let outputs = Outputs::parse(json!({
            "bucket": output(json!("b")),
            "image": output(json!(null)),
            "key": { "sensitive": true, "value": "secret" },
            "stream_arns": output(json!({ "raw": "arn:aws:kinesis:eu-west-1:1:stream/piste-raw-stream" })),
        }));
        assert_eq!(
            (outputs.text("bucket"), outputs.text("image"), outputs.text("key")),
            (Some("b"), None, None)
        );
        assert_eq!(outputs.streams(), ["piste-raw-stream"]);
        assert_eq!(Outputs::parse(json!([])), Outputs(Map::new()));
    }
}
