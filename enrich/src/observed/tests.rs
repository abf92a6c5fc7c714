use std::{collections::BTreeSet, net::UdpSocket, time::Duration};

use stream::record::Record;

use super::*;

#[tokio::test]
async fn each_line_has_the_original_s_names() {
    let check = async |compatibility, expect: &[&str]| {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let settings = Settings {
            hostname: "127.0.0.1".into(),
            port: server.local_addr().unwrap().port(),
            prefix: "snowplow.enrich".into(),
            tags: [("env".to_owned(), "test".to_owned())].into(),
            period: Duration::from_secs(3600),
        };
        let observer = Observer::new(Some(settings), compatibility);
        let reporter = observer.start().unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        observer.begun(at(10), at(12));
        observer.begun(at(11), at(12));
        let record = |data: &'static str| Record::new("k", data);
        let records = Records {
            good: vec![record("abc"), record("de")],
            failed: vec![record("f")],
            bad: vec![record("{}")],
            bad_kinds: vec!["schema_violations"],
            tally: Tally { payloads: 4, invalid: 1, dropped: 2, collected: Some(9_500) },
        };
        BatchWritten::of(&records, Some(at(12))).emit(&observer, &ShardId::numbered(0), at(13));
        reporter.finish().await;
        let mut bytes = [0; 4096];
        let count = server.recv(&mut bytes).unwrap();
        let found: BTreeSet<&str> = std::str::from_utf8(&bytes[..count]).unwrap().lines().collect();
        let expect: Vec<String> =
            expect.iter().map(|line| format!("snowplow.enrich.{line}|#env:test")).collect();
        assert_eq!(found, expect.iter().map(String::as_str).collect());
    };
    check(
        Compatibility::Current,
        &[
            "raw:4|c",
            "good:2|c",
            "good_bytes:5|c",
            "failed:1|c",
            "bad:1|c",
            "dropped:2|c",
            "invalid_enriched:1|c",
            "latency_millis:2000|g",
            "e2e_latency_millis:3500|g",
        ],
    )
    .await;
    let apache = ["raw:4|c", "good:2|c", "bad:1|c", "invalid_enriched:1|c", "latency:3500|g"];
    check(Compatibility::Apache, &apache).await;
}
