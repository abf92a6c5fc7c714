//! `piste metrics`: which metrics there are.

use clap::Args;
use serde_json::json;
use service::{
    exit::{ExitCode, RunError},
    metric,
};

use crate::output;

/// Says which metrics the roles have.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// A line of JSON for each: {"name", "type": counter | gauge | histogram, "unit": seconds | bytes | count, "labels", "help"}
    #[arg(long, required = true)]
    list: bool,
}

/// Prints them in the order of the documentation.
pub(crate) fn run(_: &Options) -> Result<ExitCode, RunError> {
    for metric in metric::ALL {
        let line = json!({
            "name": metric.name,
            "type": metric.kind.name(),
            "unit": metric.unit(),
            "labels": metric.labels,
            "help": metric.help,
        });
        output::line(format_args!("{line}"));
    }
    Ok(ExitCode::Ok)
}
