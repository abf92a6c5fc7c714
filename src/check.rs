//! `piste check`: what a role would say about its configuration, and what it would run with.

#[cfg(feature = "enrich")]
mod enrichments;
mod findings;
mod role;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use service::{
    config::Sources,
    exit::{ExitCode, RunError},
};

use self::role::Role;
#[cfg(feature = "loaders")]
use crate::postgres_loader;
#[cfg(any(feature = "enrich", feature = "loaders"))]
use crate::runtime;
use crate::{configuration, output};

/// Reads a role's configuration, says all that is wrong with it, and prints what the role would run with.
///
/// Findings go to stderr, one a line: place, error, unknown key or key without effect. The configuration goes to stdout,
/// without secrets. Ends with 78 if anything is wrong.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Whose configuration it is.
    #[arg(long, value_name = "ROLE")]
    role: Option<Role>,
    #[command(flatten)]
    configuration: configuration::Given,
    /// How it is told; `json` puts everything into one object on stdout.
    #[arg(long, value_name = "text|json", default_value = "text")]
    format: Format,
    /// Also print every statement that the Postgres loader would change its tables with; nothing is changed.
    #[arg(long)]
    dry_run: bool,
    /// Registries for --dry-run [default: the built-in schemas and Iglu Central] and --enrichments [default: the built-in
    /// schemas alone]
    #[arg(long, visible_alias = "iglu-config", value_name = "FILE")]
    resolver: Option<PathBuf>,
    /// Check the configurations of enrichments in a folder instead; what they need is fetched
    #[cfg(feature = "enrich")]
    #[arg(long, value_name = "DIR", conflicts_with_all = ["role", "dry_run", "reference"])]
    enrichments: Option<PathBuf>,
    /// Take their files from this folder, by their names
    #[cfg(feature = "enrich")]
    #[arg(long, value_name = "DIR", requires = "enrichments")]
    assets: Option<PathBuf>,
    /// Also print what they make of an event: the query of a tracker's GET, or the JSON that a tracker posts
    #[cfg(feature = "enrich")]
    #[arg(long = "try", value_name = "FILE", requires = "enrichments")]
    event: Option<PathBuf>,
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
    #[cfg(feature = "enrich")]
    if let Some(folder) = &options.enrichments {
        return runtime::run(None, enrichments::run(options, folder));
    }
    let Some(role) = options.role else {
        return Err(RunError::new(ExitCode::Usage, "whose configuration it is must be said: --role"));
    };
    if options.reference {
        output::text(&role.reference());
        return Ok(ExitCode::Ok);
    }
    let (sources, notes) = options.configuration.sources()?;
    let findings = role.examine(sources.clone());
    match options.format {
        Format::Text => findings.tell(&notes),
        Format::Json => output::line(format_args!("{}", findings.to_json(&notes))),
    }
    match (findings.errors.is_empty(), options.dry_run) {
        (false, _) => Ok(ExitCode::Config),
        (true, false) => Ok(ExitCode::Ok),
        (true, true) => dry_run(options, &sources),
    }
}

#[cfg(feature = "loaders")]
fn dry_run(options: &Options, sources: &Sources) -> Result<ExitCode, RunError> {
    match (options.role, postgres_loader::examined(sources).config) {
        (Some(Role::PostgresLoader), Some(config)) => {
            runtime::run(None, postgres_loader::dry_run(&config, options.resolver.as_deref()))
        }
        _ => Err(RunError::new(ExitCode::Usage, "--dry-run is for --role postgres-loader")),
    }
}

#[cfg(not(feature = "loaders"))]
fn dry_run(_: &Options, _: &Sources) -> Result<ExitCode, RunError> {
    Err(RunError::new(ExitCode::Usage, "--dry-run is for --role postgres-loader, which this build has not"))
}
