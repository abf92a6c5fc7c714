//! The enricher's core on one thread: bytes of a raw record to bytes of lines, beside the least that anybody would have to do
//! for them.

#[path = "enrich/floor.rs"]
mod floor;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use enrich::{
    compatibility::Compatibility,
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
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const WEB_PAGE: &str = r#"{"schema":"iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0","data":{"id":"6b2f06de-169e-466a-93ec-b62f9e7fb2a0"}}"#;
const SESSION: &str = r#"{"schema":"iglu:com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-2","data":{"userId":"fca1fd5c-d0c0-42bd-b696-24b7d9e5ddc4","sessionId":"e9395f8f-9d92-4ed1-9ed6-186b27b206e8","sessionIndex":1,"eventIndex":7,"previousSessionId":null,"storageMechanism":"LOCAL_STORAGE","firstEventId":"4b751638-8c2c-4e37-9712-2d105ee12efb","firstEventTimestamp":"2024-01-01T00:00:00.000Z"}}"#;
const CLICK: &str = r#"{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{"schema":"iglu:com.snowplowanalytics.snowplow/link_click/jsonschema/1-0-1","data":{"targetUrl":"https://www.example.com/shop/checkout","elementId":"buy","elementClasses":["button","primary"],"elementTarget":"_self","elementContent":"Buy now"}}}"#;

/// A record of each kind, of the shape that `golden/bench/` has.
struct Mix {
    page_view: Bytes,
    pings: Bytes,
    click: Bytes,
}

impl Mix {
    fn new() -> Self {
        let page = contexts(&[WEB_PAGE]);
        let pairs = |e: &str, more: &[(&str, &str)]| -> Vec<(String, String)> {
            let usual = [
                ("e", e),
                ("p", "web"),
                ("tv", "js-3.24.0"),
                ("tna", "sp1"),
                ("aid", "shop"),
                ("eid", "7c2a1e61-267b-4b6d-bece-a00e6b559324"),
                ("duid", "fca1fd5c-d0c0-42bd-b696-24b7d9e5ddc4"),
                ("sid", "e9395f8f-9d92-4ed1-9ed6-186b27b206e8"),
                ("vid", "3"),
                ("dtm", "1704067190000"),
                ("stm", "1704067190250"),
                (
                    "url",
                    "https://www.example.com/shop/hats?utm_source=news&utm_medium=email&utm_campaign=c0&sku=0#top",
                ),
                ("refr", "https://www.bing.com/search?q=hats"),
                ("page", "Shop - the best hats in town"),
                ("lang", "en-GB"),
                ("tz", "Europe/Berlin"),
                ("cs", "UTF-8"),
                ("res", "1920x1080"),
                ("vp", "1280x720"),
                ("ds", "1263x3421"),
                ("cd", "24"),
                ("cookie", "1"),
            ];
            usual.iter().chain(more).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
        };
        let ping = pairs(
            "pp",
            &[("pp_mix", "0"), ("pp_max", "0"), ("pp_miy", "100"), ("pp_may", "800"), ("cx", &page)],
        );
        let click = pairs("ue", &[("ue_px", &base64(CLICK)), ("cx", &contexts(&[WEB_PAGE, SESSION]))]);
        Self {
            page_view: get(&pairs("pv", &[("cx", &page)])),
            pings: post(&vec![ping; 5]),
            click: post(&[click]),
        }
    }
}

fn base64(text: &str) -> String {
    use ::base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(text)
}

fn contexts(entities: &[&str]) -> String {
    let data = entities.join(",");
    base64(&format!(
        r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1","data":[{data}]}}"#
    ))
}

fn payload() -> CollectorPayload {
    let text = |s: &str| Some(s.to_owned());
    let header = |s: &str| s.to_owned();
    CollectorPayload {
        schema: SCHEMA.to_owned(),
        ip_address: text("203.0.113.7"),
        timestamp: 1_704_067_199_500,
        encoding: text("UTF-8"),
        collector: text("ssc-3.8.0-piste"),
        user_agent: text(AGENT),
        referer_uri: text("https://www.example.com/shop/hats"),
        hostname: text("sp.example.com"),
        network_userid: text("8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a"),
        headers: Some(vec![
            header("Host: sp.example.com"),
            format!("User-Agent: {AGENT}"),
            header("Accept: */*"),
            header("Accept-Language: en-GB,en;q=0.9"),
            header("X-Forwarded-For: 81.2.69.142"),
            header("Cookie: sp=8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a"),
            header("Origin: https://www.example.com"),
            header("Referer: https://www.example.com/"),
        ]),
        ..CollectorPayload::default()
    }
}

fn get(pairs: &[(String, String)]) -> Bytes {
    let escape = |text: &str| -> String {
        text.bytes()
            .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect()
    };
    let query: Vec<_> = pairs.iter().map(|(k, v)| format!("{k}={}", escape(v))).collect();
    encoded(CollectorPayload { path: Some("/i".into()), querystring: Some(query.join("&")), ..payload() })
}

fn post(events: &[Vec<(String, String)>]) -> Bytes {
    let event = |pairs: &Vec<(String, String)>| {
        let members: Vec<_> = pairs.iter().map(|(k, v)| format!("{k:?}:{v:?}")).collect();
        format!("{{{}}}", members.join(","))
    };
    let data: Vec<_> = events.iter().map(event).collect();
    let body = format!(
        r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[{}]}}"#,
        data.join(",")
    );
    encoded(CollectorPayload {
        path: Some("/com.snowplowanalytics.snowplow/tp2".into()),
        content_type: Some("application/json; charset=UTF-8".into()),
        body: Some(body.into()),
        ..payload()
    })
}

fn encoded(payload: CollectorPayload) -> Bytes {
    let mut bytes = Vec::new();
    payload.encode(&mut bytes);
    bytes.into()
}

#[expect(clippy::print_stdout, reason = "the ratio is what the bench is asked for")]
fn bench(c: &mut Criterion) {
    let now: Timestamp = "2024-01-01T00:00:00.123Z".parse().expect("a timestamp");
    let config = ResolverConfig { cache_size: 500, cache_ttl: None, repositories: Vec::new() };
    let client = Client::new(config, move || now);
    let processor = Processor { artifact: "piste-enrich".into(), version: "0.1.0".into() };
    let settings = Settings::new(Compatibility::Current, processor);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut id = 0_u128;
    let mut ids = move || {
        id += 1;
        Uuid::from_u128(id)
    };
    let mix = Mix::new();
    let whole = [&mix.page_view, &mix.pings, &mix.click];
    // Schemas are known once each was asked for; all events are good.
    for record in whole {
        let outputs = loop {
            match process(record, client.cache(), &settings, now, &mut ids) {
                Outcome::Done(outputs) => break outputs,
                Outcome::Need(needs) => {
                    for need in needs {
                        let Lookup::Schema(key) = need else { panic!("{need:?} is no schema") };
                        runtime.block_on(client.fetch(&key));
                    }
                }
            }
        };
        for output in outputs {
            assert_eq!(output.kind, Kind::Good, "{}", String::from_utf8_lossy(&output.data));
        }
    }
    let mut group = c.benchmark_group("enrich");
    let cases: [(&str, &[&Bytes], u64); 4] = [
        ("page view", &[&mix.page_view], 1),
        ("five pings", &[&mix.pings], 5),
        ("click with two entities", &[&mix.click], 1),
        ("mix", &whole, 7),
    ];
    for (name, records, events) in cases {
        group.throughput(Throughput::Elements(events));
        let mut ours = || {
            for record in records {
                black_box(process(black_box(record), client.cache(), &settings, now, &mut ids));
            }
        };
        let mut floor = || {
            for record in records {
                black_box(floor::lines(black_box(record)));
            }
        };
        group.bench_function(name, |b| b.iter(&mut ours));
        group.bench_function(format!("{name}, the floor"), |b| b.iter(&mut floor));
        let ratio = per_second(&mut ours) / per_second(&mut floor);
        println!("enrich/{name}: {ratio:.2} of the floor's speed (mark: at least {MARK})");
    }
    group.finish();
}

/// Of the floor's speed we want this much.
const MARK: f64 = 0.35;

/// How often it can be done, the best of some rounds.
fn per_second(mut what: impl FnMut()) -> f64 {
    const ROUND: Duration = Duration::from_millis(200);
    let mut round = || {
        let (begin, mut times) = (Instant::now(), 0.0);
        while begin.elapsed() < ROUND {
            (0..50).for_each(|_| what());
            times += 50.0;
        }
        times / begin.elapsed().as_secs_f64()
    };
    (0..7).map(|_| round()).fold(0.0, f64::max)
}

criterion_group!(benches, bench);
criterion_main!(benches);
