use std::collections::HashMap;

use event::{
    atomic::Field,
    bad_row::Processor,
    enriched::EnrichedEvent,
    payload::{CollectorPayload, SCHEMA},
};
use iglu::cache::Cache;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::{
    compatibility::Compatibility,
    enrichments::{
        Enrichments,
        assets::client::tests::{Page, Server, hasty},
        configuration::Configuration,
    },
    output::Outcome,
    process::process,
    settings::Settings,
    steps::Running,
};

fn configuration(schema: &str, parameters: Value) -> Configuration {
    let data = json!({"enabled": true, "parameters": parameters});
    Configuration::from_json("test", json!({"schema": format!("iglu:com.acme/{schema}"), "data": data}))
        .unwrap()
}

fn referers(medium: &str) -> Page {
    let content = json!({ medium: { "Acme": { "domains": ["acme.com"] } } }).to_string();
    Page { content: content.into(), ..Page::default() }
}

/// Enrichments with two files at the server.
async fn begin(server: &Server) -> Refresher {
    let bots = json!({"botAsnsFile": {"uri": server.uri, "database": "bots.csv"}});
    let referer = json!({"internalDomains": [], "uri": server.uri, "database": "referers.json"});
    let configurations = [
        configuration("referer_parser/jsonschema/2-0-0", referer),
        configuration("asn_lookups/jsonschema/1-0-0", bots),
    ];
    let (fetcher, mut assets, mut known) = (Arc::new(hasty()), Assets::default(), HashMap::new());
    for asset in Enrichments::assets(&configurations).unwrap() {
        let fetched = fetcher.fetch(&asset).await.unwrap();
        assets.put(asset.clone(), fetched.content.clone());
        known.insert(asset, fetched);
    }
    let live = Arc::new(Live::new(Enrichments::build(&configurations, &assets).unwrap()));
    Refresher { live, fetcher, known }
}

/// What the referrer is taken for.
fn medium(live: &Live) -> Option<String> {
    let payload = CollectorPayload {
        schema: SCHEMA.into(),
        path: Some("/i".into()),
        encoding: Some("UTF-8".into()),
        collector: Some("ssc".into()),
        querystring: Some("e=pv&p=web&refr=https%3A%2F%2Facme.com%2F".into()),
        ..CollectorPayload::default()
    };
    let mut record = Vec::new();
    payload.encode(&mut record);
    let processor = Processor { artifact: "test".into(), version: "1".into() };
    let mut settings = Settings::new(Compatibility::Current, processor);
    settings.enrichments = live.now();
    let outcome =
        process(&record.into(), &Cache::new(10, None), &settings, Timestamp::UNIX_EPOCH, &mut || Uuid::nil());
    let Outcome::Done(outputs) = outcome else { panic!("{outcome:?}") };
    let event = EnrichedEvent::split_tsv(std::str::from_utf8(&outputs[0].data).unwrap()).unwrap();
    event.get(Field::RefrMedium).map(str::to_owned)
}

#[tokio::test]
async fn changed_files_are_taken_up_and_broken_ones_are_not() {
    let server = Server::start().await;
    server.put("/bots.csv", Page { content: b"64500,Acme".into(), etag: Some("\"a\""), ..Page::default() });
    server.put("/referers.json", referers("search"));
    let mut refresher = begin(&server).await;
    let live = refresher.live();
    assert_eq!(medium(&live).as_deref(), Some("search"));
    let begun = live.now();

    let check = async |refresher: &mut Refresher, page: Page, expect: &str| {
        server.put("/referers.json", page);
        refresher.look().await;
        assert_eq!(medium(&refresher.live()).as_deref(), Some(expect));
    };
    check(&mut refresher, referers("search"), "search").await;
    assert!(Arc::ptr_eq(&begun, &live.now()), "nothing was built");
    check(&mut refresher, referers("email"), "email").await;
    // What has begun goes on with what it began with, and the other enrichment is the one it was.
    assert_eq!(begun.names(), ["referer_parser", "asn_lookups"]);
    let same = |index: usize| {
        let now = live.now();
        let step = begun.configured[index].step;
        match (&begun.steps[step], &now.steps[step]) {
            (Running::Configured(before), Running::Configured(after)) => Arc::ptr_eq(before, after),
            _ => false,
        }
    };
    assert_eq!((same(0), same(1)), (false, true));

    // Half a file, no file, no server; then a good one again.
    check(&mut refresher, Page { content: b"{".into(), ..Page::default() }, "email").await;
    check(&mut refresher, Page { first: vec![404], ..referers("social") }, "email").await;
    check(&mut refresher, Page { first: vec![500; 6], ..referers("social") }, "email").await;
    check(&mut refresher, referers("social"), "social").await;
}
