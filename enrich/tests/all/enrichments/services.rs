//! What is common to enrichments that ask services: one question at a time, late ones hold up nobody, nothing is lost.

use std::{sync::Arc, time::Duration};

use enrich::{
    config::EnrichConfig,
    enrichments::{Enrichments, live::Live},
    run::{Outputs, run},
};
use iglu::{client::Client, resolver_config::ResolverConfig};
use jiff::Timestamp;
use serde_json::json;
use service::context::Context;
use stream::{consumer::Start, memory::Memory, producer::Route, record::Record};

use super::{
    ENRICHMENTS, build, configuration,
    service::{Reply, Server},
};
use crate::samples::get;

/// Asks for each user, and fails those whose answer does not come within a second.
fn api(url: &str) -> serde_json::Value {
    configuration(
        ENRICHMENTS,
        "api_request_enrichment_config/1-0-0",
        json!({
            "inputs": [{"key": "user", "pojo": {"field": "user_id"}}],
            "api": {"http": {"method": "GET", "uri": format!("{url}/{{{{user}}}}"), "timeout": 4000, "authentication": {}}},
            "outputs": [{"schema": "iglu:com.snowplowanalytics.snowplow/asn/jsonschema/1-0-1", "json": {"jsonPath": "$"}}],
            "cache": {"size": 100, "ttl": 600},
        }),
    )
}

async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn a_service_in_any_state_loses_nothing_and_holds_up_nobody() {
    let server = Server::start(|_, asked| match asked.line.as_str() {
        "GET /good" => Reply::Answer(200, r#"{"number":1}"#.to_owned()),
        "GET /hang" => Reply::Hang,
        "GET /500" => Reply::Answer(500, r#"{"number":1}"#.to_owned()),
        "GET /nonsense" => Reply::Answer(200, "<html>".to_owned()),
        "GET /wrong" => Reply::Answer(200, r#"{"number":"one"}"#.to_owned()),
        "GET /large" => Reply::Answer(200, format!(r#"{{"number":1,"x":"{}"}}"#, "x".repeat(5 << 20))),
        "GET /endless" => Reply::Answer(200, "1".repeat(17 << 20)),
        "GET /close" => Reply::Close,
        other => panic!("{other}"),
    });
    let enrichments = build(&[api(&server.url)], &[]).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(a_run(&server, enrichments));
}

async fn a_run(server: &Server, enrichments: Enrichments) {
    let [raw, good, bad] = ["raw", "enriched", "bad"].map(|name| Memory::new(name, 1));
    let users = ["good", "hang", "500", "good", "nonsense", "wrong", "large", "endless", "close", "", "good"];
    let records = users.map(|user| Record::new("k", get(&format!("e=pv&p=web&uid={user}"))));
    raw.producer().append(records.to_vec(), Route::ByKey).await.unwrap();
    let context = Context::default();
    let outputs = Outputs { good: good.producer(), bad: bad.producer(), failed: None };
    let source = raw.consumer("enrich", Start::Oldest);
    let config = ResolverConfig { cache_size: 100, cache_ttl: None, repositories: Vec::new() };
    let iglu = Arc::new(Client::new(config, || Timestamp::UNIX_EPOCH));
    let live = Arc::new(Live::new(enrichments));
    let task = tokio::spawn(run(EnrichConfig::default(), source, outputs, iglu, live, context.clone()));
    // What is late is waited for beside the others.
    until(|| good.records().len() + bad.records().len() == users.len() - 1).await;
    assert_eq!(good.records().len(), 4, "three that were good, and one that asked nothing");
    let acknowledged = || raw.checkpoint("enrich", &raw.shards()[0]).and_then(|saved| saved.acknowledged);
    until(|| acknowledged() == Some(raw.records()[10].position)).await;
    let rows: Vec<_> =
        bad.records().iter().map(|row| String::from_utf8_lossy(&row.record.data).into_owned()).collect();
    assert_eq!(rows.len(), 7);
    for expect in [
        "no answer within 4000 ms",
        "Request failed with status 500",
        "invalid json: ",
        "$.number: string found, integer expected",
        "$.x: is not defined in the schema",
        "the answer is longer than 16777216 bytes",
    ] {
        assert_eq!(rows.iter().filter(|row| row.contains(expect)).count(), 1, "{expect}: {rows:#?}");
    }
    let asked = server.asked().iter().filter(|asked| asked.line == "GET /good").count();
    assert_eq!(asked, 1, "an answer is remembered, and asked for once");
    context.drain.request();
    task.await.unwrap().unwrap();
}
