//! The configuration file of the S3 loader, in both lines.

use std::{env, fs, path::PathBuf};

use loaders::lake::{
    buffer::Limits,
    config::Purpose,
    format::FileFormat,
    settings::{FileLine, S3LoaderConfig},
};
use service::config::{
    Examined, Sources, examine, load, reference,
    sections::{PositionKind, RetrievalKind},
};

const REFERENCE: &str = include_str!("../../deploy/reference/s3-loader.hocon");

fn found(text: &str) -> Examined<S3LoaderConfig> {
    examine::<S3LoaderConfig>(&Sources::of_text("s3.hocon", text), Some("snowplow"))
}

#[test]
fn the_reference_is_rendered_from_the_structs() {
    let rendered = reference::render::<S3LoaderConfig>(None, S3LoaderConfig::ABOUT);
    if env::var_os("PISTE_REWRITE").is_some_and(|on| on == "1") {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/reference/s3-loader.hocon");
        fs::write(path, &rendered).expect("written");
    } else {
        assert!(rendered == REFERENCE, "PISTE_REWRITE=1 writes what is rendered now:\n{rendered}");
    }
}

#[test]
fn the_reference_lists_every_key_and_yields_the_defaults() {
    assert_eq!(reference::differences::<S3LoaderConfig>(REFERENCE, Some("snowplow")), Vec::<String>::new());
    let read = load::<S3LoaderConfig>(&Sources::of_text("t", REFERENCE), Some("snowplow")).expect("it loads");
    assert_eq!(format!("{:#?}", read.config), format!("{:#?}", S3LoaderConfig::default()));
}

#[test]
fn a_file_of_the_apache_line_is_read() {
    let found = found(
        r#"
        {
          "region": "eu-central-1", "purpose": "SELF_DESCRIBING",
          "input": { "appName": "acme", "streamName": "bad", "position": { "AT_TIMESTAMP": { "timestamp": "2020-07-17T10:00:00Z" } }, "maxRecords": 10 },
          "output": {
            "s3": { "path": "s3://acme/bad/", "partitionFormat": "{vendor}.{schema}/{yyyy}", "filenamePrefix": "pre", "compression": "lzo", "maxTimeout": 2000 },
            "bad": { "streamName": "stream-name" }
          },
          "buffer": { "byteLimit": 2048, "recordLimit": 10, "timeLimit": 5000 },
          "monitoring": {
            "snowplow": { "collector": "http://c", "appId": "a" }, "sentry": { "dsn": "x" },
            "metrics": { "cloudWatch": true }
          }
        }
        "#,
    );
    assert_eq!((found.errors.as_slice(), found.unknown.as_slice()), (&[][..], &[][..]));
    let mut unused: Vec<&str> = found.unused.iter().map(|unused| unused.key.as_str()).collect();
    unused.sort_unstable();
    assert_eq!(
        unused,
        ["monitoring.metrics.cloudWatch", "monitoring.sentry", "monitoring.snowplow", "output.bad"]
    );
    let config = found.config.expect("readable");
    let reading = config.reading();
    assert_eq!((&*reading.stream, &*reading.application, reading.max_records), ("bad", "acme", 10));
    assert_eq!(reading.position, PositionKind::AtTimestamp);
    assert_eq!(reading.since.map(|time| time.to_string()).as_deref(), Some("2020-07-17T10:00:00Z"));
    assert_eq!(reading.region.as_deref(), Some("eu-central-1"));
    let lake = config.lake().expect("valid");
    assert_eq!(lake.limits, Limits { records: 10, bytes: 2048, ..Limits::NONE });
    assert_eq!((lake.time_limit.as_millis(), lake.max_timeout.map(|t| t.as_secs())), (5000, Some(2)));
    assert_eq!(lake.template.text(), "{vendor}.{schema}/{yyyy}");
    assert_eq!((lake.file_prefix.as_deref(), lake.rejects), (Some("pre-"), None));
    assert_eq!(lake.format, FileFormat::Lzo);
}

/// As the quick start renders it.
#[test]
fn a_file_of_the_current_line_is_read() {
    let found = found(
        r#"
        snowplow {
          license { accept = true }
          input { appName = "acme", streamName = "enriched", initialPosition { type = "TRIM_HORIZON" }
            retrievalMode { type = FanOut }, debounceCheckpoints = 10 seconds }
          output {
            good { path = "s3://acme/enriched/", partitionFormat = "{yyyy}/{mm}", filenamePrefix = "pre" }
            bad { streamName = "bad", maxRecordSize = 5000 }
          }
          purpose = "enriched_events"
          batching { maxBytes = 25000000, maxDelay = "180000 milliseconds" }
          monitoring.metrics.statsd { hostname = h, tags { app = loader } }
        }
        "#,
    );
    assert_eq!((found.errors.as_slice(), found.unknown.as_slice()), (&[][..], &[][..]));
    let config = found.config.expect("readable");
    assert_eq!((config.line(), config.path()), (FileLine::Current, "s3://acme/enriched/"));
    let reading = config.reading();
    assert_eq!((reading.position, reading.retrieval), (PositionKind::TrimHorizon, RetrievalKind::FanOut));
    let lake = config.lake().expect("valid");
    assert_eq!((lake.purpose, lake.file_prefix.as_deref()), (Purpose::EnrichedEvents, Some("pre")));
    assert_eq!(lake.limits, Limits { compressed_bytes: 25_000_000, ..Limits::NONE });
    assert_eq!(lake.statsd.expect("a server").prefix, "snowplow.s3loader");
    assert_eq!((lake.rejects, lake.max_bad_row_bytes), (Some(10_000_000), 5000));
    let stamp = "2026-03-09T07:05:03Z".parse().expect("a time stamp");
    assert_eq!(lake.template.expand(&loaders::lake::template::SchemaParts::default(), stamp), "2026/05");
}

const APACHE: &str = "purpose = RAW\ninput.streamName = a\noutput.s3.path = b\n";
const CURRENT: &str =
    "purpose = ENRICHED_EVENTS\ninput.streamName = a\noutput { good.path = b, bad.streamName = c }\n";

#[test]
fn what_cannot_be_is_said_with_its_key() {
    let check = |text: &str, more: &str, expect: &[&str]| {
        let found = found(&format!("{text}{more}"));
        let said: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), expect.len(), "{more}: {said:?}");
        for (said, expect) in said.iter().zip(expect) {
            assert!(said.contains(expect), "{more}: {said}");
        }
    };
    check("", "", &["`purpose`: is required", "`input.streamName`", "`output.good.path`: is required"]);
    check(APACHE, "", &[]);
    check(
        APACHE,
        "output.s3.compression = SNAPPY",
        &["s3.hocon:4:1: `output.s3.compression`: expected one of GZIP, LZO, found `SNAPPY`"],
    );
    check(APACHE, "input.position { AT_TIMESTAMP { timestamp = x } }", &["expected a time such as"]);
    check(APACHE, "input.position = EARLIEST", &["`input.position`"]);
    check(APACHE, "output.s3.filenamePrefix = \"\"", &["filename prefix ``"]);
    check(APACHE, "output.s3.filenamePrefix = \"{dd}\"", &["filename prefix `{dd}`"]);
    check(
        APACHE,
        "output.s3.partitionFormat = \"{foo}\"",
        &["s3.hocon:4:1: `output.s3.partitionFormat`: partition format `{foo}`"],
    );
    check(APACHE, "buffer.recordLimit = 0", &["`buffer.recordLimit`"]);
    check(APACHE, "output.s3.path = \"gs://b\"", &["unknown scheme `gs`"]);
    check(CURRENT, "", &[]);
    check(
        CURRENT,
        "output.good.partitionFormat = \"{vendor}\"",
        &["Enriched events can only get partitioned by date and time"],
    );
    check(
        CURRENT,
        "output.good.compressionType = LZO",
        &["s3.hocon:4:1: `output.good.compressionType`: expected one of GZIP, found `LZO`"],
    );
    check(
        CURRENT,
        "output.good.fileFormat = parquet\nskipSchemas = [\"iglu:com.acme/a/jsonschema/1-*-*\", com.acme]",
        &["`skipSchemas`: `com.acme` is no pattern of schemas"],
    );
    check(CURRENT, "output.bad.streamName = null", &["`output.bad.streamName`: is required"]);
    check(
        CURRENT,
        "batching { maxBytes = 0, maxDelay = 0 }",
        &["`batching.maxBytes`", "`batching.maxDelay`"],
    );
    check(
        CURRENT,
        "input { type = log, streamName = bad-2 }\noutput.bad { type = log, streamName = null }",
        &["expected another name"],
    );
}

#[test]
fn keys_without_effect_are_said() {
    let check = |text: &str, more: &str, expect: &[&str]| {
        let found = found(&format!("{text}{more}"));
        let mut said: Vec<&str> = found.unused.iter().map(|unused| unused.key.as_str()).collect();
        said.sort_unstable();
        assert_eq!(said, expect, "{more}: {:?}", found.errors);
    };
    check(APACHE, "batching.maxBytes = 5\nlog.shards = 2", &["batching", "log"]);
    check(CURRENT, "buffer.recordLimit = 5\noutput.s3.maxTimeout = 5", &["buffer", "output.s3"]);
    check(
        CURRENT,
        "input { position = LATEST, initialPosition.type = LATEST, maxRecords = 1, retrievalMode.maxRecords = 2 }",
        &["input.maxRecords", "input.position"],
    );
    check(CURRENT, "skipSchemas = [\"iglu:com.acme/a/jsonschema/1-*-*\"]", &["skipSchemas"]);
    check(CURRENT, "license.accept = true\ncpuParallelismFactor = 1", &["cpuParallelismFactor", "license"]);
}

#[test]
fn patterns_that_may_surprise_are_remarked_upon() {
    let check = |text: &str, more: &str, expect: &[&str]| {
        let remarks = found(&format!("{text}{more}")).config.expect("readable").remarks();
        assert_eq!(remarks, expect, "{more}");
    };
    check(APACHE, "", &[]);
    check(CURRENT, "output.good.partitionFormat = \"{yyyy}/{MM}\"", &[]);
    check(
        APACHE,
        "output.s3.partitionFormat = \"{mm}\"",
        &[
            "`output.s3.partitionFormat`: `{mm}` is the month in a file of the line 2.x, and minutes in one of the line 3.x",
        ],
    );
    check(
        CURRENT,
        "output.good.partitionFormat = \"{foo}/{mm}/{hh}\"",
        &[
            "`output.good.partitionFormat`: `{foo}` means nothing in a file of the line 3.x and stays as it is",
            "`output.good.partitionFormat`: `{hh}` means nothing in a file of the line 3.x and stays as it is",
            "`output.good.partitionFormat`: `{mm}` is minutes in a file of the line 3.x, and the month in one of the line 2.x",
        ],
    );
}
