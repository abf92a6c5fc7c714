//! `event_fingerprint_config`: a hash over what the tracker sent, so that copies of an event can be found
//! (`spec/enrichments-and-adapters.md` 2.14).

use std::collections::HashSet;

use event::atomic::Field;
use serde::Deserialize;

use super::{Built, Enrichment, Kind, assets::Assets, configuration::Configuration, digest::Hash};
use crate::{problem::StepFailure, steps::Working};

pub(crate) static KIND: Kind = Kind::new("event_fingerprint_config", (1, 0), build);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    hash_algorithm: Hash,
    exclude_parameters: HashSet<String>,
}

fn build(configuration: &Configuration, _: &Assets) -> Built {
    Ok(Box::new(configuration.read::<Parameters>()?))
}

impl Enrichment for Parameters {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        let mut pairs: Vec<(&str, &str)> = working
            .parameters
            .iter()
            .filter(|parameter| !self.exclude_parameters.contains(&*parameter.name))
            .filter_map(|parameter| Some((&*parameter.name, parameter.value.as_deref()?)))
            .collect();
        // As Java compares texts.
        pairs.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
        let pieces =
            pairs.iter().flat_map(|(name, value)| [name.as_bytes(), b"\x1f", value.as_bytes(), b"\x1f"]);
        working.event.set(Field::EventFingerprint, &self.hash_algorithm.hex(pieces));
        Ok(())
    }
}
