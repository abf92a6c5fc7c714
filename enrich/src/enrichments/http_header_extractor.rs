//! `http_header_extractor_config`: request headers as entities (`spec/enrichments-and-adapters.md` 2.16).

use event::{
    schema_key::{SchemaKey, SchemaVersion},
    self_describing::SelfDescribing,
};
use iglu::pattern::Pattern;
use serde::Deserialize;
use serde_json::json;

use super::{Built, Enrichment, Kind, assets::Assets, configuration::Configuration};
use crate::{problem::StepFailure, steps::Working};

pub(crate) static KIND: Kind = Kind::new("http_header_extractor_config", (1, 0), build);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    headers_pattern: String,
}

/// What the whole name of a header must match, as it was sent.
struct HttpHeaderExtractor(Pattern);

fn build(configuration: &Configuration, _: &Assets) -> Built {
    let Parameters { headers_pattern } = configuration.read()?;
    let pattern = Pattern::whole(&headers_pattern).map_err(|e| format!("parameters.headersPattern: {e}"))?;
    Ok(Box::new(HttpHeaderExtractor(pattern)))
}

impl Enrichment for HttpHeaderExtractor {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        let lines = working.request.payload.headers.iter().flatten();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let entities = headers.filter(|(name, _)| self.0.is_found(name)).map(|(name, value)| {
            let key = SchemaKey::new("org.ietf", "http_header", "jsonschema", SchemaVersion::new(1, 0, 0));
            SelfDescribing::new(key, json!({"name": trim(name), "value": trim(value)}))
        });
        let entities = entities.collect();
        working.derive_all(entities);
        Ok(())
    }
}

/// As Java trims.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ')
}
