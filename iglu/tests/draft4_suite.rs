//! The official draft-4 suite: our verdicts are its verdicts, but for what is listed with its reason (`spec/iglu.md` 4).

#![expect(clippy::unwrap_used, reason = "a test")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use iglu::validator::Validator;
use serde_json::Value;

const REMOTE: &str =
    "a document behind http is `{}`, which takes everything and has nothing inside; nothing is fetched";
const NESTED: &str =
    "numbers inside arrays and objects of an enum are equal as they are written: 1 is not 1.0";
const JAVA: &str = "patterns are Java's: classes are ASCII, names such as \\p{Letter} are unknown";
const ID: &str = "`id` does not change what references are relative to";
const SIBLINGS: &str = "keywords beside `$ref` apply";

/// Groups of the suite with verdicts that differ: file, start of the group's description, why.
const DIFFERENT: &[(&str, &str, &str)] = &[
    ("definitions", "validate definition against metaschema", REMOTE),
    ("enum", "enum with [0] does not match [false]", NESTED),
    ("enum", "enum with [1] does not match [true]", NESTED),
    ("optional/ecmascript-regex", "ECMA 262 regex escapes control codes with \\c and lower letter", JAVA),
    ("optional/ecmascript-regex", "ECMA 262 \\s matches whitespace", JAVA),
    ("optional/ecmascript-regex", "ECMA 262 \\S matches everything but whitespace", JAVA),
    ("optional/ecmascript-regex", "patterns always use unicode semantics with pattern", JAVA),
    ("optional/ecmascript-regex", "pattern with non-ASCII digits", JAVA),
    ("optional/ecmascript-regex", "patternProperties with non-ASCII digits", JAVA),
    ("optional/id", "id inside an enum is not a real identifier", ID),
    ("ref", "ref overrides any sibling keywords", SIBLINGS),
    ("ref", "$ref prevents a sibling id from changing the base uri", ID),
    ("ref", "remote ref, containing refs itself", REMOTE),
    ("ref", "Recursive references between schemas", REMOTE),
    ("ref", "Location-independent identifier with base URI change in subschema", ID),
    ("ref", "id must be resolved against nearest parent", ID),
    ("refRemote", "remote ref", REMOTE),
    ("refRemote", "fragment within remote ref", REMOTE),
    ("refRemote", "ref within remote ref", REMOTE),
    ("refRemote", "base URI change", REMOTE),
    ("refRemote", "root ref in remote ref", REMOTE),
    ("refRemote", "Location-independent identifier in remote ref", REMOTE),
];

/// The only `$schema` that registries' schemas have.
const META_SCHEMA: &str =
    "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#";

#[test]
fn verdicts_are_those_of_the_suite() {
    let Some(folder) = suite() else {
        eprintln!(
            "!!! the draft-4 suite is not in .tools/json-schema and was LEFT OUT: `./test tools` puts it there"
        );
        return;
    };
    let (mut seen, mut findings, mut used) = (0, Vec::new(), BTreeSet::new());
    for file in files(&folder) {
        let name = file.strip_prefix(&folder).unwrap().with_extension("").display().to_string();
        let groups: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        for group in groups.as_array().unwrap() {
            let what = group["description"].as_str().unwrap();
            let mut schema = group["schema"].clone();
            if let Some(meta) = schema.get_mut("$schema") {
                *meta = META_SCHEMA.into();
            }
            let validator = Validator::checked(&schema);
            for test in group["tests"].as_array().unwrap() {
                seen += 1;
                let verdict = match &validator {
                    Ok(validator) => Some(validator.is_valid(&test["data"])),
                    Err(_) => None,
                };
                if verdict == test["valid"].as_bool() {
                    continue;
                }
                match DIFFERENT.iter().position(|(file, start, _)| *file == name && what.starts_with(start)) {
                    Some(listed) => drop(used.insert(listed)),
                    None => findings.push(format!(
                        "{name}: {what}: {}: {} instead of {}",
                        test["description"],
                        verdict.map_or_else(|| "an unusable schema".to_owned(), |valid| valid.to_string()),
                        test["valid"]
                    )),
                }
            }
        }
    }
    assert!(seen > 800, "only {seen} tests in {}", folder.display());
    assert!(findings.is_empty(), "{} of {seen} differ:\n{}", findings.len(), findings.join("\n"));
    for (number, listed) in DIFFERENT.iter().enumerate() {
        assert!(used.contains(&number), "{listed:?} is listed, and nothing there differs");
    }
}

/// Where `./test tools` puts the suite.
fn suite() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/json-schema/draft4");
    folder.is_dir().then_some(folder)
}

/// All files of the suite, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
