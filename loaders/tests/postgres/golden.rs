//! Rows, tables and bad rows compared with what the original made of the same lines.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::{Map, Value};

use crate::{
    postgres::Postgres,
    site::{Look, Site, golden},
};

/// Lines where ours differs on purpose: (line, why). The original gives a bad row, crashes, or loses a part of the event.
const DIFFERENCES: [(u64, &str); 17] = [
    (75, "a date before 1582 stays what it is; the original moves it to the Julian calendar"),
    (77, "as 75"),
    (321, "as 75"),
    (92, "DATE columns are loaded"),
    (136, "two properties whose names meet get columns of their own; the original cannot make the table"),
    (144, "a text that a later version allows widens the column"),
    (154, "a property that a later version does not require may be absent"),
    (159, "as 154: earlier versions need not have a property that a later one requires"),
    (161, "the column takes nulls since 159"),
    (170, "texts are not cut at 1024 characters"),
    (177, "a text that enriched events may have widens the column"),
    (178, "as 177"),
    (180, "as 177"),
    (285, "a list of versions may begin late"),
    (286, "as 285"),
    (293, "as 285"),
    (335, "as 285"),
];

/// Columns that differ on purpose in the end: (table, column, why).
const COLUMNS: [(&str, &str, &str); 6] = [
    ("events", "user_fingerprint", "widened for line 177"),
    ("events", "ip_organization", "widened for line 178"),
    ("events", "os_timezone", "widened for line 180"),
    ("com_acme_pg_evolve_1", "m", "widened for line 144"),
    ("com_acme_pg_relax_1", "w", "takes nulls since line 154"),
    ("com_acme_pg_reorder_1", "n2", "takes nulls since line 159"),
];

fn lines() -> Vec<Value> {
    let text = fs::read_to_string(golden("enriched.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Schemas of Iglu Central, which are not kept here.
pub fn central() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/golden");
    let folder = std::env::var_os("PISTE_GOLDEN").map_or_else(|| beside.into(), PathBuf::from);
    let schemas = folder.join("schemas");
    let found = schemas.is_dir().then_some(schemas);
    if found.is_none() {
        eprintln!(
            "LEFT OUT: lines with schemas of Iglu Central; PISTE_GOLDEN names no folder with `schemas`"
        );
    }
    found
}

fn needs_central(line: &Value) -> bool {
    let tsv = line["tsv"].as_str().unwrap();
    let envelopes = ["/contexts/jsonschema/1-0-", "/unstruct_event/jsonschema/1-0-"];
    tsv.split("\"iglu:").skip(1).any(|uri| {
        !uri.starts_with("com.acme")
            && !uri.starts_with("com.nobody")
            && !envelopes.iter().any(|e| uri.contains(e))
    })
}

/// Numbers as doubles, because the recorder printed them its own way.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(n) => {
            n.to_string().parse::<f64>().map_or_else(|_| value.clone(), |n| format!("{n:?}").into())
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(members) => {
            let sorted: BTreeMap<String, Value> =
                members.iter().map(|(k, v)| (k.clone(), plain(v))).collect();
            sorted.into_iter().collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

pub fn sorted(mut rows: Vec<Value>) -> Vec<String> {
    rows.iter_mut().for_each(|row| *row = plain(row));
    let mut rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
    rows.sort();
    rows
}

async fn rows_of(look: &Look, tables: &[String], id: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    for table in tables.iter().map(String::as_str).chain(["events"]) {
        let column = if table == "events" { "event_id" } else { "root_id" };
        for row in look.rows(table, &format!("{column}::text = '{id}'")).await {
            rows.push(serde_json::json!({"table": table, "row": row}));
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_those_of_the_original() {
    let postgres = Postgres::start();
    let mut site = Site::new(&postgres.url());
    let central = central();
    site.registries.extend(central.clone());
    let mut lines = lines();
    lines.retain(|line| central.is_some() || !needs_central(line));
    site.append(&lines.iter().map(|l| l["tsv"].as_str().unwrap().to_owned()).collect::<Vec<_>>()).await;
    site.load().await;

    let look = Look::at(&postgres.url()).await;
    let tables = look.tables().await;
    let mut bad: BTreeMap<String, Value> = BTreeMap::new();
    for row in site.bad_rows() {
        let payload = &row["data"]["payload"];
        let key = payload.as_str().or_else(|| payload["event_id"].as_str()).unwrap().to_owned();
        bad.insert(key, row);
    }
    let mut findings = Vec::new();
    for line in &lines {
        let number = line["line"].as_u64().unwrap();
        let tsv = line["tsv"].as_str().unwrap();
        let id = tsv.split('\t').nth(6).unwrap_or_default();
        let ours_bad = bad.get(tsv).or_else(|| bad.get(id));
        let same = match (&line["result"], ours_bad) {
            (Value::String(_), None) => {
                let id = line["rows"].as_array().and_then(|rows| {
                    rows.iter().find(|r| r["table"] == "events")?["row"]["event_id"]
                        .as_str()
                        .map(str::to_owned)
                });
                let ours = sorted(rows_of(&look, &tables, id.as_deref().unwrap()).await);
                let theirs = sorted(line["rows"].as_array().unwrap().clone());
                if ours == theirs {
                    Ok(())
                } else {
                    Err(format!("rows\n   ours {ours:?}\n theirs {theirs:?}"))
                }
            }
            (Value::String(_), Some(row)) => Err(format!("ours is bad: {}", row["data"]["failure"])),
            (theirs, None) => Err(format!("ours is loaded, theirs {}", theirs["bad"]["data"]["failure"])),
            (theirs, Some(ours)) => compare_bad(ours, &theirs["bad"]),
        };
        let excused = DIFFERENCES.iter().any(|(excused, _)| *excused == number);
        match same {
            Err(why) if !excused => findings.push(format!("line {number} ({}): {why}", line["note"])),
            Ok(()) if excused => findings.push(format!("line {number} does not differ any more")),
            _ => {}
        }
    }
    findings.extend(compare_tables(&look, &tables, "enriched.catalog.jsonl").await);
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

pub async fn compare_tables(look: &Look, tables: &[String], catalog: &str) -> Vec<String> {
    let recorded = fs::read_to_string(golden(catalog)).unwrap();
    let mut findings = Vec::new();
    for theirs in recorded.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let table = theirs["table"].as_str().unwrap();
        // The recorder went on with other versions of this one.
        if table == "com_acme_pg_late_1" || !(table == "events" || tables.iter().any(|t| t == table)) {
            continue;
        }
        let differs = |column: &str| COLUMNS.iter().any(|(t, c, _)| *t == table && *c == column);
        let mut expect: Vec<String> = Vec::new();
        for column in theirs["columns"].as_array().unwrap() {
            let name = column["name"].as_str().unwrap();
            if !differs(name) {
                expect.push(format!("{name} {} {}", column["type"].as_str().unwrap(), column["notNull"]));
            }
        }
        let sql = format!(
            "SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull::text \
             FROM pg_attribute a WHERE a.attrelid = 'atomic.\"{table}\"'::regclass AND a.attnum > 0 ORDER BY a.attnum"
        );
        let mut ours = look.texts(&sql).await;
        ours.retain(|line| !differs(line.split(' ').next().unwrap()));
        let comment =
            format!("SELECT coalesce(obj_description('atomic.\"{table}\"'::regclass, 'pg_class'), '')");
        let comment = look.texts(&comment).await.remove(0);
        if ours != expect || comment != theirs["comment"].as_str().unwrap_or_default() {
            findings.push(format!(
                "table {table}\n   ours {ours:?} {comment}\n theirs {expect:?} {}",
                theirs["comment"]
            ));
        }
    }
    findings
}

fn compare_bad(ours: &Value, theirs: &Value) -> Result<(), String> {
    let kind = |row: &Value| row["schema"].as_str().unwrap().split('/').nth(1).unwrap().to_owned();
    // Times, and which registries there are, are not the original's.
    let failure = |row: &Value| {
        let mut failure = row["data"]["failure"].clone();
        if let Value::String(text) = &failure {
            return text.lines().next().unwrap_or_default().to_owned();
        }
        for item in failure.as_array_mut().into_iter().flatten() {
            if let Some(error) = item.get_mut("error") {
                *error = error["error"].clone();
            }
        }
        plain(&failure).to_string()
    };
    if kind(ours) != kind(theirs) {
        return Err(format!("ours is {} {}, theirs {}", kind(ours), ours["data"]["failure"], kind(theirs)));
    }
    if failure(ours) != failure(theirs) {
        return Err(format!("failure\n   ours {}\n theirs {}", failure(ours), failure(theirs)));
    }
    let (mine, yours) = (plain(&ours["data"]["payload"]), plain(&theirs["data"]["payload"]));
    if mine != yours {
        return Err(format!("payload\n   ours {mine}\n theirs {yours}"));
    }
    Ok(())
}
