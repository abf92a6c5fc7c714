//! The Postgres loader: encoding lines for COPY, and whole events a second beside a bare COPY of the same rows from memory.
#![allow(clippy::unwrap_used, unreachable_pub, missing_docs, reason = "a bench: a panic is the report")]

mod load;
#[path = "../../tests/support/postgres.rs"]
#[allow(dead_code, reason = "shared with the stories")]
mod postgres;
#[path = "../../tests/support/wait.rs"]
#[allow(dead_code, reason = "shared with the stories")]
mod wait;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use event::{
    atomic::{COUNT, Field},
    schema_key::SchemaKey,
};
use iglu::table::{
    migration::{Existing, ExistingColumn},
    model::{META, Table},
};
use jiff::Timestamp;
use loaders::postgres::{
    atomic,
    config::Purpose,
    encode::{Encoded, Encoder, Need},
    target::{Entities, Events},
};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WEB_PAGE: &str = "iglu:com.acme/web_page/jsonschema/1-0-0";
const SESSION: &str = "iglu:com.acme/session/jsonschema/1-0-0";
const CLICK: &str = "iglu:com.acme/click/jsonschema/1-0-0";

fn line(with_entities: bool) -> String {
    let contexts = format!(
        r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1","data":[{{"schema":"{WEB_PAGE}","data":{{"id":"6b2f06de-169e-466a-93ec-b62f9e7fb2a0"}}}},{{"schema":"{SESSION}","data":{{"userId":"fca1fd5c-d0c0-42bd-b696-24b7d9e5ddc4","sessionId":"e9395f8f-9d92-4ed1-9ed6-186b27b206e8","eventIndex":7,"sessionIndex":1,"previousSessionId":null,"storageMechanism":"COOKIE_1","firstEventTimestamp":"2024-01-01T00:00:00.000Z"}}}}]}}"#
    );
    let click = format!(
        r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{{"schema":"{CLICK}","data":{{"targetUrl":"https://www.example.com/shop/hats?utm_source=news","elementClasses":["a","b"]}}}}}}"#
    );
    let mut columns = vec![String::new(); COUNT];
    let mut set = |field: Field, text: &str| columns[field as usize] = text.to_owned();
    set(Field::AppId, "shop");
    set(Field::Platform, "web");
    set(Field::EtlTstamp, "2026-11-21 10:00:00.123");
    set(Field::CollectorTstamp, "2026-11-21 09:59:59.500");
    set(Field::DvceCreatedTstamp, "2026-11-21 09:59:59.100");
    set(Field::Event, "page_view");
    set(Field::EventId, "f5ec52ed-0108-4475-92e1-bc7656670b14");
    set(Field::NameTracker, "sp");
    set(Field::VTracker, "js-4.6.0");
    set(Field::VCollector, "piste-0.1.0");
    set(Field::VEtl, "piste-0.1.0");
    set(Field::UserIpaddress, "203.0.113.7");
    set(Field::DomainUserid, "fca1fd5c-d0c0-42bd-b696-24b7d9e5ddc4");
    set(Field::DomainSessionidx, "3");
    set(Field::NetworkUserid, "8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a");
    set(Field::PageUrl, "https://www.example.com/shop/hats?utm_source=news");
    set(Field::PageTitle, "Hats and more hats");
    set(Field::PageUrlscheme, "https");
    set(Field::PageUrlhost, "www.example.com");
    set(Field::PageUrlport, "443");
    set(Field::PageUrlpath, "/shop/hats");
    set(Field::PageUrlquery, "utm_source=news");
    set(Field::MktSource, "news");
    set(
        Field::Useragent,
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    );
    set(Field::BrLang, "en-GB");
    set(Field::BrCookies, "1");
    set(Field::BrViewwidth, "1280");
    set(Field::BrViewheight, "720");
    set(Field::OsTimezone, "Europe/London");
    set(Field::DvceScreenwidth, "1920");
    set(Field::DvceScreenheight, "1080");
    set(Field::DvceSentTstamp, "2026-11-21 09:59:59.200");
    set(Field::DerivedTstamp, "2026-11-21 09:59:59.400");
    set(Field::EventVendor, "com.snowplowanalytics.snowplow");
    set(Field::EventName, "page_view");
    set(Field::EventFormat, "jsonschema");
    set(Field::EventVersion, "1-0-0");
    if with_entities {
        set(Field::Contexts, &contexts);
        set(Field::UnstructEvent, &click);
    }
    columns.join("\t")
}

/// The schema of a model.
fn schema(name: &str) -> Value {
    let text = json!({"type": "string"});
    let properties = match name {
        "web_page" => json!({"id": {"type": "string", "format": "uuid"}}),
        "session" => json!({
            "userId": {"type": "string", "format": "uuid"}, "sessionId": {"type": "string", "format": "uuid"},
            "eventIndex": {"type": "integer"}, "sessionIndex": {"type": "integer"}, "previousSessionId": text,
            "storageMechanism": text, "firstEventTimestamp": {"type": "string", "format": "date-time"},
        }),
        _ => json!({"targetUrl": text, "elementClasses": {"type": "array"}}),
    };
    json!({"type": "object", "properties": properties})
}

/// The table of a model as it is right after its creation.
fn table(key: &SchemaKey) -> Entities {
    let schema = schema(&key.name);
    let table = Table::of(&[(key.clone(), &schema)], true).expect("a schema").expect("a version");
    let columns = META
        .iter()
        .map(|(name, ty)| ((*name).to_owned(), ty.clone()))
        .chain(table.columns.iter().map(|c| (c.name.clone(), c.ty.clone())))
        .map(|(name, ty)| ExistingColumn { name, ty, not_null: false });
    let existing = Existing { columns: columns.collect(), comment: None };
    Entities::new("atomic", table.name.clone(), table, &existing)
}

fn encoder() -> Encoder {
    let columns =
        atomic::columns().into_iter().map(|(name, ty, not_null)| ExistingColumn { name, ty, not_null });
    let existing = Existing { columns: columns.collect(), comment: None };
    Encoder::new(Purpose::EnrichedEvents, false, Events::new("atomic", &existing))
}

fn encoding(c: &mut Criterion) {
    let mut group = c.benchmark_group("postgres");
    for (name, line) in [("page_view", line(false)), ("click_with_2_entities", line(true))] {
        let mut encoder = encoder();
        while let Encoded::Need(Need::Schema(key)) = encoder.encode(line.as_bytes(), Timestamp::UNIX_EPOCH) {
            encoder.add_table(&key, table(&key));
        }
        encoder.discard();
        group.throughput(Throughput::Elements(1));
        let mut encoded = 0;
        group.bench_function(format!("encode/{name}"), |b| {
            b.iter(|| {
                assert!(matches!(
                    encoder.encode(black_box(line.as_bytes()), Timestamp::UNIX_EPOCH),
                    Encoded::Rows
                ));
                encoded += 1;
                if encoded % 1000 == 0 {
                    encoder.discard();
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, encoding, load::loading);
criterion_main!(benches);
