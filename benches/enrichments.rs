//! What each enrichment that asks nobody costs an event, on one thread: a page view with it beside the same without any, and
//! all of them together.

use std::{hint::black_box, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use enrich::{
    compatibility::Compatibility,
    enrichments::{Enrichments, assets::Assets, configuration::Configuration},
    output::{Kind, Lookup, Outcome},
    process::process,
    settings::Settings,
};
use event::{
    bad_row::Processor,
    payload::{CollectorPayload, SCHEMA},
};
use iglu::{client::Client, resolver_config::ResolverConfig};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SNOWPLOW: &str = "com.snowplowanalytics.snowplow";
const ENRICHMENTS: &str = "com.snowplowanalytics.snowplow.enrichments";
const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const SCRIPT: &str = r"function process(event) {
  if (/bot/i.test(event.getUseragent())) event.setPlatform('srv');
  event.setSe_label(event.getPage_url().substring(0, 20));
  return [];
}";

const FILES: [(&str, &[u8]); 5] = [
    ("ip_exclude_current_cidr.txt", b"192.168.151.21\n10.0.0.0/8\n"),
    ("exclude_current.txt", b"bot|1||0|1|0|\nspider|1||0|1|0|\n"),
    ("include_current.txt", b"mozilla|1|1|\nopera|1|1|\n"),
    ("referers.json", br#"{"search": {"Bing": {"domains": ["www.bing.com"], "parameters": ["q"]}}}"#),
    ("specs.json", br#"{"eventSpecs": []}"#),
];

const MAXMIND: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/.tools/maxmind/test-data");

fn page_view() -> Bytes {
    let text = |s: &str| Some(s.to_owned());
    let payload = CollectorPayload {
        schema: SCHEMA.to_owned(),
        ip_address: text("81.2.69.142"),
        timestamp: 1_704_067_199_500,
        encoding: text("UTF-8"),
        collector: text("ssc-3.8.0-piste"),
        user_agent: text(AGENT),
        path: text("/i"),
        querystring: text(
            "e=pv&p=web&tv=js-3.24.0&aid=shop&eid=7c2a1e61-267b-4b6d-bece-a00e6b559324&uid=ann\
             &url=https%3A%2F%2Fwww.example.com%2Fhats%3Futm_source%3Dnews%26utm_medium%3Demail\
             &refr=https%3A%2F%2Fwww.bing.com%2Fsearch%3Fq%3Dhats&page=Shop",
        ),
        headers: Some(vec![format!("User-Agent: {AGENT}"), "Cookie: sp=1; a=2".into(), "X-Test: y".into()]),
        ..CollectorPayload::default()
    };
    let mut bytes = Vec::new();
    payload.encode(&mut bytes);
    bytes.into()
}

fn configurations() -> Vec<(&'static str, Configuration)> {
    let asset = |name: &str| json!({"uri": "http://h", "database": name});
    let fields = json!({
        "mktMedium": ["utm_medium"], "mktSource": ["utm_source"], "mktTerm": [], "mktContent": [], "mktCampaign": [],
    });
    let pseudonymize = json!({"hashFunction": "SHA-256", "salt": "s"});
    let table: [(&str, &str, Value); 16] = [
        (
            ENRICHMENTS,
            "iab_spiders_and_robots_enrichment/1-0-0",
            json!({
                "ipFile": asset("ip_exclude_current_cidr.txt"), "excludeUseragentFile": asset("exclude_current.txt"),
                "includeUseragentFile": asset("include_current.txt"),
            }),
        ),
        (SNOWPLOW, "user_agent_utils_config/1-0-0", json!({})),
        (SNOWPLOW, "ua_parser_config/1-0-0", json!({})),
        (
            SNOWPLOW,
            "referer_parser/2-0-0",
            json!({"internalDomains": [], "database": "referers.json", "uri": "http://h"}),
        ),
        (SNOWPLOW, "campaign_attribution/1-0-0", json!({"mapping": "static", "fields": fields})),
        (ENRICHMENTS, "cross_navigation_config/1-0-0", json!({})),
        (
            SNOWPLOW,
            "event_fingerprint_config/1-0-1",
            json!({"hashAlgorithm": "SHA256", "excludeParameters": ["stm"]}),
        ),
        (SNOWPLOW, "cookie_extractor_config/1-0-0", json!({"cookies": ["sp"]})),
        (ENRICHMENTS, "http_header_extractor_config/1-0-0", json!({"headersPattern": "X-.*"})),
        (ENRICHMENTS, "yauaa_enrichment_config/1-0-0", json!({})),
        (ENRICHMENTS, "asn_lookups/1-0-0", json!({"botAsns": [{"asn": 1}]})),
        (
            ENRICHMENTS,
            "bot_detection_enrichment_config/1-0-0",
            json!({"useYauaa": true, "useIab": true, "useAsnLookups": true}),
        ),
        (SNOWPLOW, "javascript_script_config/1-0-0", json!({"script": STANDARD.encode(SCRIPT)})),
        (SNOWPLOW, "anon_ip/1-0-0", json!({"anonOctets": 2})),
        (
            ENRICHMENTS,
            "pii_enrichment_config/2-0-0",
            json!({"pii": [{"pojo": {"field": "user_id"}}], "strategy": {"pseudonymize": pseudonymize}}),
        ),
        (ENRICHMENTS, "event_spec_enrichment_config/1-0-0", asset("specs.json")),
    ];
    let mut table = Vec::from(table);
    // MaxMind's test databases, where `./test tools` has put them.
    if Path::new(MAXMIND).is_dir() {
        let databases = json!({"geo": asset("GeoIP2-City.mmdb"), "isp": asset("GeoIP2-ISP.mmdb")});
        table.push((SNOWPLOW, "ip_lookups/2-0-0", databases));
    }
    let configuration = |(vendor, schema, parameters): (&str, &'static str, Value)| {
        let (name, version) = schema.split_once('/').expect("a name and a version");
        let json = json!({
            "schema": format!("iglu:{vendor}/{name}/jsonschema/{version}"),
            "data": {"vendor": vendor, "name": name, "enabled": true, "parameters": parameters},
        });
        (name, Configuration::from_json(name, json).expect("self-describing"))
    };
    table.into_iter().map(configuration).collect()
}

fn bench(c: &mut Criterion) {
    let now: Timestamp = "2024-01-01T00:00:00.123Z".parse().expect("a timestamp");
    let config = ResolverConfig { cache_size: 500, cache_ttl: None, repositories: Vec::new() };
    let client = Client::new(config, move || now);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut assets = Assets::default();
    let configurations = configurations();
    let all: Vec<_> = configurations.iter().map(|(_, configuration)| configuration.clone()).collect();
    for asset in Enrichments::assets(&all).expect("good configurations") {
        let content = FILES.iter().find(|(name, _)| *name == asset.file_name());
        let content = match content {
            Some((_, content)) => Bytes::from_static(content),
            None => {
                let file = asset.file_name().replace(".mmdb", "-Test.mmdb");
                std::fs::read(Path::new(MAXMIND).join(file)).expect("a database").into()
            }
        };
        assets.put(asset, content);
    }
    let one = |(name, configuration): &(&'static str, Configuration)| (*name, vec![configuration.clone()]);
    let mut cases: Vec<(&str, Vec<Configuration>)> = vec![("none", Vec::new())];
    cases.extend(configurations.iter().map(one));
    cases.push(("all", all));
    let record = page_view();
    let mut group = c.benchmark_group("enrichments");
    group.throughput(Throughput::Elements(1));
    for (name, configurations) in cases {
        let enrichments = Enrichments::build(&configurations, &assets).expect("good configurations");
        let processor = Processor { artifact: "piste-enrich".into(), version: "0.1.0".into() };
        let settings =
            Settings { enrichments: enrichments.into(), ..Settings::new(Compatibility::Current, processor) };
        let mut ids = Uuid::nil;
        while let Outcome::Need(needs) = process(&record, client.cache(), &settings, now, &mut ids) {
            for need in needs {
                let Lookup::Schema(key) = need else { panic!("{need:?} is no schema") };
                runtime.block_on(client.fetch(&key));
            }
        }
        let Outcome::Done(outputs) = process(&record, client.cache(), &settings, now, &mut ids) else {
            continue;
        };
        assert!(outputs.iter().all(|output| output.kind == Kind::Good), "{name}");
        group.bench_function(name, |b| {
            b.iter(|| black_box(process(black_box(&record), client.cache(), &settings, now, &mut ids)));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
