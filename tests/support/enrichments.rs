//! Folders of enrichments' configurations.

use std::{fs, path::Path};

use serde_json::{Value, json};

/// Writes a configuration into `folder`, and a schema that lets every configuration of its name pass into `schemas`.
/// `name` is as in `com.acme/anon_ip/1-0-0`.
pub fn configure(folder: &Path, schemas: &Path, name: &str, parameters: &Value) {
    let [vendor, name, version] = name.split('/').collect::<Vec<_>>()[..] else { panic!("{name}") };
    let configuration = json!({
        "schema": format!("iglu:{vendor}/{name}/jsonschema/{version}"),
        "data": {"vendor": vendor, "name": name, "enabled": true, "parameters": parameters},
    });
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(format!("{name}.json")), configuration.to_string()).unwrap();
    let schema = json!({
        "$schema": "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#",
        "self": {"vendor": vendor, "name": name, "format": "jsonschema", "version": version},
        "type": "object",
    });
    let place = schemas.join(vendor).join(name).join("jsonschema");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join(version), schema.to_string()).unwrap();
}

/// A file of referers: `acme.com` is of this medium.
pub fn referers(medium: &str) -> String {
    json!({ medium: { "Acme": { "domains": ["acme.com"] } } }).to_string()
}
