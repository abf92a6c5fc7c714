//! The reference configuration: every key that is read, and the defaults.

use collector::config::CollectorConfig;

use crate::support::config;

const REFERENCE: &str = include_str!("../../../deploy/reference/collector.hocon");

#[test]
fn it_lists_every_key_and_no_other() {
    let found = service::config::reference::differences::<CollectorConfig>(REFERENCE, Some("collector"));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn it_yields_the_defaults() {
    assert_eq!(format!("{:#?}", config(REFERENCE)), format!("{:#?}", CollectorConfig::default()));
}

#[test]
fn both_styles_of_streams() {
    let check = |text: &str, name: &str, max_bytes: usize| {
        let config = config(text);
        assert_eq!(config.streams.good.name.as_deref(), Some(name), "{text}");
        assert_eq!(config.streams.good_max_bytes(), max_bytes, "{text}");
    };
    check("collector { streams { good = g, bad = b, sink { maxBytes = 3000 } } }", "g", 3000);
    check("collector { streams { good { name = g, maxBytes = 4000 }, bad { name = b } } }", "g", 4000);
    check("streams { good { name = g }, bad { name = b } }", "g", 1_000_000);
}

#[test]
fn mistakes_name_the_key() {
    let check = |text: &str, expected: &str| {
        let sources = service::config::Sources::of_text("test", text);
        let error =
            service::config::load::<CollectorConfig>(&sources, Some("collector")).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    };
    check("collector { cookie { sameSite = Sometimes } }", "cookie.sameSite");
    check("collector { compatibility = \"4\" }", "compatibility");
    check("collector { doNotTrackCookie { value = \"(\" } }", "doNotTrackCookie.value");
    check("collector { networking { idleTimeout = soon } }", "networking.idleTimeout");
    check("collector { compression { type = lzo } }", "compression.type");
    check("collector { compression { gzipCompressionLevel = 10 } }", "compression.gzipCompressionLevel");
    check("collector { compression { zstdCompressionLevel = 0 } }", "compression.zstdCompressionLevel");
}
