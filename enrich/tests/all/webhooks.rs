//! Adapters of webhooks where no recorded case tells: the current line, and requests of which the original loses a part or
//! dies.

use enrich::{
    compatibility::Compatibility,
    output::{Kind, Lookup, Outcome, Output},
    process::process,
    settings::Settings,
};
use event::{atomic::Field, bad_row::Processor, enriched::EnrichedEvent, json, payload::CollectorPayload};
use iglu::{client::Client, resolver_config::ResolverConfig};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::samples::{encoded, payload};

const LINES: [Compatibility; 2] = [Compatibility::Current, Compatibility::Apache];
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A request to an adapter.
fn request(path: &str, content_type: Option<&str>, body: &str) -> CollectorPayload {
    CollectorPayload {
        path: Some(path.into()),
        content_type: content_type.map(str::to_owned),
        body: Some(body.to_owned().into()),
        ..payload()
    }
}

/// What comes of a request where no registry has any schema: each event ends as a bad row, which shows its parameters.
fn outputs(line: Compatibility, request: &CollectorPayload) -> Vec<Output> {
    let settings = Settings::new(line, Processor { artifact: "test".into(), version: "1".into() });
    let config = ResolverConfig { cache_size: 500, cache_ttl: None, repositories: Vec::new() };
    let client = Client::new(config, || Timestamp::UNIX_EPOCH);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let record = encoded(request).into();
    loop {
        match process(&record, client.cache(), &settings, Timestamp::UNIX_EPOCH, &mut Uuid::nil) {
            Outcome::Done(outputs) => return outputs,
            Outcome::Need(needs) => {
                for need in needs {
                    let Lookup::Schema(key) = need else { panic!("{need:?}") };
                    runtime.block_on(client.fetch(&key));
                }
            }
        }
    }
}

fn row(output: &Output) -> Value {
    json::parse(std::str::from_utf8(&output.data).unwrap()).unwrap()
}

/// The schema and data of each event, and the schemas and data of its entities.
fn events(line: Compatibility, request: &CollectorPayload) -> Vec<(Value, Value)> {
    let raw = |output: &Output| {
        assert_eq!(output.kind, Kind::Bad("schema_violations"), "{}", String::from_utf8_lossy(&output.data));
        let row = row(output);
        let parameters = row["data"]["payload"]["raw"]["parameters"].as_array().unwrap().clone();
        let named = |name: &str| {
            let found = parameters.iter().find(|parameter| parameter["name"] == name);
            found.map(|parameter| json::parse(parameter["value"].as_str().unwrap()).unwrap()["data"].clone())
        };
        (named("ue_pr").unwrap(), named("co").unwrap_or(Value::Null))
    };
    outputs(line, request).iter().map(raw).collect()
}

/// What is wrong with a request.
fn messages(line: Compatibility, request: &CollectorPayload) -> Value {
    let outputs = outputs(line, request);
    let [bad] = outputs.as_slice() else { panic!("{} outputs", outputs.len()) };
    assert_eq!(bad.kind, Kind::Bad("adapter_failures"), "{}", String::from_utf8_lossy(&bad.data));
    row(bad)["data"]["failure"]["messages"].clone()
}

fn described(schema: &str, data: Value) -> Value {
    json!({"schema": format!("iglu:{schema}"), "data": data})
}

#[test]
fn schemas_of_mandrill() {
    let table = [
        ("open", "message_opened/jsonschema/1-0-3", Some("message_opened/jsonschema/1-0-1")),
        ("send", "message_sent/jsonschema/1-0-1", Some("message_sent/jsonschema/1-0-0")),
        ("delivered", "message_delivered/jsonschema/1-0-0", None),
    ];
    for (kind, current, apache) in table {
        let body = format!("mandrill_events=%5B%7B%22event%22%3A%22{kind}%22%2C%22ts%22%3A1%7D%5D");
        let request = request("/com.mandrill/v1", Some(FORM), &body);
        for (line, name) in [(Compatibility::Current, Some(current)), (Compatibility::Apache, apache)] {
            let Some(name) = name else {
                assert_eq!(messages(line, &request)[0]["actual"], kind);
                continue;
            };
            let data = json!({"ts": "1970-01-01T00:00:01.000Z"});
            let expect = described(&format!("com.mandrill/{name}"), data);
            assert_eq!(events(line, &request), [(expect, Value::Null)]);
        }
    }
}

/// Unlike those of most webhooks, however many there are.
#[test]
fn members_of_incidents_keep_their_order() {
    let body = r#"{"messages":[{"type":"incident.trigger","z":{"f":1,"e":"null","d":2,"c":3,"b":4,"a":[5]},"y":1,"x":2,"created_on":"2014-11-12T18:53:47 00:00","id":"i"}]}"#;
    let expect = r#"{"type":"trigger","z":{"f":1,"e":null,"d":2,"c":3,"b":4,"a":[5]},"y":1,"x":2,"created_on":"2014-11-12T18:53:47+00:00","id":"i"}"#;
    for line in LINES {
        let events = events(line, &request("/com.pagerduty/v1", Some(JSON), body));
        assert_eq!(json::to_compact(&events[0].0["data"]), expect);
    }
}

#[test]
fn words_of_the_lines() {
    let hit = |body: &str| request("/com.google.analytics/v1", None, body);
    let message = CollectorPayload {
        path: Some("/com.pingdom/v1".into()),
        querystring: Some("message=(u'%7B%7D',)".into()),
        ..payload()
    };
    let table = [
        (
            hit("t=pageview&qt=x"),
            "Cannot be converted to java.lang.Integer",
            "cannot be converted to java.lang.Integer",
        ),
        (hit("t=transaction&tr=x"), "Cannot be converted to Double", "cannot be converted to Double"),
        (
            hit("t=exception&exf=2"),
            "Cannot be converted to boolean, only 1 or 0 are supported",
            "cannot be converted to boolean, only 1 or 0 are supported",
        ),
        (message, "should not pass regex \\(u'([^']+)',\\)", "should not pass regex \\(u'(.+)',\\)"),
    ];
    for (request, current, apache) in table {
        for (line, expect) in LINES.into_iter().zip([current, apache]) {
            assert_eq!(messages(line, &request)[0]["expectation"], expect);
        }
    }
}

/// The original loses all but one of them.
#[test]
fn sendgrid_without_ids() {
    let body = r#"[{"event":"open","email":"a"},{"event":"click","email":"b"},{"event":"open","email":"c"}]"#;
    for line in LINES {
        let mut emails: Vec<String> = events(line, &request("/com.sendgrid/v3", Some(JSON), body))
            .into_iter()
            .map(|(event, _)| event["data"]["email"].as_str().unwrap().to_owned())
            .collect();
        emails.sort_unstable();
        assert_eq!(emails, ["a", "b", "c"]);
    }
}

/// The original gives the first product the name of the second.
#[test]
fn products_with_gaps() {
    let body =
        "t=pageview&pr1id=x&pr2id=y&pr2nm=second&pr2cd3=blue&cd7=page&cu=EUR&il1pi2pr=1.005&il1nm=list";
    let schema = |name: &str| format!("com.google.analytics.measurement-protocol/{name}/jsonschema/1-0-0");
    for line in LINES {
        let [(event, entities)] =
            events(line, &request("/com.google.analytics/v1", None, body)).try_into().unwrap();
        assert_eq!(event, described(&schema("page_view"), json!({})));
        let expect = [
            ("hit", json!({"type": "pageview"})),
            ("product", json!({"index": 1, "sku": "x", "currencyCode": "EUR"})),
            ("product", json!({"index": 2, "sku": "y", "name": "second", "currencyCode": "EUR"})),
            ("product_custom_dimension", json!({"productIndex": 2, "dimensionIndex": 3, "value": "blue"})),
            ("custom_dimension", json!({"index": 7, "value": "page"})),
            ("product_impression_list", json!({"index": 1, "name": "list"})),
        ];
        let mut found = entities.as_array().unwrap().clone();
        for (name, data) in expect {
            let entity = described(&schema(name), data);
            let at = found.iter().position(|found| *found == entity);
            found.swap_remove(at.unwrap_or_else(|| panic!("{entity} is not in {found:?}")));
        }
        // Halves go to the even digit; numbers are compared as texts.
        let [impression] = found.as_slice() else { panic!("{found:?}") };
        let expect = r#"{"price":1.0,"listIndex":1,"productIndex":2,"currencyCode":"EUR"}"#;
        assert_eq!(impression["data"], json::parse(expect).unwrap());
    }
}

/// The original dies of these; each is told.
#[test]
fn what_kills_the_original() {
    let airship = r#"{"type":"OPEN","id":"x","occurred":"yesterday","processed":"2015-13-01"}"#;
    let deep = format!("type=subscribe&{}=1", "a%5Bb%5D".repeat(10_000));
    let table = [
        (
            request("/com.urbanairship.connect/v1", None, airship),
            json!([
                {"field": "occurred", "value": "yesterday",
                 "expectation": "could not extract 'occurred': Invalid format: \"yesterday\""},
                {"field": "processed", "value": "2015-13-01",
                 "expectation": "could not extract 'processed': Cannot parse \"2015-13-01\": Value 13 for monthOfYear \
                     must be in the range [1,12]"},
            ]),
        ),
        (
            request("/com.mailchimp/v1", Some(FORM), &deep),
            json!([{"field": "a[b]".repeat(10_000), "value": "1", "expectation": "nested too deep"}]),
        ),
    ];
    for (request, expect) in table {
        for line in LINES {
            assert_eq!(messages(line, &request), expect);
        }
    }
    let nameless = request("/com.mailchimp/v1", Some(FORM), "type=subscribe&%5B%5D=1");
    let unnamed = request("/com.statusgator/v1", Some(FORM), "a=1&%20=2");
    for line in LINES {
        assert_eq!(events(line, &nameless)[0].0["data"], json!({"": "1", "type": "subscribe"}));
        assert_eq!(events(line, &unnamed)[0].0["data"], json!({"a": "1", " ": "2"}));
    }
}

#[test]
fn page_views_of_firehose() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let firehose = |lines: &[&str]| {
        let records: Vec<_> = lines.iter().map(|line| json!({"data": STANDARD.encode(line)})).collect();
        let body = json!({"requestId": "r", "timestamp": 1, "records": records}).to_string();
        request("/com.amazon.aws.cloudfront/firehose", Some(JSON), &body)
    };
    let first = r#"{"timestamp(ms)":"1700000000123","c-ip":"192.0.2.1","x-host-header":"acme.com","cs-uri-stem":"/a",
        "cs-uri-query":"b=1","cs(User-Agent)":"Mozilla","cs(Referer)":"https://from.com/x","cs-protocol":"http"}"#
        .replace('\n', "");
    let second = r#"{"x-host-header":"acme.com","cs-uri-stem":"/","cs-uri-query":"-","cs(Referer)":"-"}"#;
    let both = format!("{second}\n\n{second}\n");
    let outputs = outputs(Compatibility::Current, &firehose(&[&first, &both]));
    let good = outputs.iter().map(|output| {
        assert_eq!(output.kind, Kind::Good, "{}", String::from_utf8_lossy(&output.data));
        let event = EnrichedEvent::parse_tsv(std::str::from_utf8(&output.data).unwrap()).unwrap();
        let fields = [
            Field::Event,
            Field::AppId,
            Field::VTracker,
            Field::PageUrl,
            Field::PageReferrer,
            Field::Useragent,
            Field::UserIpaddress,
            Field::DvceSentTstamp,
        ];
        fields.map(|field| event.get(field).unwrap_or("").to_owned())
    });
    let tracker = "com.amazon.aws.cloudfront/firehose";
    let bare = ["page_view", "cloudfront", tracker, "https://acme.com/", "", "", "203.0.113.7", ""];
    let whole = [
        "page_view",
        "cloudfront",
        tracker,
        "http://acme.com/a?b=1",
        "https://from.com/x",
        "Mozilla",
        "192.0.2.1",
        "2023-11-14 22:13:20.123",
    ];
    assert_eq!(good.collect::<Vec<_>>(), [whole, bare, bare].map(|fields| fields.map(str::to_owned)));

    let said = |request: &CollectorPayload| {
        let all = messages(Compatibility::Current, request);
        let first = &all[0];
        let why = [&first["expectation"], &first["error"]].into_iter().find_map(Value::as_str);
        (first["field"].as_str().unwrap().to_owned(), why.unwrap().to_owned())
    };
    let with_body = |body: &str| request("/com.amazon.aws.cloudfront/firehose", None, body);
    let gzip = CollectorPayload { body: Some(vec![0x1F, 0x8B, 8].into()), ..with_body("") };
    let table = [
        (gzip, "body", "compressed with gzip: the delivery stream must not encode what it sends"),
        (with_body("{}"), "records", "field `records` is not an array"),
        (with_body(r#"{"records":[]}"#), "", "empty list of events"),
        (with_body(r#"{"records":[{"data":"?"}]}"#), "records[0].data", "not a text in Base64"),
        (firehose(&["{}", "{"]), "records[1].data", "invalid json: exhausted input"),
        (firehose(&["1"]), "records[0].data", "not a json object"),
    ];
    for (request, field, why) in table {
        assert_eq!(said(&request), (field.to_owned(), why.to_owned()));
    }
    let unknown = messages(Compatibility::Apache, &firehose(&[second]));
    assert_eq!(unknown[0]["expectation"], "vendor/version combination is not supported");
}

/// Lists of nothings give one bad row of the usual size, not one with hundreds of thousands of messages.
#[test]
fn long_lists_of_nothings() {
    let list = format!("[{}{{}}]", "{},".repeat(100_000));
    let table = [
        request("/com.hubspot/v1", Some(JSON), &list),
        request("/com.pagerduty/v1", Some(JSON), &format!("{{\"messages\":{list}}}")),
        request("/com.google.analytics/v1", None, &"t=x\n".repeat(100_000)),
    ];
    for request in table {
        let outputs = outputs(Compatibility::Current, &request);
        let [bad] = outputs.as_slice() else { panic!("{} outputs", outputs.len()) };
        assert_eq!(bad.kind, Kind::Bad("size_violation"));
        let size = row(bad)["data"]["failure"]["actualSizeBytes"].as_i64().unwrap();
        assert!(size < 8_000_000, "{size}");
    }
}
