//! Events a second into a real server, by the loader and by a bare COPY BINARY of the same rows. Rounds of the two alternate, and
//! the share of each event's time that the bare COPY needs is printed.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use criterion::Criterion;
use event::schema_key::SchemaKey;
use iglu::{
    client::Client,
    resolver_config::{Connection, Repository, ResolverConfig},
};
use jiff::Timestamp;
use loaders::postgres::{
    client::Session,
    config::{PostgresConfig, Purpose},
    encode::{Encoded, Encoder, Rows},
    run::run,
    target::Events,
};
use serde_json::json;
use service::context::Context;
use stream::{
    consumer::Start,
    memory::Memory,
    producer::Route,
    record::{Record, ShardId},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{CLICK, SESSION, WEB_PAGE, line, postgres::Postgres, schema, table};

const EVENTS: usize = 50_000;
const ROUNDS: u32 = 5;
const TRUNCATE: &str = "TRUNCATE atomic.events, atomic.com_acme_web_page_1, atomic.com_acme_session_1, atomic.com_acme_click_1, \
                        atomic.piste_checkpoints; CHECKPOINT";

/// A folder with the schemas.
fn registry() -> TempDir {
    let folder = TempDir::new().unwrap();
    for uri in [WEB_PAGE, SESSION, CLICK] {
        let key: SchemaKey = uri.parse().unwrap();
        let path = folder.path().join(uri.trim_start_matches("iglu:"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut document = schema(&key.name);
        document["$schema"] =
            json!("http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#");
        document["self"] =
            json!({"vendor": key.vendor, "name": key.name, "format": "jsonschema", "version": "1-0-0"});
        fs::write(path, document.to_string()).unwrap();
    }
    folder
}

struct Site {
    runtime: Runtime,
    config: PostgresConfig,
    iglu: Arc<Client>,
    lines: Vec<String>,
    look: tokio_postgres::Client,
}

impl Site {
    /// Loads the stream once from its beginning.
    fn load(&self) -> Duration {
        let stream = Memory::new("enriched", 1);
        self.runtime.block_on(async {
            for part in self.lines.chunks(500) {
                let records = part.iter().map(|line| Record::new("k", line.clone())).collect();
                let shard = ShardId::numbered(0);
                stream.producer().append(records, Route::Shard(shard)).await.unwrap();
            }
            let end = stream.records().last().map(|record| record.position);
            let (context, bad) = (Context::default(), Memory::new("bad", 1));
            let source = stream.consumer("postgres", Start::Oldest);
            let started = Instant::now();
            let loading = tokio::spawn(run(
                self.config.clone(),
                source,
                self.iglu.clone(),
                bad.producer(),
                context.clone(),
            ));
            let acknowledged =
                || stream.checkpoint("postgres", &ShardId::numbered(0)).and_then(|c| c.acknowledged);
            while acknowledged() != end {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let took = started.elapsed();
            context.drain.request();
            let loaded = loading.await.unwrap().unwrap();
            assert_eq!((loaded.events, loaded.bad), (EVENTS as u64, 0));
            took
        })
    }

    /// The rows of each transaction, ready to be sent.
    fn encoded(&self) -> Vec<Vec<Rows>> {
        let mut encoder = Encoder::new(Purpose::EnrichedEvents, false, self.events());
        let mut batches = Vec::new();
        for part in self.lines.chunks(self.config.max_records) {
            for line in part {
                while let Encoded::Need(loaders::postgres::encode::Need::Schema(key)) =
                    encoder.encode(line.as_bytes(), Timestamp::UNIX_EPOCH)
                {
                    encoder.add_table(&key, table(&key));
                }
            }
            batches.push(encoder.take());
        }
        batches
    }

    fn events(&self) -> Events {
        self.runtime.block_on(async { Session::open(&self.config).await.unwrap().1 })
    }

    fn copy(&self, batches: &[Vec<Rows>]) -> Duration {
        self.runtime.block_on(async {
            let (mut session, _) = Session::open(&self.config).await.unwrap();
            let ready: Vec<Vec<(String, Bytes)>> = batches
                .iter()
                .map(|rows| rows.iter().map(|r| (r.copy.clone(), Bytes::from(r.bytes.clone()))).collect())
                .collect();
            let started = Instant::now();
            for batch in &ready {
                session.begin().await.unwrap();
                for (copy, bytes) in batch {
                    session.copy(copy, bytes).await.unwrap();
                }
                session.commit().await.unwrap();
            }
            started.elapsed()
        })
    }

    fn truncate(&self) {
        self.runtime.block_on(self.look.batch_execute(TRUNCATE)).unwrap();
    }
}

fn site(url: &str, registry: &TempDir) -> Site {
    let runtime = Runtime::new().unwrap();
    let config = PostgresConfig::from_url(url).unwrap();
    let repository = Repository {
        name: "local".to_owned(),
        priority: 0,
        vendor_prefixes: Vec::new(),
        connection: Connection::Folder(registry.path().to_owned()),
    };
    let resolver = ResolverConfig { cache_size: 500, cache_ttl: None, repositories: vec![repository] };
    let iglu = Arc::new(Client::new(resolver, service::clock::now));
    let look = runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    });
    let event = line(true);
    let numbered = |n: usize| {
        event.replacen(
            "f5ec52ed-0108-4475-92e1-bc7656670b14",
            &format!("f5ec52ed-0108-4475-92e1-{n:012x}"),
            1,
        )
    };
    Site { runtime, config, iglu, lines: (0..EVENTS).map(numbered).collect(), look }
}

/// Prints events a second of both, and their ratio. It takes as long as the rounds take: there is nothing to sample.
#[expect(clippy::print_stdout, reason = "the ratio is what the bench is asked for")]
pub fn loading(_: &mut Criterion) {
    let (postgres, registry) = (Postgres::start(), registry());
    let site = site(&postgres.url(), &registry);
    // The tables, and warm caches.
    site.load();
    let batches = site.encoded();
    let (mut loaded, mut copied) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        site.truncate();
        loaded.push(site.load());
        site.truncate();
        copied.push(site.copy(&batches));
    }
    let rate = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        EVENTS as f64 / times[times.len() / 2].as_secs_f64()
    };
    let (loaded, copied) = (rate(&mut loaded), rate(&mut copied));
    println!(
        "postgres/load: {loaded:.0} events/s of 4 rows; bare COPY BINARY: {copied:.0}; ratio {:.2}",
        loaded / copied
    );
}
