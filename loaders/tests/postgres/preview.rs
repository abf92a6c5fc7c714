//! What a dry run says, and that it changes nothing.

use event::schema_key::SchemaKey;
use loaders::postgres::{
    config::Purpose,
    preview::{PreviewError, Proposed, preview, schemas},
};

use crate::{
    postgres::Postgres,
    site::{Look, Site, golden, page_view},
};

/// Everything that the catalog knows of the tables.
async fn catalog(look: &Look) -> Vec<String> {
    look.texts(
        "SELECT n.nspname || '.' || c.relname || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || \
         a.attnotnull::text || ' ' || coalesce(obj_description(c.oid, 'pg_class'), '') FROM pg_attribute a \
         JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'atomic' AND a.attnum > 0 ORDER BY 1",
    )
    .await
}

async fn proposed(site: &Site, wanted: &[&str]) -> Vec<Proposed> {
    let wanted: Vec<SchemaKey> = wanted.iter().map(|uri| uri.parse().unwrap()).collect();
    preview(&site.config(), &site.resolver(), &wanted, service::clock::now).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_is_told_and_none_executed() {
    let postgres = Postgres::start();
    let look = Look::at(&postgres.url()).await;
    let mut site = Site::new(&postgres.url());
    let told =
        proposed(&site, &["iglu:com.acme.pg/evolve/jsonschema/2-0-0", "iglu:com.nobody/x/jsonschema/1-0-0"])
            .await;
    let starts: Vec<String> = told
        .iter()
        .map(|proposal| match proposal {
            Proposed::Now(sql) => sql.split(" (").next().unwrap().to_owned(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        starts,
        [
            "CREATE SCHEMA IF NOT EXISTS \"atomic\"",
            "CREATE TABLE IF NOT EXISTS \"atomic\".\"events\"",
            "CREATE TABLE IF NOT EXISTS \"atomic\".\"piste_checkpoints\"",
            "CREATE TABLE IF NOT EXISTS \"atomic\".\"com_acme_pg_evolve_2\"",
            "COMMENT ON TABLE \"atomic\".\"com_acme_pg_evolve_2\" IS 'iglu:com.acme.pg/evolve/jsonschema/2-0-0'",
            "Remark(\"no registry has iglu:com.nobody/x/jsonschema/1-0-0: such data would become bad rows\")",
        ]
    );
    assert_eq!(catalog(&look).await, [] as [String; 0]);

    // What is told is what a loader does: afterwards nothing is left to do.
    for proposal in &told {
        if let Proposed::Now(sql) = proposal {
            look.run(sql).await;
        }
    }
    let made = catalog(&look).await;
    site.append(&[page_view(1, &[("com.acme.pg/evolve/jsonschema/2-0-0", r#"{"a":5}"#)])]).await;
    site.load().await;
    assert_eq!(site.bad_rows(), [] as [serde_json::Value; 0]);
    assert_eq!(catalog(&look).await, made);
    let left = proposed(&site, &["iglu:com.acme.pg/evolve/jsonschema/2-0-0"]).await;
    assert!(left.iter().all(|p| matches!(p, Proposed::OnDemand(_))), "{left:?}");
    let widen = "ALTER TABLE \"atomic\".\"events\" ALTER COLUMN \"user_fingerprint\" TYPE VARCHAR(128)";
    assert!(left.contains(&Proposed::OnDemand(widen.to_owned())), "{left:?}");

    // A new version: columns are added, others may be widened or take nulls once data ask for it.
    site.append(&[page_view(2, &[("com.acme.pg/late/jsonschema/1-0-0", r#"{"a":"x"}"#)])]).await;
    site.load().await;
    let before = catalog(&look).await;
    site.registries.push(golden("schemas-late"));
    let told = proposed(&site, &[]).await;
    let adds = told.iter().filter(|p| matches!(p, Proposed::Now(sql) if sql.contains("ADD COLUMN"))).count();
    assert!(adds > 0, "{told:?}");
    assert_eq!(catalog(&look).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_said() {
    let mut postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    postgres.crash();
    let told = preview(&site.config(), &site.resolver(), &[], service::clock::now).await;
    assert!(matches!(told, Err(PreviewError::Session(_))), "{told:?}");
}

#[test]
fn schemas_of_records() {
    let line = page_view(1, &[("a/b/jsonschema/1-0-0", "{}"), ("a/c/jsonschema/1-0-0", "[]")]);
    let both = ["iglu:a/b/jsonschema/1-0-0", "iglu:a/c/jsonschema/1-0-0"];
    assert_eq!(schemas(Purpose::EnrichedEvents, line.as_bytes()), both);
    assert_eq!(schemas(Purpose::Json, br#"{"schema":"iglu:a/b/jsonschema/1-0-0","data":{}}"#), both[..1]);
    for nothing in ["", "{", "x\ty"] {
        assert_eq!(schemas(Purpose::EnrichedEvents, nothing.as_bytes()), [""; 0]);
        assert_eq!(schemas(Purpose::Json, nothing.as_bytes()), [""; 0]);
    }
}
