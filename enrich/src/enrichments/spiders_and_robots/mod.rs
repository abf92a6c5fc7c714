//! `iab_spiders_and_robots_enrichment`: spiders and robots by the lists of the IAB
//! (`spec/enrichments-and-adapters.md` 2.9).

mod addresses;
mod agents;

use std::net::IpAddr;

use event::{
    atomic::Field,
    schema_key::{SchemaKey, SchemaVersion},
    self_describing::SelfDescribing,
    timestamp::AtomicTime,
};
use serde::Deserialize;
use serde_json::json;

use self::{
    addresses::Addresses,
    agents::{Excluded, Included, Words},
};
use super::{
    Built, Enrichment, Kind,
    assets::{Asset, Assets},
    configuration::Configuration,
};
use crate::{problem::StepFailure, steps::Working};

pub(crate) static KIND: Kind =
    Kind { assets, ..Kind::new("iab_spiders_and_robots_enrichment", (1, 0), build) };

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    ip_file: File,
    exclude_useragent_file: File,
    include_useragent_file: File,
    #[serde(default)]
    include_useragents: Vec<String>,
    #[serde(default)]
    exclude_useragents: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    uri: String,
    database: String,
}

struct SpidersAndRobots {
    own_browsers: Words,
    own_robots: Words,
    addresses: Addresses,
    included: Included,
    excluded: Excluded,
}

/// What an event is taken for: category, reason and impact.
type Verdict = (&'static str, &'static str, &'static str);

const BROWSER: Verdict = ("BROWSER", "PASSED_ALL", "NONE");

impl File {
    fn asset(&self) -> Asset {
        Asset::new(&self.uri, &self.database)
    }
}

fn assets(configuration: &Configuration) -> Result<Vec<Asset>, String> {
    let Parameters { ip_file, exclude_useragent_file, include_useragent_file, .. } = configuration.read()?;
    Ok([ip_file, exclude_useragent_file, include_useragent_file].iter().map(File::asset).collect())
}

fn build(configuration: &Configuration, assets: &Assets) -> Built {
    let parameters: Parameters = configuration.read()?;
    let read = |file: &File| {
        let asset = file.asset();
        // The lists are in ISO 8859-1.
        let text: String = assets.get(&asset)?.iter().map(|byte| char::from(*byte)).collect();
        Ok::<_, String>((asset, text))
    };
    let (ips, ip_text) = read(&parameters.ip_file)?;
    let (robots, robot_text) = read(&parameters.exclude_useragent_file)?;
    let (browsers, browser_text) = read(&parameters.include_useragent_file)?;
    Ok(Box::new(SpidersAndRobots {
        own_browsers: Words::new(&parameters.include_useragents)?,
        own_robots: Words::new(&parameters.exclude_useragents)?,
        addresses: Addresses::read(&ip_text).map_err(|what| format!("{ips}: {what}"))?,
        included: Included::read(&browser_text).map_err(|what| format!("{browsers}: {what}"))?,
        excluded: Excluded::read(&robot_text).map_err(|what| format!("{robots}: {what}"))?,
    }))
}

impl Enrichment for SpidersAndRobots {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        let event = &working.event;
        let agent = event.get(Field::Useragent).filter(|agent| !agent.trim().is_empty());
        let address = event.get(Field::UserIpaddress).and_then(|text| text.parse::<IpAddr>().ok());
        let time = event.get(Field::DerivedTstamp).and_then(|text| text.parse::<AtomicTime>().ok());
        let (Some(time), true) = (time, agent.is_some() || address.is_some()) else { return Ok(()) };
        let agent = agent.map(str::to_lowercase);
        let (category, reason, impact) = self.judge(agent.as_deref(), address, time.as_millis());
        let key = SchemaKey::new(
            "com.iab.snowplow",
            "spiders_and_robots",
            "jsonschema",
            SchemaVersion::new(1, 0, 0),
        );
        let data = json!({
            "spiderOrRobot": category != BROWSER.0,
            "category": category,
            "reason": reason,
            "primaryImpact": impact,
        });
        working.derive(SelfDescribing::new(key, data));
        Ok(())
    }
}

impl SpidersAndRobots {
    /// `agent` is in lower case, `time` in milliseconds since the epoch.
    fn judge(&self, agent: Option<&str>, address: Option<IpAddr>, time: i64) -> Verdict {
        const ROBOT: &str = "SPIDER_OR_ROBOT";
        if agent.is_some_and(|agent| self.own_browsers.any_in(agent)) {
            return BROWSER;
        }
        if agent.is_some_and(|agent| self.own_robots.any_in(agent)) {
            return (ROBOT, "FAILED_UA_EXCLUDE", "UNKNOWN");
        }
        if address.is_some_and(|address| self.addresses.has(address)) {
            return (ROBOT, "FAILED_IP_EXCLUDE", "UNKNOWN");
        }
        let Some(agent) = agent else { return BROWSER };
        if !self.included.has(agent, time) {
            return (ROBOT, "FAILED_UA_INCLUDE", "UNKNOWN");
        }
        match self.excluded.find(agent, time) {
            Some((category, impact)) => (category, "FAILED_UA_EXCLUDE", impact),
            None => BROWSER,
        }
    }
}
