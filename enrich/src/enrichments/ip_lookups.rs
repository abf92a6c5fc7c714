//! `ip_lookups`: place and provider of the visitor's address, by databases of MaxMind
//! (`spec/enrichments-and-adapters.md` 2.2).

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use event::{
    atomic::Field,
    enriched::EnrichedEvent,
    number,
    schema_key::{SchemaKey, SchemaVersion},
    self_describing::SelfDescribing,
};
use maxminddb::{Reader, geoip2};
use quick_cache::sync::Cache;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Built, Enrichment, Kind,
    assets::{Asset, Assets},
    configuration::Configuration,
};
use crate::{problem::StepFailure, steps::Working};

pub(crate) static KIND: Kind = Kind { assets, ..Kind::new("ip_lookups", (2, 0), build) };

/// Addresses whose answers are kept.
const REMEMBERED: usize = 20_000;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Parameters {
    geo: Option<Database>,
    isp: Option<Database>,
    domain: Option<Database>,
    connection_type: Option<Database>,
    asn: Option<Database>,
    anonymous_ip: Option<Database>,
}

/// Where a database is.
#[derive(Deserialize)]
struct Database {
    uri: String,
    database: String,
}

type Opened = Option<Reader<Bytes>>;

struct IpLookups {
    geo: Opened,
    isp: Opened,
    domain: Opened,
    connection_type: Opened,
    asn: Opened,
    anonymous_ip: Opened,
    remembered: Cache<IpAddr, Arc<Found>>,
}

/// What the databases say of an address.
#[derive(Debug, Default)]
struct Found {
    fields: Vec<(Field, String)>,
    /// Data of the entity about the autonomous system.
    asn: Option<Value>,
    /// Data of the entity about networks that hide their users.
    anonymous_ip: Option<Value>,
}

impl Parameters {
    fn databases(&self) -> [&Option<Database>; 6] {
        [&self.geo, &self.isp, &self.domain, &self.connection_type, &self.asn, &self.anonymous_ip]
    }
}

impl Database {
    fn asset(&self) -> Asset {
        Asset::new(&self.uri, &self.database)
    }
}

fn assets(configuration: &Configuration) -> Result<Vec<Asset>, String> {
    let parameters: Parameters = configuration.read()?;
    Ok(parameters.databases().into_iter().flatten().map(Database::asset).collect())
}

fn build(configuration: &Configuration, assets: &Assets) -> Built {
    let parameters: Parameters = configuration.read()?;
    let open = |name: &str, database: &Option<Database>, kinds: &[&str]| -> Result<Opened, String> {
        let Some(database) = database else { return Ok(None) };
        let asset = database.asset();
        let wrong = |why: String| format!("parameters.{name}: {asset}: {why}");
        let reader = Reader::from_source(assets.get(&asset)?.clone()).map_err(|e| wrong(e.to_string()))?;
        let kind = &reader.metadata().database_type;
        if !kinds.iter().any(|known| kind.contains(known)) {
            return Err(wrong(format!("a database of the type {kind} has nothing to say here")));
        }
        Ok(Some(reader))
    };
    Ok(Box::new(IpLookups {
        geo: open("geo", &parameters.geo, &["City", "Country", "Enterprise"])?,
        isp: open("isp", &parameters.isp, &["ISP"])?,
        domain: open("domain", &parameters.domain, &["Domain"])?,
        connection_type: open("connectionType", &parameters.connection_type, &["Connection-Type"])?,
        asn: open("asn", &parameters.asn, &["ASN", "ISP"])?,
        anonymous_ip: open("anonymousIp", &parameters.anonymous_ip, &["Anonymous-IP"])?,
        remembered: Cache::new(REMEMBERED),
    }))
}

impl Enrichment for IpLookups {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        let Some(address) = working.event.get(Field::UserIpaddress).and_then(literal) else { return Ok(()) };
        let found = self.remembered.get(&address).unwrap_or_else(|| {
            let found = Arc::new(self.look_up(address));
            self.remembered.insert(address, Arc::clone(&found));
            found
        });
        found.write(&mut working.event);
        // The Apache line knows no such entity.
        if let Some(data) = found.asn.as_ref().filter(|_| !working.compatibility.is_apache()) {
            let key = SchemaKey::new(
                "com.snowplowanalytics.snowplow",
                "asn",
                "jsonschema",
                SchemaVersion::new(1, 0, 1),
            );
            working.derive(SelfDescribing::new(key, data.clone()));
        }
        if let Some(data) = &found.anonymous_ip {
            let key =
                SchemaKey::new("com.maxmind", "anonymous_ip", "jsonschema", SchemaVersion::new(1, 0, 0));
            working.derive(SelfDescribing::new(key, data.clone()));
        }
        Ok(())
    }
}

impl Found {
    fn write(&self, event: &mut EnrichedEvent) {
        for (field, text) in &self.fields {
            event.set(*field, text);
        }
    }

    fn add(&mut self, field: Field, text: Option<&str>) {
        if let Some(text) = text {
            self.fields.push((field, text.to_owned()));
        }
    }
}

impl IpLookups {
    fn look_up(&self, address: IpAddr) -> Found {
        let mut found = Found::default();
        if let Some(city) = ask::<geoip2::City<'_>>(&self.geo, address) {
            let region = city.subdivisions.last();
            found.add(Field::GeoCountry, city.country.iso_code);
            found.add(Field::GeoRegion, region.and_then(|r| r.iso_code));
            found.add(Field::GeoRegionName, region.and_then(|r| r.names.english));
            found.add(Field::GeoCity, city.city.names.english);
            found.add(Field::GeoZipcode, city.postal.code);
            found.add(Field::GeoTimezone, city.location.time_zone);
            let degrees = |value: Option<f64>| number::float(value.unwrap_or(0.0) as f32);
            found.add(Field::GeoLatitude, Some(&degrees(city.location.latitude)));
            found.add(Field::GeoLongitude, Some(&degrees(city.location.longitude)));
        }
        if let Some(isp) = ask::<geoip2::Isp<'_>>(&self.isp, address) {
            found.add(Field::IpIsp, isp.isp);
            found.add(Field::IpOrganization, isp.organization);
            found.asn = asn(isp.autonomous_system_number, isp.autonomous_system_organization);
        }
        if let Some(domain) = ask::<geoip2::Domain<'_>>(&self.domain, address) {
            found.add(Field::IpDomain, domain.domain);
        }
        if let Some(connection) = ask::<geoip2::ConnectionType<'_>>(&self.connection_type, address) {
            found.add(Field::IpNetspeed, connection.connection_type);
        }
        if found.asn.is_none()
            && let Some(system) = ask::<geoip2::Asn<'_>>(&self.asn, address)
        {
            found.asn = asn(system.autonomous_system_number, system.autonomous_system_organization);
        }
        found.anonymous_ip =
            ask::<geoip2::AnonymousIp>(&self.anonymous_ip, address).as_ref().and_then(anonymous_ip);
        found
    }
}

/// The record of an address; a database that fails is one that knows nothing.
fn ask<'d, T: Deserialize<'d>>(database: &'d Opened, address: IpAddr) -> Option<T> {
    database.as_ref()?.lookup(address).ok()?.decode().ok()?
}

fn asn(number: Option<u32>, organization: Option<&str>) -> Option<Value> {
    Some(match organization {
        Some(organization) => json!({"number": number?, "organization": organization}),
        None => json!({"number": number?}),
    })
}

/// What a database does not say of an address is not so; where nothing is, there is nothing to tell.
fn anonymous_ip(network: &geoip2::AnonymousIp) -> Option<Value> {
    let is = |flag: Option<bool>| flag.unwrap_or(false);
    let told = json!({
        "is_anonymous": is(network.is_anonymous),
        "is_anonymous_vpn": is(network.is_anonymous_vpn),
        "is_hosting_provider": is(network.is_hosting_provider),
        "is_public_proxy": is(network.is_public_proxy),
        "is_tor_exit_node": is(network.is_tor_exit_node),
    });
    told.as_object()?.values().any(|flag| *flag == Value::Bool(true)).then_some(told)
}

/// The address of a text, which may have brackets and a port. Names are not resolved.
fn literal(text: &str) -> Option<IpAddr> {
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || Some(text.parse::<SocketAddr>().ok()?.ip());
    text.parse().ok().or_else(bare).or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(literal(text), expect.map(|ip| ip.parse().unwrap()), "{text}");
        };
        check("175.16.199.0", Some("175.16.199.0"));
        check("175.16.199.0:8080", Some("175.16.199.0"));
        check("[::1]:80", Some("::1"));
        check("[::1]", Some("::1"));
        check("2001:db8::1", Some("2001:db8::1"));
        for text in ["", "localhost", "hello", ":::::::::::::::", "1.2.3", "01.2.3.4", "1.2.3.4:x"] {
            check(text, None);
        }
    }
}
