//! Schemas in folders, and what is made of them (`spec/iglu.md` 5.1, 5.3). Messages are those of igluctl.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use ::iglu::{gap::gaps, validator::META_SCHEMA};
use event::{json::parse, schema_key::SchemaKey};
use serde_json::Value;

/// A schema in a file.
#[derive(Clone, Debug)]
pub(crate) struct SchemaFile {
    pub(crate) path: PathBuf,
    pub(crate) key: SchemaKey,
    pub(crate) json: Value,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    /// By key.
    pub(crate) schemas: Vec<SchemaFile>,
    pub(crate) problems: Vec<String>,
}

/// Reads all schemas of a folder, or a single file.
pub(crate) fn read(input: &Path) -> Folder {
    let mut folder = Folder::default();
    let mut paths = Vec::new();
    let metadata = fs::metadata(input);
    match &metadata {
        Ok(metadata) if metadata.is_dir() => walk(input, &mut paths, &mut folder.problems),
        Ok(metadata) if metadata.is_file() => paths.push(input.to_owned()),
        _ => folder.problems.push(cannot_read(input, "Path is neither file or directory")),
    }
    if paths.is_empty() && folder.problems.is_empty() {
        folder.problems.push(cannot_read(input, "is empty"));
        return folder;
    }
    for path in paths {
        match schema(&path) {
            Ok(schema) => folder.schemas.push(schema),
            Err(problem) => folder.problems.push(problem),
        }
    }
    if folder.schemas.is_empty() {
        folder.problems.push(cannot_read(input, "no valid JSON Schemas"));
        return folder;
    }
    folder.schemas.sort_by(|a, b| a.key.cmp(&b.key));
    let keys: Vec<SchemaKey> = folder.schemas.iter().map(|schema| schema.key.clone()).collect();
    folder.problems.extend(gaps(&keys).iter().map(ToString::to_string));
    folder
}

/// All schemas of a folder whose files and versions are all there and right.
pub(crate) fn read_whole(input: &Path) -> Result<Vec<SchemaFile>, Vec<String>> {
    let folder = read(input);
    if folder.problems.is_empty() { Ok(folder.schemas) } else { Err(folder.problems) }
}

/// Writes a text into a file, with a line break at its end. A file that says something else is only overwritten with `force`;
/// blanks, empty lines and comments of SQL do not count.
pub(crate) fn write(path: &Path, text: &str, force: bool) -> Result<String, String> {
    let path = absolute(path);
    let shown = path.display();
    let old = fs::read_to_string(&path);
    let changed = match &old {
        Ok(old) => substance(old) != substance(text),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    };
    if changed && !force {
        return Err(format!(
            "Cannot write [{shown}]: Already exists and probably was modified manually. You can use --force to override"
        ));
    }
    if old.is_ok() && !force {
        return Ok(format!("File [{shown}] was not modified"));
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, format!("{text}\n")))
        .map_err(|error| format!("Cannot write [{shown}]: {}", reason(&error)))?;
    Ok(match old {
        Err(_) => format!("File [{shown}] was written successfully!"),
        Ok(_) if changed => format!("File [{shown}] was overridden successfully!"),
        Ok(_) => format!("File [{shown}] was overridden successfully (no change)!"),
    })
}

/// Makes sure that there is a folder that can be written to.
pub(crate) fn writable(folder: &Path) -> Result<(), Vec<String>> {
    fs::create_dir_all(folder)
        .map_err(|error| vec![format!("Cannot write [{}]: {}", folder.display(), reason(&error))])
}

/// The path from the root; links stay.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Why, without the system's number.
pub(crate) fn reason(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}

fn cannot_read(path: &Path, what: &str) -> String {
    format!("Cannot read [{}]: {what}", path.display())
}

/// Files below `folder/vendor/name/jsonschema`; what is hidden is not seen.
fn walk(folder: &Path, paths: &mut Vec<PathBuf>, problems: &mut Vec<String>) {
    let entries = match fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(error) => {
            return problems.push(cannot_read(folder, &format!("Cannot list directory: {}", reason(&error))));
        }
    };
    let mut entries: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    entries.sort();
    let hidden = |path: &Path| path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
    for path in entries.into_iter().filter(|path| !hidden(path)) {
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => walk(&path, paths, problems),
            Ok(metadata) if metadata.is_file() && is_schema(&path) => paths.push(path),
            _ => {}
        }
    }
}

/// Whether the last but one of its parts is `jsonschema`, below a vendor and a name.
fn is_schema(path: &Path) -> bool {
    let parts = last_parts(path);
    parts.len() == 4 && parts[2] == "jsonschema"
}

/// The last four parts of the path from the root.
fn last_parts(path: &Path) -> Vec<String> {
    let path = absolute(path);
    let parts: Vec<String> = path
        .components()
        .filter(|part| matches!(part, std::path::Component::Normal(_)))
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    parts[parts.len().saturating_sub(4)..].to_vec()
}

fn schema(path: &Path) -> Result<SchemaFile, String> {
    let shown = path.display();
    let text = fs::read_to_string(path)
        .map_err(|error| cannot_read(path, &format!("Cannot read: {shown} ({})", reason(&error))))?;
    let json = parse(&text).map_err(|error| format!("Cannot parse [{shown}]: {error}"))?;
    let key = key_of(&json).map_err(|code| match code {
        None => format!("Cannot parse [{shown}]: Cannot extract Self-describing JSON Schema from JSON file"),
        Some(code) => {
            let absolute = absolute(path);
            format!(
                "Cannot parse [{shown}]: JSON Schema in file [{}] is not valid, {code}",
                absolute.display()
            )
        }
    })?;
    let mut parts = last_parts(path).join("/");
    if let Some(without) = parts.strip_suffix(".json") {
        parts.truncate(without.len());
    }
    if parts != key.path() {
        return Err(format!("JSON schema in [{shown}] does not correspond to its metadata [{key}]"));
    }
    Ok(SchemaFile { path: path.to_owned(), key, json })
}

/// What the schema calls itself, or the code of what is wrong with that; `None`: it says nothing.
fn key_of(json: &Value) -> Result<SchemaKey, Option<&'static str>> {
    if json.get("$schema").and_then(Value::as_str) != Some(META_SCHEMA) {
        return Err(Some("INVALID_METASCHEMA"));
    }
    let of_self = json.get("self").and_then(Value::as_object).ok_or(None)?;
    let part = |name: &str| of_self.get(name).and_then(Value::as_str).ok_or(None);
    let (vendor, name, format) = (part("vendor")?, part("name")?, part("format")?);
    let version = part("version")?.parse().map_err(|_| Some("INVALID_SCHEMAVER"))?;
    Ok(SchemaKey::new(vendor, name, format, version))
}

/// What counts of a file.
fn substance(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("--")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_by_hand_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/b.sql");
        assert!(write(&file, "x;\n-- one", false).unwrap().ends_with("was written successfully!"));
        assert!(write(&file, "  x;\n-- two", false).unwrap().ends_with("was not modified"));
        assert!(write(&file, "y;", false).unwrap_err().contains("probably was modified manually"));
        assert!(write(&file, "x;", true).unwrap().ends_with("(no change)!"));
        assert!(write(&file, "y;", true).unwrap().ends_with("was overridden successfully!"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "y;\n");
    }

    #[test]
    fn what_a_schema_calls_itself() {
        let of = |text: &str| key_of(&serde_json::from_str(&text.replace('M', META_SCHEMA)).unwrap());
        assert_eq!(of("[1]"), Err(Some("INVALID_METASCHEMA")));
        assert_eq!(of(r#"{"$schema":"M"}"#), Err(None));
        let of_self =
            r#"{"$schema":"M","self":{"vendor":"a","name":"b","format":"jsonschema","version":"1-0"}}"#;
        assert_eq!(of(of_self), Err(Some("INVALID_SCHEMAVER")));
        assert_eq!(of(&of_self.replace("1-0", "1-0-0")).unwrap().to_string(), "iglu:a/b/jsonschema/1-0-0");
    }
}
