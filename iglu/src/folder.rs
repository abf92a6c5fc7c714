//! Registries in folders: `schemas/vendor/name/format/version`, or without `schemas`; files may end in `.json`. Pure:
//! which paths to look at.

pub(crate) mod client;

use std::path::{Path, PathBuf};

use event::schema_key::{SchemaKey, SchemaVersion};

/// The files that may hold the schema, in order.
pub(crate) fn files(folder: &Path, key: &SchemaKey) -> Vec<PathBuf> {
    let names = [key.version.to_string(), format!("{}.json", key.version)];
    let families = families(folder, &key.vendor, &key.name, &key.format);
    families.iter().flat_map(|family| names.iter().map(|name| family.join(name))).collect()
}

/// The folders that may hold versions.
pub(crate) fn families(folder: &Path, vendor: &str, name: &str, format: &str) -> Vec<PathBuf> {
    // Parts of keys hold no slashes; this is for `..`.
    if [vendor, name, format].iter().any(|part| part.bytes().all(|byte| byte == b'.')) {
        return vec![];
    }
    let family: PathBuf = [vendor, name, format].iter().collect();
    vec![folder.join("schemas").join(&family), folder.join(&family)]
}

/// The version that a file holds by its name.
pub(crate) fn version_of(file: &str) -> Option<SchemaVersion> {
    file.strip_suffix(".json").unwrap_or(file).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        let key = |text: &str| text.parse::<SchemaKey>().unwrap();
        let found = files(Path::new("/s"), &key("iglu:com.acme/a/jsonschema/1-0-0"));
        let expect = [
            "/s/schemas/com.acme/a/jsonschema/1-0-0",
            "/s/schemas/com.acme/a/jsonschema/1-0-0.json",
            "/s/com.acme/a/jsonschema/1-0-0",
            "/s/com.acme/a/jsonschema/1-0-0.json",
        ];
        assert_eq!(found, expect.map(PathBuf::from));
        assert!(files(Path::new("/s"), &key("iglu:../a/jsonschema/1-0-0")).is_empty());
        assert_eq!(version_of("1-0-2.json"), Some(SchemaVersion::new(1, 0, 2)));
        assert_eq!(version_of("1"), None);
    }
}
