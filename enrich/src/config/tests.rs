use std::{env, fs, path::PathBuf, time::Duration};

use event::atomic::Field;
use service::config::{Examined, Sources, examine, load, reference, sections::PositionKind};

use super::*;

const REFERENCE: &str = include_str!("../../../deploy/reference/enrich.hocon");

fn read(text: &str) -> EnrichConfig {
    let loaded = load::<EnrichConfig>(&Sources::of_text("test", text), None).expect(text);
    assert_eq!(loaded.unknown, []);
    loaded.config
}

fn found(text: &str) -> Examined<EnrichConfig> {
    examine::<EnrichConfig>(&Sources::of_text("enrich.hocon", text), None)
}

/// What a file of the original needs.
const NAMED: &str = "input.streamName = raw\noutput { good.streamName = good, bad.streamName = bad }\n";

#[test]
fn keys_reach_the_core() {
    let config = read(
        r#"
        compatibility = "3"
        output.good { partitionKey = user_id, maxRecordSize = 500000 }
        validation { atomicFieldsLimits { app_id = 5, mkt_clickid = 7 }, maxJsonDepth = 40 }
        featureFlags.acceptInvalid = true
        cpuParallelismFraction = 0.5
        iglu { maxRetry = 4, maxWait = 3 seconds }
        http.client.requestTimeout = 700 millis
        "#,
    );
    let timeout = Duration::from_millis(700);
    let registries = HttpSettings { max_retries: 4, max_wait: Duration::from_secs(3), timeout };
    assert_eq!(config.registries(), registries);
    let settings = config.settings(true);
    assert_eq!(settings.compatibility, Compatibility::Apache);
    assert_eq!(settings.good_key, Some(Field::UserId));
    assert_eq!(settings.limits[Field::AppId as usize], Some(5));
    assert_eq!(settings.limits[Field::MktClickid as usize], Some(7));
    assert_eq!(settings.limits[Field::PageUrl as usize], Some(4096));
    assert!(settings.accept_invalid);
    assert_eq!(
        (settings.max_record_size, settings.max_json_depth, settings.emits_failed),
        (500_000, 40, true)
    );
    assert_eq!((config.threads(1), config.threads(2), config.threads(3)), (1, 1, 2));
}

#[test]
fn a_field_that_is_none_is_an_error() {
    let error = load::<EnrichConfig>(&Sources::of_text("test", "output.good.partitionKey = nope"), None);
    let text = error.unwrap_err().to_string();
    assert!(text.contains("`nope` is no atomic field"), "{text}");
}

#[test]
fn keys_of_the_source_stand_in_either_place() {
    let config = read(
        r#"
        input {
          streamName = outer, appName = outer, leaseDuration = 20 seconds
          kinesis { streamName = inner, initialPosition { type = trim_horizon } }
        }
        "#,
    );
    let reading = config.reading();
    assert_eq!((&*reading.stream, &*reading.application), ("inner", "outer"));
    assert_eq!(reading.position, PositionKind::TrimHorizon);
    assert_eq!(reading.lease_duration, Duration::from_secs(20));
}

#[test]
fn a_minimal_file_of_the_original_has_nothing_to_find() {
    let found = found(NAMED);
    assert_eq!(
        (found.errors.as_slice(), found.unknown.as_slice(), found.unused.as_slice()),
        (&[][..], &[][..], &[][..])
    );
}

#[test]
fn a_file_of_the_apache_line_is_read() {
    let found = found(
        r#"
        compatibility = "3"
        input { type = Kinesis, appName = snowplow-enrich, streamName = raw, region = eu-central-1, bufferSize = 3
          initialPosition { type = TRIM_HORIZON }, retrievalMode { type = Polling, maxRecords = 10000 } }
        output {
          good { type = Kinesis, streamName = enriched, region = eu-central-1, partitionKey = user_id
            backoffPolicy { minBackoff = 100 milliseconds, maxBackoff = 10 seconds, maxRetries = 10 }
            throttledBackoffPolicy { minBackoff = 100 milliseconds, maxBackoff = 1 second } }
          pii { type = Kinesis, streamName = pii }
          bad { type = Kinesis, streamName = bad }
        }
        concurrency { enrich = 256, sink = 3 }
        assetsUpdatePeriod = 7 days
        remoteAdapters { connectionTimeout = 10 seconds, readTimeout = 45 seconds, maxConnections = 10
          configs = [{ vendor = com.acme, version = v1, url = "https://remote.acme.com" }] }
        monitoring {
          sentry { dsn = "http://sentry.acme.com" }
          metrics { statsd { hostname = localhost, port = 8125, tags { app = enrich }, period = 10 sec
            prefix = "snowplow.enrich." }, stdout { period = 10 sec }, cloudwatch = true }
        }
        telemetry { disable = false }
        featureFlags { acceptInvalid = false, legacyEnrichmentOrder = false, tryBase64Decoding = false }
        experimental { metadata { endpoint = "https://acme.com" } }
        blobStorage { s3 = true }
        adaptersSchemas { mandrill { message_opened = "iglu:com.acme/message_opened/jsonschema/1-0-2" } }
        "#,
    );
    assert_eq!((found.errors.as_slice(), found.unknown.as_slice()), (&[][..], &[][..]));
    let unused: Vec<&str> = found.unused.iter().map(|unused| unused.key.as_str()).collect();
    assert_eq!(
        unused,
        [
            "input.bufferSize",
            "output.good.backoffPolicy",
            "output.pii",
            "concurrency",
            "featureFlags.legacyEnrichmentOrder",
            "featureFlags.tryBase64Decoding",
            "monitoring.metrics.stdout",
            "monitoring.metrics.cloudwatch",
            "monitoring.sentry",
            "blobStorage",
            "experimental",
            "telemetry",
        ]
    );
    let statsd = found.config.unwrap().statsd().unwrap();
    assert_eq!(statsd.prefix, "snowplow.enrich");
}

#[test]
fn what_cannot_be_is_said_with_its_key() {
    let check = |text: &str, expect: &[&str]| {
        let found = found(&format!("{NAMED}{text}"));
        let said: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), expect.len(), "{text}: {said:?}");
        for (said, expect) in said.iter().zip(expect) {
            assert!(said.contains(expect), "{text}: {said}");
        }
    };
    check("", &[]);
    check("input.streamName = \"\"", &["`input.streamName`"]);
    check(
        "adaptersSchemas.mandrill.message_read = \"iglu:a/b/jsonschema/1-0-0\"",
        &["mandrill.message_read"],
    );
    check("remoteAdapters.configs = [{ vendor = a, version = b, url = ftp }]", &["configs.0.url"]);
    check("adaptersSchemas.mandrill.message_sent = b", &["mandrill.message_sent`"]);
    check("input { streamName = null, topicName = raw }", &["no Kafka source", "`input.streamName`"]);
    check("input { type = kinesis, topicName = raw }", &[]);
    check("input.http.port = 8080", &["no HTTP source"]);
    check("input.type = pubsub", &["expected one of kinesis, log"]);
    check("input.initialPosition { type = AT_TIMESTAMP }", &["`input.initialPosition.timestamp`"]);
    check("input.initialPosition { type = AT_TIMESTAMP, timestamp = \"2026-01-01T00:00:00Z\" }", &[]);
    check("input.retrievalMode.maxRecords = 0", &["expected 1 to 10000"]);
    check("output.good.recordLimit = 501", &["expected 1 to 500"]);
    check("output.good.customEndpoint = localhost", &["expected a URL"]);
    check("output.bad { streamName = null, bootstrapServers = x }", &["no Kafka sink", "is required"]);
    check("output.bad { streamName = null, type = stdout }", &[]);
    check("input.type = log\noutput.bad { type = log, streamName = raw }", &["expected another name"]);
    check("input { type = log, streamName = \"a/b\" }", &["the name of a folder"]);
    check("cpuParallelismFraction = 0", &["expected a number above 0"]);
    check("assetsUpdatePeriod = 0", &["`assetsUpdatePeriod`"]);
    check("monitoring.metrics.statsd { hostname = h, period = 0 }", &["`monitoring.metrics.statsd.period`"]);
}

#[test]
fn keys_without_effect_are_said() {
    let check = |text: &str, expect: &[&str]| {
        let found = found(&format!("{NAMED}{text}"));
        let said: Vec<&str> = found.unused.iter().map(|unused| unused.key.as_str()).collect();
        assert_eq!(said, expect, "{text}: {:?}", found.errors);
    };
    check("license.accept = true", &["license"]);
    check("input { type = log, leaseDuration = 5 s }", &["input.leaseDuration"]);
    check("output.good { type = stdout, recordLimit = 5 }", &["output.good.recordLimit"]);
    check("output.failed.partitionKey = user_id", &["output.failed"]);
    check("output.failed { streamName = f, partitionKey = user_id }", &[]);
    check("compatibility = \"3\"\noutput.failed.streamName = f", &["output.failed"]);
    check("log.shards = 3", &["log"]);
    check(
        "input { type = kinesis, retrievalMode { type = FanOut, maxRecords = 5 } }",
        &["input.retrievalMode.maxRecords"],
    );
}

#[test]
fn the_reference_is_rendered_from_the_structs() {
    let rendered = reference::render::<EnrichConfig>(None, EnrichConfig::ABOUT);
    if env::var_os("PISTE_REWRITE").is_some_and(|on| on == "1") {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/reference/enrich.hocon");
        fs::write(path, &rendered).unwrap();
    } else {
        assert!(rendered == REFERENCE, "PISTE_REWRITE=1 writes what is rendered now:\n{rendered}");
    }
}

#[test]
fn the_reference_lists_every_key_and_no_other() {
    assert_eq!(reference::differences::<EnrichConfig>(REFERENCE, None), Vec::<String>::new());
}

#[test]
fn the_reference_yields_the_defaults() {
    assert_eq!(format!("{:#?}", read(REFERENCE)), format!("{:#?}", EnrichConfig::default()));
}
