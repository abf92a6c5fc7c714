//! The command line.

use std::process;

use clap::{Parser, Subcommand, error::ErrorKind};
use service::{
    exit::{ExitCode, RunError},
    telemetry::{LogFormat, LogOptions},
};

#[cfg(any(feature = "collector", feature = "iglu"))]
use crate::check;
#[cfg(feature = "collector")]
use crate::collector;
#[cfg(feature = "enrich")]
use crate::enrich;
#[cfg(feature = "iglu")]
use crate::iglu;
#[cfg(feature = "iglu")]
use crate::iglu_server;
#[cfg(feature = "loaders")]
use crate::postgres_loader;
#[cfg(feature = "loaders")]
use crate::s3_loader;
#[cfg(feature = "aws")]
use crate::scaler;
#[cfg(feature = "up")]
use crate::up;
use crate::{
    deploy, doctor,
    healthcheck::{self, Door},
    manual, metrics, runtime, send, to_json,
};

/// The behavioural-event pipeline: collector, enricher, loaders and schemas in one executable.
#[derive(Debug, Parser)]
#[command(name = "piste", version, max_term_width = 110)]
pub(crate) struct Cli {
    /// How logs are written to stderr; without it text on a terminal, else JSON.
    #[arg(long, global = true, value_name = "text|json")]
    log_format: Option<LogFormat>,
    /// What is logged, for example `info` or `warn,collector=debug`.
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole pipeline in one process, on an embedded log in a folder.
    #[cfg(feature = "up")]
    Up(Box<up::Options>),
    /// The collector alone: events over HTTP into the streams that its configuration names.
    #[cfg(feature = "collector")]
    Collector(collector::Options),
    /// The enricher: raw records -> enriched events, failed events and bad rows.
    #[cfg(feature = "enrich")]
    Enrich(Box<enrich::Options>),
    /// The S3 loader alone: a stream -> gzip files in a bucket or folder, each record in exactly one.
    #[cfg(feature = "loaders")]
    S3Loader(s3_loader::Options),
    /// The Postgres loader alone: enriched events -> `atomic.events` and a table for each schema, each event exactly once.
    #[cfg(feature = "loaders")]
    PostgresLoader(postgres_loader::Options),
    /// The Iglu server alone: the registry that schemas are published to and read from.
    #[cfg(feature = "iglu")]
    IgluServer(iglu_server::Options),
    /// Tools for authors of schemas.
    #[cfg(feature = "iglu")]
    #[command(subcommand)]
    Iglu(Box<iglu::Tool>),
    #[cfg(any(feature = "collector", feature = "iglu"))]
    Check(check::Options),
    Send(send::Options),
    ToJson(to_json::Options),
    Healthcheck(healthcheck::Options),
    Doctor(doctor::Options),
    #[command(subcommand)]
    Deploy(Box<deploy::Tool>),
    #[cfg(feature = "aws")]
    Scaler(scaler::Options),
    Metrics(metrics::Options),
    Manual(manual::Options),
}

impl Cli {
    /// How this run logs.
    pub(crate) fn log_options(&self) -> LogOptions {
        LogOptions { format: self.log_format, filter: self.log.clone() }
    }

    /// Runs the subcommand to its end.
    pub(crate) fn run(self) -> Result<ExitCode, RunError> {
        match self.command {
            #[cfg(feature = "up")]
            Command::Up(options) => runtime::run(None, up::run(*options)),
            #[cfg(feature = "collector")]
            Command::Collector(options) => collector::run(&options),
            #[cfg(feature = "enrich")]
            Command::Enrich(options) => runtime::run(None, enrich::run(*options)),
            #[cfg(feature = "loaders")]
            Command::S3Loader(options) => runtime::run(None, s3_loader::run(options)),
            #[cfg(feature = "loaders")]
            Command::PostgresLoader(options) => runtime::run(None, postgres_loader::run(options)),
            #[cfg(feature = "iglu")]
            Command::IgluServer(options) => runtime::run(None, iglu_server::run(options)),
            #[cfg(feature = "iglu")]
            Command::Iglu(tool) => iglu::run(*tool),
            #[cfg(any(feature = "collector", feature = "iglu"))]
            Command::Check(options) => check::run(&options),
            Command::Send(options) => runtime::run(None, send::run(options)),
            Command::ToJson(options) => to_json::run(&options),
            Command::Healthcheck(options) => runtime::run(Some(1), healthcheck::run(options)),
            Command::Deploy(tool) => deploy::run(*tool),
            Command::Doctor(options) => runtime::run(Some(1), doctor::run(options)),
            #[cfg(feature = "aws")]
            Command::Scaler(options) => runtime::run(Some(1), scaler::run(options)),
            Command::Metrics(options) => metrics::run(&options),
            Command::Manual(options) => manual::run(&options),
        }
    }

    /// Where the role of this command line tells of its health; `None`: it is no role.
    pub(crate) fn door(&self) -> Option<Result<Door, RunError>> {
        match &self.command {
            #[cfg(feature = "up")]
            Command::Up(options) => Some(options.door()),
            #[cfg(feature = "collector")]
            Command::Collector(options) => Some(options.door()),
            #[cfg(feature = "enrich")]
            Command::Enrich(options) => Some(options.door()),
            #[cfg(feature = "loaders")]
            Command::S3Loader(options) => Some(options.door()),
            #[cfg(feature = "loaders")]
            Command::PostgresLoader(options) => Some(options.door()),
            #[cfg(feature = "iglu")]
            Command::IgluServer(options) => Some(options.door()),
            #[cfg(feature = "aws")]
            Command::Scaler(options) => Some(options.door()),
            _ => None,
        }
    }
}

/// Prints help, version or what is wrong with the command line, and gives the exit code for it.
pub(crate) fn answer(answer: &clap::Error, arguments: &[String]) -> process::ExitCode {
    #[cfg(feature = "iglu")]
    if let Some(code) = iglu::answer(answer, arguments) {
        return code.into();
    }
    #[cfg(not(feature = "iglu"))]
    let _ = arguments;
    let _ = answer.print();
    match answer.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::Ok.into(),
        _ => ExitCode::Usage.into(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
