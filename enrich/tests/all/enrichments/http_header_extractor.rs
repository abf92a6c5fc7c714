//! `http_header_extractor_config`.

use serde_json::json;

use super::{ENRICHMENTS, Enricher, build, configuration};
use crate::samples::{encoded, payload};

fn record(headers: &[&str]) -> Vec<u8> {
    let mut request = payload();
    request.querystring = Some("e=pv&p=web".into());
    request.headers = Some(headers.iter().map(|header| (*header).to_owned()).collect());
    encoded(&request)
}

fn config(pattern: &str) -> serde_json::Value {
    configuration(ENRICHMENTS, "http_header_extractor_config/1-0-0", json!({"headersPattern": pattern}))
}

#[test]
fn headers_whose_whole_name_matches() {
    let headers = [
        "Host: example.com",
        "X-Forwarded-For: 1.2.3.4, 5.6.7.8",
        "x-b:v",
        "X-A : \t padded \t ",
        " X-C: 1",
        "X-Empty:",
        "no colon",
        "X-A: again",
        ": nameless",
        "X-Ü: ü",
    ];
    let table: [(&str, &[(&str, &str)]); 12] = [
        ("Host", &[("Host", "example.com")]),
        ("host", &[]),
        ("(?i)host", &[("Host", "example.com")]),
        ("Hos", &[]),
        ("Hos.|x-b", &[("Host", "example.com"), ("x-b", "v")]),
        ("X-A", &[("X-A", "again")]),
        ("X-A ?", &[("X-A", "padded"), ("X-A", "again")]),
        ("\\s*X-[CE].*", &[("X-C", "1"), ("X-Empty", "")]),
        ("^X-(?!Forw|A|E).*$", &[("X-Ü", "ü")]),
        ("", &[("", "nameless")]),
        ("(X)-F.*", &[("X-Forwarded-For", "1.2.3.4, 5.6.7.8")]),
        ("no colon", &[]),
    ];
    for (pattern, found) in table {
        let enricher = Enricher::with(&[config(pattern)], &[]);
        let entity = |(name, value): &(&str, &str)| {
            format!(r#"org.ietf/http_header/1-0-0 {{"name":"{name}","value":"{value}"}}"#)
        };
        let expect: Vec<_> = found.iter().map(entity).collect();
        assert_eq!(enricher.derived(&record(&headers)), expect, "{pattern}");
    }
}

/// Patterns that explode, and those that are none.
#[test]
fn hostile_patterns() {
    let name = "a".repeat(3_000);
    for pattern in ["(a+)+b", "(a|a)*b", "(?=(a+)+b).*", "(a*)*\\1b"] {
        let enricher = Enricher::with(&[config(pattern)], &[]);
        assert_eq!(enricher.derived(&record(&[&format!("{name}: x")])), [""; 0], "{pattern}");
    }
    for pattern in ["(", "[", "*", &"(".repeat(100_000), &format!("(a{{1000}}){{1000}}{}", "{1000}")] {
        let said = build(&[config(pattern)], &[])
            .err()
            .unwrap_or_else(|| panic!("{}", &pattern[..10.min(pattern.len())]));
        assert!(said.starts_with("it: parameters.headersPattern: "), "{said}");
    }
}
