//! The loop with columns: crashes at every step, schemas that change meanwhile, a registry that is away.

use std::{collections::BTreeMap, fs, sync::Arc, time::Duration};

use event::atomic::Field;
use futures_util::TryStreamExt as _;
use iglu::{client::Client, resolver_config::ResolverConfig};
use loaders::{
    lake::{
        buffer::Limits,
        client::Destination,
        config::{LakeConfig, Purpose},
        run::run_with,
    },
    parquet::{Options, read},
};
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory};
use serde_json::{Value, json};
use service::{clock, context::Context};
use stream::{
    consumer::Start,
    memory::Memory,
    producer::Route,
    record::{Record, ShardId},
};
use tempfile::TempDir;

use super::{
    site::{contexts, field, line, object},
    steps::{Stepped, Steps},
};

/// A stream of events, the bad stream, the store and a registry.
struct Place {
    events: Memory,
    bad: Memory,
    store: Arc<InMemory>,
    registry: TempDir,
}

const SCHEMA: &str = "com.acme/link/jsonschema/1-0-0";

impl Place {
    /// Events whose ids are these numbers; that of number 2 has a text where the schema has a number.
    async fn with(numbers: std::ops::Range<u32>) -> Self {
        let place = Self {
            events: Memory::new("enriched", 1),
            bad: Memory::new("bad", 1),
            store: Arc::new(InMemory::new()),
            registry: TempDir::new().unwrap(),
        };
        place.publish(SCHEMA, &object(json!({"n": {"type": "integer"}})));
        let records = numbers.map(|n| {
            let data = if n == 2 { json!({"n": "two"}) } else { json!({"n": n}) };
            let id = format!("00000000-0000-4000-8000-{n:012}");
            let name = if n.is_multiple_of(2) { "even" } else { "odd" };
            Record::new(
                "k",
                line(&[
                    (Field::EventId, &id),
                    (Field::EventName, name),
                    (Field::Contexts, &contexts(&[(SCHEMA, data)])),
                ]),
            )
        });
        place.events.producer().append(records.collect(), Route::Shard(ShardId::numbered(0))).await.unwrap();
        place
    }

    fn publish(&self, path: &str, schema: &Value) {
        let file = self.registry.path().join("schemas").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let [vendor, name, format, version]: [&str; 4] =
            path.split('/').collect::<Vec<_>>().try_into().unwrap();
        let mut schema = schema.clone();
        schema["self"] = json!({"vendor": vendor, "name": name, "format": format, "version": version});
        fs::write(file, schema.to_string()).unwrap();
    }

    fn iglu(&self) -> Arc<Client> {
        client(&json!({"embedded": {"path": self.registry.path()}}))
    }

    /// Runs until step `crash_at`; `false`: it never came so far, all is acknowledged.
    async fn run(&self, crash_at: u32, iglu: Arc<Client>) -> bool {
        let steps = Steps::crash_at(crash_at);
        let consumer = Box::new(Stepped(self.events.consumer("lake", Start::Oldest), steps.clone()));
        let context = Context::default();
        let mut config =
            LakeConfig::new(Purpose::EnrichedEvents).in_columns(Options::default(), None).unwrap();
        config.limits = Limits { records: 4, ..Limits::NONE };
        let destination = Destination::store(self.store.clone(), "lake".into());
        let (bad, context) = (self.bad.producer(), context);
        let task =
            tokio::spawn(run_with(config, consumer, destination, Some(bad), Some(iglu), context.clone()));
        loop {
            tokio::select! {
                biased;
                () = steps.crashed.notified() => {
                    task.abort();
                    return true;
                }
                () = steps.saved.notified() => {}
                () = tokio::time::sleep(Duration::from_secs(60)) => {
                    context.drain.request();
                    task.await.expect("no panic").expect("a clean end");
                    return false;
                }
            }
        }
    }

    /// The ids of the rows by object, whose names have no time.
    async fn rows(&self) -> BTreeMap<String, Vec<String>> {
        let found: Vec<_> = self.store.list(None).map_ok(|meta| meta.location).try_collect().await.unwrap();
        let mut rows = BTreeMap::new();
        for path in found {
            let bytes = self.store.get(&path).await.unwrap().bytes().await.unwrap();
            let ids = read::lines(bytes).unwrap().map(|line| number(&line.unwrap())).collect();
            let (folder, file) = path.as_ref().rsplit_once('/').unwrap();
            let (_, folder) = folder.rsplit_once('/').unwrap();
            rows.insert(format!("{folder}:{}", &file[18..]), ids);
        }
        rows
    }

    fn bad_rows(&self) -> Vec<Value> {
        self.bad.records().iter().map(|d| serde_json::from_slice(&d.record.data).unwrap()).collect()
    }
}

fn client(connection: &Value) -> Arc<Client> {
    let config = ResolverConfig::from_json(&json!({
        "schema": "iglu:com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-1",
        "data": {"cacheSize": 500, "repositories": [
            {"name": "registry", "priority": 0, "vendorPrefixes": [], "connection": connection},
        ]},
    }));
    Arc::new(Client::new(config.unwrap(), clock::now).without_superseding())
}

/// The number that an event's id ends with.
fn number(line: &str) -> String {
    field(line, Field::EventId).rsplit('-').next().unwrap().trim_start_matches('0').to_owned()
}

fn ids(all: &[&str]) -> Vec<String> {
    all.iter().map(|id| (*id).to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_step_gives_the_same_objects() {
    let expect: BTreeMap<String, Vec<String>> = [
        ("event_name=odd:1-4.parquet".to_owned(), ids(&["1", "3"])),
        ("event_name=even:1-4.parquet".to_owned(), ids(&["4"])),
        ("event_name=odd:5-7.parquet".to_owned(), ids(&["5", "7"])),
        ("event_name=even:5-7.parquet".to_owned(), ids(&["6"])),
    ]
    .into();
    // Two batches, two saves each, two steps each.
    for step in 1..=9 {
        let place = Place::with(1..8).await;
        assert_eq!(place.run(step, place.iglu()).await, step <= 8, "{step}");
        assert!(!place.run(u32::MAX, place.iglu()).await);
        assert_eq!(place.rows().await, expect, "a crash at {step}");
        let bad = place.bad_rows();
        assert!(!bad.is_empty() && bad.len() <= 2, "{bad:?}");
        for row in bad {
            assert_eq!(
                row["schema"],
                "iglu:com.snowplowanalytics.snowplow.badrows/loader_iglu_error/jsonschema/2-0-0"
            );
            assert_eq!(
                row["data"]["failure"],
                json!([{"schemaKey": format!("iglu:{SCHEMA}"), "value": "two", "expected": "Long"}])
            );
            assert_eq!(row["data"]["payload"]["event_id"], "00000000-0000-4000-8000-000000000002");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_schema_that_changes_between_two_attempts_loses_nothing() {
    let place = Place::with(1..5).await;
    // Step 3 is the save after the objects were put.
    assert!(place.run(3, place.iglu()).await);
    place.publish(SCHEMA, &object(json!({"n": {"type": ["integer", "string"]}})));
    assert!(!place.run(u32::MAX, place.iglu()).await);
    let rows = place.rows().await;
    let names: Vec<&str> = rows.keys().map(String::as_str).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    // What was a bad row is a row now, in a file of another name than the one that lacks it.
    assert_eq!(rows["event_name=even:1-4.parquet"], ids(&["4"]));
    let (other, found) = rows.iter().find(|(name, _)| name.starts_with("event_name=even:1-4-")).unwrap();
    assert_eq!(found, &ids(&["2", "4"]), "{other}");
}

#[tokio::test(start_paused = true)]
async fn while_a_registry_is_away_the_batch_waits() {
    let place = Place::with(1..5).await;
    let away = client(&json!({"http": {"uri": "http://127.0.0.1:1"}}));
    assert!(!place.run(u32::MAX, away).await);
    assert_eq!((place.rows().await.len(), place.bad_rows().len()), (0, 0));
    let checkpoint = place.events.checkpoint("lake", &ShardId::numbered(0)).unwrap_or_default();
    assert_eq!((checkpoint.acknowledged, checkpoint.pending.is_some()), (None, false));
    assert!(!place.run(u32::MAX, place.iglu()).await);
    let rows: usize = place.rows().await.values().map(Vec::len).sum();
    assert_eq!((rows, place.bad_rows().len()), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_schema_that_nobody_has_is_a_bad_row() {
    let place = Place::with(1..5).await;
    fs::remove_dir_all(place.registry.path().join("schemas")).unwrap();
    fs::create_dir(place.registry.path().join("schemas")).unwrap();
    assert!(!place.run(u32::MAX, place.iglu()).await);
    let bad = place.bad_rows();
    assert_eq!((place.rows().await.len(), bad.len()), (0, 4));
    assert_eq!(bad[0]["data"]["failure"][0]["error"]["error"], "ResolutionError", "{}", bad[0]);
}
