//! Self-describing records in tables of their own, compared with what the original made of them.

use std::{collections::BTreeSet, fs};

use loaders::postgres::config::{PostgresConfig, Purpose};
use serde_json::{Value, json};

use crate::{
    golden::{central, compare_tables, sorted},
    postgres::Postgres,
    site::{Look, Site, golden},
};

/// Records where ours differs on purpose: (line, why).
const DIFFERENCES: [(u64, &str); 1] = [(2, "a text that the schema allows widens the column")];

fn cases(with_central: bool) -> Vec<Value> {
    let text = fs::read_to_string(golden("json.jsonl")).unwrap();
    let cases = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    cases.filter(|case| with_central || !case["json"].as_str().unwrap().contains("badrows")).collect()
}

/// The time of a bad row's failure, which no other has.
fn stamp(row: &Value) -> Option<String> {
    row["row"]["failure.timestamp"].as_str().map(str::to_owned)
}

fn differs(case: &Value) -> bool {
    DIFFERENCES.iter().any(|(line, _)| case["line"] == *line)
}

/// The payload and the errors of a `generic_error`, without times, registries and the details of the server.
fn shown(row: &Value) -> Value {
    assert!(row["schema"].as_str().unwrap().ends_with("/generic_error/jsonschema/1-0-0"), "{row}");
    let error = |error: &Value| {
        let text = error.as_str().unwrap();
        match serde_json::from_str::<Value>(text) {
            Ok(json) => json!([json["schemaCriterion"], json["error"]["error"]]),
            Err(_) => text.lines().next().into(),
        }
    };
    let data = &row["data"];
    let errors: Vec<Value> = data["failure"]["errors"].as_array().unwrap().iter().map(error).collect();
    json!({"errors": errors, "payload": data["payload"]})
}

#[tokio::test(flavor = "multi_thread")]
async fn records_become_the_rows_of_the_original() {
    let postgres = Postgres::start();
    let mut site = Site::new(&postgres.url());
    let central = central();
    site.registries.extend(central.clone());
    let cases = cases(central.is_some());
    site.append(&cases.iter().map(|case| case["json"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
        .await;
    let working = site.start_with(PostgresConfig { purpose: Purpose::Json, ..site.config() });
    site.all_loaded().await;
    working.drain().await;

    let look = Look::at(&postgres.url()).await;
    let tables = look.tables().await;
    let mut ours = Vec::new();
    for table in &tables {
        ours.extend(
            look.rows(table, "true").await.into_iter().map(|row| json!({"table": table, "row": row})),
        );
    }
    let mut theirs: Vec<Value> = Vec::new();
    for case in &cases {
        theirs.extend(case["rows"].as_array().into_iter().flatten().cloned());
        if differs(case) {
            let record: Value = serde_json::from_str(case["json"].as_str().unwrap()).unwrap();
            theirs.push(json!({"table": "com_acme_pg_scalars_1", "row": record["data"]}));
        }
    }
    // Beside some bad rows those of other records were written down: only what is on both sides can be compared.
    let stamps = |rows: &[Value]| rows.iter().filter_map(stamp).collect::<BTreeSet<String>>();
    let both: BTreeSet<String> = stamps(&ours).intersection(&stamps(&theirs)).cloned().collect();
    assert!(central.is_none() || both.len() > 10, "{both:?}");
    for rows in [&mut ours, &mut theirs] {
        rows.retain(|row| stamp(row).is_none_or(|stamp| both.contains(&stamp)));
    }
    let (ours, theirs) = (sorted(ours), sorted(theirs));
    let missing: Vec<_> = theirs.iter().filter(|row| !ours.contains(row)).collect();
    let strange: Vec<_> = ours.iter().filter(|row| !theirs.contains(row)).collect();
    assert!(missing.is_empty() && strange.is_empty(), "missing: {missing:#?}\ninstead: {strange:#?}");
    assert_eq!(ours.len(), theirs.len());
    let bad: Vec<Value> = site.bad_rows().iter().map(shown).collect();
    let expect: Vec<Value> = cases
        .iter()
        .filter(|case| !differs(case) && case["result"].get("bad").is_some())
        .map(|case| shown(&case["result"]["bad"]))
        .collect();
    assert_eq!(bad, expect);
    // Those of bad rows follow the built-in schemas, which allow longer texts than the registry of the recording.
    let mut ours = tables.clone();
    ours.retain(|table| table.starts_with("com_acme_pg") && table != "com_acme_pg_scalars_1");
    let findings = compare_tables(&look, &ours, "json.catalog.jsonl").await;
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    assert_eq!(look.count("SELECT count(*) FROM pg_class WHERE relname = 'events'").await, 0);
}

/// What the server refuses is found among its neighbours here too.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_is_a_generic_error() {
    let postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    let look = Look::at(&postgres.url()).await;
    let record = |n: u32| {
        format!(
            r#"{{"schema": "iglu:com.acme.pg/scalars/jsonschema/1-0-0", "data": {{"s": "x", "i": {n}}}}}"#
        )
    };
    let load = async |range: std::ops::Range<u32>| {
        site.append(&range.map(record).collect::<Vec<_>>()).await;
        let working = site.start_with(PostgresConfig { purpose: Purpose::Json, ..site.config() });
        site.all_loaded().await;
        working.drain().await;
    };
    load(0..1).await;
    look.run("ALTER TABLE atomic.com_acme_pg_scalars_1 ADD CHECK (i <> 7)").await;
    load(1..20).await;
    assert_eq!(look.count("SELECT count(*) FROM atomic.com_acme_pg_scalars_1").await, 19);
    let rows = site.bad_rows();
    assert_eq!(rows.len(), 1);
    let shown = shown(&rows[0]);
    let error = shown["errors"][0].as_str().unwrap();
    assert!(error.starts_with("Cannot insert: ERROR: new row for relation"), "{error}");
    assert_eq!(shown["payload"], record(7).replace(": ", ":").replace(", ", ","));
}
