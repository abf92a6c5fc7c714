//! Where a role's configuration comes from: options that every role has, and the environment.

use std::path::PathBuf;

use clap::Args;
use service::{
    config::{self, Checked, Examined, Override, Sources},
    exit::{ExitCode, RunError},
};

/// `--config` and `-D`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Given {
    /// HOCON file with the original's keys.
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One key of the configuration, for example `-Dcollector.port=9090`; stronger than the file.
    #[arg(short = 'D', value_name = "KEY=VALUE", value_parser = Override::parse)]
    overrides: Vec<Override>,
}

impl Given {
    /// What the process was told, by these options and by its environment, and what of that means nothing.
    pub(crate) fn sources(&self) -> Result<(Sources, Vec<String>), RunError> {
        Ok(Sources::told(self.config.clone(), self.overrides.clone(), config::process_environment())?)
    }
}

/// The configuration of a role that runs already, about which it has said all there is to say.
pub(crate) fn of_running<T>(found: Examined<T>) -> Result<T, RunError> {
    let wrong = |errors: &[config::ConfigError]| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        RunError::new(ExitCode::Config, errors.join("\n"))
    };
    found.config.ok_or_else(|| wrong(&found.errors))
}

/// The configuration to start with; what has no effect is logged once.
pub(crate) fn usable<T: Checked>(found: Examined<T>, notes: &[String]) -> Result<T, RunError> {
    for note in notes {
        tracing::info!("{note}");
    }
    for unused in &found.unused {
        tracing::info!("{unused}");
    }
    for unknown in &found.unknown {
        tracing::warn!("{unknown}");
    }
    match (found.config, found.errors.as_slice()) {
        (Some(config), []) => Ok(config),
        (_, errors) => {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Err(RunError::new(ExitCode::Config, errors.join("\n")))
        }
    }
}
