//! `piste up --enrichments`: events are enriched as configured, and files that enrichments need change while it runs.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    enrichments::{configure, referers},
    files::Files,
    http,
    lake::Line,
    piste::{Launch, PATIENCE, Piste},
    wait,
};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0";

/// A folder with data, configurations and their schemas.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        fs::create_dir(place.path("schemas")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn configure(&self, name: &str, parameters: &Value) {
        configure(&self.path("enrichments"), &self.path("schemas"), name, parameters);
    }

    fn launch(&self) -> Launch {
        let text = |name: &str| self.path(name).display().to_string();
        Launch::up(&self.path("data")).with(&[
            "--enrichments",
            &text("enrichments"),
            "--schemas",
            &text("schemas"),
            "-Denrich.assetsUpdatePeriod=100ms",
        ])
    }
}

/// Sends a page view of this name.
fn send(piste: &Piste, name: &str) {
    let target = format!(
        "/i?e=pv&p=web&tv=story&aid={name}&refr=https%3A%2F%2Facme.com%2F%3Fq%3Dx\
         &url=https%3A%2F%2Fshop.example%2F%3Futm_source%3Dnews%26utm_medium%3Dmail%26utm_campaign%3Dspring"
    );
    let headers = [("User-Agent", FIREFOX), ("X-Forwarded-For", "203.0.113.77")];
    assert_eq!(http::once(piste.collector, "GET", &target, &headers, b"").unwrap().status, 200);
}

/// The same, and returns it enriched.
fn enriched(piste: &Piste, name: &str) -> Line {
    send(piste, name);
    wait::until("the event", PATIENCE, || {
        piste.lake().enriched().into_iter().find(|line| line.get("app_id") == name)
    })
}

#[test]
fn events_are_enriched_and_changed_files_are_taken_up() {
    let (place, files) = (Place::new(), Files::start());
    files.put("/referers.json", referers("search"));
    place.configure("com.snowplowanalytics.snowplow/anon_ip/1-0-0", &json!({"anonOctets": 2}));
    let fields = json!({
        "mktMedium": ["utm_medium"], "mktSource": ["utm_source"], "mktTerm": [], "mktContent": [],
        "mktCampaign": ["utm_campaign"],
    });
    let campaign = json!({"mapping": "static", "fields": fields});
    place.configure("com.snowplowanalytics.snowplow/campaign_attribution/1-0-0", &campaign);
    place.configure("com.snowplowanalytics.snowplow/ua_parser_config/1-0-0", &json!({}));
    let referer = json!({"internalDomains": [], "database": "referers.json", "uri": files.uri});
    place.configure("com.snowplowanalytics.snowplow/referer_parser/2-0-0", &referer);
    let piste = place.launch().start();

    let line = enriched(&piste, "first");
    for (field, expect) in [
        ("user_ipaddress", "203.0.x.x"),
        ("mkt_medium", "mail"),
        ("mkt_source", "news"),
        ("mkt_campaign", "spring"),
        ("refr_medium", "search"),
        ("refr_source", "Acme"),
    ] {
        assert_eq!(line.get(field), expect, "{field}");
    }
    let derived: Value = serde_json::from_str(line.get("derived_contexts")).unwrap();
    assert_eq!(derived["data"][0]["data"]["useragentFamily"], "Firefox", "{derived}");

    let looks = |outcome: &str| {
        let label = format!("outcome=\"{outcome}\"");
        piste.metric_of("piste_enrich_assets_total", &label).unwrap_or_default()
    };
    let one_more = |outcome: &str, before: f64| {
        wait::until(outcome, PATIENCE, || (looks(outcome) > before).then_some(()));
    };
    one_more("same", looks("same"));
    files.put("/referers.json", referers("email"));
    one_more("taken", 0.0);
    assert_eq!(enriched(&piste, "second").get("refr_medium"), "email");
    // Half a file leaves the old one in use, and nothing else happens.
    files.put("/referers.json", "{");
    one_more("failed", 0.0);
    assert_eq!(enriched(&piste, "third").get("refr_medium"), "email");
    assert_eq!(http::get(piste.admin, "/health").unwrap().status, 200);
    files.put("/referers.json", referers("social"));
    one_more("taken", 1.0);
    assert_eq!(enriched(&piste, "fourth").get("refr_medium"), "social");

    // However often files change, each event is there once.
    for n in 0..200 {
        if n % 20 == 0 {
            files.put("/referers.json", referers(if n % 40 == 0 { "search" } else { "email" }));
        }
        send(&piste, "many");
    }
    wait::until("all events", PATIENCE, || (piste.lake().event_ids().len() == 204).then_some(()));
    assert!(piste.lake().event_ids().values().all(|times| *times == 1));
    assert!(piste.lake().bad().is_empty());
    let ended = piste.finish_well();
    assert!(
        ended.stderr.contains("/referers.json"),
        "a file that was not taken up is named:\n{}",
        ended.stderr
    );
}

#[test]
fn what_is_wrong_with_enrichments_ends_the_start() {
    let check = |configure: &dyn Fn(&Place), code: i32, said: &[&str]| {
        let place = Place::new();
        configure(&place);
        let ended = place.launch().run();
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        for said in said {
            assert!(ended.stderr.contains(said), "{said}\n{}", ended.stderr);
        }
    };
    let write = |place: &Place, text: &str| {
        place.configure("com.snowplowanalytics.snowplow/anon_ip/1-0-0", &json!({}));
        fs::write(place.path("enrichments/broken.json"), text).unwrap();
    };
    check(&|_| {}, 78, &["enrichments: No such file"]);
    check(&|place| write(place, "{ a = [1"), 78, &["enrichments/broken.json"]);
    check(&|place| write(place, "{ a = 1 }"), 78, &["enrichments/broken.json"]);
    let octets = |place: &Place| {
        let parameters = json!({"anonOctets": "two"});
        place.configure("com.snowplowanalytics.snowplow/anon_ip/1-0-0", &parameters);
    };
    check(&octets, 78, &["enrichments/anon_ip.json", "parameters.anonOctets"]);
    let files = Files::start();
    let missing = |place: &Place| {
        let referer = json!({"internalDomains": [], "database": "nope.json", "uri": files.uri});
        place.configure("com.snowplowanalytics.snowplow/referer_parser/2-0-0", &referer);
    };
    check(&missing, 69, &["/nope.json: the server answered 404 Not Found"]);
}
