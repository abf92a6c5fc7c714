//! What can be configured to run on every event. An enrichment is one file and one line in the order of
//! [`crate::steps`] (`spec/enrichments-and-adapters.md` 1).
//!
//! [`configuration`] reads the files, [`assets`] names what they need from elsewhere, [`Enrichments`] is what runs. The shell
//! around them: [`client`] loads all of that, [`run`] has changed assets taken up.

pub(crate) mod anon_ip;
pub(crate) mod api_request;
pub(crate) mod asn_lookups;
pub mod assets;
pub(crate) mod bot_detection;
pub(crate) mod campaign_attribution;
pub mod check;
pub mod client;
pub mod configuration;
pub(crate) mod cookie_extractor;
pub(crate) mod cross_navigation;
pub(crate) mod currency_conversion;
mod digest;
pub(crate) mod event_fingerprint;
pub(crate) mod event_spec;
pub(crate) mod http_header_extractor;
mod inputs;
pub(crate) mod ip_lookups;
pub(crate) mod javascript;
pub mod live;
pub(crate) mod pii;
pub mod reference;
pub(crate) mod referer_parser;
pub mod run;
pub(crate) mod spiders_and_robots;
pub(crate) mod sql_query;
pub(crate) mod ua_parser;
pub(crate) mod user_agent_utils;
pub(crate) mod yauaa;

use std::{collections::HashSet, fmt, sync::Arc};

use event::schema_key::{SchemaCriterion, SchemaKey};

use self::{
    assets::{Asset, Assets},
    configuration::Configuration,
};
use crate::{
    problem::StepFailure,
    steps::{self, Running, StepFn, Working},
};

/// An enrichment that is configured and ready. It keeps no state of events.
pub(crate) trait Enrichment: Send + Sync {
    /// Reads and changes an event. New entities go in front of those there are: [`Working::derive`].
    ///
    /// # Errors
    /// What is to be said in the bad row; the steps behind it run all the same.
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>>;
}

/// An enrichment, or what is wrong with its configuration or its assets.
pub(crate) type Built = Result<Box<dyn Enrichment>, String>;
type Build = fn(&Configuration, &Assets) -> Built;

/// A kind of enrichment: how its configuration becomes one that runs.
pub(crate) struct Kind {
    /// The name in the key of its configuration's schema, by which it is chosen.
    pub(crate) name: &'static str,
    /// The model and revision of that schema.
    pub(crate) version: (u32, u32),
    /// Whether all configurations of the kind run, in their order; else the last one does.
    pub(crate) many: bool,
    /// What must be fetched before it can be built.
    pub(crate) assets: fn(&Configuration) -> Result<Vec<Asset>, String>,
    /// Builds it.
    pub(crate) build: Build,
    /// What runs in its place when it is not configured.
    pub(crate) otherwise: Option<StepFn>,
}

impl Kind {
    /// A kind without assets of which one runs; other fields over it.
    pub(crate) const fn new(name: &'static str, version: (u32, u32), build: Build) -> Self {
        Self { name, version, many: false, assets: |_| Ok(Vec::new()), build, otherwise: None }
    }

    /// Whether this kind reads configurations of the schema.
    fn check(&self, key: &SchemaKey) -> Result<(), String> {
        let (model, revision) = self.version;
        if (key.version.model, key.version.revision) == (model, revision) {
            return Ok(());
        }
        let criterion = SchemaCriterion {
            vendor: key.vendor.clone(),
            name: self.name.to_owned(),
            format: "jsonschema".into(),
            model: Some(model),
            revision: Some(revision),
            addition: None,
        };
        let name = self.name;
        Err(format!("Schema key {key} is not supported. A '{name}' enrichment must have schema {criterion}."))
    }
}

/// All steps of an event, in their order: those that are always on and those that are configured.
#[derive(Clone)]
pub struct Enrichments {
    pub(crate) steps: Vec<Running>,
    configured: Vec<Configured>,
}

/// What a step was made of.
#[derive(Clone)]
struct Configured {
    kind: &'static Kind,
    configuration: Configuration,
    assets: Vec<Asset>,
    /// Its place among the steps.
    step: usize,
}

/// The configurations cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct InvalidEnrichments(
    /// One text a finding: where the configuration is from and what is wrong.
    pub Vec<String>,
);

impl Enrichments {
    /// Only what is always on.
    pub fn none() -> Self {
        let nothing = |_| Self { steps: Vec::new(), configured: Vec::new() };
        Self::build(&[], &Assets::default()).unwrap_or_else(nothing)
    }

    /// What the configurations need from elsewhere, each once.
    ///
    /// # Errors
    /// What is wrong with the configurations.
    pub fn assets(configurations: &[Configuration]) -> Result<Vec<Asset>, InvalidEnrichments> {
        let (mut needed, mut wrong) = (Vec::new(), Vec::new());
        for (kind, configuration) in chosen(configurations, &mut wrong) {
            match (kind.assets)(configuration) {
                Ok(assets) => needed.extend(assets),
                Err(what) => wrong.push(format!("{}: {what}", configuration.origin)),
            }
        }
        if !wrong.is_empty() {
            return Err(InvalidEnrichments(wrong));
        }
        needed.sort();
        needed.dedup();
        Ok(needed)
    }

    /// Builds what the configurations ask for.
    ///
    /// # Errors
    /// What is wrong with each configuration or its assets.
    pub fn build(configurations: &[Configuration], assets: &Assets) -> Result<Self, InvalidEnrichments> {
        let (mut steps, mut configured, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        let chosen = chosen(configurations, &mut wrong);
        for step in steps::ORDER {
            let kind = match step {
                steps::Step::Always(step) => {
                    steps.push(Running::Always(*step));
                    continue;
                }
                steps::Step::Checkpoint => {
                    steps.push(Running::Checkpoint);
                    continue;
                }
                steps::Step::Configured(kind) => *kind,
            };
            let before = steps.len();
            for (_, configuration) in chosen.iter().filter(|(chosen, _)| chosen.name == kind.name) {
                match Configured::build(kind, configuration, assets, steps.len()) {
                    Ok((enrichment, built)) => {
                        steps.push(Running::Configured(enrichment));
                        configured.push(built);
                    }
                    Err(what) => wrong.push(format!("{}: {what}", configuration.origin)),
                }
            }
            if let (true, Some(otherwise)) = (steps.len() == before, kind.otherwise) {
                steps.push(Running::Always(otherwise));
            }
        }
        if wrong.is_empty() { Ok(Self { steps, configured }) } else { Err(InvalidEnrichments(wrong)) }
    }

    /// Names of the enrichments that run, in their order.
    pub fn names(&self) -> Vec<&'static str> {
        self.configured.iter().map(|configured| configured.kind.name).collect()
    }

    /// Numbers of the enrichments that need some of these assets.
    pub(crate) fn needing(&self, assets: &HashSet<&Asset>) -> Vec<usize> {
        let needs = |configured: &Configured| configured.assets.iter().any(|asset| assets.contains(asset));
        (0..self.configured.len()).filter(|index| needs(&self.configured[*index])).collect()
    }

    /// What an enrichment needs, by its number.
    pub(crate) fn assets_of(&self, index: usize) -> &[Asset] {
        &self.configured[index].assets
    }

    /// The same with one enrichment built anew.
    ///
    /// # Errors
    /// What is wrong with the assets.
    pub(crate) fn rebuilt(&self, index: usize, assets: &Assets) -> Result<Self, String> {
        let Configured { kind, configuration, step, .. } = &self.configured[index];
        let (enrichment, _) = Configured::build(kind, configuration, assets, *step)?;
        let mut rebuilt = self.clone();
        rebuilt.steps[*step] = Running::Configured(enrichment);
        Ok(rebuilt)
    }
}

impl Configured {
    fn build(
        kind: &'static Kind,
        configuration: &Configuration,
        assets: &Assets,
        step: usize,
    ) -> Result<(Arc<dyn Enrichment>, Self), String> {
        let enrichment = (kind.build)(configuration, assets)?;
        let assets = (kind.assets)(configuration)?;
        Ok((enrichment.into(), Self { kind, configuration: configuration.clone(), assets, step }))
    }
}

/// Enrichments of the original that are not here. Who has enabled one relies on what it does.
const ABSENT: [&str; 1] = ["weather_enrichment_config"];

/// The configurations that count, each with its kind. Names that nobody knows are ignored, as in the original.
fn chosen<'c>(
    configurations: &'c [Configuration],
    wrong: &mut Vec<String>,
) -> Vec<(&'static Kind, &'c Configuration)> {
    let mut chosen: Vec<(&'static Kind, &Configuration)> = Vec::new();
    for configuration in configurations.iter().filter(|c| c.enabled) {
        let kinds = steps::ORDER.iter().filter_map(|step| match step {
            steps::Step::Configured(kind) => Some(*kind),
            steps::Step::Always(_) | steps::Step::Checkpoint => None,
        });
        let name = configuration.key.name.as_str();
        let Some(kind) = kinds.into_iter().find(|kind| kind.name == name) else {
            if ABSENT.contains(&name) {
                wrong
                    .push(format!("{}: there is no {name} here: set enabled to false", configuration.origin));
            }
            continue;
        };
        if let Err(what) = kind.check(&configuration.key) {
            wrong.push(format!("{}: {what}", configuration.origin));
            continue;
        }
        if !kind.many {
            chosen.retain(|(other, _)| other.name != kind.name);
        }
        chosen.push((kind, configuration));
    }
    chosen
}

impl Default for Enrichments {
    fn default() -> Self {
        Self::none()
    }
}

impl fmt::Debug for Enrichments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Enrichments").field(&self.names()).finish()
    }
}
