//! What every event passes through: payload, line, JSON.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use event::{
    atomic::FIELDS,
    bad_row,
    enriched::{EnrichedEvent, Sdk},
    json,
    payload::{CollectorPayload, SCHEMA},
};

/// A recorded click with two entities, as the tracker protocol carries it.
const CONTEXTS: &str = r#"{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1","data":[{"schema":"iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0","data":{"id":"6b2f06de-169e-466a-93ec-b62f9e7fb2a0"}},{"schema":"iglu:com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-2","data":{"userId":"fca1fd5c-d0c0-42bd-b696-24b7d9e5ddc4","sessionId":"e9395f8f-9d92-4ed1-9ed6-186b27b206e8","eventIndex":7,"sessionIndex":1,"previousSessionId":null,"storageMechanism":"COOKIE_1","firstEventId":"4b751638-8c2c-4e37-9712-2d105ee12efb","firstEventTimestamp":"2024-01-01T00:00:00.000Z"}}]}"#;

fn payload(querystring: &str, body: Option<Bytes>) -> CollectorPayload {
    let text = |s: &str| Some(s.to_owned());
    let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
    CollectorPayload {
        schema: SCHEMA.to_owned(),
        ip_address: text("203.0.113.7"),
        timestamp: 1_704_067_199_500,
        encoding: text("UTF-8"),
        collector: text("ssc-3.8.0-kinesissink"),
        user_agent: text(agent),
        referer_uri: text("https://www.example.com/shop/hats?utm_source=news"),
        path: text("/i"),
        querystring: text(querystring),
        content_type: body.as_ref().map(|_| "application/json".to_owned()),
        body,
        headers: Some(vec![
            "Host: collector.example.com".to_owned(),
            format!("User-Agent: {agent}"),
            "Accept: image/webp,image/apng,image/*,*/*;q=0.8".to_owned(),
            "Accept-Encoding: gzip, deflate, br".to_owned(),
            "Accept-Language: en-GB,en;q=0.9".to_owned(),
            "Referer: https://www.example.com/shop/hats?utm_source=news".to_owned(),
            "Cookie: sp=8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a".to_owned(),
            "Connection: keep-alive".to_owned(),
        ]),
        hostname: None,
        network_userid: text("8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a"),
    }
}

fn payloads(c: &mut Criterion) {
    let get = payload(&"url=https%3A%2F%2Fwww.example.com%2Fshop&".repeat(17), None);
    let post = payload("", Some("x".repeat(1000).into()));
    for (name, payload) in [("get_700", get), ("post_1k", post)] {
        let mut bytes = Vec::new();
        payload.encode(&mut bytes);
        let mut group = c.benchmark_group("payload");
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        let record = Bytes::from(bytes.clone());
        group.bench_function(format!("encode/{name}"), |b| {
            b.iter(|| {
                bytes.clear();
                black_box(&payload).encode(&mut bytes);
            });
        });
        group.bench_function(format!("decode/{name}"), |b| {
            b.iter(|| CollectorPayload::decode(black_box(&record)))
        });
    }
}

/// The recorded line with the most fields.
fn line() -> String {
    let cases =
        include_str!("../event/tests/golden/enrich/sample.jsonl").lines().filter_map(|l| json::parse(l).ok());
    let lines = cases.filter_map(|case| case["expect"][0]["enriched"].as_str().map(str::to_owned));
    lines
        .filter(|l| l.len() < 6000)
        .max_by_key(|l| l.split('\t').filter(|c| !c.is_empty()).count())
        .unwrap_or_default()
}

fn lines(c: &mut Criterion) {
    let line = line();
    let event = EnrichedEvent::parse_tsv(&line).expect("a recorded line");
    let mut group = c.benchmark_group("tsv");
    group.throughput(Throughput::Bytes(line.len() as u64));
    let mut out = Vec::new();
    group.bench_function("write", |b| {
        b.iter(|| {
            out.clear();
            black_box(&event).write_tsv(&mut out);
        });
    });
    group.bench_function("split", |b| b.iter(|| EnrichedEvent::split_tsv(black_box(&line))));
    group.bench_function("parse", |b| b.iter(|| EnrichedEvent::parse_tsv(black_box(&line))));
    let mut text = String::new();
    group.bench_function("write_json", |b| {
        b.iter(|| {
            text.clear();
            black_box(&event).write_json(Sdk::Three, &mut text)
        });
    });
    let fields: Vec<_> = event.iter().map(|(field, text)| (field, text.to_owned())).collect();
    group.bench_function(format!("set_{}_of_{}_fields", fields.len(), FIELDS.len()), |b| {
        b.iter(|| {
            let mut event = EnrichedEvent::default();
            for (field, text) in &fields {
                event.set(*field, text);
            }
            event
        });
    });
}

fn documents(c: &mut Criterion) {
    let value = json::parse(CONTEXTS).expect("a document");
    let mut group = c.benchmark_group("json");
    group.throughput(Throughput::Bytes(CONTEXTS.len() as u64));
    group.bench_function("parse", |b| b.iter(|| json::parse_within(black_box(CONTEXTS), 50)));
    group.bench_function("depth_only", |b| b.iter(|| json::max_depth(black_box(CONTEXTS))));
    group.bench_function("serde_json_parse", |b| {
        b.iter(|| serde_json::from_str::<serde_json::Value>(black_box(CONTEXTS)));
    });
    let mut out = String::new();
    group.bench_function("print", |b| {
        b.iter(|| {
            out.clear();
            json::write_compact(black_box(&value), &mut out);
        });
    });
    let bad = format!(
        r#"{{"schema":"iglu:{}/schema_violations/jsonschema/2-0-1","data":{{"failure":{{"messages":[]}},"payload":{CONTEXTS}}}}}"#,
        bad_row::VENDOR
    );
    group.bench_function("bad_row_summary", |b| b.iter(|| bad_row::summary(black_box(&bad))));
}

criterion_group!(benches, payloads, lines, documents);
criterion_main!(benches);
