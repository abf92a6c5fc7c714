//! `referer_parser`.

use event::atomic::Field;
use serde_json::{Value, json};

use super::{Enricher, SNOWPLOW, build, configuration, escaped, page_view};
use crate::samples::get;

const FILE: &str = r#"{
  "search": {
    "Google": {"domains": ["www.google.com", "google.co.uk"], "parameters": ["q", "query"]},
    "Google Images": {"domains": ["www.google.com/images", "images.google.com"], "parameters": ["q"]},
    "Deep": {"domains": ["search.example.net/find/deep"], "parameters": ["q"]},
    "Wordless": {"domains": ["wordless.net"]},
    "Null": {"domains": ["null.net"], "parameters": null}
  },
  "social": {"Facebook": {"domains": ["facebook.com", "com.facebook.katana"], "parameters": ["q"]}},
  "email": {"Mail\tbox": {"domains": ["mail.example.org"]}},
  "unknown": {"Google": {"domains": ["support.google.com"]}},
  "internal": {"Intranet": {"domains": ["intranet.example.org"]}},
  "chatbot": {"Chat": {"domains": ["chat.example.org"], "utm_sources": ["chat.example.org", "Ch\tat"]}},
  "paid": {"Ads": {"domains": ["ads.example.org"], "utm_sources": ["ads"]}}
}"#;

fn config(parameters: &[(&str, Value)]) -> Value {
    let mut all = json!({"internalDomains": ["shop.example.com", " padded.example.com "], "database": "r.json", "uri": "http://h"});
    for (name, value) in parameters {
        all[name] = value.clone();
    }
    configuration(SNOWPLOW, "referer_parser/2-0-2", all)
}

fn enricher(parameters: &[(&str, Value)]) -> Enricher {
    Enricher::with(&[config(parameters)], &[("r.json", FILE.as_bytes())])
}

/// Medium, source and term, `-` where there is nothing.
fn told(enricher: &Enricher, referrer: &str) -> String {
    let url = escaped("http://pages.example.com/");
    let event = enricher.event(&get(&format!("e=pv&p=web&url={url}&refr={}", escaped(referrer))));
    let fields = [Field::RefrMedium, Field::RefrSource, Field::RefrTerm];
    fields.map(|field| event.get(field).unwrap_or("-")).join("|")
}

#[test]
fn referrers() {
    let enricher = enricher(&[]);
    let table = [
        ("https://www.google.com/search?q=rust+thrift&hl=en", "search|Google|rust thrift"),
        ("https://www.google.com", "search|Google|-"),
        ("https://www.google.com/?query=a&q=b", "search|Google|a"),
        ("https://www.google.com/?q=&query=b", "search|Google|-"),
        ("https://www.google.com/?q&query=b", "search|Google|-"),
        ("https://www.google.com/?=x&q=a=b", "search|Google|a=b"),
        ("https://www.google.com/?q=a;b&c", "search|Google|a;b"),
        ("https://www.google.com/?q=%C3%A9%20%2B%26", "search|Google|é +&"),
        ("https://www.google.com/?q=é", "search|Google|é"),
        ("https://www.google.com/?q=%E9%FF", "search|Google|\u{FFFD}\u{FFFD}"),
        ("https://www.google.com/?q=%09a%0Ab%00", "search|Google|    ab"),
        ("https://www.google.com/?%71=a", "search|Google|a"),
        ("https://www.google.com/?Q=a#q=b", "search|Google|-"),
        // Hosts lie under those of the file; their case counts.
        ("https://a.b.google.co.uk/x?q=1", "search|Google|1"),
        ("https://google.com/search?q=1", "unknown|-|-"),
        ("https://notgoogle.co.uk/", "unknown|-|-"),
        ("https://WWW.google.com/", "unknown|-|-"),
        ("https://www.google.com./?q=1", "search|Google|1"),
        ("https://www.google.com:8443/?q=1", "search|Google|1"),
        // The whole path, its first part, none.
        ("https://www.google.com/images?q=1", "search|Google Images|1"),
        ("https://www.google.com/images/deeper?q=1", "search|Google Images|1"),
        ("https://www.google.com/%69mages?q=1", "search|Google Images|1"),
        ("https://www.google.com//images/?q=1", "search|Google Images|1"),
        ("https://www.google.com/imagesque?q=1", "search|Google|1"),
        ("https://www.google.com/a/images?q=1", "search|Google|1"),
        ("https://search.example.net/find/deep?q=1", "search|Deep|1"),
        ("https://search.example.net/find/deep/er?q=1", "unknown|-|-"),
        ("https://wordless.net/?q=1", "search|Wordless|-"),
        ("https://null.net/?q=1", "search|Null|-"),
        // Any medium; a term for whoever has parameters.
        ("https://m.facebook.com/l.php?q=x", "social|Facebook|x"),
        ("android-app://com.facebook.katana/", "social|Facebook|-"),
        ("https://mail.example.org/", "email|Mail    box|-"),
        ("https://chat.example.org/", "chatbot|Chat|-"),
        ("https://support.google.com/", "unknown|-|-"),
        ("https://intranet.example.org/", "internal|-|-"),
        ("https://pages.example.com/x", "internal|-|-"),
        ("http://shop.example.com/cart", "internal|-|-"),
        ("http://padded.example.com/cart", "internal|-|-"),
        ("http://sub.shop.example.com/cart", "unknown|-|-"),
        // What is no page.
        ("ftp://www.google.com/", "-|-|-"),
        ("HTTPS://www.google.com/", "-|-|-"),
        ("//www.google.com/", "-|-|-"),
        ("www.google.com/search", "-|-|-"),
        ("mailto:x@google.com", "-|-|-"),
        ("http://[::1]/", "unknown|-|-"),
        ("http://a_b.google.co.uk/", "-|-|-"),
        ("", "-|-|-"),
    ];
    for (referrer, expect) in table {
        assert_eq!(told(&enricher, referrer), expect, "{referrer}");
    }
}

/// There only what is searched has terms.
#[test]
fn terms_of_the_apache_line() {
    let enricher = enricher(&[]).apache();
    assert_eq!(told(&enricher, "https://m.facebook.com/l.php?q=x"), "social|Facebook|-");
    assert_eq!(told(&enricher, "https://www.google.com/?q=x"), "search|Google|x");
}

#[test]
fn entries_of_the_operator_win() {
    let own = json!({
        "social": {"Ours": {"domains": ["www.google.com", "new.example.org"]}},
        "partners": {"P": {"domains": ["wordless.net/p"], "parameters": ["ref"]}},
    });
    let enricher = enricher(&[("referrers", own)]);
    let table = [
        ("https://www.google.com/?q=1", "social|Ours|-"),
        ("https://www.google.com/images?q=1", "search|Google Images|1"),
        ("https://new.example.org/", "social|Ours|-"),
        ("https://wordless.net/p?ref=x", "partners|P|x"),
        ("https://wordless.net/", "search|Wordless|-"),
    ];
    for (referrer, expect) in table {
        assert_eq!(told(&enricher, referrer), expect, "{referrer}");
    }
}

/// The whole `utm_source` of the page, whatever the referrer; entries of the operator's own win.
#[test]
fn utm_sources() {
    let own = json!({"partners": {"Ours": {"domains": ["o.example.org"], "utm_sources": ["ads"]}}});
    let (plain, with_own) = (enricher(&[]), enricher(&[("referrers", own)]));
    let entity = |source: &str, medium: &str| {
        format!(r#"{SNOWPLOW}/utm_referrer/1-0-0 {{"source":"{source}","medium":"{medium}"}}"#)
    };
    let chat = vec![entity("Chat", "chatbot")];
    let table = [
        ("utm_source=chat.example.org", chat.clone()),
        ("utm_source=Ch%09at", chat.clone()),
        ("utm_source=Ch%0Bat", vec![]),
        ("a=b&utm_source=ads&utm_source=chat.example.org", chat),
        ("utm_source=Chat.example.org", vec![]),
        ("utm_source=www.chat.example.org", vec![]),
        ("utm_source=chat.example.org%20", vec![]),
        ("UTM_SOURCE=chat.example.org", vec![]),
        ("utm_source=&utm_medium=ads", vec![]),
        ("utm_source=ads", vec![entity("Ads", "paid")]),
        ("", vec![]),
    ];
    for (query, expect) in table {
        let record = page_view(&format!("http://pages.example.com/?{query}"));
        assert_eq!(plain.derived(&record), expect, "{query}");
    }
    let record = page_view("http://pages.example.com/?utm_source=ads");
    assert_eq!(with_own.derived(&record), [entity("Ours", "partners")]);
    assert_eq!(plain.event(&record).get(Field::RefrMedium), None);
    assert_eq!(plain.apache().derived(&record), [""; 0]);
}

#[test]
fn a_database_may_be_yaml() {
    let mut config = config(&[]);
    config["data"]["parameters"]["database"] = "r.yaml".into();
    let file = "search:\n  Google:\n    domains: [www.google.com]\n    parameters:\n    - q\n";
    let yaml = Enricher::with(&[config.clone()], &[("r.yaml", file.as_bytes())]);
    assert_eq!(told(&yaml, "https://www.google.com/?q=x"), "search|Google|x");
    let said = build(&[config], &[("r.yaml", b"search: [")]).err().unwrap();
    assert!(said.starts_with("it: http://h/r.yaml: "), "{said}");
}

#[test]
fn files_that_are_no_databases() {
    let deep = "[".repeat(100_000);
    let table = [
        ("", "EOF while"),
        ("[]", "expected a map"),
        ("{\"search\":[]}", "search: no object"),
        ("{\"search\":{\"G\":{}}}", "search.G: missing field `domains`"),
        ("{\"search\":{\"G\":{\"domains\":\"g.com\"}}}", "search.G: "),
        ("{\"search\":{\"G\":{\"domains\":[1]}}}", "search.G: "),
        ("search:\n  G:\n    domains: [g.com]\n", "expected value"),
        ("{\"search\":", "EOF"),
        (&deep, "expected a map"),
    ];
    for (content, expect) in table {
        let said = build(&[config(&[])], &[("r.json", content.as_bytes())]).err().unwrap();
        assert!(
            said.starts_with("it: http://h/r.json: ") && said.contains(expect),
            "{expect} is not in {said}"
        );
    }
    assert!(build(&[config(&[])], &[("r.json", b"{}")]).is_ok());
}
