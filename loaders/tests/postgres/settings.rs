//! The configuration file.

use loaders::postgres::settings::PostgresLoaderConfig;
use service::config::{Sources, load, reference};

const REFERENCE: &str = include_str!("../../../deploy/reference/postgres-loader.hocon");

#[test]
fn the_reference_lists_every_key() {
    assert_eq!(
        reference::differences::<PostgresLoaderConfig>(REFERENCE, Some("snowplow")),
        Vec::<String>::new()
    );
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
    let loaded = load::<PostgresLoaderConfig>(&Sources::of_text("config.hocon", text), None).unwrap();
    assert!(loaded.unknown.is_empty(), "{:?}", loaded.unknown);
    let config = loaded.config.postgres().unwrap();
    assert_eq!(config.place(), "db/d, schema web");
    assert_eq!((config.app.as_str(), config.checkpoints.as_str()), ("pg-loader", "piste_checkpoints"));
    assert_eq!(config.connection.get_ports(), [5433]);
    assert!(!format!("{:?} {config:?}", loaded.config).contains("geheim"));
}

#[test]
fn a_mode_that_is_none() {
    let text = REFERENCE.replace("sslMode = REQUIRE", "sslMode = MAYBE");
    let loaded = load::<PostgresLoaderConfig>(&Sources::of_text("config.hocon", &text), None).unwrap();
    let error = loaded.config.postgres().unwrap_err().to_string();
    assert!(error.contains("sslmode `maybe` is none of disable, allow, prefer"), "{error}");
}
