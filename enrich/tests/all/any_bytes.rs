//! Any bytes end as outputs: never a panic, never more than the limits allow.

use enrich::{
    compatibility::Compatibility,
    output::{Kind, Output},
    settings::Settings,
};
use event::{bad_row::Processor, enriched::EnrichedEvent, json, payload::CollectorPayload};
use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    registry::Registry,
    samples::{encoded, get, payload, post},
};

fn settings(compatibility: Compatibility) -> Settings {
    let processor = Processor { artifact: "test".into(), version: "1".into() };
    Settings { emits_failed: true, ..Settings::new(compatibility, processor) }
}

/// Every output can be read, is small enough, and is no confession of a bug.
fn sane(outputs: &[Output], settings: &Settings) {
    for output in outputs {
        let text = std::str::from_utf8(&output.data).unwrap();
        assert!(text.len() <= settings.max_record_size && output.key.len() <= 256 * 4);
        match output.kind {
            Kind::Good | Kind::Failed => {
                let mut again = Vec::new();
                EnrichedEvent::split_tsv(text).unwrap().write_tsv(&mut again);
                assert_eq!(again, output.data);
                if output.kind == Kind::Good {
                    EnrichedEvent::parse_tsv(text).unwrap();
                }
            }
            Kind::Bad(kind) => {
                assert_ne!(kind, "generic_error", "{text}");
                assert!(json::max_depth(text).is_ok());
                let schema = "{\"schema\":\"iglu:com.snowplowanalytics.snowplow.badrows/";
                assert!(text.strip_prefix(schema).is_some_and(|rest| rest.starts_with(kind)), "{text}");
            }
        }
    }
}

fn process(record: &[u8]) {
    thread_local! {
        static REGISTRY: Registry = Registry::at(Timestamp::UNIX_EPOCH);
    }
    REGISTRY.with(|registry| {
        for compatibility in [Compatibility::Current, Compatibility::Apache] {
            let settings = settings(compatibility);
            let outputs = registry.process(record, &settings, Timestamp::UNIX_EPOCH, &mut || Uuid::nil());
            sane(&outputs.unwrap_or_default(), &settings);
        }
    });
}

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const JSON: Option<&str> = Some("application/json");

/// Paths of adapters and the content type that they expect.
const WEBHOOKS: [(&str, Option<&str>); 18] = [
    ("/com.snowplowanalytics.iglu/v1", JSON),
    ("/com.callrail/v1", None),
    ("/com.amazon.aws.cloudfront/wd_access_log", None),
    ("/com.amazon.aws.cloudfront/firehose", JSON),
    ("/com.google.analytics/v1", None),
    ("/com.hubspot/v1", JSON),
    ("/com.mailchimp/v1", FORM),
    ("/com.mailgun/v1", JSON),
    ("/com.mandrill/v1", FORM),
    ("/com.marketo/v1", None),
    ("/com.olark/v1", FORM),
    ("/com.pagerduty/v1", JSON),
    ("/com.pingdom/v1", None),
    ("/com.sendgrid/v3", JSON),
    ("/com.statusgator/v1", FORM),
    ("/com.unbounce/v1", FORM),
    ("/com.urbanairship.connect/v1", None),
    ("/com.getvero/v1", None),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn random_records(record in prop::collection::vec(any::<u8>(), 0..200)) {
        process(&record);
    }

    #[test]
    fn random_queries(query in "((e|p|tv|url|refr|se_va|dtm|res|ip|co|cx|ue_pr|ue_px|eid|vid|[a-z]{1,3})=[^&]{0,30}&){0,12}") {
        let escaped: String = query.bytes().map(|b| match b {
            b'&' | b'=' => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        }).collect();
        process(&get(&escaped));
    }

    #[test]
    fn random_bodies(body in "[\\[\\]{}\",:a-z0-9\\\\ .-]{0,80}") {
        process(&post(&body));
    }

    #[test]
    fn random_webhooks(at in 0..WEBHOOKS.len(), body in "([\\[\\]{}\",:a-z0-9=&%._-]|\"(event|type|timestamp|items|signature|event-data|messages)\":|[0-9]{1,12}|%5[BD]|pr1cd2=|t=item&|\t|\n){0,40}") {
        let (path, content_type) = WEBHOOKS[at];
        for content_type in [content_type, None] {
            process(&encoded(&CollectorPayload {
                path: Some(path.into()),
                content_type: content_type.map(str::to_owned),
                querystring: Some(body.replace(['\n', '\t', '"', '{', '}', '[', ']', '%'], "")),
                body: Some(body.clone().into()),
                ..payload()
            }));
        }
    }

    #[test]
    fn torn_records(cut in 0_usize..300, flip in 0_usize..300, with in any::<u8>()) {
        let mut record = get("e=pv&p=web&url=http%3A%2F%2Fexample.com%2F&eid=7c2a1e61-267b-4b6d-bece-a00e6b559324");
        let at = flip % record.len();
        record[at] ^= with;
        record.truncate(record.len().saturating_sub(cut.saturating_sub(150)));
        process(&record);
    }
}

#[test]
fn hostile_records() {
    let many = "a&".repeat(100_000);
    let names: String = (0..50_000).map(|n| format!("k{n}=v&")).collect();
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let huge = "x".repeat(900_000);
    let table = [
        get("e=se&p=web&se_va=1e1000000000"),
        get("e=se&p=web&se_va=1e-2147483647"),
        get(&many),
        get(&names),
        get(&format!("e=ue&p=web&ue_pr={deep}")),
        get(&format!("e=pv&p=web&co={deep}")),
        post(&deep),
        post(&huge),
        post(&format!(
            r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[{}{{"e":"pv","p":"web","tv":"t"}}]}}"#,
            r#"{"e":"pv","p":"web","tv":"t"},"#.repeat(2_000)
        )),
        get(&format!("e=pv&p=web&page={huge}")),
        get(&format!("e=pv&p=web&url=http%3A%2F%2F{huge}")),
        encoded(&event::payload::CollectorPayload { timestamp: i64::MAX, ..payload() }),
        encoded(&event::payload::CollectorPayload {
            timestamp: i64::MIN,
            querystring: Some("e=pv&p=web&dtm=1&stm=2&ttm=5".into()),
            ..payload()
        }),
        vec![0x1F, 0x8B],
        vec![0x28, 0xB5, 0x2F, 0xFD, 0, 0, 0],
        vec![],
    ];
    for record in table {
        process(&record);
    }
}
