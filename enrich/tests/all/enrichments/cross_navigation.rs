//! `cross_navigation_config`, and what `_sp` sets without it.

use event::{atomic::Field, json};
use serde_json::{Value, json};

use super::{ENRICHMENTS, Enricher, configuration, derived, page_view};

fn enricher() -> Enricher {
    let mut config = configuration(ENRICHMENTS, "cross_navigation_config/1-0-0", Value::Null);
    config["data"].as_object_mut().unwrap().remove("parameters");
    Enricher::with(&[config], &[])
}

fn url(sp: &str) -> Vec<u8> {
    page_view(&format!("http://example.com/?_sp={sp}"))
}

/// The two fields, and the entity's data with its keys in their order.
#[test]
fn parts() {
    let entity = |session: &str,
                  time: &str,
                  reason: &str,
                  user: &str,
                  source: &str,
                  duid: &str,
                  platform: &str| {
        let quoted = |text: &str| if text == "-" { "null".into() } else { format!("{text:?}") };
        Some(format!(
            r#"com.snowplowanalytics.snowplow/cross_navigation/1-0-0 {{"session_id":{},"timestamp":{},"reason":{},"user_id":{},"source_id":{},"domain_user_id":{},"source_platform":{}}}"#,
            quoted(session),
            quoted(time),
            quoted(reason),
            quoted(user),
            quoted(source),
            quoted(duid),
            quoted(platform)
        ))
    };
    let session = "11111111-1111-4111-8111-111111111111";
    let (at, iso) = ("2015-03-13 11:19:21.368", "2015-03-13T11:19:21.368Z");
    let table = [
        ("abc.1426245561368", Some("abc"), Some(at), entity("-", iso, "-", "-", "-", "abc", "-")),
        (
            &*format!("abc.1426245561368.{session}.dXNlcg.c3Jj.web.cmVhc29u"),
            Some("abc"),
            Some(at),
            entity(session, iso, "reason", "user", "src", "abc", "web"),
        ),
        ("abc.1426245561368......", None, None, None),
        ("abc.1426245561368.....", Some("abc"), Some(at), entity("-", iso, "-", "-", "-", "abc", "-")),
        ("abc", Some("abc"), None, None),
        ("abc.", Some("abc"), None, None),
        (".1426245561368", None, Some(at), None),
        ("abc.1426245561360", Some("abc"), Some("2015-03-13 11:19:21.360"), {
            entity("-", "2015-03-13T11:19:21.36Z", "-", "-", "-", "abc", "-")
        }),
        ("abc.1426245561000", Some("abc"), Some("2015-03-13 11:19:21.000"), {
            entity("-", "2015-03-13T11:19:21Z", "-", "-", "-", "abc", "-")
        }),
        ("a%09b.1", Some("a    b"), Some("1970-01-01 00:00:00.001"), {
            entity("-", "1970-01-01T00:00:00.001Z", "-", "-", "-", "a    b", "-")
        }),
        // Both alphabets, padding or none, and what is no Base64 at all.
        ("a.1..Pj4-Pz8_.Pj4%2BPz8%2F..ISEh%3D%3D", Some("a"), Some("1970-01-01 00:00:00.001"), {
            entity("-", "1970-01-01T00:00:00.001Z", "!!!", ">>>???", ">>>???", "a", "-")
        }),
        ("", None, None, None),
        ("..", None, None, None),
    ];
    for (sp, user, time, entity) in table {
        let event = enricher().event(&url(sp));
        assert_eq!(event.get(Field::RefrDomainUserid), user, "{sp}");
        assert_eq!(event.get(Field::RefrDvceTstamp), time, "{sp}");
        assert_eq!(derived(&event).first(), entity.as_ref(), "{sp}");

        let without = Enricher::with(&[], &[]).event(&url(sp));
        assert_eq!(without.get(Field::RefrDomainUserid), user, "{sp}");
        assert_eq!(without.get(Field::RefrDvceTstamp), time, "{sp}");
        assert_eq!(derived(&without), [""; 0]);
    }
}

#[test]
fn the_last_of_several() {
    let event = enricher().event(&page_view("http://example.com/?_sp=a.1&x=_sp&_sp=b.2"));
    assert_eq!(event.get(Field::RefrDomainUserid), Some("b"));
    let event = enricher().event(&page_view("http://example.com/?_sp=a.1&_sp"));
    assert_eq!(event.get(Field::RefrDomainUserid), None);
}

#[test]
fn timestamps_that_are_none() {
    let table = [
        ("x", "Not in the expected format: ms since epoch"),
        ("%201", "Not in the expected format: ms since epoch"),
        ("1111111111111111", "Formatting as 37179-09-17 07:18:31.111 is not Redshift-compatible"),
    ];
    for (time, expectation) in table {
        let message =
            json!({"field": "sp_dtm", "value": time.replace("%20", " "), "expectation": expectation});
        let info = json!({
            "schemaKey": "iglu:com.snowplowanalytics.snowplow.enrichments/cross_navigation_config/jsonschema/1-0-0",
            "identifier": "cross-navigation",
        });
        for (enricher, enrichment) in [(enricher(), info), (Enricher::with(&[], &[]), Value::Null)] {
            let row = enricher.bad(&url(&format!("abc.{time}")));
            let expect = json!([{"enrichment": enrichment, "message": message}]);
            assert_eq!(json::to_compact(&row["data"]["failure"]["messages"]), json::to_compact(&expect));
            assert_eq!(row["data"]["payload"]["enriched"]["refr_domain_userid"], Value::Null);
        }
    }
}

/// What no session id is makes an entity that is not valid.
#[test]
fn entities_that_are_not_valid() {
    let row = enricher().bad(&url("abc.1.session"));
    let message = &row["data"]["failure"]["messages"][0];
    assert_eq!(message["schemaKey"], "iglu:com.snowplowanalytics.snowplow/cross_navigation/jsonschema/1-0-0");
    assert_eq!(message["error"]["dataReports"][0]["path"], "$.session_id");
}
