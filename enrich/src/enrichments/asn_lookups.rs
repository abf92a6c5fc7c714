//! `asn_lookups`: whether the autonomous system of the visitor's address is one of bots
//! (`spec/enrichments-and-adapters.md` 2.3). `ip_lookups` has found the system.

use std::collections::HashSet;

use event::{
    atomic::Field,
    schema_key::{SchemaKey, SchemaVersion},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Built, Enrichment, Kind,
    assets::{Asset, Assets},
    configuration::Configuration,
};
use crate::{problem::StepFailure, steps::Working};

pub(crate) static KIND: Kind = Kind { assets, ..Kind::new("asn_lookups", (1, 0), build) };

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Parameters {
    bot_asns_file: Option<File>,
    bot_asns: Vec<Listed>,
    /// Platforms whose events are no bots'.
    bypass_platforms: HashSet<String>,
}

#[derive(Deserialize)]
struct File {
    uri: String,
    database: String,
}

#[derive(Deserialize)]
struct Listed {
    asn: i64,
}

struct AsnLookups {
    bots: HashSet<i64>,
    bypass_platforms: HashSet<String>,
}

impl File {
    fn asset(&self) -> Asset {
        Asset::new(&self.uri, &self.database)
    }
}

fn assets(configuration: &Configuration) -> Result<Vec<Asset>, String> {
    Ok(configuration.read::<Parameters>()?.bot_asns_file.iter().map(File::asset).collect())
}

fn build(configuration: &Configuration, assets: &Assets) -> Built {
    let parameters: Parameters = configuration.read()?;
    let mut bots: HashSet<i64> = parameters.bot_asns.iter().map(|listed| listed.asn).collect();
    if let Some(file) = &parameters.bot_asns_file {
        let asset = file.asset();
        let text = std::str::from_utf8(assets.get(&asset)?)
            .map_err(|e| format!("{asset}: Failed to parse CSV file with ASNs. Error: {e}"))?;
        bots.extend(numbers(text).map_err(|what| format!("{asset}: {what}"))?);
    }
    Ok(Box::new(AsnLookups { bots, bypass_platforms: parameters.bypass_platforms }))
}

/// The first column of a CSV file, without its heading.
fn numbers(csv: &str) -> Result<Vec<i64>, String> {
    let lines = csv.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty());
    let number = |(n, line): (usize, &str)| {
        let first = line.split(',').next().unwrap_or_default().trim();
        let wrong = |e| format!("Failed to parse CSV file with ASNs. Error: line {}: `{first}`: {e}", n + 1);
        first.parse().map_err(wrong)
    };
    lines.map(number).collect()
}

impl Enrichment for AsnLookups {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        if working.event.get(Field::Platform).is_some_and(|p| self.bypass_platforms.contains(p)) {
            return Ok(());
        }
        let asn = SchemaKey::new(
            "com.snowplowanalytics.snowplow",
            "asn",
            "jsonschema",
            SchemaVersion::new(1, 0, 1),
        );
        for entity in working.derived.iter_mut().filter(|entity| entity.schema == asn) {
            let number = entity.data.get("number").and_then(Value::as_i64);
            if let (Some(number), Value::Object(data)) = (number, &mut entity.data) {
                data.insert("likelyBot".into(), Value::Bool(self.bots.contains(&number)));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_csv_file() {
        assert_eq!(numbers("ASN,Entity\n174,\"A, B\"\n 3356 ,C\n\n").unwrap(), [174, 3356]);
        assert_eq!(numbers("").unwrap(), [0_i64; 0]);
        let error = numbers("asn\n1\nx,y").unwrap_err();
        assert!(error.contains("line 3") && error.contains("`x`"), "{error}");
    }
}
