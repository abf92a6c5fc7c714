//! What judging an entity costs: the cache is warm, the data are valid.

#![expect(clippy::unwrap_used, reason = "a bench")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use event::self_describing::SelfDescribing;
use iglu::{
    built_in,
    check::{Verdict, check},
    client::Client,
    resolver_config::ResolverConfig,
    schema::Schema,
};
use jiff::Timestamp;
use serde_json::{Value, json};

const VENDOR: &str = "com.snowplowanalytics.snowplow";

fn schema(name: &str, version: &str) -> Schema {
    let key = format!("iglu:{VENDOR}/{name}/jsonschema/{version}").parse().unwrap();
    let json = built_in::schema(&key).unwrap();
    Schema::compile(key, json)
}

fn documents() -> [(&'static str, &'static str, Value); 4] {
    let web_page = json!({"id": "8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a"});
    let link_click = json!({
        "elementId": "buy", "elementClasses": ["button", "primary", "wide", "shop"], "elementTarget": "_blank",
        "targetUrl": "https://shop.example.com/basket?item=42", "elementContent": "Buy now",
    });
    let client_session = json!({
        "userId": "91107928-e4d4-40f6-9de3-4826bb6f0f69", "sessionId": "5f0b1c6e-6a5c-4f8e-8a2b-1f5d9a3e7c10",
        "sessionIndex": 7, "eventIndex": 12, "previousSessionId": null, "storageMechanism": "LOCAL_STORAGE",
        "firstEventId": "0d6b2f6e-2f0a-4c36-9d4b-7f7f3a1e5b21", "firstEventTimestamp": "2026-11-21T09:00:00.123Z",
    });
    let event = json!({
        "e": "pv", "url": "https://shop.example.com/", "page": "Shop", "refr": "https://example.org/", "tv": "js-4.6.0",
        "tna": "sp", "aid": "shop", "p": "web", "cookie": "1", "cs": "UTF-8", "lang": "en-GB", "res": "2560x1440",
        "cd": "24", "tz": "Europe/Berlin", "dtm": "1763715600123", "vp": "1280x720", "ds": "1265x4310", "vid": "3",
        "sid": "5f0b1c6e-6a5c-4f8e-8a2b-1f5d9a3e7c10", "duid": "91107928-e4d4-40f6-9de3-4826bb6f0f69",
        "eid": "0d6b2f6e-2f0a-4c36-9d4b-7f7f3a1e5b21", "stm": "1763715600150", "uid": "u-42",
    });
    [
        ("web_page", "1-0-0", web_page),
        ("link_click", "1-0-1", link_click),
        ("client_session", "1-0-2", client_session),
        ("payload_data", "1-0-4", Value::from(vec![event; 5])),
    ]
}

fn verdicts(c: &mut Criterion) {
    let mut group = c.benchmark_group("iglu");
    for (name, version, data) in documents() {
        let schema = schema(name, version);
        assert_eq!(schema.validate(&data), Ok(()), "{name}");
        group.bench_function(format!("validate {name}"), |b| {
            b.iter(|| black_box(&schema).validate(black_box(&data)))
        });
        let theirs = jsonschema::draft4::new(&schema.json).unwrap();
        group.bench_function(format!("jsonschema {name}"), |b| b.iter(|| theirs.is_valid(black_box(&data))));
    }
    let invalid = json!({"targetUrl": "", "other": 1});
    let link_click = schema("link_click", "1-0-1");
    group.bench_function("report link_click", |b| {
        b.iter(|| link_click.validate(black_box(&invalid)).unwrap_err())
    });
    group.finish();
}

fn cached(c: &mut Criterion) {
    let config = ResolverConfig { cache_size: 500, cache_ttl: None, repositories: vec![] };
    let client = Client::new(config, || Timestamp::UNIX_EPOCH);
    let uri = format!("iglu:{VENDOR}/web_page/jsonschema/1-0-0");
    let data = json!({"schema": uri, "data": {"id": "8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a"}});
    let data = SelfDescribing::from_json(data).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(client.fetch(&data.schema));
    assert!(matches!(check(client.cache(), &data, Timestamp::UNIX_EPOCH), Verdict::Valid));
    c.bench_function("iglu/check web_page", |b| {
        b.iter(|| check(client.cache(), black_box(&data), Timestamp::UNIX_EPOCH));
    });
}

criterion_group!(benches, verdicts, cached);
criterion_main!(benches);
