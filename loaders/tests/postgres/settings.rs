//! The configuration file.

use std::{env, fs, path::PathBuf, time::Duration};

use loaders::postgres::settings::PostgresLoaderConfig;
use service::config::{Examined, Sources, examine, load, reference};

const REFERENCE: &str = include_str!("../../../deploy/reference/postgres-loader.hocon");

#[test]
fn the_reference_lists_every_key() {
    assert_eq!(
        reference::differences::<PostgresLoaderConfig>(REFERENCE, Some("snowplow")),
        Vec::<String>::new()
    );
    let read = load::<PostgresLoaderConfig>(&Sources::of_text("t", REFERENCE), None).unwrap();
    assert_eq!(format!("{:#?}", read.config), format!("{:#?}", PostgresLoaderConfig::default()));
}

#[test]
fn the_reference_is_rendered_from_the_structs() {
    let rendered = reference::render::<PostgresLoaderConfig>(None, PostgresLoaderConfig::ABOUT);
    if env::var_os("PISTE_REWRITE").is_some_and(|on| on == "1") {
        let path =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/reference/postgres-loader.hocon");
        fs::write(path, &rendered).unwrap();
    } else {
        assert!(rendered == REFERENCE, "PISTE_REWRITE=1 writes what is rendered now:\n{rendered}");
    }
}

fn found(text: &str) -> Examined<PostgresLoaderConfig> {
    examine::<PostgresLoaderConfig>(&Sources::of_text("pg.hocon", text), Some("snowplow"))
}

/// As the quick start renders it.
#[test]
fn a_file_of_the_original() {
    let text = r#"{
        "input": {
            "type": "Kinesis", "appName": "pg-loader", "streamName": "enriched", "region": "eu-west-1",
            "initialPosition": "TRIM_HORIZON",
            "retrievalMode": { "type": "Polling", "maxRecords": 10000 },
            "checkpointSettings": { "maxBatchSize": 1000, "maxBatchWait": "10 seconds" }
        },
        "output": {
            "good": {
                "type": "Postgres", "host": "db", "port": 5433, "database": "d", "username": "u", "password": "geheim",
                "schema": "web", "sslMode": "PREFER", "maxConnections": 10
            },
            "bad": { "type": "Kinesis", "streamName": "bad", "region": "eu-west-1" }
        },
        "purpose": "ENRICHED_EVENTS",
        "monitoring": { "metrics": { "cloudWatch": true } }
    }"#;
    let found = found(text);
    assert_eq!((found.errors.as_slice(), found.unknown.as_slice()), (&[][..], &[][..]));
    let mut unused: Vec<&str> = found.unused.iter().map(|unused| unused.key.as_str()).collect();
    unused.sort_unstable();
    assert_eq!(
        unused,
        [
            "input.checkpointSettings.maxBatchSize",
            "monitoring.metrics.cloudWatch",
            "output.good.maxConnections"
        ]
    );
    let read = found.config.unwrap();
    let config = read.postgres().unwrap();
    assert_eq!((config.save_every, config.shares_stream), (Duration::from_secs(10), true));
    assert_eq!(config.place(), "db/d, schema web");
    assert_eq!((config.app.as_str(), config.checkpoints.as_str()), ("pg-loader", "piste_checkpoints"));
    assert_eq!(config.connection.get_ports(), [5433]);
    assert!(!format!("{read:?} {config:?}").contains("geheim"));
}

#[test]
fn what_cannot_be_is_said_with_its_key() {
    const FINE: &str = "purpose = ENRICHED_EVENTS\ninput.streamName = a\noutput { bad.streamName = b\n\
                        good { host = h, database = d, username = u } }\n";
    let check = |text: &str, expect: &[&str]| {
        let found = found(text);
        let said: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), expect.len(), "{text}: {said:?}");
        for (said, expect) in said.iter().zip(expect) {
            assert!(said.contains(expect), "{text}: {said}");
        }
    };
    let fine = |more: &str| format!("{FINE}{more}");
    check(FINE, &[]);
    check(
        &fine("purpose = RAW"),
        &["`purpose`: expected one of ENRICHED_EVENTS, JSON, SELF_DESCRIBING, found `RAW`"],
    );
    check(
        &fine("output.good.sslMode = MAYBE"),
        &["pg.hocon:5:1: `output.good.sslMode`: sslmode `maybe` is none of disable, allow, prefer"],
    );
    check(
        &fine("output.bad.type = PubSub"),
        &["`output.bad.type`: expected one of kinesis, log, local, noop, found `PubSub`"],
    );
    check(&fine("output.bad { type = Noop, streamName = null }"), &[]);
    check(&fine("output.bad { type = Noop, reportPeriod = 0s }"), &["`output.bad.reportPeriod`"]);
    check(&fine("output.bad { type = Local }"), &["`output.bad.path`: is required"]);
    check(&fine("output.bad { type = Local, path = \"/tmp/bad\" }"), &[]);
    check(&fine("purpose = json"), &[]);
    check(&fine("output.good.host = null"), &["`output.good.host`: is required"]);
    check(
        &fine("input.type = PubSub"),
        &["`input.type`: expected one of kinesis, log, local, found `PubSub`"],
    );
    check(&fine("input.subscriptionId = s"), &["no Pub/Sub source"]);
    check(&fine("input { type = Local, streamName = null }"), &["`input.path`: is required"]);
    check(&fine("input { type = Local, path = \"/tmp/lines\" }"), &[]);
    check(&fine("input.path = \"/tmp/lines\""), &["set `input.type` to local"]);
    check(&fine("batching.maxRecords = 0"), &["`batching.maxRecords`"]);
    check(&fine("input { type = log }\noutput.bad { type = log, streamName = a }"), &["another name"]);
}
