//! The page for authors of schemas: its commands, run as they stand there, from a sample to a column that is added later.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    clients,
    database::Database,
    piste::{Launch, PATIENCE},
    postgres::Postgres,
    wait,
};

/// The blocks of a language, in order.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    let rests = page.split(&opening).skip(1);
    rests.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// Runs commands in a folder, with our executable first in the path.
fn shell(folder: &Path, commands: &str) -> String {
    let piste = Path::new(env!("CARGO_BIN_EXE_piste"));
    let path = format!("{}:{}", piste.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let ran = Command::new("bash")
        .args(["-euo", "pipefail", "-c", commands])
        .current_dir(folder)
        .env("PATH", path)
        .output()
        .unwrap();
    let (said, wrong) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{commands}\n{said}\n{wrong}");
    said.into_owned()
}

#[test]
fn ten_minutes() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schemas.md")).unwrap();
    let folder = TempDir::new().unwrap();
    let postgres = Postgres::start();
    // The one command that does not end: its options are ours, on free ports.
    let start = &blocks(&page, "console")[0];
    assert!(
        start.starts_with("piste up --postgres ") && start.contains("-Dlake.fileFormat=parquet"),
        "{start}"
    );
    let data = folder.path().join("piste-data");
    let arguments = ["--postgres", &postgres.url(), "-Dlake.fileFormat=parquet"];
    let piste = Launch::up(&data).with(&arguments).start();
    let registry = piste.printed_address("iglu").expect("the banner says where the registry is");
    let on_free_ports = |commands: &str| {
        let commands = commands.replace("127.0.0.1:9090", &piste.collector.to_string());
        commands.replace("127.0.0.1:9091", &registry.to_string())
    };
    let database = Database::connect(&postgres.url());
    let rows = |query: &str, count: usize| {
        wait::until("the rows", PATIENCE, || {
            let there =
                "select 1 from information_schema.columns where table_name = 'com_acme_add_to_cart_1'";
            let columns = database.rows(there).len();
            let is_ready = columns > 0 && (!query.contains("colour") || columns > 8);
            let rows = if is_ready { database.rows(query) } else { vec![] };
            (rows.len() == count).then_some(rows)
        })
    };

    let commands = blocks(&page, "sh");
    let queries = blocks(&page, "sql");
    assert_eq!((commands.len(), queries.len()), (7, 2));
    let mut said = Vec::new();
    for command in &commands[..4] {
        said.push(shell(folder.path(), &on_free_ports(command)));
    }
    assert!(said[0].contains("was written successfully!"), "{}", said[0]);
    assert!(said[1].contains("OK: com.acme/add_to_cart/jsonschema/1-0-0"), "{}", said[1]);
    assert_eq!(said[2], "Schema created at iglu:com.acme/add_to_cart/jsonschema/1-0-0  (201)\n");
    let first = &rows(&queries[0], 1)[0];
    assert_eq!((first["sku"].as_str(), first["quantity"].as_str()), ("socks-42", "2"));

    for command in &commands[4..] {
        said.push(shell(folder.path(), &on_free_ports(command)));
    }
    for line in [
        "ADDITION  /properties/colour: is new",
        "Postgres  ALTER TABLE \"atomic\".\"com_acme_add_to_cart_1\" ADD COLUMN IF NOT EXISTS \"colour\" VARCHAR(16) NULL",
        "1-0-0 -> 1-0-1 is right",
    ] {
        assert!(said[5].contains(line), "{line}:\n{}", said[5]);
    }
    assert!(
        said[6].contains("Schema is there already at iglu:com.acme/add_to_cart/jsonschema/1-0-0"),
        "{}",
        said[6]
    );
    let both = rows(&queries[1], 2);
    assert_eq!((both[0].get("colour").map(String::as_str), both[1]["colour"].as_str()), (None, "red"));

    wait::until("the lake", PATIENCE, || {
        (piste.metric_of("piste_lake_records_total", "enriched")? >= 2.0).then_some(())
    });
    piste.finish_well();
    let read = clients::parquet_readers(&data.join("lake/enriched"));
    let column = "unstruct_event_com_acme_add_to_cart_1";
    assert_eq!(
        read["types"][column],
        "struct<quantity: int32 not null, sku: string not null, colour: string>"
    );
    let cart = |row: &Value| row[column].clone();
    let mut carts: Vec<Value> = read["pyarrow"].as_array().unwrap().iter().map(cart).collect();
    carts.sort_by_key(|cart| cart["sku"].to_string());
    let expected = [
        json!({"sku": "socks-42", "quantity": 2, "colour": null}),
        json!({"sku": "socks-43", "quantity": 1, "colour": "red"}),
    ];
    assert_eq!(carts, expected);
}
