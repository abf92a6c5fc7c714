//! `piste iglu`: tools for authors of schemas. The command lines of igluctl are taken as they are; most have a shorter one.

mod deploy;
mod diff;
mod files;
mod generate;
mod keygen;
mod lint;
mod models;
mod new;
mod profile;
mod pull;
mod push;
mod registry;
mod s3cp;
mod said;
#[cfg(feature = "loaders")]
mod table_check;
mod usage;
mod verify;

use clap::Subcommand;
use service::exit::{ExitCode, RunError};

pub(crate) use self::usage::answer;

/// The tools.
#[derive(Debug, Subcommand)]
pub(crate) enum Tool {
    /// What is wrong with the schemas of a folder.
    Lint(lint::Options),
    /// Publish the schemas of a folder; ends with 1 if the registry refuses one.
    Push(push::Options),
    /// Write a registry's schemas into a folder.
    Pull(pull::Options),
    /// Tables and migrations from the schemas of a folder: for Redshift, for Postgres, or the columns of a lake.
    Generate(generate::Options),
    /// What changes from one version of a schema to the next, and which part of its version has to grow for it.
    Diff(diff::Options),
    /// A first version of a schema, from samples of its data.
    New(new::Options),
    /// Lint, write tables and publish, by one configuration of igluctl.
    Deploy(deploy::Options),
    /// A pair of keys of a registry.
    Keygen(keygen::Options),
    /// Write a static registry into a bucket, or with file:// into a folder.
    S3cp(s3cp::Options),
    /// The tables of a database beside the schemas of a registry.
    #[cfg(feature = "loaders")]
    TableCheck(table_check::Options),
    /// Versions whose data do not fit into the columns of those before.
    #[command(subcommand)]
    Verify(verify::Target),
    /// igluctl's own commands: generate, push, pull, s3cp, deploy.
    #[command(subcommand)]
    Static(Static),
    /// igluctl's own commands: keygen.
    #[command(subcommand)]
    Server(Server),
}

/// `igluctl static`.
#[derive(Debug, Subcommand)]
pub(crate) enum Static {
    /// Tables and migrations from the schemas of a folder.
    Generate(generate::Options),
    /// Publish the schemas of a folder; refusals are told and change nothing else.
    Push(push::Options),
    /// Write a registry's schemas into a folder.
    Pull(pull::Options),
    /// Write a static registry into a bucket.
    S3cp(s3cp::Options),
    /// Lint, write tables and publish, by one configuration.
    Deploy(deploy::Options),
}

/// `igluctl server`.
#[derive(Debug, Subcommand)]
pub(crate) enum Server {
    /// A pair of keys of a registry.
    Keygen(keygen::Options),
}

/// Runs a tool.
pub(crate) fn run(tool: Tool) -> Result<ExitCode, RunError> {
    match tool {
        Tool::Lint(options) => Ok(lint::run(&options)),
        Tool::Push(options) => push::run(options.strictly()),
        Tool::Diff(options) => diff::run(&options),
        Tool::New(options) => new::run(&options),
        Tool::Static(Static::Push(options)) => push::run(options),
        Tool::Pull(options) | Tool::Static(Static::Pull(options)) => pull::run(options),
        Tool::Generate(options) | Tool::Static(Static::Generate(options)) => Ok(generate::run(&options)),
        Tool::Deploy(options) | Tool::Static(Static::Deploy(options)) => deploy::run(options),
        Tool::S3cp(options) | Tool::Static(Static::S3cp(options)) => s3cp::run(options),
        Tool::Keygen(options) | Tool::Server(Server::Keygen(options)) => keygen::run(options),
        Tool::Verify(target) => verify::run(target),
        #[cfg(feature = "loaders")]
        Tool::TableCheck(options) => table_check::run(options),
    }
}
