//! Adapters behind HTTP: what a service is sent, what comes of its answers, and that one which is late holds up nobody.

use std::{sync::Arc, time::Duration};

use enrich::{
    adapters::remote::{Answers, RemoteAdapter},
    compatibility::Compatibility,
    config::EnrichConfig,
    output::{Kind, Lookup, Outcome, Output},
    process::process_with,
    run::{Outputs, run},
    settings::Settings,
};
use event::{bad_row::Processor, json, payload::CollectorPayload};
use iglu::{client::Client, resolver_config::ResolverConfig};
use jiff::Timestamp;
use serde_json::{Value, json};
use service::context::Context;
use stream::{consumer::Start, memory::Memory, producer::Route, record::Record};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use uuid::Uuid;

use super::samples::{encoded, get, payload};

const EVENTS: &str = r#"{"events":[{"e":"pv","p":"web","tv":"remote-1","page":"A"},{"e":"pp","p":"mob"}]}"#;

fn request(body: Option<&str>) -> Vec<u8> {
    encoded(&CollectorPayload {
        path: Some("/com.acme/v7".into()),
        querystring: Some("a=1&b".into()),
        content_type: Some("text/plain".into()),
        headers: Some(vec!["X-Kind: test".into()]),
        body: body.map(|body| body.to_owned().into()),
        ..payload()
    })
}

fn adapter(url: &str) -> RemoteAdapter {
    RemoteAdapter { vendor: "com.acme".into(), version: "v7".into(), url: url.into() }
}

fn iglu() -> Client {
    let config = ResolverConfig { cache_size: 100, cache_ttl: None, repositories: Vec::new() };
    Client::new(config, || Timestamp::UNIX_EPOCH)
}

/// What comes of a request when the service answers so.
fn outcome(line: Compatibility, record: Vec<u8>, answer: Option<Result<&str, &str>>) -> Outcome {
    let mut settings = Settings::new(line, Processor { artifact: "test".into(), version: "1".into() });
    settings.remote_adapters = [adapter("http://remote/"), adapter("http://never/")].into();
    let iglu = iglu();
    let record = record.into();
    let go = |answers: Answers| {
        process_with(&record, iglu.cache(), &answers.into(), &settings, Timestamp::UNIX_EPOCH, &mut Uuid::nil)
    };
    let first = go(Answers::new());
    let (Outcome::Need(needs), Some(answer)) = (&first, answer) else { return first };
    let [Lookup::Remote(call)] = needs.as_slice() else { panic!("{needs:?}") };
    let answer = answer.map(str::to_owned).map_err(str::to_owned);
    go([(call.clone(), answer)].into())
}

fn messages(outputs: &[Output]) -> Value {
    let [bad] = outputs else { panic!("{} outputs", outputs.len()) };
    assert_eq!(bad.kind, Kind::Bad("adapter_failures"));
    let row = json::parse(std::str::from_utf8(&bad.data).unwrap()).unwrap();
    row["data"]["failure"]["messages"].clone()
}

#[test]
fn what_a_service_is_sent() {
    let Outcome::Need(needs) = outcome(Compatibility::Apache, request(Some("bödy")), None) else { panic!() };
    let [Lookup::Remote(call)] = needs.as_slice() else { panic!("{needs:?}") };
    assert_eq!(call.url, "http://remote/", "the first of a path counts");
    assert_eq!(
        call.body,
        r#"{"contentType":"text/plain","queryString":{"a":"1","b":null},"headers":["X-Kind: test"],"body":"bödy"}"#
    );
}

#[test]
fn what_comes_of_answers() {
    let said = |answer| match outcome(Compatibility::Apache, request(Some("x")), Some(answer)) {
        Outcome::Done(outputs) => messages(&outputs)[0].clone(),
        Outcome::Need(needs) => panic!("{needs:?}"),
    };
    let input = |value: Option<&str>, why: &str| json!({"field": "body", "value": value, "expectation": why});
    assert_eq!(
        said(Err("refused")),
        input(None, "[REMOTE_ADAPTER] could not get response from remote adapter http://remote/: refused")
    );
    assert_eq!(
        said(Ok("{")),
        json!({"field": "body", "value": "{", "error": "[REMOTE_ADAPTER] invalid json: exhausted input"})
    );
    assert_eq!(
        said(Ok("{}")),
        input(
            Some("{}"),
            "[REMOTE_ADAPTER] could not be decoded as a list of json objects: Missing required field: DownField(events)"
        )
    );
    let none = r#"{"events":[]}"#;
    assert_eq!(said(Ok(none)), input(Some(none), "[REMOTE_ADAPTER] empty list of events"));
    for line in [Compatibility::Current, Compatibility::Apache] {
        let Outcome::Done(outputs) = outcome(line, request(Some("x")), Some(Ok(EVENTS))) else { panic!() };
        let kinds: Vec<_> = outputs.iter().map(|output| output.kind).collect();
        assert_eq!(kinds, [Kind::Good, Kind::Good]);
        assert!(String::from_utf8_lossy(&outputs[0].data).contains("\tremote-1\t"));
    }
}

#[test]
fn requests_without_a_body() {
    for body in [None, Some("")] {
        let Outcome::Done(outputs) = outcome(Compatibility::Apache, request(body), None) else { panic!() };
        let why = "empty body: not a valid remote adapter http://remote/ payload";
        assert_eq!(messages(&outputs), json!([{"field": "body", "value": null, "expectation": why}]));
    }
}

/// A service that does what the body asks for; what hangs does so until it is let go.
async fn service(let_go: watch::Receiver<bool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/adapt", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, let_go.clone()));
        }
    });
    url
}

async fn serve(mut stream: TcpStream, mut let_go: watch::Receiver<bool>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(
        head.starts_with("post /adapt ") && head.contains("content-type: application/json\r\n"),
        "{head}"
    );
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next()).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    let told = json::parse(std::str::from_utf8(&body).unwrap()).unwrap();
    let (status, answer) = match told["body"].as_str().unwrap() {
        "good" => (200, EVENTS.to_owned()),
        "hang" => {
            let_go.wait_for(|let_go| *let_go).await.unwrap();
            (200, EVENTS.to_owned())
        }
        "500" => (500, EVENTS.to_owned()),
        "endless" => (200, "x".repeat(17 << 20)),
        "close" => return,
        other => panic!("{other}"),
    };
    let length = answer.len();
    let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(format!("{head}{answer}").as_bytes()).await;
}

async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_late_holds_up_nobody() {
    let (let_go, hangs) = watch::channel(false);
    let mut config = EnrichConfig::default();
    config.remote_adapters.configs = vec![adapter(&service(hangs).await)];
    let [raw, good, bad] = ["raw", "enriched", "bad"].map(|name| Memory::new(name, 1));
    let page_view = get("e=pv&p=web");
    let bodies = ["good", "hang", "500", "endless", "close"].map(|body| request(Some(body)));
    let records = [&page_view].into_iter().chain(&bodies).chain([&page_view]);
    let records = records.map(|data| Record::new("k", data.clone())).collect();
    raw.producer().append(records, Route::ByKey).await.unwrap();
    let context = Context::default();
    let outputs = Outputs { good: good.producer(), bad: bad.producer(), failed: None };
    let source = raw.consumer("enrich", Start::Oldest);
    let task = tokio::spawn(run(config, source, outputs, Arc::new(iglu()), Arc::default(), context.clone()));
    until(|| good.records().len() == 4 && bad.records().len() == 3).await;
    let acknowledged = || raw.checkpoint("enrich", &raw.shards()[0]).and_then(|saved| saved.acknowledged);
    let position = |number: usize| Some(raw.records()[number].position);
    // It holds the checkpoint, since its events are nowhere yet.
    until(|| acknowledged() == position(1)).await;
    let_go.send(true).unwrap();
    until(|| acknowledged() == position(6)).await;
    assert_eq!((good.records().len(), bad.records().len()), (6, 3));
    for record in bad.records() {
        let row = String::from_utf8(record.record.data.to_vec()).unwrap();
        assert!(row.contains("could not get response from remote adapter"), "{row}");
    }
    context.drain.request();
    task.await.unwrap().unwrap();
}
