//! The two styles of `streams`, and what files take from HOCON.

use std::collections::HashMap;

use collector::config::{CollectorConfig, Kind};
use service::config::{Override, Sources, load};

use crate::support::config;

/// The same keys in both styles.
#[test]
fn both_styles_are_the_same_configuration() {
    let check = |legacy: &str, object: &str| {
        let (legacy, object) = (config(legacy).streams, config(object).streams);
        assert_eq!(format!("{:#?}", legacy.good()), format!("{:#?}", object.good()));
        assert_eq!(format!("{:#?}", legacy.bad()), format!("{:#?}", object.bad()));
        assert_eq!(legacy.good_max_bytes(), object.good_max_bytes());
    };
    check("streams { good = g, bad = b }", "streams { good { name = g }, bad { name = b } }");
    check(
        "collector { streams { good = g, bad = b, sink { enabled = kinesis, region = r, maxBytes = 3000
         backoffPolicy { minBackoff = 10, maxBackoff = 20 }, sqsGoodBuffer = q, aws { accessKey = iam } }
         buffer { byteLimit = 1, recordLimit = 2, timeLimit = 3 } } }",
        "streams { good { name = g, enabled = kinesis, region = r, maxBytes = 3000
         backoffPolicy { minBackoff = 10, maxBackoff = 20 }, sqsGoodBuffer = q, aws { accessKey = iam }
         buffer { byteLimit = 1, recordLimit = 2, timeLimit = 3 } }
         bad { name = b, enabled = kinesis, region = r, maxBytes = 3000
         backoffPolicy { minBackoff = 10, maxBackoff = 20 }, sqsGoodBuffer = q, aws { accessKey = iam }
         buffer { byteLimit = 1, recordLimit = 2, timeLimit = 3 } } }",
    );
    // What a stream sets itself wins.
    check(
        "streams { good { name = g, maxBytes = 5 }, bad = b, sink { maxBytes = 6, region = r } }",
        "streams { good { name = g, maxBytes = 5, region = r }, bad { name = b, maxBytes = 6, region = r } }",
    );
}

#[test]
fn kinds_and_what_they_mean() {
    let check = |text: &str, kind: Kind, name: Option<&str>, max_bytes: usize| {
        let streams = config(text).streams;
        let good = streams.good();
        let found = (good.kind(), good.name.as_deref(), streams.good_max_bytes());
        assert_eq!(found, (kind, name, max_bytes), "{text}");
    };
    check("", Kind::Kinesis, None, 1_000_000);
    check("streams.sink.enabled = Kinesis", Kind::Kinesis, None, 1_000_000);
    check("streams.sink.enabled = sqs, streams.good = q", Kind::Sqs, Some("q"), 192_000);
    check("streams.sink.enabled = stdout", Kind::Stdout, Some("good"), 1_000_000_000);
    check("streams.good { enabled = log, name = raw }", Kind::Log, Some("raw"), 1_000_000);
    check("streams.good { enabled = log, maxBytes = 7 }", Kind::Log, Some("good"), 7);
}

#[test]
fn substitutions_includes_and_overrides() {
    let check = |text: &str, overrides: &[&str], environment: &[(&str, &str)], port: u16| {
        let mut sources = Sources::of_text("test", text);
        sources.overrides = overrides.iter().map(|text| Override::parse(text).unwrap()).collect();
        sources.environment =
            environment.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect::<HashMap<_, _>>();
        let loaded = load::<CollectorConfig>(&sources, Some("collector")).unwrap();
        assert_eq!(loaded.config.port, port, "{text}");
        assert!(loaded.unknown.is_empty(), "{:?}", loaded.unknown);
    };
    check("collector { port = 1, port = ${?COLLECTOR_PORT} }", &[], &[], 1);
    check("collector { port = 1, port = ${?COLLECTOR_PORT} }", &[], &[("COLLECTOR_PORT", "2")], 2);
    check("collector { port = 1 }", &["collector.port=3"], &[], 3);
    check("collector { port = 1 }", &["port=4"], &[], 4);
    check(
        "collector.cookie.domains = [a.com], collector.port = 5",
        &["collector.cookie.domains.0=b.com"],
        &[],
        5,
    );
}
