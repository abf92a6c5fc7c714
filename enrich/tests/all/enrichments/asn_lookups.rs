//! `asn_lookups`.

use serde_json::{Value, json};

use super::{ENRICHMENTS, Enricher, build, configuration, escaped, ip_lookups};
use crate::samples::get;

fn config(parameters: Value) -> Value {
    configuration(ENRICHMENTS, "asn_lookups/1-0-0", parameters)
}

fn file() -> Value {
    json!({"uri": "http://example.com", "database": "bots.csv"})
}

/// Who is a bot by which list, from which platform.
#[test]
fn bots() {
    let Some(folder) = ip_lookups::folder() else { return };
    let listed = json!([{"asn": 3, "name": "MIT"}, {"asn": 7018}]);
    let bypass = json!(["srv", "app"]);
    let table = [
        (json!({}), "18.11.120.0", "web", Some(false)),
        (json!({"botAsns": listed}), "18.11.120.0", "web", Some(true)),
        (json!({"botAsns": listed}), "12.87.118.0", "web", Some(true)),
        (json!({"botAsns": listed}), "89.160.20.112", "web", Some(false)),
        (json!({"botAsns": listed, "bypassPlatforms": bypass}), "18.11.120.0", "web", Some(true)),
        (json!({"botAsns": listed, "bypassPlatforms": bypass}), "18.11.120.0", "srv", None),
        (json!({"botAsns": listed, "bypassPlatforms": bypass}), "89.160.20.112", "app", None),
    ];
    for (parameters, address, platform, expect) in table {
        let enricher = ip_lookups::enricher(&folder, &["asn"], &[config(parameters.clone())]);
        let record = get(&format!("e=pv&p={platform}&ip={}", escaped(address)));
        let [entity] = enricher.derived(&record).try_into().unwrap();
        let told = if entity.contains(r#","likelyBot":true}"#) {
            Some(true)
        } else if entity.contains(r#","likelyBot":false}"#) {
            Some(false)
        } else {
            None
        };
        assert_eq!(told, expect, "{parameters} {address} {platform}: {entity}");
    }
    // Without the entity there is nothing to say, and a tracker's own is its own.
    let enricher = ip_lookups::enricher(&folder, &["geo"], &[config(json!({"botAsns": listed}))]);
    assert_eq!(enricher.derived(&ip_lookups::at("18.11.120.0")), [""; 0]);
}

#[test]
fn lists_in_files() {
    let good: [&[u8]; 5] = [
        b"ASN,Entity\n3,\"Massachusetts, MIT\"\n12,x\n",
        b"3,this is the heading\r\n 3 ,CRLF\r\n\r\n",
        b"\n3",
        b"heading only",
        b"",
    ];
    for content in good {
        assert!(build(&[config(json!({"botAsnsFile": file()}))], &[("bots.csv", content)]).is_ok());
    }
    let Some(folder) = ip_lookups::folder() else { return };
    let mmdb = std::fs::read(folder.join("test-data/GeoLite2-ASN-Test.mmdb")).unwrap();
    for (content, expect) in good.into_iter().zip([true, true, true, false, false]) {
        let merged = json!({"botAsnsFile": file(), "botAsns": [{"asn": 7018}]});
        let files: [(&str, &[u8]); 2] = [("bots.csv", content), ("GeoLite2-ASN.mmdb", &mmdb)];
        let enricher = Enricher::with(&[config(merged), ip_lookups::config(&["asn"])], &files);
        for (address, expect) in [("18.11.120.0", expect), ("12.87.118.0", true)] {
            let [entity] = enricher.derived(&ip_lookups::at(address)).try_into().unwrap();
            assert!(entity.ends_with(&format!(r#""likelyBot":{expect}}}"#)), "{address}: {entity}");
        }
    }
}

#[test]
fn files_that_are_no_lists() {
    let bad: [(&[u8], &str); 6] = [
        (b"asn\nx,y", "line 2: `x`: "),
        (b"asn\n1,a\n2.5,b", "line 3: `2.5`: "),
        (b"asn\n\"3\",a", "line 2: `\"3\"`: "),
        (b"asn\n,a", "line 2: ``: "),
        (b"asn\n99999999999999999999", "line 2: `99999999999999999999`: "),
        (b"asn\n\xff", "invalid utf-8"),
    ];
    for (content, expect) in bad {
        let said = build(&[config(json!({"botAsnsFile": file()}))], &[("bots.csv", content)]).err().unwrap();
        let start = "it: http://example.com/bots.csv: Failed to parse CSV file with ASNs. Error: ";
        assert!(said.starts_with(start) && said.contains(expect), "{said}");
    }
}
