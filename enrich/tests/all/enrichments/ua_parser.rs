//! `ua_parser_config`.

use serde_json::{Value, json};

use super::{Enricher, SNOWPLOW, build, configuration};
use crate::samples::{encoded, payload};

fn config(parameters: Value) -> Value {
    configuration(SNOWPLOW, "ua_parser_config/1-0-1", parameters)
}

fn with_rules() -> Value {
    config(json!({"uri": "http://h", "database": "rules.yaml"}))
}

fn from(agent: Option<&str>) -> Vec<u8> {
    let mut request = payload();
    request.querystring = Some("e=pv&p=web".into());
    request.user_agent = agent.map(str::to_owned);
    encoded(&request)
}

/// The twelve members in their order, `-` for null.
fn told(enricher: &Enricher, agent: &str) -> String {
    let [entity] = enricher.derived(&from(Some(agent))).try_into().unwrap();
    let (schema, data) = entity.split_once(' ').unwrap();
    assert_eq!(schema, "com.snowplowanalytics.snowplow/ua_parser_context/1-0-0");
    let data: serde_json::Map<String, Value> = serde_json::from_str(data).unwrap();
    let names: Vec<_> = data.keys().map(String::as_str).collect();
    let expect = "useragentFamily useragentMajor useragentMinor useragentPatch useragentVersion osFamily osMajor osMinor osPatch osPatchMinor osVersion deviceFamily";
    assert_eq!(names.join(" "), expect);
    data.values().map(|value| value.as_str().unwrap_or("-")).collect::<Vec<_>>().join("|")
}

#[test]
fn built_in_rules() {
    // A file is only looked for where an address is given.
    let enricher = Enricher::with(&[config(json!({"database": "rules.yaml"}))], &[]);
    let table = [
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 5_1_1 like Mac OS X) AppleWebKit/534.46 (KHTML, like Gecko) Version/5.1 Mobile/9B206 Safari/7534.48.3",
            "Mobile Safari|5|1|-|Mobile Safari 5.1|iOS|5|1|1|-|iOS 5.1.1|iPhone",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_10) AppleWebKit/600.1.25 (KHTML, like Gecko) Version/8.0 Safari/600.1.25",
            "Safari|8|0|-|Safari 8.0|Mac OS X|10|10|-|-|Mac OS X 10.10|Mac",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
            "Chrome|120|0|0|Chrome 120.0.0|Windows|10|-|-|-|Windows 10|Other",
        ),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Googlebot|2|1|-|Googlebot 2.1|Other|-|-|-|-|Other|Spider",
        ),
        ("curl/8.4.0", "curl|8|4|0|curl 8.4.0|Other|-|-|-|-|Other|Other"),
        ("nothing of this kind", "Other|-|-|-|Other|Other|-|-|-|-|Other|Other"),
        ("", "Other|-|-|-|Other|Other|-|-|-|-|Other|Other"),
        ("\u{0}\u{1F600}%20\r\n", "Other|-|-|-|Other|Other|-|-|-|-|Other|Other"),
    ];
    for (agent, expect) in table {
        for _ in 0..2 {
            assert_eq!(told(&enricher, agent), expect, "{agent}");
        }
    }
    assert_eq!(enricher.derived(&from(None)), [""; 0]);
    for agent in hostile() {
        assert_eq!(enricher.derived(&from(Some(&agent))).len(), 1);
    }
}

#[test]
fn rules_of_a_file() {
    let rules = r#"
user_agent_parsers:
  - regex: '(Acme)/(\d+)\.(\d+)(?:\.(\d+))?'
  - regex: 'Renamed/(\d+)'
    family_replacement: 'New $1'
os_parsers:
  - regex: '(AcmeOS) (\d+)\.(\d+)\.(\d+)\.(\d+)'
    os_replacement: 'Acme OS'
device_parsers:
  - regex: 'box-(\w+)'
    device_replacement: 'Box $1'
"#;
    let enricher = Enricher::with(&[with_rules()], &[("rules.yaml", rules.as_bytes())]);
    let table = [
        (
            "Acme/1.2.3 (AcmeOS 9.8.7.6; box-red)",
            "Acme|1|2|3|Acme 1.2.3|Acme OS|9|8|7|6|Acme OS 9.8.7.6|Box red",
        ),
        ("Acme/1.2", "Acme|1|2|-|Acme 1.2|Other|-|-|-|-|Other|Other"),
        ("Chrome/120.0", "Other|-|-|-|Other|Other|-|-|-|-|Other|Other"),
    ];
    for (agent, expect) in table {
        assert_eq!(told(&enricher, agent), expect, "{agent}");
    }
}

#[test]
fn files_that_are_no_rules() {
    let rules = |regex: &str| {
        format!("user_agent_parsers:\n  - regex: '{regex}'\nos_parsers: []\ndevice_parsers: []\n")
            .into_bytes()
    };
    let table: [Vec<u8>; 8] = [
        b"<html>".to_vec(),
        b"user_agent_parsers: 1".to_vec(),
        b"user_agent_parsers:\n\t- x".to_vec(),
        b"a: &a [x]\nb: [*a, *a".to_vec(),
        b"\xff\xfe\x00".to_vec(),
        rules("(unclosed"),
        rules("((a{1000}){1000}){1000}"),
        rules(&"(".repeat(50_000)),
    ];
    for content in table {
        let said = build(&[with_rules()], &[("rules.yaml", &content)]).err();
        let said =
            said.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&content[..content.len().min(80)])));
        assert!(said.starts_with("it: Failed to initialize ua parser: ["), "{said}");
    }
    let said = build(&[with_rules()], &[]).err().unwrap();
    assert_eq!(said, "it: http://h/rules.yaml was not fetched");
}

/// Agents and rules that would make a backtracking engine think for ever.
#[test]
fn hostile_agents() {
    let rules = "user_agent_parsers:\n  - regex: '((a+)+)+b'\nos_parsers: []\ndevice_parsers: []\n";
    let enricher = Enricher::with(&[with_rules()], &[("rules.yaml", rules.as_bytes())]);
    for agent in hostile() {
        assert_eq!(enricher.derived(&from(Some(&agent))).len(), 1);
    }
}

fn hostile() -> [String; 4] {
    ["a".repeat(1_000), "Mozilla/5.0 (".repeat(70), "Windows NT ".repeat(80), "((((;;;;".repeat(100)]
}
