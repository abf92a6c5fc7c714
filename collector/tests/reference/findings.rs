//! What is said about a configuration that is not right.

use collector::config::CollectorConfig;
use service::config::{Sources, examine};

/// Errors, unknown keys and keys without effect of a text, as they are printed.
fn findings(text: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    let found = examine::<CollectorConfig>(&Sources::of_text("c.hocon", text), Some("collector"));
    (
        found.errors.iter().map(ToString::to_string).collect(),
        found.unknown.iter().map(ToString::to_string).collect(),
        found.unused.iter().map(ToString::to_string).collect(),
    )
}

/// What makes every other check pass.
const STDOUT: &str = "\nstreams.sink.enabled = stdout";

fn check(text: &str, errors: &[&str]) {
    let (found, unknown, _) = findings(&format!("{text}{STDOUT}"));
    assert_eq!(found, errors, "{text}");
    assert!(unknown.is_empty(), "{text}: {unknown:?}");
}

#[test]
fn values_that_cannot_be() {
    check("", &[]);
    check(
        "collector {\n  cookie { sameSite = Sometimes }\n}",
        &["c.hocon:2:12: `cookie.sameSite`: expected None, Lax or Strict, found string \"Sometimes\""],
    );
    check("port = 70000", &["c.hocon:1:1: `port`: expected a whole number from 0 to 65535, found `70000`"]);
    check(
        "interface = \"not a host\"",
        &["c.hocon:1:1: `interface`: expected an IP address or the name of a host, found `not a host`"],
    );
    for (text, key) in [
        ("compatibility = 4", "compatibility"),
        ("networking { idleTimeout = soon }", "networking.idleTimeout"),
        ("doNotTrackCookie.value = \"(\"", "doNotTrackCookie.value"),
        ("cookie.name = \"s p\"", "cookie.name"),
        ("cookie.name = \"\"", "cookie.name"),
        ("cookie.clientCookieName = sp", "cookie.clientCookieName"),
        ("cookie.clientCookieName = \"a;b\"", "cookie.clientCookieName"),
        ("cookie.expiration = 0", "cookie.expiration"),
        ("cookie.domains = [ \"a.com\", \"b;c\" ]", "cookie.domains"),
        ("cookie.fallbackDomain = \"a b\"", "cookie.fallbackDomain"),
        ("cookie.fallbackDomain = \"a;Secure\"", "cookie.fallbackDomain"),
        ("doNotTrackCookie.enabled = true", "doNotTrackCookie.name"),
        ("cookieBounce.name = \"a&b\"", "cookieBounce.name"),
        ("cookieBounce.fallbackNetworkUserId = \"a b\"", "cookieBounce.fallbackNetworkUserId"),
        ("cookieBounce.forwardedProtocolHeader = \"X Y\"", "cookieBounce.forwardedProtocolHeader"),
        ("redirectDomains = [ \"https://acme.com\" ]", "redirectDomains"),
        ("redirectDomains = [ \"acme.com:80\" ]", "redirectDomains"),
        ("rootResponse.statusCode = 99", "rootResponse.statusCode"),
        ("rootResponse.statusCode = 101", "rootResponse.statusCode"),
        ("rootResponse.headers { \"a b\" = c }", "rootResponse.headers"),
        ("rootResponse.headers { a = \"b\\r\\nc\" }", "rootResponse.headers"),
        ("crossDomain.domains = [ \"a\\\"b\" ]", "crossDomain.domains"),
        ("p3p.CP = \"a\\\"\"\ncompatibility = 2", "p3p"),
        ("paths { \"/a\" = \"/b/c\" }", "paths"),
        ("paths { \"a/b\" = \"/b/c\" }", "paths"),
        ("paths { \"/a/b\" = \"/b/c/d\" }", "paths"),
        ("networking.idleTimeout = 0", "networking.idleTimeout"),
        ("networking.headerReadTimeout = 0 s", "networking.headerReadTimeout"),
        ("networking.maxConnections = 0", "networking.maxConnections"),
        ("networking.bodyReadTimeout = 40 s", "networking.bodyReadTimeout"),
        ("networking.dropPayloadSize = 1000", "networking.dropPayloadSize"),
        ("monitoring.metrics.statsd { enabled = true, port = 0 }", "monitoring.metrics.statsd.port"),
        (
            "monitoring.metrics.statsd { enabled = true, hostname = \"a/b\" }",
            "monitoring.metrics.statsd.hostname",
        ),
        ("ssl.enable = true", "ssl.enable"),
        ("ssl { enable = true, certificate = c, port = 8080 }", "ssl.port"),
        ("adminListen = \"0.0.0.0:8080\"", "adminListen"),
        ("adminListen = 8000", "adminListen"),
        ("networking.maxInFlight = 0", "networking.maxInFlight"),
        ("networking.maxBytesInFlight = 1000", "networking.maxBytesInFlight"),
        ("compression.type = lzo", "compression.type"),
        ("compression.gzipCompressionLevel = 10", "compression.gzipCompressionLevel"),
        ("compression.zstdCompressionLevel = 0", "compression.zstdCompressionLevel"),
        ("streams.log.shards = 0", "streams.log.shards"),
        ("streams.spill.patience = 0", "streams.spill.patience"),
        ("streams.spill.maxBytes = 1 KiB", "streams.spill.maxBytes"),
        ("streams.good.buffer.timeLimit = 0", "streams.good.buffer.timeLimit"),
        ("streams.good.maxBytes = 0", "streams.good.maxBytes"),
        ("streams.good.backoffPolicy.minBackoff = 3000", "streams.good.backoffPolicy.maxBackoff"),
    ] {
        let (found, _, _) = findings(&format!("{text}{STDOUT}"));
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].starts_with("c.hocon:1:"), "{text}: {found:?}");
        assert!(found[0].contains(&format!("`{key}`: ")), "{text}: {found:?}");
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let (found, unknown, unused) = findings(
        "collector {\n  port = x\n  prot = 1\n  cookie { name = \"a b\", secure = 2 }\n  telemetry { disable = true }\n}",
    );
    assert_eq!(
        found,
        [
            "c.hocon:2:3: `port`: expected a whole number from 0 to 65535, found `x`",
            "c.hocon:4:26: `cookie.secure`: expected true or false, found `2`",
            "c.hocon:4:12: `cookie.name`: expected letters, digits and - _ . ! # $ % & ' * + ^ ` | ~",
            "c.hocon:1:1: `streams.good.name`: is required: the name of the stream; or set `streams.sink.enabled`",
            "c.hocon:1:1: `streams.bad.name`: is required: the name of the stream; or set `streams.sink.enabled`",
        ]
    );
    assert_eq!(unknown, ["c.hocon:3:3: `prot`: nothing reads this key; did you mean `port`?"]);
    assert_eq!(unused, ["c.hocon:5:3: `telemetry` has no effect: nothing phones home"]);
}

#[test]
fn keys_without_effect_say_why() {
    let check = |text: &str, expect: &[&str]| {
        let (errors, unknown, unused) = findings(text);
        assert!(errors.is_empty() && unknown.is_empty(), "{text}: {errors:?} {unknown:?}");
        let unused: Vec<&str> = unused.iter().filter_map(|line| line.split('`').nth(1)).collect();
        assert_eq!(unused, expect, "{text}");
    };
    let names = "streams { good { name = g }, bad { name = b } }";
    check(names, &[]);
    check(
        &format!("license.accept = true, telemetry.disable = true, warmup.enable = false\n{names}"),
        &["license", "telemetry", "warmup"],
    );
    check(
        "streams { good = g, bad = b, sink { threadPoolSize = 10, aws { accessKey = iam }, backoffPolicy { maxRetries = 3 } } }",
        &["streams.sink.backoffPolicy.maxRetries", "streams.sink.threadPoolSize", "streams.sink.aws"],
    );
    check(
        &format!(
            "monitoring.metrics.prometheus.enabled = true, experimental.enableAnalyticsJsBridge = true\n{names}"
        ),
        &["monitoring.metrics.prometheus", "experimental"],
    );
    check(&format!("p3p.CP = x, redirectMacro.enabled = true\n{names}"), &["p3p", "redirectMacro"]);
    check(&format!("compatibility = 2, p3p.CP = x, redirectMacro.enabled = true\n{names}"), &[]);
    check(
        "streams { sink { enabled = stdout, region = r, brokers = b, sqsGoodBuffer = q }, buffer { timeLimit = 5 } }",
        &["streams.sink.sqsGoodBuffer", "streams.sink.region", "streams.buffer", "streams.sink.brokers"],
    );
    let buffer = "buffer { byteLimit = 1, timeLimit = 5 }";
    check(&format!("streams {{ good = g, bad = b, {buffer} }}"), &["streams.buffer.timeLimit"]);
    check(&format!("compression.enabled = true, streams {{ good = g, bad = b, {buffer} }}"), &[]);
    check("streams { good { name = g, sqsBadBuffer = q }, bad = b }", &["streams.good.sqsBadBuffer"]);
}

#[test]
fn sinks_that_are_not_there_are_refused() {
    for (text, key, sink) in [
        ("streams { good = g, bad = b, sink { brokers = \"k:9092\" } }", "streams.sink.brokers", "Kafka"),
        ("streams { good { name = g, brokers = k }, bad { name = b } }", "streams.good.brokers", "Kafka"),
        (
            "streams { good = g, bad = b, sink { googleProjectId = p } }",
            "streams.sink.googleProjectId",
            "Pub/Sub",
        ),
        ("streams { good = g, bad = b, sink { host = h } }", "streams.sink.host", "NSQ"),
        ("streams { good = g, bad = b, http.baseUri = u }", "streams.http", "HTTP"),
    ] {
        let (found, _, _) = findings(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].contains(&format!("`{key}`: piste has no {sink} sink")), "{text}: {found:?}");
    }
    let (found, _, _) = findings("streams { good = g, bad = b, sink { enabled = kafka } }");
    assert_eq!(
        found,
        ["c.hocon:1:37: `streams.sink.enabled`: expected one of kinesis, sqs, stdout, log, found `kafka`"]
    );
}
