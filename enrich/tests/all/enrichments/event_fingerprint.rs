//! `event_fingerprint_config`.

use event::{atomic::Field, enriched::EnrichedEvent};
use serde_json::json;

use super::{Enricher, SNOWPLOW, configuration, escaped};
use crate::samples::{encoded, get, payload, post};

fn enricher(algorithm: &str, excluded: &[&str]) -> Enricher {
    let parameters = json!({"hashAlgorithm": algorithm, "excludeParameters": excluded});
    Enricher::with(&[configuration(SNOWPLOW, "event_fingerprint_config/1-0-1", parameters)], &[])
}

fn fingerprint(event: &EnrichedEvent) -> String {
    event.get(Field::EventFingerprint).unwrap().to_owned()
}

#[test]
fn algorithms() {
    let table = [
        ("MD5", "7f936704bf217a36e7ca82d0cc482420"),
        ("SHA1", "17c919e20cd8e999f143f45c1d4742b108177079"),
        ("SHA256", "2c936ff02d181944d20e88a49263996103783200e78880cc491d225a5a221c07"),
        (
            "SHA384",
            "763728f10c6d14c30af7de26951ee381b1fc7d8b693675450a2f1bdd23b53c1fed4370914a452eecedcbee020e71c185",
        ),
        (
            "SHA512",
            "342fcb09ac14f33298465f2bbf98a6e1127ed8f7d064f2258486b3d15245ad907f3c6d674585cc2dc951bd9bb32d0b2aea74dcbf1f91baf259f7d678dbdefb64",
        ),
    ];
    for (algorithm, expect) in table {
        let event = enricher(algorithm, &["stm"]).event(&get("stm=1000000000000&e=se&se_ac=buy&p=web"));
        assert_eq!(fingerprint(&event), expect, "{algorithm}");
    }
}

/// The same text is hashed, whatever else differs.
#[test]
fn what_is_hashed() {
    let enricher = enricher("MD5", &["stm", "none"]);
    let of = |query: &str| fingerprint(&enricher.event(&get(query)));
    let expect = of("e=se&p=web&se_ac=buy");
    for same in [
        "se_ac=buy&p=web&e=se",
        "e=se&p=web&se_ac=buy&stm=1704067190250",
        "e=pv&p=app&p=web&e=se&se_ac=buy",
        "e=se&p=web&se_ac=b%75y",
        "e=se&p=web&se_ac=buy&novalue",
    ] {
        assert_eq!(of(same), expect, "{same}");
    }
    for other in
        ["e=se&p=web&se_ac=buy&x=", "e=se&p=web&se_ac=Buy", "e=se&p=web&se_acb=uy", "e=se&p=web&se_ac=bu+y"]
    {
        assert_ne!(of(other), expect, "{other}");
    }
}

/// Names are sorted by UTF-16 units: U+FFFF comes behind U+10000.
#[test]
fn order_of_names() {
    let enricher = enricher("MD5", &["e", "p"]);
    let event = enricher.event(&get(&format!(
        "e=pv&p=web&{}=1&{}=2&b=3&B=4",
        escaped("\u{FFFD}"),
        escaped("\u{10000}")
    )));
    assert_eq!(fingerprint(&event), "5cf942f5279e9aa993e2ba6a639472f6");
}

/// Parameters are those of the body and, stronger, those of the query string.
#[test]
fn bodies() {
    let enricher = enricher("MD5", &[]);
    let body = r#"{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[{"e":"pv","p":"web","tv":"t","aid":"a"}]}"#;
    let alone = enricher.event(&post(body));
    let same = enricher.event(&get("e=pv&p=web&tv=t&aid=a"));
    assert_eq!(fingerprint(&alone), fingerprint(&same));
    let mut request = payload();
    request.path = Some("/com.snowplowanalytics.snowplow/tp2".into());
    request.content_type = Some("application/json".into());
    request.body = Some(body.to_owned().into());
    request.querystring = Some("aid=b".into());
    let over = enricher.event(&encoded(&request));
    assert_eq!(fingerprint(&over), fingerprint(&enricher.event(&get("e=pv&p=web&tv=t&aid=b"))));
}
