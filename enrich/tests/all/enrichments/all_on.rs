//! A run with all enrichments on: nothing is lost when each service in turn dies, answers late or answers nonsense, and all
//! is as before when it is back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use enrich::{
    config::EnrichConfig,
    enrichments::{Enrichments, live::Live},
    run::{Outputs, run},
};
use event::{enriched::EnrichedEvent, payload::CollectorPayload};
use iglu::{client::Client, resolver_config::ResolverConfig};
use jiff::Timestamp;
use serde_json::{Value, json};
use service::context::Context;
use stream::{consumer::Start, memory::Memory, producer::Route, record::Record};

use super::{
    ENRICHMENTS, SNOWPLOW, build, configuration, derived,
    service::{Reply, Server},
};
use crate::{
    postgres::Postgres,
    samples::{encoded, payload},
};

const WELL: u8 = 0;
const DEAD: u8 = 1;
const LATE: u8 = 2;
const NONSENSE: u8 = 3;

/// A service in the state that is set.
fn service(state: &Arc<AtomicU8>, answer: &'static str) -> Server {
    let state = Arc::clone(state);
    Server::start(move |_, _| match state.load(Ordering::SeqCst) {
        DEAD => Reply::Close,
        LATE => Reply::Hang,
        NONSENSE => Reply::Answer(200, "<html>".to_owned()),
        _ => Reply::Answer(200, answer.to_owned()),
    })
}

fn all(api: &str, postgres: &str) -> Vec<Value> {
    let asset = |name: &str| json!({"uri": "http://h", "database": name});
    let asn = "iglu:com.snowplowanalytics.snowplow/asn/jsonschema/1-0-1";
    let script = STANDARD.encode("function process(event) { event.setSe_label('scripted'); }");
    let fields = json!({"mktMedium": [], "mktSource": ["utm_source"], "mktTerm": [], "mktContent": [], "mktCampaign": []});
    let input = json!({"pojo": {"field": "user_id"}});
    let named = |key: &str, value: Value| {
        let mut input = input.clone();
        input[key] = value;
        input
    };
    let login = json!({
        "host": postgres, "port": 5432, "sslMode": false, "username": "postgres", "password": "", "database": "postgres",
    });
    let snowplow = |name: &str, parameters: Value| configuration(SNOWPLOW, name, parameters);
    let own = |name: &str, parameters: Value| configuration(ENRICHMENTS, name, parameters);
    let mut list = vec![
        own(
            "iab_spiders_and_robots_enrichment/1-0-0",
            json!({
                "ipFile": asset("ip_exclude_current_cidr.txt"), "excludeUseragentFile": asset("exclude_current.txt"),
                "includeUseragentFile": asset("include_current.txt"),
            }),
        ),
        snowplow("ua_parser_config/1-0-0", json!({})),
        snowplow(
            "currency_conversion_config/1-0-0",
            json!({"apiKey": "k", "baseCurrency": "EUR", "rateAt": "EOD_PRIOR", "accountType": "DEVELOPER"}),
        ),
        snowplow(
            "referer_parser/2-0-0",
            json!({"internalDomains": [], "database": "referers.json", "uri": "http://h"}),
        ),
        snowplow("campaign_attribution/1-0-0", json!({"mapping": "static", "fields": fields})),
        own("cross_navigation_config/1-0-0", json!({})),
        snowplow(
            "event_fingerprint_config/1-0-1",
            json!({"hashAlgorithm": "SHA256", "excludeParameters": []}),
        ),
        snowplow("cookie_extractor_config/1-0-0", json!({"cookies": ["sp"]})),
        own("http_header_extractor_config/1-0-0", json!({"headersPattern": "X-.*"})),
        snowplow("ip_lookups/2-0-0", json!({})),
        own("asn_lookups/1-0-0", json!({"botAsns": [{"asn": 1}]})),
        own(
            "bot_detection_enrichment_config/1-0-0",
            json!({"useYauaa": true, "useIab": true, "useAsnLookups": true}),
        ),
        snowplow("javascript_script_config/1-0-0", json!({"script": script})),
        own(
            "sql_query_enrichment_config/1-0-0",
            json!({
                "inputs": [named("placeholder", json!(1))],
                "database": {"postgresql": login},
                "query": {"sql": "select length(?) as number"},
                "output": {
                    "expectedRows": "EXACTLY_ONE",
                    "json": {"schema": asn, "describes": "ALL_ROWS", "propertyNames": "AS_IS"},
                },
                "cache": {"size": 100, "ttl": 60},
            }),
        ),
        own(
            "api_request_enrichment_config/1-0-0",
            json!({
                "inputs": [named("key", json!("user"))],
                "api": {"http": {
                    "method": "GET", "uri": format!("{api}/{{{{user}}}}"), "timeout": 500, "authentication": {},
                }},
                "outputs": [{"schema": asn, "json": {"jsonPath": "$"}}],
                "cache": {"size": 100, "ttl": 60},
            }),
        ),
        snowplow("anon_ip/1-0-0", json!({"anonOctets": 1})),
        own(
            "pii_enrichment_config/2-0-0",
            json!({
                "pii": [{"pojo": {"field": "user_id"}}],
                "strategy": {"pseudonymize": {"hashFunction": "SHA-256", "salt": "s"}},
            }),
        ),
        own("event_spec_enrichment_config/1-0-0", asset("specs.json")),
        own("yauaa_enrichment_config/1-0-0", json!({"cacheSize": 10})),
        snowplow("user_agent_utils_config/1-0-0", json!({})),
    ];
    // Those that take no parameters.
    for index in [1, 5, 19] {
        list[index]["data"].as_object_mut().unwrap().remove("parameters");
    }
    list[16]["data"]["emitEvent"] = json!(false);
    list
}

const FILES: [(&str, &[u8]); 5] = [
    ("ip_exclude_current_cidr.txt", b"192.168.151.21\n"),
    ("exclude_current.txt", b"bot|1||0|1|0|\n"),
    ("include_current.txt", b"mozilla|1|1|\n"),
    ("referers.json", br#"{"search": {"Acme": {"domains": ["acme.com"], "parameters": ["q"]}}}"#),
    ("specs.json", br#"{"eventSpecs": []}"#),
];

/// Of a day of its own and a user of its own: services are asked anew.
fn record(number: usize) -> Record {
    let query = format!(
        "e=tr&p=web&tr_id=1&tr_cu=GBP&tr_tt=10&uid=user-{number}&refr=https%3A%2F%2Facme.com%2F%3Fq%3Dx\
         &url=https%3A%2F%2Fshop.example%2F%3Futm_source%3Dnews%26_sp%3Dabc.1426245561368"
    );
    let payload = CollectorPayload {
        querystring: Some(query),
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0".into()),
        headers: Some(vec!["Cookie: sp=1".into(), "X-A: b".into()]),
        timestamp: 1_704_067_199_500 - 86_400_000 * i64::try_from(number).unwrap(),
        ..payload()
    };
    Record::new("k", encoded(&payload))
}

/// A run, and what came of it.
struct Site {
    raw: Memory,
    good: Memory,
    bad: Memory,
    sent: usize,
}

impl Site {
    /// Sends so many events, and waits until something came of each. Those that are good, and the texts of bad rows.
    async fn send(&mut self, count: usize) -> (Vec<EnrichedEvent>, Vec<String>) {
        let before = (self.good.records().len(), self.bad.records().len());
        let records = (self.sent..self.sent + count).map(record).collect();
        self.sent += count;
        self.raw.producer().append(records, Route::ByKey).await.unwrap();
        while self.good.records().len() + self.bad.records().len() < self.sent {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let text = |data: &[u8]| String::from_utf8(data.to_vec()).unwrap();
        let good = self
            .good
            .records()
            .iter()
            .skip(before.0)
            .map(|record| text(&record.record.data))
            .collect::<Vec<_>>();
        let bad = self.bad.records().iter().skip(before.1).map(|record| text(&record.record.data)).collect();
        (good.iter().map(|line| EnrichedEvent::parse_tsv(line).unwrap()).collect(), bad)
    }

    async fn all_well(&mut self) {
        let (good, bad) = self.send(2).await;
        assert_eq!((good.len(), bad), (2, Vec::new()));
        for event in &good {
            let entities: Vec<_> =
                derived(event).iter().map(|e| e.split('/').nth(1).unwrap().to_owned()).collect();
            let expect = [
                "asn",
                "asn",
                "bot_detection",
                "yauaa_context",
                "http_header",
                "http_cookie",
                "cross_navigation",
                "ua_parser_context",
                "spiders_and_robots",
            ];
            assert_eq!(entities, expect);
            let field =
                |name: &str| event.iter().find(|(field, _)| field.name() == name).map(|(_, text)| text);
            let found =
                ["tr_total_base", "refr_source", "mkt_source", "se_label", "user_ipaddress", "br_name"]
                    .map(field);
            assert_eq!(found, ["11.25", "Acme", "news", "scripted", "203.0.113.x", "Firefox 12"].map(Some));
        }
    }

    async fn all_bad(&mut self, identifier: &str) {
        let (good, bad) = self.send(3).await;
        assert_eq!((good.len(), bad.len()), (0, 3), "{identifier}");
        let named = format!(r#""identifier":"{identifier}""#);
        assert!(bad.iter().all(|row| row.contains(&named)), "{identifier}: {bad:#?}");
    }
}

#[test]
fn nothing_is_lost() {
    let (api, rates) = (Arc::<AtomicU8>::default(), Arc::<AtomicU8>::default());
    let api_server = service(&api, r#"{"number":7}"#);
    let rates_server = service(&rates, r#"{"base":"USD","rates":{"EUR":0.9,"GBP":0.8,"USD":1}}"#);
    let postgres = Postgres::start();
    let enrichments = build(&all(&api_server.url, &postgres.host()), &FILES).unwrap();
    assert_eq!(enrichments.names().len(), 20, "all there are");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(story(
        enrichments,
        postgres,
        [(api, "api-request"), (rates, "currency-conversion")],
        &rates_server,
    ));
}

async fn story(
    enrichments: Enrichments,
    mut postgres: Postgres,
    services: [(Arc<AtomicU8>, &str); 2],
    rates: &Server,
) {
    let [raw, good, bad] = ["raw", "enriched", "bad"].map(|name| Memory::new(name, 1));
    let context = Context::default();
    let outputs = Outputs { good: good.producer(), bad: bad.producer(), failed: None };
    let source = raw.consumer("enrich", Start::Oldest);
    let config = ResolverConfig { cache_size: 100, cache_ttl: None, repositories: Vec::new() };
    let iglu = Arc::new(Client::new(config, || Timestamp::UNIX_EPOCH));
    let mut config = EnrichConfig::default();
    config.lookups.query_timeout = Duration::from_millis(500);
    config.lookups.connection_timeout = Duration::from_millis(500);
    config.lookups.exchange_rates.clone_from(&rates.url);
    let live = Arc::new(Live::new(enrichments));
    let task = tokio::spawn(run(config, source, outputs, iglu, live, context.clone()));
    let mut site = Site { raw, good, bad, sent: 0 };
    site.all_well().await;
    for (state, identifier) in &services {
        for weather in [DEAD, LATE, NONSENSE] {
            state.store(weather, Ordering::SeqCst);
            site.all_bad(identifier).await;
        }
        state.store(WELL, Ordering::SeqCst);
        site.all_well().await;
    }
    postgres.freeze(true);
    site.all_bad("sql-query").await;
    postgres.freeze(false);
    site.all_well().await;
    postgres.crash();
    site.all_bad("sql-query").await;
    postgres.resume();
    site.all_well().await;
    let last = site.raw.records().last().unwrap().position;
    let acknowledged =
        || site.raw.checkpoint("enrich", &site.raw.shards()[0]).and_then(|saved| saved.acknowledged);
    while acknowledged() != Some(last) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    context.drain.request();
    task.await.unwrap().unwrap();
}
