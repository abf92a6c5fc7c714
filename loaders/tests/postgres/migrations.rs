//! Tables as schemas evolve, and as operators change them.

use std::fs;

use crate::{
    postgres::Postgres,
    site::{Look, Site, golden, page_view},
};

fn versions(name: &str, cases: &[(&str, &str)]) -> Vec<String> {
    (1..)
        .zip(cases)
        .map(|(n, (version, data))| {
            page_view(n, &[(&format!("com.acme.pg/{name}/jsonschema/{version}"), data)])
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_of_a_model_interleaved() {
    let postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    site.append(&versions(
        "evolve",
        &[
            ("1-0-0", r#"{"r":1,"m":"xxxxxxxxxx"}"#),
            ("1-1-0", r#"{"z":"2024-01-01T00:00:00Z"}"#),
            ("1-0-1", r#"{"r":2,"m":"xxxxxxxxxxxxxxxxxxxx","b":7}"#),
            ("2-0-0", r#"{"a":5}"#),
            ("1-0-2", r#"{"r":3,"c":{"d":"x"}}"#),
        ],
    ))
    .await;
    site.load().await;
    assert_eq!(site.bad_rows(), [] as [serde_json::Value; 0]);
    let look = Look::at(&postgres.url()).await;
    let rows = look.rows("com_acme_pg_evolve_1", "true ORDER BY root_id").await;
    let shown: Vec<String> = rows
        .iter()
        .map(|row| {
            let data: Vec<String> = row
                .iter()
                .filter(|(key, _)| !key.starts_with("schema_") && !key.starts_with("root_"))
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            data.join(" ")
        })
        .collect();
    assert_eq!(
        shown,
        [
            "r=1 m=\"xxxxxxxxxx\"",
            "z=\"2024-01-01T00:00:00\"",
            "r=2 m=\"xxxxxxxxxxxxxxxxxxxx\" b=7",
            "r=3 c.d=\"x\"",
        ]
    );
    assert_eq!(look.count("SELECT count(*) FROM atomic.com_acme_pg_evolve_2 WHERE a = 5").await, 1);
}

/// The original trusts its comment on the table, and never adds a column.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_the_original_left_behind_gets_its_columns() {
    let postgres = Postgres::start();
    let look = Look::at(&postgres.url()).await;
    look.run(
        "CREATE SCHEMA atomic; CREATE TABLE atomic.com_acme_pg_late_1 (schema_vendor varchar(128), schema_name varchar(128), \
         schema_format varchar(128), schema_version varchar(128), root_id uuid, root_tstamp timestamp, a varchar(4096), \
         load_tstamp timestamptz DEFAULT now()); \
         COMMENT ON TABLE atomic.com_acme_pg_late_1 IS 'iglu:com.acme.pg/late/jsonschema/1-0-2'",
    )
    .await;
    let mut site = Site::new(&postgres.url());
    site.registries.push(golden("schemas-late"));
    let lines = fs::read_to_string(golden("late.jsonl")).unwrap();
    let lines: Vec<String> = lines
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["tsv"].as_str().unwrap().to_owned())
        .collect();
    site.append(&lines).await;
    site.load().await;
    assert_eq!(site.bad_rows(), [] as [serde_json::Value; 0]);
    let sql = "SELECT count(*) FROM atomic.com_acme_pg_late_1 WHERE load_tstamp IS NOT NULL";
    assert_eq!(look.count(sql).await, i64::try_from(lines.len()).unwrap());
    assert!(look.count("SELECT count(b) FROM atomic.com_acme_pg_late_1").await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loader_at_work_sees_a_new_version() {
    let postgres = Postgres::start();
    let registry = tempfile::tempdir().unwrap();
    let folder = registry.path().join("schemas/com.acme/grow/jsonschema");
    fs::create_dir_all(&folder).unwrap();
    let put = |version: &str, properties: &str| {
        let schema = format!(
            r#"{{"$schema":"http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#",
            "self":{{"vendor":"com.acme","name":"grow","format":"jsonschema","version":"{version}"}},
            "type":"object","properties":{{{properties}}}}}"#
        );
        fs::write(folder.join(version), schema).unwrap();
    };
    let event =
        |n, version: &str, data| page_view(n, &[(&format!("com.acme/grow/jsonschema/{version}"), data)]);
    let mut site = Site::new(&postgres.url());
    site.registries.push(registry.path().to_owned());
    put("1-0-0", r#""a":{"type":"string"}"#);
    let working = site.start();
    site.append(&[event(1, "1-0-0", r#"{"a":"x"}"#)]).await;
    site.all_loaded().await;
    put("2-0-0", r#""a":{"type":"integer"}"#);
    site.append(&[event(2, "2-0-0", r#"{"a":2}"#), event(3, "1-0-0", r#"{"a":"y"}"#)]).await;
    site.all_loaded().await;
    working.drain().await;
    let look = Look::at(&postgres.url()).await;
    assert_eq!(site.bad_rows(), [] as [serde_json::Value; 0]);
    assert_eq!(look.texts("SELECT a::text FROM atomic.com_acme_grow_1 ORDER BY 1").await, ["x", "y"]);
    assert_eq!(look.texts("SELECT a::text FROM atomic.com_acme_grow_2").await, ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_made_by_hand_take_what_they_can() {
    let postgres = Postgres::start();
    let look = Look::at(&postgres.url()).await;
    let site = Site::new(&postgres.url());
    site.append(&[]).await;
    let first = site.start();
    site.append(&[page_view(1, &[])]).await;
    site.all_loaded().await;
    first.drain().await;
    look.run(
        "ALTER TABLE atomic.events ALTER COLUMN tr_total TYPE numeric(18,2), ALTER COLUMN collector_tstamp TYPE timestamptz, \
         ALTER COLUMN event_id TYPE text, DROP COLUMN etl_tags, ADD COLUMN load_tstamp timestamptz DEFAULT now()",
    )
    .await;
    let mut columns: Vec<String> = page_view(2, &[]).split('\t').map(str::to_owned).collect();
    columns[event::atomic::Field::TrTotal as usize] = "12.345".to_owned();
    columns[event::atomic::Field::EtlTags as usize] = "gone".to_owned();
    site.append(&[columns.join("\t")]).await;
    site.load().await;
    assert_eq!(site.bad_rows(), [] as [serde_json::Value; 0]);
    let rows = look.rows("events", "user_id = '2'").await;
    assert_eq!(rows[0]["tr_total"].to_string(), "12.35");
    assert_eq!(rows[0]["event_id"], "00000000-0000-4000-8000-000000000002");
}

/// A view keeps a column from being widened: the event becomes a bad row, as in the original, and the others are loaded.
#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_cannot_be_widened() {
    let postgres = Postgres::start();
    let look = Look::at(&postgres.url()).await;
    let site = Site::new(&postgres.url());
    site.append(&[page_view(1, &[])]).await;
    site.load().await;
    look.run("CREATE VIEW fingerprints AS SELECT user_fingerprint FROM atomic.events").await;
    let long = |n, column: event::atomic::Field| {
        let mut columns: Vec<String> = page_view(n, &[]).split('\t').map(str::to_owned).collect();
        columns[column as usize] = "f".repeat(60);
        columns.join("\t")
    };
    site.append(&[long(2, event::atomic::Field::UserFingerprint), long(3, event::atomic::Field::OsTimezone)])
        .await;
    site.append(&[page_view(4, &[])]).await;
    site.load().await;
    assert_eq!(look.texts("SELECT user_id::text FROM atomic.events ORDER BY 1").await, ["1", "3", "4"]);
    let rows = site.bad_rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["data"]["payload"]["user_id"], "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_cut_do_not_meet_in_one_table() {
    let postgres = Postgres::start();
    let registry = tempfile::tempdir().unwrap();
    let name = "n".repeat(70);
    let mut lines = Vec::new();
    for model in 1..=2 {
        let folder = registry.path().join("schemas/com.acme").join(&name).join("jsonschema");
        fs::create_dir_all(&folder).unwrap();
        let schema = format!(
            r#"{{"$schema":"http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#",
            "self":{{"vendor":"com.acme","name":"{name}","format":"jsonschema","version":"{model}-0-0"}},
            "type":"object","properties":{{"m{model}":{{"type":"integer"}}}},"required":["m{model}"]}}"#
        );
        fs::write(folder.join(format!("{model}-0-0")), schema).unwrap();
        let uri = format!("com.acme/{name}/jsonschema/{model}-0-0");
        lines.push(page_view(model, &[(&uri, &format!(r#"{{"m{model}":{model}}}"#))]));
    }
    let mut site = Site::new(&postgres.url());
    site.registries.push(registry.path().to_owned());
    site.append(&lines).await;
    site.load().await;
    assert_eq!(site.bad_rows(), [] as [serde_json::Value; 0]);
    let tables = Look::at(&postgres.url()).await.tables().await;
    assert_eq!(tables.len(), 2, "{tables:?}");
    assert!(tables.iter().all(|t| t.len() == 63), "{tables:?}");
}
