//! A loader between streams in memory and a database, and a look into the tables.

use std::{path::PathBuf, sync::Arc, time::Duration};

use iglu::{
    client::Client,
    resolver_config::{Connection, Repository, ResolverConfig},
};
use loaders::postgres::{
    config::PostgresConfig,
    run::{LoadError, Loaded, run},
};
use serde_json::{Map, Value};
use service::context::Context;
use stream::{
    consumer::{Consumer, Start},
    memory::Memory,
    producer::Route,
    record::{Position, Record, ShardId},
};
use tokio::task::JoinHandle;

/// Streams and registries of one test; the database is the caller's.
pub struct Site {
    pub url: String,
    pub events: Memory,
    pub bad: Memory,
    pub registries: Vec<PathBuf>,
}

/// A loader at work.
pub struct Working {
    pub context: Context,
    task: JoinHandle<Result<Loaded, LoadError>>,
}

/// Recorded and own files of these tests.
pub fn golden(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/postgres")).join(path)
}

impl Site {
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            events: Memory::new("enriched", 1),
            bad: Memory::new("bad", 1),
            registries: vec![golden("schemas")],
        }
    }

    pub fn config(&self) -> PostgresConfig {
        let mut config = PostgresConfig::from_url(&self.url).unwrap();
        config.linger = Duration::from_millis(20);
        config.backoff = service::retry::Backoff::new(Duration::from_millis(5), Duration::from_millis(50));
        config
    }

    pub fn resolver(&self) -> Arc<Client> {
        let repositories = self.registries.iter().enumerate().map(|(i, folder)| Repository {
            name: if i == 0 { "local".to_owned() } else { format!("local {i}") },
            priority: 0,
            vendor_prefixes: Vec::new(),
            connection: Connection::Folder(folder.clone()),
        });
        let repositories = repositories.collect();
        let config = ResolverConfig { cache_size: 500, cache_ttl: None, repositories };
        Arc::new(Client::new(config, service::clock::now).without_superseding())
    }

    /// Starts a loader.
    pub fn start(&self) -> Working {
        self.start_with(self.config())
    }

    pub fn start_with(&self, config: PostgresConfig) -> Working {
        self.start_reading(config, self.events.consumer("postgres", Start::Oldest))
    }

    pub fn start_reading(&self, config: PostgresConfig, source: Box<dyn Consumer>) -> Working {
        let context = Context::default();
        let task = tokio::spawn(run(config, source, self.resolver(), self.bad.producer(), context.clone()));
        Working { context, task }
    }

    pub async fn append(&self, lines: &[String]) {
        let records = lines.iter().map(|line| Record::new("k", line.clone())).collect();
        self.events.producer().append(records, Route::Shard(shard())).await.unwrap();
    }

    /// How far the loader has told the stream it is.
    pub fn acknowledged(&self) -> Option<Position> {
        self.events.checkpoint("postgres", &shard())?.acknowledged
    }

    /// Waits until everything appended is acknowledged.
    pub async fn all_loaded(&self) {
        let end = self.events.records().last().map(|d| d.position);
        eventually("everything is loaded", || self.acknowledged() == end).await;
    }

    /// Loads everything there is and ends in order.
    pub async fn load(&self) {
        let working = self.start();
        self.all_loaded().await;
        working.drain().await;
    }

    pub fn bad_rows(&self) -> Vec<Value> {
        self.bad.records().iter().map(|d| serde_json::from_slice(&d.record.data).unwrap()).collect()
    }
}

impl Working {
    /// Ends the loader in order.
    pub async fn drain(self) {
        self.context.drain.request();
        self.task.await.unwrap().unwrap();
    }

    /// Ends it as a crash would.
    pub async fn crash(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

pub fn shard() -> ShardId {
    ShardId::numbered(0)
}

/// Waits for a condition, up to a minute.
pub async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let patience = tokio::time::Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(tokio::time::Instant::now() < patience, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A connection to look with.
pub struct Look(pub tokio_postgres::Client);

impl Look {
    pub async fn at(url: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        Self(client)
    }

    pub async fn run(&self, sql: &str) {
        self.0.batch_execute(sql).await.unwrap();
    }

    pub async fn count(&self, sql: &str) -> i64 {
        self.0.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Waits until the count is as wanted, up to a minute.
    pub async fn until(&self, sql: &str, is_so: impl Fn(i64) -> bool) {
        let patience = tokio::time::Instant::now() + Duration::from_secs(60);
        while !is_so(self.count(sql).await) {
            assert!(tokio::time::Instant::now() < patience, "in vain: {sql}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub async fn texts(&self, sql: &str) -> Vec<String> {
        self.0.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// The rows of a table, nulls left out.
    pub async fn rows(&self, table: &str, condition: &str) -> Vec<Map<String, Value>> {
        let sql = format!("SELECT row_to_json(t)::text FROM atomic.\"{table}\" t WHERE {condition}");
        let rows = self.texts(&sql).await;
        rows.iter()
            .map(|text| {
                let Value::Object(mut row) = serde_json::from_str(text).unwrap() else { panic!("{text}") };
                row.retain(|_, value| !value.is_null());
                row
            })
            .collect()
    }

    /// All entity tables.
    pub async fn tables(&self) -> Vec<String> {
        self.texts(
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'atomic' \
             AND table_name NOT IN ('events', 'piste_checkpoints') ORDER BY 1",
        )
        .await
    }
}

/// A line with these columns.
pub fn line(columns: &[(&str, &str)]) -> String {
    let mut all = vec![String::new(); event::atomic::COUNT];
    for (name, text) in columns {
        all[event::atomic::Field::named(name).unwrap() as usize] = (*text).to_owned();
    }
    all.join("\t")
}

/// A page view with the number in its id and some contexts.
pub fn page_view(number: u32, contexts: &[(&str, &str)]) -> String {
    let items: Vec<String> =
        contexts.iter().map(|(uri, data)| format!(r#"{{"schema":"iglu:{uri}","data":{data}}}"#)).collect();
    let contexts = format!(
        r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0","data":[{}]}}"#,
        items.join(",")
    );
    line(&[
        ("event_id", &format!("00000000-0000-4000-8000-{number:012x}")),
        ("collector_tstamp", "2026-11-21 10:00:00.000"),
        ("v_collector", "piste"),
        ("v_etl", "piste"),
        ("user_id", &number.to_string()),
        ("contexts", if items.is_empty() { "" } else { &contexts }),
    ])
}
