//! `ip_lookups`, by MaxMind's test databases: `./test tools` puts them into `.tools/maxmind/`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use event::atomic::Field;
use serde_json::{Value, json};

use super::{Enricher, SNOWPLOW, build, configuration, derived, escaped};
use crate::samples::{get, payload};

/// Slot, the name of the database and the file of the test database.
const DATABASES: [(&str, &str, &str); 6] = [
    ("geo", "GeoIP2-City.mmdb", "GeoIP2-City-Test.mmdb"),
    ("isp", "GeoIP2-ISP.mmdb", "GeoIP2-ISP-Test.mmdb"),
    ("domain", "GeoIP2-Domain.mmdb", "GeoIP2-Domain-Test.mmdb"),
    ("connectionType", "GeoIP2-Connection-Type.mmdb", "GeoIP2-Connection-Type-Test.mmdb"),
    ("asn", "GeoLite2-ASN.mmdb", "GeoLite2-ASN-Test.mmdb"),
    ("anonymousIp", "GeoIP2-Anonymous-IP.mmdb", "GeoIP2-Anonymous-IP-Test.mmdb"),
];

/// The folder with the databases; `None` after one loud line.
pub fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/maxmind");
    if !folder.join("test-data").is_dir() {
        eprintln!("!!! LEFT OUT: MaxMind's test databases are not in {}: ./test tools", folder.display());
        return None;
    }
    Some(folder)
}

/// A configuration of these slots.
pub fn config(slots: &[&str]) -> Value {
    let mut parameters = json!({});
    for (slot, name, _) in DATABASES.iter().filter(|(slot, ..)| slots.contains(slot)) {
        parameters[slot] = json!({"database": name, "uri": "http://example.com/maxmind"});
    }
    configuration(SNOWPLOW, "ip_lookups/2-0-2", parameters)
}

/// An enricher with these slots and other configurations.
pub fn enricher(folder: &Path, slots: &[&str], more: &[Value]) -> Enricher {
    let read = |(_, name, file): &(_, &'static str, &str)| {
        (*name, fs::read(folder.join("test-data").join(file)).unwrap())
    };
    let files: Vec<_> = DATABASES.iter().map(read).collect();
    let files: Vec<_> = files.iter().map(|(name, content)| (*name, content.as_slice())).collect();
    let configurations: Vec<_> = std::iter::once(config(slots)).chain(more.iter().cloned()).collect();
    Enricher::with(&configurations, &files)
}

pub const ALL: [&str; 6] = ["geo", "isp", "domain", "connectionType", "asn", "anonymousIp"];

pub fn at(address: &str) -> Vec<u8> {
    get(&format!("e=pv&p=web&ip={}", escaped(address)))
}

const FIELDS: [Field; 12] = [
    Field::GeoCountry,
    Field::GeoRegion,
    Field::GeoCity,
    Field::GeoZipcode,
    Field::GeoLatitude,
    Field::GeoLongitude,
    Field::GeoRegionName,
    Field::GeoTimezone,
    Field::IpIsp,
    Field::IpOrganization,
    Field::IpDomain,
    Field::IpNetspeed,
];

#[test]
fn fields_and_entities() {
    let Some(folder) = folder() else { return };
    let enricher = enricher(&folder, &ALL, &[]);
    let asn = |number: u32, organization: &str| match organization {
        "" => format!(r#"com.snowplowanalytics.snowplow/asn/1-0-1 {{"number":{number}}}"#),
        name => format!(
            r#"com.snowplowanalytics.snowplow/asn/1-0-1 {{"number":{number},"organization":"{name}"}}"#
        ),
    };
    let anonymous = |[any, vpn, hosting, proxy, tor]: [bool; 5]| {
        format!(
            r#"com.maxmind/anonymous_ip/1-0-0 {{"is_anonymous":{any},"is_anonymous_vpn":{vpn},"is_hosting_provider":{hosting},"is_public_proxy":{proxy},"is_tor_exit_node":{tor}}}"#
        )
    };
    let london = "GB|ENG|London||51.5142|-0.0931|England|Europe/London|Andrews & Arnold Ltd|STONEHOUSE office network|in-addr.arpa|";
    let table = [
        ("175.16.199.0", "CN|22|Changchun||43.88|125.3228|Jilin Sheng|Asia/Harbin||||Cable/DSL", vec![]),
        ("175.16.199.0:8080", "CN|22|Changchun||43.88|125.3228|Jilin Sheng|Asia/Harbin||||Cable/DSL", vec![]),
        ("81.2.69.160", london, vec![anonymous([true; 5])]),
        ("::ffff:81.2.69.160", london, vec![anonymous([true; 5])]),
        // The most specific of several regions.
        ("2.125.160.216", "GB|WBK|Boxford|OX1|51.75|-1.25|West Berkshire|Europe/London||||Cable/DSL", vec![]),
        ("2001:218::1", "JP||||35.68536|139.7531||Asia/Tokyo||||", vec![]),
        ("[2001:218::1]:443", "JP||||35.68536|139.7531||Asia/Tokyo||||", vec![]),
        ("2a02:cf40::1", "NO||||62.0|10.0||Europe/Oslo||||", vec![]),
        (
            "89.160.20.112",
            "SE|E|Linköping||58.4167|15.6167|Östergötland County|Europe/Stockholm|Bredband2 AB|Bevtec|bredband2.com|",
            vec![asn(29518, "Bredband2 AB")],
        ),
        ("70.46.123.145", "||||||||FDN Communications|DSLAM WAN Allocation|nuvox.net|", vec![asn(11456, "")]),
        (
            "18.11.120.0",
            "||||||||Massachusetts Institute of Technology|Massachusetts Institute of Technology||",
            vec![asn(3, "Massachusetts Institute of Technology")],
        ),
        (
            "216.160.83.56",
            "US|WA|Milton|98354|47.2513|-122.3149|Washington|America/Los_Angeles|Century Link|Lariat Software||Corporate",
            vec![asn(209, "")],
        ),
        (
            "214.78.120.0",
            "US|CA|San Diego|92105|32.7405|-117.0935|California|America/Los_Angeles|||starlinkisp.net|Satellite",
            vec![asn(721, "DoD Network Information Center")],
        ),
        ("1.0.0.1", "|||||||||||Cable/DSL", vec![asn(15169, "Google Inc.")]),
        ("1.2.0.1", "||||||||||maxmind.com|", vec![anonymous([true, true, false, false, false])]),
        ("65.0.0.1", "|||||||||||", vec![anonymous([true, false, false, false, true])]),
        ("186.30.236.0", "||||||||||replaced.com|", vec![anonymous([true, false, false, true, false])]),
        ("127.0.0.1", "|||||||||||", vec![]),
        ("localhost", "|||||||||||", vec![]),
        ("hello", "|||||||||||", vec![]),
        (":::::::::::::::", "|||||||||||", vec![]),
        ("81.2.69", "|||||||||||", vec![]),
        ("081.2.69.160", "|||||||||||", vec![]),
    ];
    for (address, fields, entities) in table {
        // The second time from memory.
        for _ in 0..2 {
            let event = enricher.event(&at(address));
            let found: Vec<_> = FIELDS.iter().map(|field| event.get(*field).unwrap_or("")).collect();
            assert_eq!(found.join("|"), fields, "{address}");
            assert_eq!(derived(&event), entities, "{address}");
        }
    }
}

#[test]
fn each_database_alone() {
    let Some(folder) = folder() else { return };
    let table: [(&str, &[Field], &str); 6] = [
        ("geo", &FIELDS[..8], ""),
        ("isp", &FIELDS[8..10], "asn"),
        ("domain", &FIELDS[10..11], ""),
        ("connectionType", &FIELDS[11..], ""),
        ("asn", &[], "asn"),
        ("anonymousIp", &[], "anonymous_ip"),
    ];
    let addresses = ["216.160.83.56", "89.160.20.112", "1.2.0.1"];
    for (slot, fields, entity) in table {
        let enricher = enricher(&folder, &[slot], &[]);
        let events: Vec<_> = addresses.iter().map(|address| enricher.event(&at(address))).collect();
        for field in FIELDS {
            let is_set = events.iter().any(|event| event.get(field).is_some());
            assert_eq!(is_set, fields.contains(&field), "{slot}: {}", field.name());
        }
        let entities: Vec<_> = events.iter().flat_map(derived).collect();
        assert_eq!(entities.is_empty(), entity.is_empty(), "{slot}: {entities:?}");
        assert!(entities.iter().all(|text| text.contains(&format!("/{entity}/"))), "{slot}: {entities:?}");
    }
}

/// The Apache line has no entity about autonomous systems; who asks for the other one gets it.
#[test]
fn entities_of_the_apache_line() {
    let Some(folder) = folder() else { return };
    let enricher = enricher(&folder, &ALL, &[]).apache();
    assert_eq!(enricher.derived(&at("1.0.0.1")), [""; 0]);
    let entities = enricher.derived(&at("65.0.0.1"));
    assert!(entities.len() == 1 && entities[0].starts_with("com.maxmind/anonymous_ip/"), "{entities:?}");
}

#[test]
fn addresses_of_a_million_characters() {
    let Some(folder) = folder() else { return };
    let enricher = enricher(&folder, &ALL, &[]);
    let mut request = payload();
    request.querystring = Some("e=pv&p=web".into());
    request.ip_address = Some("a".repeat(1_000_000));
    // The field itself is too long for an event.
    let row = enricher.bad(&crate::samples::encoded(&request));
    assert_eq!(row["data"]["failure"]["maximumAllowedSizeBytes"], 1_000_000);
}

/// What is no database of its slot is refused when it is read.
#[test]
fn files_that_are_no_such_database() {
    let refused = |slot: &str, content: &[u8]| {
        let name = DATABASES.iter().find(|(known, ..)| *known == slot).unwrap().1;
        let said = build(&[config(&[slot])], &[(name, content)]).err()?;
        let start = format!("it: parameters.{slot}: http://example.com/maxmind/{name}: ");
        assert!(said.starts_with(&start) && said.len() < 400, "{said}");
        Some(said)
    };
    for content in [&b""[..], b"<html>404</html>", &[0; 100], b"\xab\xcd\xefMaxMind.com"] {
        assert!(refused("geo", content).is_some(), "{content:?}");
    }
    let Some(folder) = folder() else { return };
    let read = |file: &str| fs::read(folder.join("test-data").join(file)).unwrap();
    for (slot, ..) in DATABASES {
        for (other, _, file) in DATABASES.iter().filter(|(other, ..)| *other != slot) {
            let fits = slot == "asn" && *other == "isp";
            assert_eq!(refused(slot, &read(file)).is_none(), fits, "{other} as {slot}");
        }
    }
    let city = read("GeoIP2-City-Test.mmdb");
    for end in [0, 1, 1_000, city.len() / 2, city.len() - 200, city.len() - 1] {
        assert!(refused("geo", &city[..end]).is_some(), "the first {end} of {} bytes", city.len());
    }
    assert!(refused("geo", &city).is_none());
}

/// A database that is broken where nobody has looked knows nothing there; nothing worse happens.
#[test]
fn broken_databases() {
    let Some(folder) = folder() else { return };
    let lookups = |slot: &str, content: &[u8]| {
        let name = DATABASES.iter().find(|(known, ..)| *known == slot).unwrap().1;
        let Ok(enrichments) = build(&[config(&[slot])], &[(name, content)]) else { return };
        drop(enrichments);
        let enricher = Enricher::with(&[config(&[slot])], &[(name, content)]);
        for address in
            ["1.0.0.1", "81.2.69.160", "214.78.120.0", "255.255.255.255", "2001:218::1", "::", "ff::"]
        {
            enricher.outputs(&at(address));
        }
    };
    let mut broken: Vec<PathBuf> = Vec::new();
    for inner in fs::read_dir(folder.join("bad-data")).unwrap() {
        broken.extend(fs::read_dir(inner.unwrap().path()).unwrap().map(|file| file.unwrap().path()));
    }
    let named = |name: &str| folder.join("test-data").join(name);
    broken.push(named("GeoIP2-City-Test-Broken-Double-Format.mmdb"));
    broken.push(named("GeoIP2-City-Test-Invalid-Node-Count.mmdb"));
    assert!(broken.len() > 10);
    for file in broken {
        lookups("geo", &fs::read(file).unwrap());
    }
    // Bytes changed all over the place, the metadata kept.
    for (slot, _, file) in DATABASES {
        let whole = fs::read(named(file)).unwrap();
        for (at, with) in [(7, 0xff_u8), (61, 0x00), (211, 0x80), (509, 0x3f)] {
            let mut changed = whole.clone();
            let body = changed.len() - 600;
            changed[..body].iter_mut().step_by(at).for_each(|byte| *byte = with);
            lookups(slot, &changed);
        }
    }
}
