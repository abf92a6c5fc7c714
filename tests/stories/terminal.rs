//! What people see: colours and progress on a terminal, and neither of them where there is none.

use std::{fs, path::Path};

use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    piste::{Launch, run},
    terminal::shown,
};

const SUPER: &str = "11111111-2222-4333-8444-555555555555";
const META: &str = "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#";

/// A first version of com.acme/NAME; `property` is the only one.
fn write(folder: &Path, name: &str, property: &serde_json::Value) {
    let schema = json!({
        "$schema": META,
        "self": {"vendor": "com.acme", "name": name, "format": "jsonschema", "version": "1-0-0"},
        "description": "d", "type": "object", "properties": {"sku": property}, "required": ["sku"],
        "additionalProperties": false,
    });
    let file = folder.join("com.acme").join(name).join("jsonschema/1-0-0");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, schema.to_string()).unwrap();
}

#[test]
fn a_report_has_colours_on_a_terminal() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "cart", &json!({"type": "string", "description": "d", "maxLength": 9}));
    write(
        folder.path(),
        "order",
        &json!({"type": "string", "description": "d", "minLength": 2, "maxLength": 1}),
    );
    write(folder.path(), "visit", &json!({"type": "string", "description": "d"}));
    let input = folder.path().display().to_string();
    let lint = ["iglu", "lint", &input];

    let on_terminal = shown("", &lint);
    assert_eq!(on_terminal.code, Some(1), "{}", on_terminal.text);
    for part in [
        "\u{1b}[32mOK     \u{1b}[0m iglu:com.acme/cart/jsonschema/1-0-0",
        "\u{1b}[31mFAILURE\u{1b}[0m iglu:com.acme/order/jsonschema/1-0-0",
        "\u{1b}[31merror  \u{1b}[0m /properties/sku",
        "\u{1b}[33mwarning\u{1b}[0m /properties/sku",
        "\u{1b}[2m (stringLength)\u{1b}[0m",
        "3 schemas, 2 with findings, 0 files that cannot be used",
    ] {
        assert!(on_terminal.text.contains(part), "{part:?} is not in\n{}", on_terminal.text);
    }
    let plain = shown("NO_COLOR=1", &lint);
    assert_eq!(plain.code, Some(1));
    assert!(plain.text.contains("FAILURE iglu:com.acme/order/jsonschema/1-0-0"), "{}", plain.text);
    assert!(!plain.text.contains("\u{1b}[31m"), "{:?}", plain.text);

    // In a pipe it is igluctl's lines, and with `--format text` the report without colours.
    let piped = run(&lint);
    assert!(piped.stderr.starts_with("OK: com.acme/cart/jsonschema/1-0-0"), "{}", piped.stderr);
    let text = run(&["iglu", "lint", &input, "--format", "text"]);
    assert!(text.stdout.starts_with("OK      iglu:com.acme/cart"), "{}", text.stdout);
    assert!(!format!("{}{}{}", text.stdout, text.stderr, piped.stderr).contains('\u{1b}'));
}

#[test]
fn many_files_show_how_far_they_are() {
    let folder = TempDir::new().unwrap();
    let schemas = folder.path().join("schemas");
    for number in 0..40 {
        let property = json!({"type": "string", "description": "d", "maxLength": 9});
        write(&schemas, &format!("event_{number}"), &property);
    }
    let (input, out) = (schemas.display().to_string(), folder.path().join("out").display().to_string());
    let server = Launch::iglu_server()
        .with(&["-Ddatabase.type=dummy", &format!("-DsuperApiKey={SUPER}")])
        .start_unready();
    let registry = server.admin.to_string();
    let bucket = format!("file://{}", folder.path().join("bucket").display());
    let tables = folder.path().join("tables").display().to_string();
    let commands: [&[&str]; 5] = [
        &["iglu", "lint", &input],
        &["iglu", "generate", &input, &tables],
        &["iglu", "push", &input, &registry, SUPER],
        &["iglu", "pull", &out, &registry, SUPER],
        &["iglu", "s3cp", &input, &bucket],
    ];
    for command in commands {
        let on_terminal = shown("", command);
        assert_eq!(on_terminal.code, Some(0), "{command:?}\n{}", on_terminal.text);
        // How far it is when it is done depends on how quick it is: the bar is drawn a few times a second, and goes away.
        for part in [" 1/40", "\r\u{1b}[2K"] {
            assert!(on_terminal.text.contains(part), "{command:?}\n{:?}", on_terminal.text);
        }
        let piped = run(command);
        assert_eq!(piped.code, Some(0), "{command:?}\n{}", piped.stderr);
        assert!(!piped.stderr.contains("/40") && !piped.stdout.contains("/40"), "{command:?}");
    }
    server.finish_well();
}
