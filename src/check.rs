//! `piste check`: what a role would say about its configuration, and what it would run with.

mod findings;
mod role;

use clap::{Args, ValueEnum};
use service::exit::{ExitCode, RunError};

use self::role::Role;
use crate::{configuration, output};

/// Reads a role's configuration, says all that is wrong with it, and prints what the role would run with.
///
/// Findings go to stderr, one a line: place, error, unknown key or key without effect. The configuration goes to stdout,
/// without secrets. Ends with 78 if anything is wrong.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Whose configuration it is.
    #[arg(long, value_name = "ROLE")]
    role: Role,
    #[command(flatten)]
    configuration: configuration::Given,
    /// How it is told; `json` puts everything into one object on stdout.
    #[arg(long, value_name = "text|json", default_value = "text")]
    format: Format,
    /// Print the role's reference configuration instead: every key, with what it means and its default.
    #[arg(long)]
    reference: bool,
}

/// How findings are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Checks, and says what it found.
pub(crate) fn run(options: &Options) -> Result<ExitCode, RunError> {
    if options.reference {
        output::text(&options.role.reference());
        return Ok(ExitCode::Ok);
    }
    let (sources, notes) = options.configuration.sources()?;
    let findings = options.role.examine(sources);
    match options.format {
        Format::Text => findings.tell(&notes),
        Format::Json => output::line(format_args!("{}", findings.to_json(&notes))),
    }
    Ok(if findings.errors.is_empty() { ExitCode::Ok } else { ExitCode::Config })
}
