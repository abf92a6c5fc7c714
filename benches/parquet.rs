//! Enriched lines as Parquet, beside a writer that gets the same rows ready to encode, which is the least that it can cost; and
//! many partitions at once.

use std::{collections::BTreeSet, hint::black_box};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use event::{
    atomic::{COUNT, Field},
    schema_key::SchemaKey,
};
use iglu::field::column::Place;
use jiff::Timestamp;
use loaders::{
    lake::{config::HIVE, template::Template},
    parquet::{Options, file, gather::Gathering, pieces::Pieces, schemas::Schemas},
};
use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EVENTS: u64 = 10_000;

const PAGE: &str = "com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0";
const CLICK: &str = "com.snowplowanalytics.snowplow/link_click/jsonschema/1-0-1";

/// Lines as a site's visitors make them: some fields hardly change, some always.
fn lines(names: u64) -> Vec<String> {
    let line = |n: u64| {
        let random = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let id = format!("{:08x}-0000-4000-8000-{:012x}", random >> 32, random & 0xFFFF_FFFF_FFFF);
        let mut columns = vec![String::new(); COUNT];
        let tstamp =
            |at: u64| format!("2026-01-02 03:{:02}:{:02}.{:03}", at / 60_000 % 60, at / 1000 % 60, at % 1000);
        let path = format!("/shop/{}", random % 500);
        let contexts = format!(
            r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0","data":[{{"schema":"iglu:{PAGE}","data":{{"id":"{id}"}}}}]}}"#
        );
        let click = format!(
            r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{{"schema":"iglu:{CLICK}","data":{{"targetUrl":"https://www.example.com{path}","elementId":"b{}","elementClasses":["a","b"]}}}}}}"#,
            n % 40
        );
        for (field, text) in [
            (Field::AppId, "shop".to_owned()),
            (Field::Platform, "web".to_owned()),
            (Field::EtlTstamp, tstamp(n * 7 + 900)),
            (Field::CollectorTstamp, tstamp(n * 7)),
            (Field::DvceCreatedTstamp, tstamp(n * 7 + 3)),
            (Field::Event, "unstruct".to_owned()),
            (Field::EventId, id),
            (Field::NameTracker, "sp".to_owned()),
            (Field::VTracker, "js-4.10.1".to_owned()),
            (Field::VCollector, "ssc-3.2.0".to_owned()),
            (Field::VEtl, "piste-0.1.0".to_owned()),
            (Field::UserIpaddress, format!("203.0.113.{}", random % 256)),
            (Field::DomainUserid, format!("{:016x}", random % 3000)),
            (Field::DomainSessionidx, (n % 9).to_string()),
            (Field::NetworkUserid, format!("{:016x}", random % 3100)),
            (Field::GeoCountry, "DE".to_owned()),
            (Field::GeoLatitude, format!("{}.5", random % 90)),
            (Field::PageUrl, format!("https://www.example.com{path}?utm_source=a&q={}", random % 100_000)),
            (Field::PageTitle, "The best hats in town".to_owned()),
            (Field::PageReferrer, "https://www.google.com/".to_owned()),
            (Field::PageUrlscheme, "https".to_owned()),
            (Field::PageUrlhost, "www.example.com".to_owned()),
            (Field::PageUrlport, "443".to_owned()),
            (Field::PageUrlpath, path.clone()),
            (Field::Contexts, contexts),
            (Field::UnstructEvent, click),
            (Field::Useragent, "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36".to_owned()),
            (Field::BrLang, "de-DE".to_owned()),
            (Field::BrCookies, "1".to_owned()),
            (Field::BrColordepth, "24".to_owned()),
            (Field::BrViewwidth, (900 + n % 60).to_string()),
            (Field::BrViewheight, (600 + n % 70).to_string()),
            (Field::OsTimezone, "Europe/Berlin".to_owned()),
            (Field::DvceScreenwidth, "1920".to_owned()),
            (Field::DvceScreenheight, "1080".to_owned()),
            (Field::DocCharset, "UTF-8".to_owned()),
            (Field::DocWidth, "1200".to_owned()),
            (Field::DocHeight, (2000 + n % 300).to_string()),
            (Field::DvceSentTstamp, tstamp(n * 7 + 5)),
            (Field::DerivedTstamp, tstamp(n * 7 + 1)),
            (Field::EventVendor, "com.snowplowanalytics.snowplow".to_owned()),
            (Field::EventName, format!("link_click{}", n % names)),
            (Field::EventFormat, "jsonschema".to_owned()),
            (Field::EventVersion, "1-0-1".to_owned()),
        ] {
            columns[field as usize] = text;
        }
        columns.join("\t")
    };
    (0..EVENTS).map(line).collect()
}

fn schemas() -> Schemas {
    let text = json!({"type": "string"});
    let mut schemas = Schemas::default();
    for (key, properties) in [
        (PAGE, json!({"id": text})),
        (
            CLICK,
            json!({"targetUrl": text, "elementId": text, "elementClasses": {"type": "array", "items": text}}),
        ),
    ] {
        let schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
        schemas.add(&SchemaKey::from_path(key).expect("a key"), &schema);
    }
    schemas
}

/// Bytes of all files.
fn write(lines: &[String], schemas: &Schemas, pattern: &str) -> usize {
    let template = Template::parse_for_events(pattern).expect("a pattern");
    let mut gathering = Gathering::new(template, Options::default());
    for line in lines {
        gathering.push(line).expect("an event");
    }
    gathering
        .finish(schemas, Timestamp::UNIX_EPOCH)
        .map(|object| {
            assert!(object.file.refused.is_empty(), "{:?}", object.file.refused[0].0);
            object.file.bytes.len()
        })
        .sum()
}

fn columns(c: &mut Criterion) {
    let (lines, schemas) = (lines(1), schemas());
    let present: BTreeSet<(Place, SchemaKey)> = [(Place::Contexts, PAGE), (Place::Unstruct, CLICK)]
        .map(|(place, key)| (place, SchemaKey::from_path(key).expect("a key")))
        .into();
    let mut pieces = Pieces::default();
    lines.iter().for_each(|line| pieces.push(line, None));
    let ready = file::ready(pieces, &present, &schemas, Timestamp::UNIX_EPOCH);
    let bytes: usize = lines.iter().map(String::len).sum();
    let mut group = c.benchmark_group("parquet");
    group.sample_size(20).throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("lines", |b| b.iter(|| black_box(write(&lines, &schemas, ""))));
    group.bench_function("ready columns", |b| {
        b.iter(|| black_box(file::write_ready(&ready, Options::default()).len()));
    });
    let many = self::lines(100);
    group.bench_function("lines of 100 partitions", |b| b.iter(|| black_box(write(&many, &schemas, HIVE))));
    group.finish();
}

criterion_group!(benches, columns);
criterion_main!(benches);
