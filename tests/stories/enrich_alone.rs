//! Enrich alone: what a collector left in a log, into each kind of sink.

use std::{fs, net::UdpSocket, path::Path};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use event::atomic::FIELDS;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    enrichments::{configure, referers},
    http,
    moto::Moto,
    piste::{Launch, PATIENCE},
    wait,
};

/// A collector takes five events and one that fails into the log in a folder, and ends.
pub(super) fn collect(data: &Path) {
    let folder = format!("-Dcollector.streams.log.folder={}", data.display());
    let collector = Launch::collector(data)
        .with(&[
            "-Dcollector.streams.sink.enabled=log",
            "-Dcollector.streams.good=raw",
            "-Dcollector.streams.bad=bad-1",
            &folder,
        ])
        .start();
    for event in 0..5 {
        let target = format!("/i?e=pv&p=web&tv=story&aid=alone&uid=u{event}&refr=https%3A%2F%2Facme.com%2F");
        assert_eq!(http::get(collector.collector, &target).unwrap().status, 200);
    }
    assert_eq!(http::get(collector.collector, "/i?e=pv&p=web&tv=story&vid=many").unwrap().status, 200);
    collector.finish_well();
}

const IN_LOG: [&str; 3] = ["-Dinput.type=log", "-Doutput.good.type=log", "-Doutput.bad.type=log"];

#[test]
fn from_the_log_into_the_log() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    collect(&data);
    let statsd = UdpSocket::bind("127.0.0.1:0").unwrap();
    let config = folder.path().join("enrich.hocon");
    let text = format!(
        r#"
        license.accept = true
        input {{ type = log, streamName = raw }}
        output {{ good {{ type = log }}, bad {{ type = log }}, failed {{ type = log }} }}
        monitoring.metrics {{
          statsd {{ hostname = "127.0.0.1", port = {}, period = 100 ms, tags {{ env = story }} }}
          prometheus.tags {{ env = story }}
        }}
        "#,
        statsd.local_addr().unwrap().port()
    );
    fs::write(&config, text).unwrap();
    let enrich = Launch::enrich(&data).with(&["--config", &config.display().to_string()]).start();
    wait::until("five events", PATIENCE, || {
        (enrich.metric_of("piste_enrich_good_total", "env=\"story\"") == Some(5.0)).then_some(())
    });
    wait::until("one bad row", PATIENCE, || {
        (enrich.metric_of("piste_enrich_bad_total", "kind=\"schema_violations\"") == Some(1.0)).then_some(())
    });
    assert_eq!(enrich.metric("piste_enrich_failed_total"), Some(1.0));
    assert_eq!(enrich.metric("piste_enrich_raw_total"), Some(6.0));
    // As probes of the original ask.
    for (method, target) in [("GET", "/"), ("POST", "/anything"), ("GET", "/health")] {
        assert_eq!(
            http::once(enrich.admin, method, target, &[], b"").unwrap().status,
            200,
            "{method} {target}"
        );
    }
    let mut seen = Vec::new();
    let mut datagram = [0; 4096];
    statsd.set_read_timeout(Some(PATIENCE)).unwrap();
    for line in ["good:5|c", "failed:1|c", "bad:1|c", "raw:6|c"] {
        let line = format!("snowplow.enrich.{line}|#env:story");
        while !seen.contains(&line) {
            let bytes = statsd.recv(&mut datagram).unwrap_or_else(|_| panic!("{line} is not among {seen:?}"));
            seen.extend(String::from_utf8_lossy(&datagram[..bytes]).lines().map(str::to_owned));
        }
    }
    let peaks = ["latency_millis:", "e2e_latency_millis:"];
    assert!(peaks.iter().all(|peak| seen.iter().any(|line| line.contains(peak))), "{seen:?}");
    let ended = enrich.finish_well();
    assert!(ended.stderr.contains("`license` has no effect"), "{}", ended.stderr);

    // `piste up` goes on where it ended: each event is there once.
    let piste = Launch::up(&data).start();
    wait::until("all of it in the lake", PATIENCE, || {
        (piste.lake().enriched().len() == 5 && piste.lake().bad().len() == 1).then_some(())
    });
    piste.finish_well();
    assert_eq!(crate::support::lake::Lake::of(&data).enriched().len(), 5);
}

#[test]
fn standard_output_has_all_streams() {
    let folder = TempDir::new().unwrap();
    collect(folder.path());
    let stdout = ["-Dinput.type=log", "-Doutput.good.type=stdout", "-Doutput.bad.type=stdout"];
    let enrich = Launch::enrich(folder.path()).with(&stdout).start();
    let lines = wait::until("six lines", PATIENCE, || {
        let said = enrich.stdout();
        (said.lines().count() == 6).then_some(said)
    });
    let decoded = lines.lines().map(|line| String::from_utf8(STANDARD_NO_PAD.decode(line).unwrap()).unwrap());
    let (rows, events): (Vec<String>, Vec<String>) = decoded.partition(|text| text.starts_with('{'));
    assert_eq!((rows.len(), events.len()), (1, 5));
    assert!(events.iter().all(|line| line.split('\t').count() == FIELDS.len()));
    enrich.finish_well();
    // What was written is acknowledged.
    let again = Launch::enrich(folder.path()).with(&stdout).start();
    assert_eq!(again.finish_well().stdout, "");
}

#[test]
fn a_container_without_files_gives_resolver_and_enrichments_in_the_environment() {
    let folder = TempDir::new().unwrap();
    collect(folder.path());
    let resolver = r#"{"schema": "iglu:com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-3", "data": {
        "cacheSize": 500, "repositories": [{"name": "own", "priority": 0, "vendorPrefixes": [],
        "connection": {"http": {"uri": "http://127.0.0.1:9/api", "apikey": ${IGLU_API_KEY}}}}]}}"#;
    let anonymous = r#"[{"schema": "iglu:com.snowplowanalytics.snowplow/anon_ip/jsonschema/1-0-1", "data": {
        "vendor": "com.snowplowanalytics.snowplow", "name": "anon_ip", "enabled": true,
        "parameters": {"anonOctets": 2, "anonSegments": 2}}}]"#;
    let launch = |resolver: &str, enrichments: &str| {
        Launch::enrich(folder.path())
            .with(&["-Dinput.type=log", "-Doutput.good.type=stdout", "-Doutput.bad.type=log"])
            .variable("PISTE_IGLU_CONFIG_B64", &STANDARD.encode(resolver))
            .variable("PISTE_ENRICHMENTS_B64", &STANDARD.encode(enrichments))
    };
    let key = "11111111-2222-4333-8444-555555555555";
    for (resolver, enrichments, key, says) in [
        (resolver, anonymous, "", "IGLU_API_KEY"),
        ("{}", anonymous, key, "PISTE_IGLU_CONFIG_B64: "),
        (resolver, "{}", key, "PISTE_ENRICHMENTS_B64: expected a JSON array"),
        (resolver, r#"[{"schema": "anon_ip"}]"#, key, "PISTE_ENRICHMENTS_B64[0]"),
    ] {
        let mut refused = launch(resolver, enrichments);
        if !key.is_empty() {
            refused = refused.variable("IGLU_API_KEY", key);
        }
        let ended = refused.run();
        assert_eq!(ended.code, Some(78), "{}", ended.stderr);
        assert!(ended.stderr.contains(says), "{says}: {}", ended.stderr);
    }
    let enrich = launch(resolver, anonymous).variable("IGLU_API_KEY", key).start();
    let lines = wait::until("five lines", PATIENCE, || {
        let said = enrich.stdout();
        (said.lines().count() == 5).then_some(said)
    });
    let address = FIELDS.iter().position(|field| field.name() == "user_ipaddress").unwrap();
    for line in lines.lines() {
        let line = String::from_utf8(STANDARD_NO_PAD.decode(line).unwrap()).unwrap();
        assert_eq!(line.split('\t').nth(address), Some("127.0.x.x"), "{line}");
    }
    enrich.finish_well();
}

#[test]
fn into_kinesis_with_a_file_from_s3() {
    let moto = Moto::start();
    let create = |stream: &str| {
        moto.call("Kinesis_20131202.CreateStream", &json!({ "StreamName": stream, "ShardCount": 1 }));
    };
    create("enriched");
    create("bad");
    moto.s3("PUT", "/assets", b"");
    moto.s3("PUT", "/assets/third-party/referers.json", referers("search").as_bytes());
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    collect(&path("data"));
    let referer =
        json!({"internalDomains": [], "database": "referers.json", "uri": "s3://assets/third-party"});
    let name = "com.snowplowanalytics.snowplow/referer_parser/2-0-0";
    configure(&path("enrichments"), &path("registry/schemas"), name, &referer);
    let config = format!(
        r#"
        input.type = log
        assetsUpdatePeriod = 100 ms
        output {{
          good {{ streamName = enriched, region = eu-central-1, customEndpoint = "{0}", partitionKey = user_id }}
          failed {{ streamName = failed, region = eu-central-1, customEndpoint = "{0}" }}
          bad {{ streamName = bad, region = eu-central-1, customEndpoint = "{0}" }}
        }}
        "#,
        moto.endpoint
    );
    fs::write(path("enrich.hocon"), config).unwrap();
    let registry = json!({
        "schema": "iglu:com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-1",
        "data": {"cacheSize": 500, "repositories": [{
            "name": "folder", "priority": 0, "vendorPrefixes": [],
            "connection": {"embedded": {"path": path("registry").display().to_string()}},
        }]},
    });
    fs::write(path("resolver.json"), registry.to_string()).unwrap();
    let text = |name: &str| path(name).display().to_string();
    let enrich = Launch::enrich(&path("data"))
        .variable("AWS_ACCESS_KEY_ID", "key")
        .variable("AWS_SECRET_ACCESS_KEY", "secret")
        .variable("AWS_REGION", "eu-central-1")
        .variable("AWS_ENDPOINT_URL_S3", &moto.endpoint)
        .with(&["--config", &text("enrich.hocon")])
        .with(&["--iglu-config", &text("resolver.json"), "--enrichments", &text("enrichments")])
        .start_unready();
    // One stream is not there yet: the probe says so, and nothing is acknowledged without it.
    wait::until("trouble with the stream", PATIENCE, || {
        let answer = http::get(enrich.admin, "/").ok()?;
        (answer.status == 503 && answer.text().contains("Kinesis stream `failed`")).then_some(())
    });
    create("failed");
    let records = wait::until("five events", PATIENCE, || {
        let records = records(&moto, "enriched");
        (records.len() == 5).then_some(records)
    });
    let field = |line: &str, name: &str| {
        let index = FIELDS.iter().position(|field| field.name() == name).unwrap();
        line.split('\t').nth(index).unwrap().to_owned()
    };
    let mut keys: Vec<&str> = records.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["u0", "u1", "u2", "u3", "u4"]);
    for (key, line) in &records {
        assert_eq!((&field(line, "user_id"), field(line, "refr_medium").as_str()), (key, "search"));
    }
    wait::until("bad row and failed event", PATIENCE, || {
        (records_count(&moto, "bad") == 1 && records_count(&moto, "failed") == 1).then_some(())
    });
    moto.s3("PUT", "/assets/third-party/referers.json", referers("email").as_bytes());
    wait::until("the changed file", PATIENCE, || {
        enrich.metric_of("piste_enrich_assets_total", "outcome=\"taken\"").filter(|taken| *taken == 1.0)
    });
    assert_eq!(http::get(enrich.admin, "/").unwrap().status, 200);
    assert_eq!(enrich.metric_of("piste_sink_records_total", "stream=\"enriched\""), Some(5.0));
    enrich.finish_well();
}

/// Partition keys and texts of all records of a stream with one shard.
fn records(moto: &Moto, stream: &str) -> Vec<(String, String)> {
    let from = json!({
        "StreamName": stream, "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON",
    });
    let iterator = moto.call("Kinesis_20131202.GetShardIterator", &from)["ShardIterator"].clone();
    let answer = moto.call("Kinesis_20131202.GetRecords", &json!({ "ShardIterator": iterator }));
    let text = |record: &Value| {
        let data =
            base64::engine::general_purpose::STANDARD.decode(record["Data"].as_str().unwrap()).unwrap();
        (record["PartitionKey"].as_str().unwrap().to_owned(), String::from_utf8(data).unwrap())
    };
    answer["Records"].as_array().unwrap().iter().map(text).collect()
}

fn records_count(moto: &Moto, stream: &str) -> usize {
    records(moto, stream).len()
}

#[test]
fn what_cannot_be_ends_the_start() {
    let folder = TempDir::new().unwrap();
    let check = |arguments: &[&str], code: i32, said: &str| {
        let ended = Launch::enrich(folder.path()).with(arguments).run();
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(said), "{said}\n{}", ended.stderr);
    };
    check(&[], 78, "`input.streamName`: is required");
    check(&["-Dinput.topicName=raw"], 78, "piste has no Kafka source");
    check(&["--now", "0"], 64, "--offline");
    let mut taken = IN_LOG.to_vec();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("-Dmonitoring.healthProbe.port={}", listener.local_addr().unwrap().port());
    taken.push(&port);
    check(&taken, 69, "monitoring.healthProbe.port");
    let first = Launch::enrich(folder.path()).with(&IN_LOG).start();
    check(&IN_LOG, 69, "");
    first.finish_well();
}
