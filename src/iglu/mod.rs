//! `piste iglu`: tools for authors of schemas.

mod diff;

use clap::Subcommand;
use service::exit::{ExitCode, RunError};

/// The tools.
#[derive(Debug, Subcommand)]
pub(crate) enum Tool {
    /// What changes from one version of a schema to the next, and which part of its version has to grow for it.
    Diff(diff::Options),
}

/// Runs a tool.
pub(crate) fn run(tool: &Tool) -> Result<ExitCode, RunError> {
    match tool {
        Tool::Diff(options) => diff::run(options),
    }
}
