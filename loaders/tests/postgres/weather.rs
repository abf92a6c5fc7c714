//! A server in trouble of its own: it is waited for, and no event becomes a bad row for it.

use std::{fs, path::Path, process::Command};

use loaders::postgres::config::PostgresConfig;
use tempfile::TempDir;

use crate::{
    postgres::Postgres,
    site::{Look, Site, eventually, page_view},
};

const SCALARS: &str = "com.acme.pg/scalars/jsonschema/1-0-0";

fn events(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|n| page_view(n, &[(SCALARS, &format!(r#"{{"s":"x","i":{n}}}"#))])).collect()
}

async fn exactly(look: &Look, site: &Site, count: i64) {
    for (table, id) in [("events", "event_id"), ("com_acme_pg_scalars_1", "root_id")] {
        let sql = |what: &str| format!("SELECT count({what}) FROM atomic.{table}");
        assert_eq!(look.count(&sql("*")).await, count, "{table}");
        assert_eq!(look.count(&sql(&format!("DISTINCT {id}"))).await, count, "{table} without doubles");
    }
    assert_eq!(site.bad_rows(), [] as [serde_json::Value; 0]);
}

/// The site with sessions of these settings.
fn with_settings(site: &Site, settings: &str) -> PostgresConfig {
    let mut config = site.config();
    config.connection.options(settings);
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_read_only_for_a_while() {
    let postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    let look = Look::at(&postgres.url()).await;
    let working = site.start();
    let health = working.context.health.clone();
    site.append(&events(0..50)).await;
    site.all_loaded().await;
    for round in 1..=2 {
        look.run("SET default_transaction_read_only = off").await;
        look.run("ALTER SYSTEM SET default_transaction_read_only = on").await;
        look.run("SELECT pg_reload_conf()").await;
        // Servers take a new setting up between two statements: those that are in the middle come later.
        let setting = "SELECT count(*) FROM pg_settings WHERE name = 'default_transaction_read_only' AND reset_val = 'on'";
        look.until(setting, |on| on == 1).await;
        site.append(&events(round * 50..round * 50 + 50)).await;
        let is_said = || {
            let statements = health.statements();
            statements.iter().any(|s| s.trouble.as_ref().is_some_and(|t| t.contains("read-only transaction")))
        };
        eventually("the loader says that the server is read-only", is_said).await;
        look.run("ALTER SYSTEM SET default_transaction_read_only = off").await;
        look.run("SELECT pg_reload_conf()").await;
        site.all_loaded().await;
    }
    working.drain().await;
    exactly(&look, &site, 150).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_somebody_locks() {
    let postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    let look = Look::at(&postgres.url()).await;
    let working = site.start_with(with_settings(&site, "-c lock_timeout=50ms"));
    let health = working.context.health.clone();
    site.append(&events(0..10)).await;
    site.all_loaded().await;
    look.run("BEGIN; LOCK TABLE atomic.events IN ACCESS EXCLUSIVE MODE").await;
    site.append(&events(10..20)).await;
    let is_said = || {
        let statements = health.statements();
        statements.iter().any(|s| s.trouble.as_ref().is_some_and(|t| t.contains("lock timeout")))
    };
    eventually("the loader gives up waiting", is_said).await;
    look.run("COMMIT").await;
    site.all_loaded().await;
    working.drain().await;
    exactly(&look, &site, 20).await;
}

/// The loader holds `events` and wants the entities; somebody holds the entities and wants `events`.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_tried_again() {
    let postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    let (look, other) = (Look::at(&postgres.url()).await, Look::at(&postgres.url()).await);
    site.append(&events(0..10)).await;
    site.load().await;
    // Whoever has written to `events` waits until somebody is waiting for it.
    look.run(
        "CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         FOR i IN 1..2000 LOOP \
         EXIT WHEN EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'atomic.events'::regclass); \
         PERFORM pg_sleep(0.005); END LOOP; RETURN NULL; END $$; \
         CREATE TRIGGER meet AFTER INSERT ON atomic.events FOR EACH STATEMENT EXECUTE FUNCTION meet()",
    )
    .await;
    other.run("SET deadlock_timeout = '1h'; BEGIN; LOCK TABLE atomic.com_acme_pg_scalars_1 IN ACCESS EXCLUSIVE MODE").await;
    let working = site.start_with(with_settings(&site, "-c deadlock_timeout=10ms"));
    site.append(&events(10..20)).await;
    let held = "SELECT count(*) FROM pg_locks WHERE granted AND mode = 'RowExclusiveLock' \
                AND relation = 'atomic.events'::regclass";
    look.until(held, |locks| locks > 0).await;
    other.run("LOCK TABLE atomic.events IN ACCESS EXCLUSIVE MODE").await;
    other.run("DROP TRIGGER meet ON atomic.events; COMMIT").await;
    site.all_loaded().await;
    working.drain().await;
    // Statistics of a session reach the others when it ends.
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    look.until(deadlocks, |deadlocks| deadlocks > 0).await;
    exactly(&look, &site, 20).await;
}

/// A small file system of its own, where this process may mount one.
struct Small(TempDir);

impl Small {
    fn mounted(size: &str) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("piste-pg-small-").tempdir_in("/tmp").unwrap();
        let options = format!("size={size}");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).output();
        mounted.is_ok_and(|m| m.status.success()).then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).output();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_for_a_while() {
    let Some(small) = Small::mounted("8m") else {
        eprintln!("NOT TOLD: a full disk under the server (mounting a tmpfs is not permitted here)");
        return;
    };
    let (space, ballast) = (small.path().join("space"), small.path().join("ballast"));
    fs::create_dir(&space).unwrap();
    for folder in [small.path(), &space] {
        assert!(Command::new("chown").arg("postgres").arg(folder).status().unwrap().success());
    }
    let postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    let look = Look::at(&postgres.url()).await;
    let working = site.start();
    let health = working.context.health.clone();
    site.append(&events(0..10)).await;
    site.all_loaded().await;
    look.run(&format!("CREATE TABLESPACE small LOCATION '{}'", space.display())).await;
    look.run("ALTER TABLE atomic.events SET TABLESPACE small").await;
    fs::write(&ballast, vec![1; (8 << 20) - (512 << 10)]).unwrap();
    site.append(&events(10..6000)).await;
    let is_said = || {
        let statements = health.statements();
        statements.iter().any(|s| s.trouble.as_ref().is_some_and(|t| t.contains("No space left on device")))
    };
    eventually("the loader says that the disk is full", is_said).await;
    fs::remove_file(&ballast).unwrap();
    site.all_loaded().await;
    working.drain().await;
    exactly(&look, &site, 6000).await;
    look.run("ALTER TABLE atomic.events SET TABLESPACE pg_default").await;
}
