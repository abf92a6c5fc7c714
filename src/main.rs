//! `piste`: the behavioural-event pipeline in one executable. This folder is the command line; the pipeline is in the crates.

mod archive;
#[cfg(any(feature = "collector", feature = "iglu"))]
mod check;
mod cli;
#[cfg(feature = "collector")]
mod collector;
#[cfg(any(feature = "collector", feature = "iglu"))]
mod configuration;
#[cfg(all(feature = "aws", any(feature = "enrich", feature = "loaders")))]
mod consumed;
#[cfg(feature = "up")]
mod demo;
mod deploy;
mod doctor;
#[cfg(feature = "enrich")]
mod enrich;
#[cfg(feature = "enrich")]
mod enrichments;
mod healthcheck;
#[cfg(feature = "iglu")]
mod iglu;
#[cfg(feature = "iglu")]
mod iglu_server;
#[cfg(feature = "loaders")]
mod loader;
#[cfg(any(feature = "collector", feature = "enrich", feature = "loaders"))]
mod log;
mod manual;
mod metrics;
mod output;
#[cfg(feature = "loaders")]
mod postgres_loader;
#[cfg(any(feature = "enrich", feature = "loaders"))]
mod probe;
mod runtime;
#[cfg(feature = "loaders")]
mod s3_loader;
mod samples;
#[cfg(feature = "aws")]
mod scaler;
#[cfg(any(feature = "enrich", feature = "loaders"))]
mod schemas;
mod send;
#[cfg(all(feature = "aws", any(feature = "collector", feature = "enrich", feature = "loaders")))]
mod sent;
#[cfg(any(feature = "enrich", feature = "loaders"))]
mod sink;
#[cfg(any(feature = "enrich", feature = "loaders"))]
mod source;
mod to_json;
#[cfg(feature = "up")]
mod up;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => return cli::answer(&answer, &std::env::args().skip(1).collect::<Vec<_>>()),
    };
    if let Err(error) = service::telemetry::init(&cli.log_options()) {
        output::error(format_args!("{error}"));
        return service::exit::ExitCode::Usage.into();
    }
    match cli.run() {
        Ok(code) => code.into(),
        Err(error) => {
            output::error(format_args!("{error}"));
            error.code.into()
        }
    }
}
