//! Where a role's configuration comes from: options that every role has.

use std::path::PathBuf;

use clap::Args;
use service::config::{Override, Sources};

/// `--config` and `-D`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Options {
    /// HOCON file with the original's keys.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One key of the configuration, for example `-Dcollector.port=9090`; stronger than the file.
    #[arg(short = 'D', value_name = "KEY=VALUE", value_parser = Override::parse)]
    pub(crate) overrides: Vec<Override>,
}

impl Options {
    /// What the process was told, by these options and by its environment.
    pub(crate) fn sources(&self) -> Sources {
        Sources::of_process(self.config.clone(), self.overrides.clone())
    }
}
