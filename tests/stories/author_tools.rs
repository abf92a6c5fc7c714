//! The tools for authors of schemas against real parts: a registry, Postgres, buckets, configurations.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    database::Database,
    moto::Moto,
    piste::{Ended, Launch, run},
    postgres::Postgres,
};

const SUPER: &str = "11111111-2222-4333-8444-555555555555";
const META: &str = "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#";

/// Writes a version of com.acme/cart with these properties.
fn write(folder: &Path, version: &str, properties: &Value) {
    let schema = json!({
        "$schema": META,
        "self": {"vendor": "com.acme", "name": "cart", "format": "jsonschema", "version": version},
        "description": "A cart", "type": "object", "properties": properties, "required": ["sku"],
        "additionalProperties": false,
    });
    let file = folder.join("com.acme/cart/jsonschema").join(version);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, schema.to_string()).unwrap();
}

fn text(length: u32) -> Value {
    json!({"type": "string", "description": "d", "maxLength": length})
}

/// Two versions: the second one has a longer text and one more.
fn carts(folder: &Path) -> String {
    write(folder, "1-0-0", &json!({"sku": text(9)}));
    let tag = json!({"type": ["string", "null"], "description": "d", "maxLength": 5});
    write(folder, "1-0-1", &json!({"sku": text(12), "tag": tag}));
    folder.display().to_string()
}

fn said(arguments: &[&str]) -> Ended {
    let mut all = vec!["iglu"];
    all.extend(arguments);
    run(&all)
}

#[track_caller]
fn well(arguments: &[&str]) -> String {
    let ended = said(arguments);
    assert_eq!(ended.code, Some(0), "{arguments:?}\n{}{}", ended.stdout, ended.stderr);
    ended.stdout
}

#[test]
fn reports_for_ci() {
    let folder = TempDir::new().unwrap();
    let schemas = folder.path().join("schemas");
    write(&schemas, "1-0-0", &json!({"sku": {"type": "string", "patern": "<&>", "pattern": "["}}));
    fs::write(schemas.join("com.acme/cart/jsonschema/1-0-1"), "{").unwrap();
    let input = schemas.display().to_string();

    let told = said(&["lint", &input, "--format", "json"]);
    assert_eq!(told.code, Some(1), "{}", told.stderr);
    let report: Value = serde_json::from_str(&told.stdout).unwrap();
    assert!(report["problems"][0].as_str().unwrap().contains("exhausted input"), "{report}");
    let findings = report["schemas"][0]["findings"].as_array().unwrap();
    let found: BTreeMap<&str, &str> = findings
        .iter()
        .map(|f| (f["linter"].as_str().unwrap_or("-"), f["level"].as_str().unwrap()))
        .collect();
    assert_eq!(
        found,
        BTreeMap::from([("-", "warning"), ("description", "info"), ("stringLength", "warning")])
    );
    let messages: Vec<&str> = findings.iter().map(|f| f["message"].as_str().unwrap()).collect();
    assert!(messages.iter().any(|message| message.contains("patern")), "a misspelled keyword: {messages:?}");
    assert!(
        findings.iter().any(|f| f["linter"].is_null() && !f["message"].as_str().unwrap().contains("patern")),
        "{messages:?}"
    );

    let told = said(&["lint", &input, "--format", "junit"]);
    assert_eq!(told.code, Some(1), "{}", told.stderr);
    for part in [
        "<testsuites tests=\"2\" failures=\"1\" errors=\"1\">",
        "name=\"iglu:com.acme/cart/jsonschema/1-0-0\"",
        "<failure message=",
        "</testsuites>\n",
    ] {
        assert!(told.stdout.contains(part), "{part}\n{}", told.stdout);
    }
    let told = said(&["lint", &input, "--format", "text"]);
    assert!(told.stdout.contains("FAILURE iglu:com.acme/cart/jsonschema/1-0-0"), "{}", told.stdout);
    assert!(!told.stdout.contains('\u{1b}'), "colours are for terminals");
}

#[test]
fn what_generate_writes_is_what_postgres_takes() {
    let folder = TempDir::new().unwrap();
    let input = carts(&folder.path().join("schemas"));
    let output = folder.path().join("out");
    let out = output.display().to_string();
    let file = |name: &str| fs::read_to_string(output.join(name)).unwrap();
    for kind in ["redshift", "postgres", "parquet"] {
        let told = well(&["generate", &input, &out, "--for", kind]);
        let files = if kind == "parquet" { 1 } else { 2 };
        assert_eq!(told.matches("was written successfully!").count(), files, "{told}");
        let again = well(&["generate", &input, &out, "--for", kind]);
        assert_eq!(again.matches("was not modified").count(), files, "{again}");
    }
    assert_eq!(
        file("parquet/com.acme/cart_1.txt"),
        "unstruct_event_com_acme_cart_1: struct, nullable\n  sku: string\n  tag: string, nullable\n\
         contexts_com_acme_cart_1: array of struct, nullable\n  _schema_version: string\n  sku: string\n  tag: string, nullable\n"
    );
    let postgres = Postgres::start();
    let database = Database::connect(&postgres.url());
    database.rows(&file("postgres/com.acme/cart_1.sql"));
    let columns = || {
        let query = "select column_name, data_type, character_maximum_length as n from information_schema.columns where \
                     table_name = 'com_acme_cart_1' order by ordinal_position";
        let shown = |row: &BTreeMap<String, String>| {
            format!("{} {} {}", row["column_name"], row["data_type"], row.get("n").map_or("", String::as_str))
        };
        database.rows(query).iter().skip(6).map(shown).collect::<Vec<String>>()
    };
    let whole = ["sku character varying 9", "tag character varying 5"];
    assert_eq!(columns(), whole, "as the loader makes it: the text is widened when data need it");
    database.rows("alter table atomic.com_acme_cart_1 drop column tag");
    database.rows(&file("postgres/com.acme/cart/1-0-0/1-0-1.sql"));
    assert_eq!(columns(), whole);

    // Postgres takes Redshift's migrations as far as both speak one language.
    let migration = file("sql/com.acme/cart/1-0-0/1-0-1.sql").replace(" ENCODE ZSTD", "");
    database.rows("drop table atomic.com_acme_cart_1");
    database.rows(
        "create table atomic.com_acme_cart_1 (root_id char(36) not null, root_tstamp timestamp not null, sku varchar(9) not null)",
    );
    database.rows("comment on table atomic.com_acme_cart_1 is 'iglu:com.acme/cart/jsonschema/1-0-0'");
    let server = Launch::iglu_server()
        .with(&["-Ddatabase.type=dummy", &format!("-DsuperApiKey={SUPER}")])
        .start_unready();
    let registry = server.admin.to_string();
    well(&["push", &input, &registry, SUPER, "--public"]);
    let host = postgres.host();
    let check =
        ["table-check", "--server", &registry, "--host", &host, "--port", "5432", "--dbname", "postgres"];
    let check = [&check[..], &["--username", "postgres", "--password", "none"]].concat();
    let told = well(&check);
    for line in [
        "Table for iglu:com.acme/cart/jsonschema/1-0-1 is not matched. Issues:",
        "* Comment problem - SchemaKey found in table comment [iglu:com.acme/cart/jsonschema/1-0-0] does not match expected model \
         [iglu:com.acme/cart/jsonschema/1-0-1]",
        "* Column doesn't match, expected: 'sku VARCHAR(12) NOT NULL', actual: 'sku VARCHAR(9) NOT NULL'",
        "* Column existing in the schema but is not present in the storage: 'tag VARCHAR(5)'",
        "Unmatched: 1, Matched: 0, Not Deployed: 0",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    database.rows(&migration);
    let told = well(&check);
    assert!(told.contains("Table for iglu:com.acme/cart/jsonschema/1-0-1 is matched\n"), "{told}");
    database.rows("drop table atomic.com_acme_cart_1");
    assert!(well(&check).contains("is not deployed"), "no table");
    let resolver = folder.path().join("resolver.json");
    let config = json!({
        "schema": "iglu:com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-1",
        "data": {"cacheSize": 500, "repositories": [{
            "name": "local", "priority": 0, "vendorPrefixes": [], "connection": {"http": {"uri": format!("http://{registry}/api")}},
        }]},
    });
    fs::write(&resolver, config.to_string()).unwrap();
    let resolver = resolver.display().to_string();
    let one = ["table-check", "--resolver", &resolver, "--schema", "iglu:com.acme/cart/jsonschema/1-0-0"];
    let told = well(&[&one[..], &check[3..]].concat());
    assert!(told.contains("Unmatched: 0, Matched: 0, Not Deployed: 1"), "{told}");
    server.finish_well();
}

#[test]
fn a_registry_and_back() {
    let folder = TempDir::new().unwrap();
    let schemas = folder.path().join("schemas");
    let input = carts(&schemas);
    let server = Launch::iglu_server()
        .with(&["-Ddatabase.type=dummy", &format!("-DsuperApiKey={SUPER}")])
        .start_unready();
    let registry = server.admin.to_string();
    let keys = well(&["keygen", &registry, SUPER, "--vendor-prefix", "com.acme"]);
    let key = |which: &str| {
        let line = keys.lines().find(|line| line.starts_with(which)).unwrap();
        line.split_whitespace().last().unwrap().to_owned()
    };
    let refused = said(&["push", &input, &registry, &key("Read")]);
    assert_eq!(
        (refused.code, refused.stderr.as_str()),
        (Some(1), "2 schemas were refused\n"),
        "{}",
        refused.stdout
    );
    let kept = said(&["static", "push", &input, &registry, &key("Read")]);
    assert_eq!(kept.code, Some(0), "as igluctl: {}", kept.stdout);
    let pushed = well(&["push", &input, &registry, &key("Write")]);
    assert_eq!(pushed.matches("Schema created at").count(), 2, "{pushed}");
    let again = well(&["push", &input, &registry, &key("Write")]);
    assert_eq!(again.matches("Schema is there already at").count(), 2, "{again}");
    write(&schemas, "1-0-1", &json!({"sku": text(10)}));
    let other = said(&["push", &input, &registry, &key("Write")]);
    assert_eq!(other.code, Some(1), "another content: {}", other.stdout);

    let back = folder.path().join("back");
    let none = well(&["pull", &back.display().to_string(), &registry]);
    assert_eq!(none, "", "they are private");
    let pulled = well(&["pull", &back.display().to_string(), &registry, &key("Read")]);
    assert_eq!(pulled.matches("was written successfully!").count(), 2, "{pulled}");
    let name = "com.acme/cart/jsonschema/1-0-0";
    let json = |folder: &Path| -> Value {
        serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
    };
    assert_eq!(json(&back), json(&schemas));

    let broken = json!({"sku": text(9), "tag": {"type": ["number", "null"], "description": "d", "minimum": 0, "maximum": 9}});
    write(&back, "1-0-2", &broken);
    let input = back.display().to_string();
    let told = said(&["verify", "parquet", &input, "--fail-on-breaking"]);
    let expected = "Breaking change introduced by 'com.acme/cart/jsonschema/1-0-2'. Changes: Incompatible type change String to \
                    Double at /tag\n";
    assert_eq!((told.code, told.stdout.as_str()), (Some(1), expected));
    assert_eq!(well(&["verify", "parquet", &input]), expected);
    well(&["push", &input, &registry, &key("Write")]);
    let told = well(&["verify", "redshift", "--server", &registry, "--apikey", &key("Read"), "-v"]);
    assert_eq!(
        told,
        "iglu:com.acme/cart/jsonschema/1-*-*:\n  iglu:com.acme/cart/jsonschema/1-0-2: [Incompatible types in column tag old \
         RedshiftVarchar(5) new RedshiftDouble]\n"
    );
    server.finish_well();
}

#[test]
fn by_one_configuration() {
    let folder = TempDir::new().unwrap();
    let input = carts(&folder.path().join("schemas"));
    let server = Launch::iglu_server()
        .with(&["-Ddatabase.type=dummy", &format!("-DsuperApiKey={SUPER}")])
        .start_unready();
    let (out, bucket) = (folder.path().join("out"), folder.path().join("bucket"));
    let config = format!(
        r#"{{
            "description": "all of it", input = "{input}"
            lint {{ includedChecks = ["description"], skippedSchemas = [] }}
            generate {{ output = "{}", dbschema = "atomic", force = false }}
            actions = [
                {{ action = "push", registry = "{}", apikey = "$CART_KEY", isPublic = true }}
                {{ action = "s3cp", bucketPath = "file://{}" }}
            ]
        }}"#,
        out.display(),
        server.admin,
        bucket.display()
    );
    let file = folder.path().join("igluctl.conf");
    fs::write(&file, config).unwrap();
    let file = file.display().to_string();
    let without = said(&["static", "deploy", &file]);
    assert_eq!(without.code, Some(1));
    assert!(without.stderr.contains("Environment variable CART_KEY is not available"), "{}", without.stderr);
    let done = Launch::tool(&["iglu", "static", "deploy", &file]).variable("CART_KEY", SUPER).run();
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    for line in
        ["OK: com.acme/cart/jsonschema/1-0-1", "Schema created at iglu:com.acme/cart/jsonschema/1-0-1  (201)"]
    {
        assert!(done.stdout.contains(line), "{line}\n{}", done.stdout);
    }
    assert!(out.join("sql/com.acme/cart_1.sql").is_file());
    assert!(bucket.join("schemas/com.acme/cart/jsonschema/1-0-1").is_file());
    server.finish_well();
}

#[test]
fn a_static_registry_in_a_bucket() {
    let folder = TempDir::new().unwrap();
    let input = carts(&folder.path().join("schemas"));
    let moto = Moto::start();
    moto.s3("PUT", "/registry", b"");
    let copy = ["iglu", "static", "s3cp", &input, "registry", "--s3path", "a/b", "--region", "us-east-1"];
    let keys = ["--accessKeyId", "key", "--secretAccessKey", "secret", "--endpoint", &moto.endpoint];
    let done = Launch::tool(&[&copy[..], &keys].concat()).run();
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    let file = format!(
        "File [{input}/com.acme/cart/jsonschema/1-0-0] uploaded as [s3://registry/a/b/schemas/com.acme/cart/jsonschema/1-0-0]"
    );
    for line in [
        file.as_str(),
        "Schema list uploaded as [s3://registry/a/b/schemas/com.acme/cart/jsonschema/1]",
        "Schema list uploaded as [s3://registry/a/b/schemas]",
    ] {
        assert!(done.stdout.contains(line), "{line}\n{}", done.stdout);
    }
    let objects: BTreeMap<String, Vec<u8>> = moto.objects("registry").into_iter().collect();
    let list = r#"["iglu:com.acme/cart/jsonschema/1-0-0","iglu:com.acme/cart/jsonschema/1-0-1"]"#;
    assert_eq!(objects["a/b/schemas/com.acme/cart/jsonschema/1"], list.as_bytes());
    assert_eq!(objects["a/b/schemas"], list.as_bytes());
    assert_eq!(objects.len(), 4);
    for key in objects.keys() {
        assert_eq!(
            moto.content_type("registry", key).as_deref(),
            Some("application/json; charset=utf-8"),
            "{key}"
        );
    }

    // By a configuration of igluctl, with what the environment says of the bucket's server.
    let config = format!(
        r#"{{
            input = "{input}", lint {{ includedChecks = ["description"], skippedSchemas = [] }}
            generate {{ output = "{}", dbschema = "atomic", force = false }}
            actions = [{{ action = "s3cp", bucketPath = "s3://registry/deployed", region = "us-east-1" }}]
        }}"#,
        folder.path().join("out").display()
    );
    let file = folder.path().join("igluctl.conf");
    fs::write(&file, config).unwrap();
    let deployed = Launch::tool(&["iglu", "deploy", &file.display().to_string()])
        .variable("AWS_ACCESS_KEY_ID", "key")
        .variable("AWS_SECRET_ACCESS_KEY", "secret")
        .variable("AWS_ENDPOINT_URL", &moto.endpoint)
        .variable("AWS_ALLOW_HTTP", "true")
        .run();
    assert_eq!(deployed.code, Some(0), "{}{}", deployed.stdout, deployed.stderr);
    let later: BTreeMap<String, Vec<u8>> = moto.objects("registry").into_iter().collect();
    assert_eq!(later.len(), 8);
    for (key, content) in &objects {
        assert_eq!(&later[&key.replacen("a/b/", "deployed/", 1)], content, "{key}");
    }
    let mixed = said(&["s3cp", &input, "registry", "--accessKeyId", "key"]);
    assert!(
        mixed.stderr.starts_with("Configuration is invalid: Invalid AWS authentication method."),
        "{}",
        mixed.stderr
    );
}
