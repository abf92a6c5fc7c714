//! `iab_spiders_and_robots_enrichment` and `bot_detection_enrichment_config`.

use serde_json::{Value, json};

use super::{ENRICHMENTS, Enricher, build, configuration, contexts, escaped};
use crate::samples::{encoded, get, payload};

const INCLUDE: &[u8] = b"# browsers\nmozilla|1|1|\nxdroid|1|0|\n\nold|0|0|01/01/2020\nolder|0|0|\n";
const EXCLUDE: &[u8] = b"bot|1|cubot, robotics|0|1|0|\nspider|0||0|2|0|01/01/2020\nnever|0||0|0|0|\n\
    mozilla/5.0 crawl|1||0|0|1|\ncrawl|1||0|2|0|\n";
const ADDRESSES: &[u8] = b"192.168.151.21\n192.168.0.0/30\n";

fn iab(lists: Value) -> Value {
    let file = |name: &str| json!({"uri": "https://acme.com", "database": name});
    let mut parameters = json!({
        "ipFile": file("ip_exclude_current_cidr.txt"), "excludeUseragentFile": file("exclude_current.txt"),
        "includeUseragentFile": file("include_current.txt"),
    });
    parameters.as_object_mut().unwrap().extend(lists.as_object().unwrap().clone());
    configuration(ENRICHMENTS, "iab_spiders_and_robots_enrichment/1-0-1", parameters)
}

fn files<'f>(exclude: &'f [u8], addresses: &'f [u8]) -> [(&'static str, &'f [u8]); 3] {
    [
        ("include_current.txt", INCLUDE),
        ("exclude_current.txt", exclude),
        ("ip_exclude_current_cidr.txt", addresses),
    ]
}

/// A page view of this user agent and address at a time in milliseconds.
fn record(agent: &str, address: &str, time: &str) -> Vec<u8> {
    get(&format!("e=pv&p=web&ua={}&ip={}&ttm={time}", escaped(agent), escaped(address)))
}

#[test]
fn spiders_and_robots() {
    const NOW: &str = "1700000000000";
    const IN_2019: &str = "1560000000000";
    let lists = json!({"includeUseragents": ["Friend"], "excludeUseragents": ["FOE"]});
    let enricher = Enricher::with(&[iab(lists)], &files(EXCLUDE, ADDRESSES));
    let browser = ("BROWSER", "PASSED_ALL", "NONE");
    let robot = |reason| ("SPIDER_OR_ROBOT", reason, "UNKNOWN");
    let active = |impact| ("ACTIVE_SPIDER_OR_ROBOT", "FAILED_UA_EXCLUDE", impact);
    let table = [
        ("Xdroid", "192.168.0.9", NOW, browser),
        ("Mozilla/5.0", "192.168.151.21", NOW, robot("FAILED_IP_EXCLUDE")),
        ("Mozilla/5.0", "192.168.0.3", NOW, robot("FAILED_IP_EXCLUDE")),
        ("xonitor", "192.168.0.9", NOW, robot("FAILED_UA_INCLUDE")),
        ("a mozilla", "192.168.0.9", NOW, robot("FAILED_UA_INCLUDE")),
        ("old", "192.168.0.9", NOW, robot("FAILED_UA_INCLUDE")),
        ("old", "192.168.0.9", IN_2019, browser),
        ("older", "192.168.0.9", IN_2019, browser),
        ("Mozilla Bot", "192.168.0.9", NOW, active("AD_IMPRESSIONS")),
        ("Mozilla Cubot", "192.168.0.9", NOW, browser),
        ("Mozilla never", "192.168.0.9", NOW, browser),
        (
            "Mozilla Spider",
            "192.168.0.9",
            NOW,
            ("INACTIVE_SPIDER_OR_ROBOT", "FAILED_UA_EXCLUDE", "PAGE_AND_AD_IMPRESSIONS"),
        ),
        ("Mozilla Spider", "192.168.0.9", IN_2019, active("PAGE_AND_AD_IMPRESSIONS")),
        ("Mozilla/5.0 crawl", "192.168.0.9", NOW, active("PAGE_IMPRESSIONS")),
        ("Mozilla/6.0 crawl", "192.168.0.9", NOW, active("PAGE_AND_AD_IMPRESSIONS")),
        ("my friend foe bot", "192.168.151.21", NOW, browser),
        ("Mozilla foe", "192.168.151.21", NOW, robot("FAILED_UA_EXCLUDE")),
        ("", "192.168.0.9", NOW, browser),
        ("", "192.168.0.1", NOW, robot("FAILED_IP_EXCLUDE")),
        ("Mozilla", "unknown", NOW, browser),
    ];
    for (agent, address, time, (category, reason, impact)) in table {
        let is_robot = category != "BROWSER";
        let expect = format!(
            r#"com.iab.snowplow/spiders_and_robots/1-0-0 {{"spiderOrRobot":{is_robot},"category":"{category}","reason":"{reason}","primaryImpact":"{impact}"}}"#
        );
        assert_eq!(enricher.derived(&record(agent, address, time)), [expect], "{agent} {address} {time}");
    }
    assert_eq!(enricher.derived(&record("", "nowhere", NOW)), [""; 0]);
}

#[test]
fn lists_that_are_broken() {
    let table = [
        (&b"bot|1||0|7|0|\n"[..], ADDRESSES, "`bot`: the impact `7`"),
        (EXCLUDE, &b"10.0.0.1\n10.0.0.0/40\n"[..], "line 2: `10.0.0.0/40`"),
    ];
    for (exclude, addresses, expect) in table {
        let why = build(&[iab(json!({}))], &files(exclude, addresses)).unwrap_err();
        assert!(why.contains(expect), "{why}");
    }
}

#[test]
fn bots() {
    let uses = |iab: bool, client: bool| {
        let uses = json!({
            "useYauaa": true, "useIab": iab, "useAsnLookups": true, "useClientSideDetection": client,
        });
        configuration(ENRICHMENTS, "bot_detection_enrichment_config/1-0-1", uses)
    };
    let told = |bot: &str| {
        let said = format!(
            r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/client_side_bot_detection/jsonschema/1-0-0","data":{bot}}}"#
        );
        contexts("x", &[]).replace("\"data\":[]", &format!("\"data\":[{said},{said}]"))
    };
    let yes = told(r#"{"bot":true,"kind":"headless_chrome"}"#);
    let no = told(r#"{"bot":false}"#);
    let table = [
        (
            "Mozilla Bot",
            &yes,
            true,
            true,
            r#"{"bot":true,"indicators":["clientSideDetection","clientSideDetection","iab"]}"#,
        ),
        ("Mozilla Bot", &yes, true, false, r#"{"bot":true,"indicators":["iab"]}"#),
        ("Mozilla Bot", &no, true, true, r#"{"bot":true,"indicators":["iab"]}"#),
        ("Mozilla Bot", &no, false, true, r#"{"bot":false,"indicators":[]}"#),
        ("Mozilla", &no, true, true, r#"{"bot":false,"indicators":[]}"#),
    ];
    for (agent, entities, iab_too, client, expect) in table {
        let enricher = Enricher::with(&[uses(iab_too, client), iab(json!({}))], &files(EXCLUDE, ADDRESSES));
        let record = encoded(&event::payload::CollectorPayload {
            querystring: Some(format!("e=pv&p=web&ua={}&co={}", escaped(agent), escaped(entities))),
            ..payload()
        });
        let derived = enricher.derived(&record);
        let expect = format!("com.snowplowanalytics.snowplow/bot_detection/1-0-1 {expect}");
        assert_eq!(derived[0], expect, "{agent} {entities}");
        assert_eq!(derived.len(), 2);
    }
}
