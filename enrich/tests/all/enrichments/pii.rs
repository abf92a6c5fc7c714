//! `pii_enrichment_config`.

use event::{atomic::Field, json};
use serde_json::{Value, json};

use super::{
    ENRICHMENTS, Enricher, SNOWPLOW, build, configuration, contexts, derived, escaped, ip_lookups, unstruct,
};
use crate::samples::{encoded, get, payload};

const SALT: &str = "pepper123";

fn config(function: &str, pii: Value) -> Value {
    let strategy = json!({"pseudonymize": {"hashFunction": function, "salt": SALT}});
    let parameters = json!({"pii": pii, "strategy": strategy});
    let mut config = configuration(ENRICHMENTS, "pii_enrichment_config/2-0-1", parameters);
    config["data"]["emitEvent"] = json!(true);
    config
}

fn enricher(function: &str, pii: Value) -> Enricher {
    Enricher::with(&[config(function, pii)], &[])
}

/// A locator in data of the schema `open`.
fn at(field: &str, path: &str) -> Value {
    json!({"json": {"field": field, "schemaCriterion": "iglu:com.acme.piste/open/jsonschema/1-*-*", "jsonPath": path}})
}

#[test]
fn hash_functions() {
    let table = [
        ("MD2", "user_id", "john@acme.com", "fd0023383c2f99e896f9b1e219b33221"),
        ("MD5", "user_id", "john@acme.com", "2a032585325ba692de23c304b96f41b6"),
        ("SHA-1", "user_id", "john@acme.com", "ec8d6b75ca61a64226adf1e7e3c9d9af31e0d594"),
        (
            "SHA-256",
            "user_id",
            "john@acme.com",
            "7d8a4beae5bc9d314600667d2f410918f9af265017a6ade99f60a9c8f3aac6e9",
        ),
        (
            "SHA-256",
            "user_ipaddress",
            "70.46.123.145",
            "dd9720903c89ae891ed5c74bb7a9f2f90f6487927ac99afe73b096ad0287f3f5",
        ),
        (
            "SHA-384",
            "user_id",
            "john@acme.com",
            "3553513bb805ce232aad657791f2dd597db9e1a559a501de7d8056a1b19ca177c55d2ca2d18989576d0e28dd69b32c9f",
        ),
        (
            "SHA-512",
            "user_id",
            "john@acme.com",
            "c1c732a878271190ed07dbe7eef553954cdb2607b708cc79638593495c33dd28263ef3dc67a922b8d9f40d49bb3a9b05e137b405a077bccee00cbb57537e13df",
        ),
    ];
    for (function, field, value, expect) in table {
        let enricher = enricher(function, json!([{"pojo": {"field": field}}]));
        let name = if field == "user_id" { "uid" } else { "ip" };
        let event = enricher.event(&get(&format!("e=pv&p=web&{name}={}", escaped(value))));
        let found = event.get(if field == "user_id" { Field::UserId } else { Field::UserIpaddress });
        assert_eq!(found, Some(expect), "{function} {field}");
    }
}

fn hash(text: &str) -> String {
    let enricher = enricher("MD5", json!([{"pojo": {"field": "user_id"}}]));
    let event = enricher.event(&get(&format!("e=pv&p=web&uid={}", escaped(text))));
    event.get(Field::UserId).unwrap().to_owned()
}

/// Each field that can be hashed is, and no other.
#[test]
fn fields() {
    let query = "e=pv&p=web&uid=a&ip=18.11.120.0&fp=c&duid=d&nuid=e&tr_id=f&ti_id=g&se_ca=h&se_ac=i&se_la=j&se_pr=k&sid=00000000-0000-4000-8000-00000000000c";
    let url = "http://example.com/?utm_term=m&utm_content=n&gclid=o&_sp=p.1";
    let record = get(&format!("{query}&url={}", escaped(url)));
    let campaign = json!({"fields": {
        "mktMedium": [], "mktSource": [], "mktTerm": ["utm_term"], "mktContent": ["utm_content"], "mktCampaign": [],
    }});
    let campaign = configuration(SNOWPLOW, "campaign_attribution/1-0-0", campaign);
    let all = [
        (Field::UserId, "a"),
        (Field::UserIpaddress, "18.11.120.0"),
        (Field::UserFingerprint, "c"),
        (Field::DomainUserid, "d"),
        (Field::NetworkUserid, "e"),
        (Field::TrOrderid, "f"),
        (Field::TiOrderid, "g"),
        (Field::SeCategory, "h"),
        (Field::SeAction, "i"),
        (Field::SeLabel, "j"),
        (Field::SeProperty, "k"),
        (Field::DomainSessionid, "00000000-0000-4000-8000-00000000000c"),
        (Field::MktTerm, "m"),
        (Field::MktContent, "n"),
        (Field::MktClickid, "o"),
        (Field::RefrDomainUserid, "p"),
    ];
    for (field, value) in all {
        let pii = config("MD5", json!([{"pojo": {"field": field.name()}}]));
        let event = Enricher::with(&[pii, campaign.clone()], &[]).event(&record);
        for (other, kept) in all {
            let expect = if other == field { hash(value) } else { kept.to_owned() };
            assert_eq!(event.get(other), Some(expect.as_str()), "{} for {}", other.name(), field.name());
        }
    }
    let nothing = enricher("MD5", json!(all.map(|(field, _)| json!({"pojo": {"field": field.name()}}))));
    let event = nothing.event(&get("e=pv&p=web"));
    assert_eq!((event.get(Field::UserId), event.get(Field::MktTerm)), (None, None));

    if let Some(folder) = ip_lookups::folder() {
        let pii = json!([{"pojo": {"field": "ip_organization"}}, {"pojo": {"field": "ip_domain"}}]);
        let enricher = ip_lookups::enricher(&folder, &["isp", "domain"], &[config("MD5", pii)]);
        let event = enricher.event(&ip_lookups::at("89.160.20.112"));
        assert_eq!(event.get(Field::IpOrganization), Some(hash("Bevtec").as_str()));
        assert_eq!(event.get(Field::IpDomain), Some(hash("bredband2.com").as_str()));
        assert_eq!(event.get(Field::IpIsp), Some("Bredband2 AB"));
    }
}

/// A field named twice is hashed twice, and after its masking.
#[test]
fn again_and_after() {
    let twice = json!([{"pojo": {"field": "user_id"}}, {"pojo": {"field": "user_id"}}]);
    let event = enricher("MD5", twice).event(&get("e=pv&p=web&uid=a"));
    assert_eq!(event.get(Field::UserId), Some(hash(&hash("a")).as_str()));
    let anon = configuration(SNOWPLOW, "anon_ip/1-0-0", json!({"anonOctets": 2}));
    let both = [config("MD5", json!([{"pojo": {"field": "user_ipaddress"}}])), anon];
    let event = Enricher::with(&both, &[]).event(&get("e=pv&p=web&ip=1.2.3.4"));
    assert_eq!(event.get(Field::UserIpaddress), Some(hash("1.2.x.x").as_str()));
}

/// What paths find in data; `#x` stands for the hash of `x`.
#[test]
fn paths() {
    let data = r#"{"a":{"b":"x","n":1.50},"l":["p",2,null,{"e":"q"},["r"]],"e":"","o":{},"d":1e3}"#;
    let table = [
        ("$.a.b", r##"{"a":{"b":"#x","n":1.5},"l":["p",2,null,{"e":"q"},["r"]],"e":"","o":{},"d":1000}"##),
        ("$.l", r##"{"a":{"b":"x","n":1.5},"l":["#p",2,null,{"e":"q"},["r"]],"e":"","o":{},"d":1000}"##),
        ("$.l[*]", r##"{"a":{"b":"x","n":1.5},"l":["#p",2,null,{"e":"q"},["#r"]],"e":"","o":{},"d":1000}"##),
        ("$..e", r##"{"a":{"b":"x","n":1.5},"l":["p",2,null,{"e":"#q"},["r"]],"e":"#","o":{},"d":1000}"##),
        ("$.l[3].e", r##"{"a":{"b":"x","n":1.5},"l":["p",2,null,{"e":"#q"},["r"]],"e":"","o":{},"d":1000}"##),
        ("$.l[-1]", r##"{"a":{"b":"x","n":1.5},"l":["p",2,null,{"e":"q"},["#r"]],"e":"","o":{},"d":1000}"##),
        (
            "$.l[?(@.e == 'q')].e",
            r##"{"a":{"b":"x","n":1.5},"l":["p",2,null,{"e":"#q"},["r"]],"e":"","o":{},"d":1000}"##,
        ),
        (
            "$['a','e']",
            r##"{"a":{"b":"x","n":1.5},"l":["p",2,null,{"e":"q"},["r"]],"e":"#","o":{},"d":1000}"##,
        ),
        // An element is hashed once, though its array is found too.
        ("$..*", r##"{"a":{"b":"#x","n":1.5},"l":["#p",2,null,{"e":"#q"},["#r"]],"e":"#","o":{},"d":1000}"##),
        ("$.a.n", r##"{"a":{"b":"x","n":1.5},"l":["p",2,null,{"e":"q"},["r"]],"e":"","o":{},"d":1000}"##),
        (
            "$.none.at.all",
            r##"{"a":{"b":"x","n":1.5},"l":["p",2,null,{"e":"q"},["r"]],"e":"","o":{},"d":1000}"##,
        ),
    ];
    for (path, expect) in table {
        let mut expect = expect.to_owned();
        for text in ["x", "p", "q", "r", ""] {
            expect = expect.replace(&format!("\"#{text}\""), &format!("\"{}\"", md5(text)));
        }
        let pii = json!([at("unstruct_event", path)]);
        let record = get(&format!("e=ue&p=web&ue_pr={}", escaped(&unstruct("open", data))));
        let event = enricher("MD5", pii).event(&record);
        assert_eq!(event.get(Field::UnstructEvent), Some(unstruct("open", &expect).as_str()), "{path}");
    }
}

/// As `hash`, for the empty text too.
fn md5(text: &str) -> String {
    let record =
        get(&format!("e=ue&p=web&ue_pr={}", escaped(&unstruct("open", &json!({"t": text}).to_string()))));
    let event = enricher("MD5", json!([at("unstruct_event", "$.t")])).event(&record);
    let event = json::parse(event.get(Field::UnstructEvent).unwrap()).unwrap();
    event["data"]["data"]["t"].as_str().unwrap().to_owned()
}

/// Only what a criterion matches, and numbers elsewhere stay as they are.
#[test]
fn entities() {
    let sent = contexts("open", &[r#"{"e":"x","n":1.50}"#, r#"{"e":["y","z"]}"#]);
    let other =
        r#"{"schema":"iglu:com.acme.piste/kinds/jsonschema/1-0-0","data":{"s":"ab","e":"x","n":1.50}}"#;
    let sent = sent.replacen("\"data\":[", &format!("\"data\":[{other},"), 1);
    let event = enricher("MD5", json!([at("contexts", "$.e")]))
        .event(&get(&format!("e=pv&p=web&co={}", escaped(&sent))));
    let [x, y, z] = ["x", "y", "z"].map(md5);
    let expect =
        contexts("open", &[&format!(r#"{{"e":"{x}","n":1.5}}"#), &format!(r#"{{"e":["{y}","{z}"]}}"#)]);
    let expect = expect.replacen("\"data\":[", &format!("\"data\":[{other},"), 1);
    assert_eq!(event.get(Field::Contexts), Some(expect.as_str()));
}

/// Derived entities are judged after it: a hash may be too long for them, or no date.
#[test]
fn derived_entities() {
    let rules = "user_agent_parsers:\n  - regex: '(curl)/(\\d+)'\nos_parsers: []\ndevice_parsers: []\n";
    let ua = json!({"uri": "http://h", "database": "rules.yaml"});
    let ua = configuration(SNOWPLOW, "ua_parser_config/1-0-1", ua);
    let in_agent = |path: &str| {
        let criterion = "iglu:com.snowplowanalytics.snowplow/ua_parser_context/jsonschema/1-0-*";
        json!([{"json": {"field": "derived_contexts", "schemaCriterion": criterion, "jsonPath": path}}])
    };
    let mut request = payload();
    request.querystring = Some("e=pv&p=web".into());
    request.user_agent = Some("curl/8.4.0".into());
    let record = encoded(&request);
    let files = [("rules.yaml", rules.as_bytes())];
    let enricher = Enricher::with(&[ua, config("MD5", in_agent("$.useragentFamily"))], &files);
    let [entity] = derived(&enricher.event(&record)).try_into().unwrap();
    assert!(entity.contains(&format!(r#""useragentFamily":"{}""#, md5("curl"))), "{entity}");

    let mut cross = configuration(ENRICHMENTS, "cross_navigation_config/1-0-0", Value::Null);
    cross["data"].as_object_mut().unwrap().remove("parameters");
    let criterion = "iglu:com.snowplowanalytics.snowplow/cross_navigation/jsonschema/1-0-0";
    let pii = json!([{"json": {"field": "derived_contexts", "schemaCriterion": criterion, "jsonPath": "$.timestamp"}}]);
    let enricher = Enricher::with(&[cross, config("MD5", pii)], &[]);
    let row = enricher.bad(&get(&format!("e=pv&p=web&url={}", escaped("http://example.com/?_sp=a.1"))));
    assert_eq!(row["data"]["failure"]["messages"][0]["schemaKey"], criterion);
}

#[test]
fn only_who_asks_for_anonymity() {
    let mut config = config("MD5", json!([{"pojo": {"field": "user_id"}}]));
    config["data"]["anonymousOnly"] = json!(true);
    let enricher = Enricher::with(&[config], &[]);
    let table: [(&[&str], bool); 6] = [
        (&["SP-Anonymous: *"], true),
        (&["Host: a", "sp-anonymous"], true),
        (&["sp-anonymous-not: x"], true),
        (&[" SP-Anonymous: *"], false),
        (&["X-SP-Anonymous: *", "sp-anonymo"], false),
        (&[], false),
    ];
    for (headers, is_hashed) in table {
        let mut request = payload();
        request.querystring = Some("e=pv&p=web&uid=a".into());
        request.headers = Some(headers.iter().map(|header| (*header).to_owned()).collect());
        let event = enricher.event(&encoded(&request));
        assert_eq!(event.get(Field::UserId) == Some("a"), !is_hashed, "{headers:?}");
    }
}

/// A bad row shows what the enrichment made of the event.
#[test]
fn bad_rows_hold_hashes() {
    let enricher = enricher("MD5", json!([{"pojo": {"field": "user_id"}}]));
    let row = enricher.bad(&get("p=web&uid=a"));
    assert_eq!(row["data"]["payload"]["enriched"]["user_id"], hash("a"));
}

#[test]
fn paths_that_are_none() {
    for path in ["$.", "$[", "$.a[?(@.b]", "$..", "$x"] {
        let said = build(&[config("MD5", json!([at("contexts", path)]))], &[]).err().unwrap();
        assert!(said.starts_with("it: parameters.pii[0]: ") && said.contains(path), "{said}");
    }
}
