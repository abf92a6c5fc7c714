//! The roles, and how the configuration of each is read.

#[cfg(feature = "collector")]
use ::collector::config::CollectorConfig;
#[cfg(feature = "enrich")]
use ::enrich::config::EnrichConfig;
use clap::ValueEnum;
#[cfg(feature = "loaders")]
use loaders::{lake::settings::S3LoaderConfig, postgres::settings::PostgresLoaderConfig};
use service::config::Sources;
#[cfg(any(feature = "collector", feature = "iglu"))]
use service::config::reference;

use super::findings::Findings;
#[cfg(feature = "collector")]
use crate::collector;
#[cfg(feature = "enrich")]
use crate::enrich;
#[cfg(feature = "iglu")]
use crate::iglu_server::{self, settings::IgluServerConfig};
#[cfg(feature = "up")]
use crate::up;
#[cfg(feature = "loaders")]
use crate::{postgres_loader, s3_loader};

/// A role that has a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    #[cfg(feature = "collector")]
    Collector,
    #[cfg(feature = "enrich")]
    Enrich,
    #[cfg(feature = "loaders")]
    S3Loader,
    #[cfg(feature = "loaders")]
    PostgresLoader,
    #[cfg(feature = "iglu")]
    IgluServer,
    #[cfg(feature = "up")]
    Up,
}

#[cfg(any(feature = "collector", feature = "iglu"))]
const WITH_DEFAULTS: &str = "What the role would run with.";
#[cfg(feature = "up")]
const AS_SET: &str = "What is set; all else has the defaults of the reference configuration.";

impl Role {
    /// Reads and checks.
    pub(crate) fn examine(self, sources: Sources) -> Findings {
        match self {
            #[cfg(feature = "collector")]
            Self::Collector => {
                Findings::new(collector::examined(sources), Some("collector"), WITH_DEFAULTS, |found| {
                    serde_json::to_value(&found.config).unwrap_or_default()
                })
            }
            #[cfg(feature = "enrich")]
            Self::Enrich => Findings::new(enrich::examined(&sources), None, WITH_DEFAULTS, |found| {
                serde_json::to_value(&found.config).unwrap_or_default()
            }),
            #[cfg(feature = "loaders")]
            Self::S3Loader => {
                let found = s3_loader::examined(&sources);
                let notes = s3_loader::notes(&found);
                let findings = Findings::new(found, None, WITH_DEFAULTS, |found| {
                    serde_json::to_value(&found.config).unwrap_or_default()
                });
                findings.with_notes(notes)
            }
            #[cfg(feature = "loaders")]
            Self::PostgresLoader => {
                Findings::new(postgres_loader::examined(&sources), None, WITH_DEFAULTS, |found| {
                    serde_json::to_value(&found.config).unwrap_or_default()
                })
            }
            #[cfg(feature = "iglu")]
            Self::IgluServer => {
                Findings::new(iglu_server::examined(&sources), None, WITH_DEFAULTS, |found| {
                    serde_json::to_value(&found.config).unwrap_or_default()
                })
            }
            #[cfg(feature = "up")]
            Self::Up => Findings::new(up::examined(sources), None, AS_SET, |found| found.tree.to_json()),
        }
    }

    /// The reference configuration.
    pub(crate) fn reference(self) -> String {
        match self {
            #[cfg(feature = "collector")]
            Self::Collector => {
                reference::render::<CollectorConfig>(Some("collector"), CollectorConfig::ABOUT)
            }
            #[cfg(feature = "enrich")]
            Self::Enrich => reference::render::<EnrichConfig>(None, EnrichConfig::ABOUT),
            #[cfg(feature = "loaders")]
            Self::S3Loader => reference::render::<S3LoaderConfig>(None, S3LoaderConfig::ABOUT),
            #[cfg(feature = "loaders")]
            Self::PostgresLoader => {
                reference::render::<PostgresLoaderConfig>(None, PostgresLoaderConfig::ABOUT)
            }
            #[cfg(feature = "iglu")]
            Self::IgluServer => reference::render::<IgluServerConfig>(None, IgluServerConfig::ABOUT),
            #[cfg(feature = "up")]
            Self::Up => include_str!("../../deploy/reference/up.hocon").into(),
        }
    }
}
