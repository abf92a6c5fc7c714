//! The collector alone, in front of each kind of sink.

use std::{fs, path::Path, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use event::payload::CollectorPayload;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    http::{self, Answer, Connection},
    moto::Moto,
    piste::{Launch, PATIENCE},
    wait,
};

const PAGE_VIEW: &str = "/i?e=pv&p=web&tv=story&aid=alone";

/// Cases that are answered otherwise on purpose: see the collector's own tests.
const ON_PURPOSE: [&str; 2] = ["col-small-redirdom-9", "col-full-redir-8"];

#[test]
fn recorded_requests_are_answered_and_written_as_they_were() {
    for profile in ["default", "full", "small", "nocookie6"] {
        replay(profile);
    }
}

/// Sends the recorded requests of a profile, with its own configuration file, and compares answers and both outputs.
fn replay(profile: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("collector/tests/golden/collector");
    let file = golden.join(format!("{profile}.conf")).display().to_string();
    let folder = TempDir::new().unwrap();
    let collector = Launch::collector(folder.path())
        .with(&["-c", &file, "-Dcollector.compatibility=2", "-Dcollector.networking.http2=false"])
        .start();
    let recorded = fs::read_to_string(golden.join(format!("{profile}.jsonl"))).unwrap();
    let cases: Vec<Value> = recorded.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for case in &cases {
        let id = case["id"].as_str().unwrap();
        let request = STANDARD.decode(case["raw_request_b64"].as_str().unwrap()).unwrap();
        let answer = answer(&mut Connection::open(collector.collector, PATIENCE).unwrap(), &request);
        if !ON_PURPOSE.contains(&id) {
            let expect = &case["response"];
            assert_eq!(answer.status, expect["status"].as_u64().unwrap() as u16, "{id}");
            assert_eq!(
                STANDARD.encode(&answer.body),
                expect["body_b64"].as_str().unwrap_or_default(),
                "{id}"
            );
        }
        let volatile = case["volatile"].to_string();
        let random = volatile.contains("networkUserId") || volatile.contains("Set-Cookie:value");
        good.extend(case["good_b64"].as_array().unwrap().iter().map(|p| (id, random, p.as_str().unwrap())));
        bad.extend(case["bad"].as_array().unwrap().iter().map(|row| steady_row(row.clone())));
    }
    let ended = collector.finish_well();

    // Each line was written before its request was answered, and nothing else goes to standard output.
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines.len(), good.len(), "{profile}: lines on stdout");
    for (line, (id, random, expect)) in lines.iter().zip(good) {
        assert_eq!(steady(line, random), steady(expect, random), "{id}");
    }
    let rows =
        ended.stderr.lines().filter_map(|line| serde_json::from_slice(&STANDARD.decode(line).ok()?).ok());
    assert_eq!(rows.map(steady_row).collect::<Vec<Value>>(), bad, "{profile}: bad rows on stderr");
}

/// The answer behind any `100 Continue`.
fn answer(connection: &mut Connection, request: &[u8]) -> Answer {
    let head_only = request.starts_with(b"HEAD ");
    let mut answer = connection.raw(request, head_only).unwrap();
    while answer.status == 100 {
        answer = connection.raw(b"", head_only).unwrap();
    }
    answer
}

/// A payload without what varies, and without what the recorded program adds to the list of headers.
fn steady(line: &str, random_id: bool) -> String {
    let bytes = STANDARD.decode(line).expect("a line is padded Base64");
    let mut payload = CollectorPayload::decode(&bytes.into()).expect("a line is a payload");
    payload.timestamp = 0;
    payload.collector = None;
    if random_id {
        payload.network_userid = None;
    }
    let lines = payload.headers.take().unwrap_or_default().into_iter();
    let lines = lines.filter(|line| !line.starts_with("Timeout-Access:"));
    payload.headers = Some(lines.map(|line| line.to_lowercase()).collect());
    format!("{payload:?}")
}

/// What the reason of a bad row says; sizes and texts are compared by the collector's own tests.
fn steady_row(row: Value) -> Value {
    let failure = &row["data"]["failure"];
    json!({
        "schema": row["schema"],
        "maximum": failure["maximumAllowedSizeBytes"],
        "expectation": failure["expectation"],
    })
}

/// What the payload says about the sink: the end of `ssc-<version>-<sink>`.
fn sink_of(payload: CollectorPayload) -> String {
    let collector = payload.collector.expect("every payload names its collector");
    assert!(collector.starts_with("ssc-"), "{collector}");
    collector.rsplit('-').next().unwrap_or_default().to_owned()
}

#[test]
fn both_streams_share_the_standard_output_of_the_current_line() {
    let folder = TempDir::new().unwrap();
    let collector = Launch::collector(folder.path())
        .with(&["-Dcollector.streams.sink.enabled=stdout", "-Dcollector.streams.sink.maxBytes=1000"])
        .start();
    for target in [PAGE_VIEW.to_owned(), format!("{PAGE_VIEW}&url={}", "x".repeat(2000))] {
        assert_eq!(http::get(collector.collector, &target).unwrap().status, 200);
    }
    assert_eq!(http::get(collector.collector, "/sink-health").unwrap().status, 200);
    let ended = collector.finish_well();
    assert!(ended.stderr.contains("Service bound to address"), "{}", ended.stderr);
    assert!(ended.stderr.contains("Closing NIO1 channel"), "{}", ended.stderr);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", ended.stdout);
    assert!(!ended.stdout.contains('='), "without padding");
    let decoded = |line: &str| base64::engine::general_purpose::STANDARD_NO_PAD.decode(line).unwrap();
    let payload = CollectorPayload::decode(&decoded(lines[0]).into()).unwrap();
    assert_eq!(sink_of(payload), "printingsink");
    let row: Value = serde_json::from_slice(&decoded(lines[1])).unwrap();
    assert!(row["schema"].as_str().unwrap().contains("size_violation"), "{row}");
}

#[test]
fn what_the_log_took_is_there_after_a_crash_for_the_rest_of_the_pipeline() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().display().to_string();
    let config = folder.path().join("collector.hocon");
    let text = format!(
        "collector {{ streams {{ sink {{ enabled = log }}, good {{ name = raw }}, bad {{ name = bad-1 }}\n\
         log {{ folder = \"{data}\" }} }} }}"
    );
    fs::write(&config, text).unwrap();
    let collector =
        Launch::collector(folder.path()).with(&["--config", &config.display().to_string()]).start();
    for _ in 0..10 {
        assert_eq!(http::get(collector.collector, PAGE_VIEW).unwrap().status, 200);
    }
    collector.kill();
    let piste = Launch::up(folder.path()).start();
    wait::until("ten events", PATIENCE, || (piste.lake().enriched().len() == 10).then_some(()));
    piste.finish_well();
}

#[test]
fn a_configuration_without_a_file() {
    let document = STANDARD.encode("collector { cookie.name = fromdocument, cookie.clientCookieName = c }");
    let folder = TempDir::new().unwrap();
    let collector = Launch::collector(folder.path())
        .variable("PISTE_CONFIG_B64", &document)
        .variable(
            "JDK_JAVA_OPTIONS",
            "-Xmx512m -Dcollector.streams.sink.enabled=stdout -Dcollector.cookie.name=fromjava",
        )
        .start();
    let answer = http::get(collector.collector, PAGE_VIEW).unwrap();
    let cookies: Vec<&str> = answer
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        .filter_map(|(_, value)| value.split('=').next())
        .collect();
    assert_eq!(cookies, ["fromjava", "c"]);
    let ended = collector.finish_well();
    assert!(ended.stderr.contains("JDK_JAVA_OPTIONS: without effect"), "{}", ended.stderr);
}

#[test]
fn a_port_that_is_taken_and_a_folder_that_is_held() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = TempDir::new().unwrap();
    let stdout = "-Dcollector.streams.sink.enabled=stdout";
    let ended = Launch::collector(folder.path()).with(&[stdout, &format!("-Dcollector.port={port}")]).run();
    assert_eq!(ended.code, Some(69), "{}", ended.stderr);
    assert!(ended.stderr.contains("collector.port"), "{}", ended.stderr);

    let log = [
        "-Dcollector.streams.sink.enabled=log",
        &format!("-Dcollector.streams.log.folder={}", folder.path().display()),
    ];
    let first = Launch::collector(folder.path()).with(&log).start();
    let second = Launch::collector(folder.path()).with(&log).run();
    assert_eq!(second.code, Some(69), "{}", second.stderr);
    first.finish_well();
}

#[test]
fn keys_that_mean_nothing_are_told_once_at_the_start() {
    let folder = TempDir::new().unwrap();
    let collector = Launch::collector(folder.path())
        .with(&[
            "-Dcollector.streams.sink.enabled=stdout",
            "-Dcollector.streams.sink.threadPoolSize=10",
            "-Dcollector.telemetry.disable=true",
            "-Dcollector.cokie.name=x",
        ])
        .start();
    let ended = collector.finish_well();
    for said in
        ["`streams.sink.threadPoolSize` has no effect", "`telemetry` has no effect", "did you mean `cookie`"]
    {
        assert_eq!(ended.stderr.matches(said).count(), 1, "{said}: {}", ended.stderr);
    }
}

/// `piste collector` in front of services at `endpoint`, with keys of an account.
fn in_front_of(endpoint: &str, folder: &Path) -> Launch {
    Launch::collector(folder)
        .variable("AWS_ACCESS_KEY_ID", "key")
        .variable("AWS_SECRET_ACCESS_KEY", "secret")
        .variable("AWS_ENDPOINT_URL_SQS", endpoint)
        .with(&[
            "-Dcollector.streams.sink.region=eu-central-1",
            &format!("-Dcollector.streams.sink.customEndpoint={endpoint}"),
            "-Dcollector.streams.good=good",
            "-Dcollector.streams.bad=bad",
        ])
}

#[test]
fn kinesis_and_its_spill() {
    let moto = Moto::start();
    moto.call("Kinesis_20131202.CreateStream", &json!({ "StreamName": "bad", "ShardCount": 1 }));
    let folder = TempDir::new().unwrap();
    let spill = format!("-Dcollector.streams.spill.folder={}", folder.path().join("spill").display());
    let launch = in_front_of(&moto.endpoint, folder.path()).with(&[
        &spill,
        "-Dcollector.streams.spill.patience=200ms",
        "-Dcollector.streams.sink.startupCheckInterval=200ms",
    ]);
    // The good stream is not there yet: nothing is lost, and the probe of the sinks says so.
    let collector = launch.start_unready();
    for _ in 0..5 {
        assert_eq!(http::get(collector.collector, PAGE_VIEW).unwrap().status, 200);
    }
    assert_eq!(http::get(collector.collector, "/sink-health").unwrap().status, 503);
    collector.kill();

    moto.call("Kinesis_20131202.CreateStream", &json!({ "StreamName": "good", "ShardCount": 1 }));
    let collector = launch.start_unready();
    wait::until("sinks that are well", PATIENCE, || {
        http::get(collector.collector, "/sink-health").ok().filter(|answer| answer.status == 200)
    });
    assert_eq!(http::get(collector.collector, PAGE_VIEW).unwrap().status, 200);
    let records = wait::until("six records", PATIENCE, || {
        let records = moto.records("good");
        (records.len() >= 6).then_some(records)
    });
    for record in records {
        let payload = CollectorPayload::decode(&record.into()).unwrap();
        assert_eq!(sink_of(payload), "kinesissink");
    }
    collector.finish_well();
}

#[test]
fn a_queue() {
    let moto = Moto::start();
    for queue in ["good", "bad"] {
        moto.call("AmazonSQS.CreateQueue", &json!({ "QueueName": queue }));
    }
    let folder = TempDir::new().unwrap();
    let collector = in_front_of(&moto.endpoint, folder.path())
        .with(&["-Dcollector.streams.sink.enabled=sqs"])
        .start_unready();
    wait::until("sinks that are well", PATIENCE, || {
        http::get(collector.collector, "/sink-health").ok().filter(|answer| answer.status == 200)
    });
    assert_eq!(http::get(collector.collector, PAGE_VIEW).unwrap().status, 200);
    let answer = moto.call(
        "AmazonSQS.ReceiveMessage",
        &json!({ "QueueUrl": format!("{}/123456789012/good", moto.endpoint) }),
    );
    let body = STANDARD.decode(answer["Messages"][0]["Body"].as_str().unwrap()).unwrap();
    assert_eq!(sink_of(CollectorPayload::decode(&body.into()).unwrap()), "sqssink");
    collector.finish_well();
}

#[test]
fn a_stream_out_of_reach_without_spill_refuses() {
    let folder = TempDir::new().unwrap();
    let collector = in_front_of("http://127.0.0.1:1", folder.path()).start_unready();
    assert_eq!(
        http::get(collector.collector, "/health").unwrap().status,
        200,
        "liveness does not depend on it"
    );
    assert_eq!(http::get(collector.collector, "/sink-health").unwrap().status, 503);
    let answer = Connection::open(collector.collector, Duration::from_secs(60))
        .unwrap()
        .request("GET", PAGE_VIEW, &[], b"")
        .unwrap();
    assert_eq!(answer.status, 503);
    assert!(answer.header("retry-after").is_some());
    collector.finish_well();
}
