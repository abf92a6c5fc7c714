//! `piste enrich`: the enricher, on streams or over files.

mod offline;
mod role;
mod sinks;

use std::path::PathBuf;

use ::enrich::{compatibility::Compatibility, config::EnrichConfig};
use clap::Args;
use service::{
    config::{self, Examined, Sources},
    exit::{ExitCode, RunError},
};

use crate::{configuration, healthcheck::Door, probe};

/// Options of `piste enrich`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    configuration: configuration::Given,
    /// Resolver configuration [default: the built-in schemas and Iglu Central]
    #[arg(long, visible_alias = "resolver", value_name = "FILE")]
    iglu_config: Option<PathBuf>,
    /// Folder with configurations of enrichments, one .json file each.
    #[arg(long, value_name = "DIR")]
    enrichments: Option<PathBuf>,
    /// Folder where files of enrichments are, by their names, instead of at their addresses.
    #[arg(long, value_name = "DIR")]
    assets: Option<PathBuf>,
    /// The line of the original that is spoken.
    #[arg(long, value_name = "3|6", value_parser = line)]
    compatibility: Option<Compatibility>,
    /// Enrich payloads from these files instead of a stream, `-` is the standard input: a line is Base64 of a raw record, or
    /// a JSON object with it in `payload_b64`. Files may be gzipped. For each line a line of JSON is printed:
    /// {"outcomes":[{"enriched":"..."} | {"failed":"..."} | {"bad":{...}}]}
    #[arg(long, value_name = "FILE", num_args = 1..)]
    offline: Vec<PathBuf>,
    /// The clock, in milliseconds since 1970 [default: the real one]
    #[arg(long, value_name = "MILLIS", allow_negative_numbers = true, requires = "offline")]
    now: Option<i64>,
    /// Where random ids come from: the same seed gives the same output.
    #[arg(long, value_name = "N", requires = "offline")]
    seed: Option<u64>,
    /// Threads that enrich [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), requires = "offline")]
    jobs: Option<u16>,
}

/// Runs the role or the tool.
pub(crate) async fn run(options: Options) -> Result<ExitCode, RunError> {
    if options.offline.is_empty() { role::run(options).await } else { offline::run(options).await }
}

/// Reads and checks the configuration.
pub(crate) fn examined(sources: &Sources) -> Examined<EnrichConfig> {
    config::examine(sources, None)
}

impl Options {
    /// Where its health is told.
    pub(crate) fn door(&self) -> Result<Door, RunError> {
        let config = configuration::of_running(examined(&self.configuration.sources()?.0))?;
        probe::door(&config.monitoring.health_probe)
    }

    /// The configuration to run the role with.
    fn configuration(&self) -> Result<EnrichConfig, RunError> {
        let (sources, notes) = self.configuration.sources()?;
        let mut config = configuration::usable(examined(&sources), &notes)?;
        config.compatibility = self.compatibility.unwrap_or(config.compatibility);
        Ok(config)
    }

    /// The configuration to enrich files with, which names no streams; keys that nothing reads are logged.
    fn without_streams(&self) -> Result<EnrichConfig, RunError> {
        let (sources, _) = self.configuration.sources()?;
        let loaded = config::load::<EnrichConfig>(&sources, None)?;
        for unknown in &loaded.unknown {
            tracing::warn!("{unknown}");
        }
        let mut config = loaded.config;
        config.compatibility = self.compatibility.unwrap_or(config.compatibility);
        Ok(config)
    }
}

fn line(text: &str) -> Result<Compatibility, String> {
    text.parse()
}
