//! `campaign_attribution`.

use event::atomic::Field;
use serde_json::{Value, json};

use super::{Enricher, SNOWPLOW, configuration, page_view};
use crate::samples::get;

const FIELDS: [Field; 7] = [
    Field::MktMedium,
    Field::MktSource,
    Field::MktTerm,
    Field::MktContent,
    Field::MktCampaign,
    Field::MktClickid,
    Field::MktNetwork,
];

fn enricher(click_ids: Option<Value>) -> Enricher {
    let mut fields = json!({
        "mktMedium": ["utm_medium", "medium"], "mktSource": ["utm_source", "source"],
        "mktTerm": ["utm_term", "legacy_term"], "mktContent": ["utm_content"],
        "mktCampaign": ["utm_campaign", "cid", "legacy_campaign"],
    });
    if let Some(click_ids) = click_ids {
        fields["mktClickId"] = click_ids;
    }
    Enricher::with(&[configuration(SNOWPLOW, "campaign_attribution/1-0-1", json!({"fields": fields}))], &[])
}

#[test]
fn fields_of_the_query() {
    let enricher = enricher(None);
    // The seven fields, `-` where there is nothing.
    let table = [
        ("", "- - - - - - -"),
        ("utm_medium=a&utm_source=b&utm_term=c&utm_content=d&utm_campaign=e", "a b c d e - -"),
        // The first that is configured wins, not the first in the query; of its repetitions the last.
        ("medium=x&utm_medium=a", "a - - - - - -"),
        ("legacy_campaign=l&cid=c", "- - - - c - -"),
        ("utm_source=1&utm_source=2&source=3", "- 2 - - - - -"),
        // One that is there without a value hides the others.
        ("utm_term=&legacy_term=x", "- - - - - - -"),
        ("utm_term&legacy_term=x", "- - - - - - -"),
        ("UTM_SOURCE=a", "- - - - - - -"),
        ("utm_source=a+b%20c%C3%A9", "- a b cé - - - - -"),
        ("utm_source=%09x%0A", "-     x - - - - -"),
        ("utm_source=%FF", "- \u{FFFD} - - - - -"),
        ("utm_source=a;utm_term=b", "- a b - - - -"),
        ("utm_source=a#utm_term=b", "- a - - - - -"),
        ("utm%5Fsource=a", "- a - - - - -"),
        ("utm_source=a=b?c", "- a=b?c - - - - -"),
        ("gclid=1", "- - - - - 1 Google"),
        ("msclkid=2", "- - - - - 2 Microsoft"),
        ("dclid=3&msclkid=2&gclid=1", "- - - - - 1 Google"),
        ("dclid=3&msclkid=2", "- - - - - 2 Microsoft"),
        ("gclid=1&gclid=2", "- - - - - 2 Google"),
        ("gclid=", "- - - - - - Google"),
        ("fbclid=1", "- - - - - - -"),
    ];
    for (query, expect) in table {
        let event = enricher.event(&page_view(&format!("http://example.com/x?{query}")));
        let found: Vec<_> = FIELDS.iter().map(|field| event.get(*field).unwrap_or("-")).collect();
        assert_eq!(found.join(" "), expect, "{query}");
    }
}

#[test]
fn networks_of_the_operator() {
    let enricher = enricher(Some(json!({"gclid": "Search", "fbclid": "Facebook", "x": "X"})));
    let table = [
        ("gclid=1&fbclid=2", Some(("1", "Search"))),
        ("fbclid=2&x=3", Some(("2", "Facebook"))),
        ("x=3&dclid=4", Some(("4", "DoubleClick"))),
        ("y=1", None),
    ];
    for (query, expect) in table {
        let event = enricher.event(&page_view(&format!("http://example.com/?{query}")));
        assert_eq!(event.get(Field::MktClickid).zip(event.get(Field::MktNetwork)), expect, "{query}");
    }
}

#[test]
fn events_without_a_query() {
    let enricher = enricher(None);
    for record in [get("e=pv&p=web"), page_view("http://example.com/"), page_view("urn:isbn:1?utm_source=a")]
    {
        let event = enricher.event(&record);
        assert!(FIELDS.iter().all(|field| event.get(*field).is_none()));
    }
}

/// In UTF-16 units.
#[test]
fn long_values() {
    let enricher = enricher(None);
    let url = |n: usize| page_view(&format!("http://example.com/?utm_term={}", "%F0%9F%98%80".repeat(n)));
    assert_eq!(enricher.event(&url(127)).get(Field::MktTerm).map(|term| term.chars().count()), Some(127));
    let row = enricher.bad(&url(128));
    let report = &row["data"]["failure"]["messages"][0]["error"]["dataReports"][0];
    assert_eq!(report["path"], "mkt_term");
    assert_eq!(report["message"], "Field is longer than maximum allowed size 255");
}
