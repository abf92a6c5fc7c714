//! Any raw record: outputs within their limits that can be read, the same each time, or schemas that must be known first.

use bytes::Bytes;
use enrich::{
    compatibility::Compatibility,
    output::{Kind, Outcome, Output},
    process::process,
    settings::Settings,
};
use event::{bad_row::Processor, enriched::EnrichedEvent, payload::CollectorPayload};
use iglu::cache::Cache;
use jiff::Timestamp;
use uuid::Uuid;

/// The first byte chooses whether the rest is a record, or the fields of a payload in lines: query, body, path, type,
/// addresses and then headers.
pub fn law(data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else { return };
    let record = if choice % 4 == 0 { Bytes::copy_from_slice(data) } else { payload(data, choice) };
    for compatibility in [Compatibility::Current, Compatibility::Apache] {
        let processor = Processor { artifact: "law".into(), version: "1".into() };
        let settings = Settings { emits_failed: true, ..Settings::new(compatibility, processor) };
        let outcome = || {
            let schemas = Cache::new(10, None);
            process(&record, &schemas, &settings, Timestamp::UNIX_EPOCH, &mut Uuid::nil)
        };
        let first = outcome();
        assert_eq!(first, outcome(), "the same input gives the same output");
        match first {
            Outcome::Done(outputs) => outputs.iter().for_each(|output| check(output, &settings)),
            Outcome::Need(needs) => assert!(!needs.is_empty()),
        }
    }
}

fn payload(data: &[u8], choice: u8) -> Bytes {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n').map(str::to_owned);
    let mut given = |bit: u8| lines.next().filter(|_| choice & bit != 0);
    let payload = CollectorPayload {
        querystring: given(1),
        body: given(2).map(Bytes::from),
        path: given(4).or(Some("/com.snowplowanalytics.snowplow/tp2".into())),
        content_type: given(8),
        ip_address: given(16),
        headers: Some(lines.collect()),
        encoding: Some("UTF-8".into()),
        collector: Some("law".into()),
        ..CollectorPayload::default()
    };
    let mut bytes = Vec::new();
    payload.encode(&mut bytes);
    bytes.into()
}

fn check(output: &Output, settings: &Settings) {
    let text = std::str::from_utf8(&output.data).unwrap();
    assert!(text.len() <= settings.max_record_size && output.key.len() <= 1024);
    match output.kind {
        Kind::Good => drop(EnrichedEvent::parse_tsv(text).unwrap()),
        Kind::Failed => drop(EnrichedEvent::split_tsv(text).unwrap()),
        Kind::Bad(kind) => {
            assert_ne!(kind, "generic_error", "{text}");
            let row: serde_json::Value = serde_json::from_str(text).unwrap();
            let schema = format!("iglu:com.snowplowanalytics.snowplow.badrows/{kind}/");
            assert!(row["schema"].as_str().unwrap().starts_with(&schema), "{text}");
        }
    }
}
