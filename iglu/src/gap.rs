//! Versions that are missing among those of a folder (`spec/iglu.md` 5.1).

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use event::schema_key::{SchemaKey, SchemaVersion};

/// Where every schema begins.
const FIRST: SchemaVersion = SchemaVersion::new(1, 0, 0);

/// What is missing. Printed in the original's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The only schema is no first version.
    NotFirst(SchemaKey),
    /// There is no first version.
    NoFirst {
        /// The vendor.
        vendor: String,
        /// The name.
        name: String,
    },
    /// Between two versions.
    Between {
        /// The vendor.
        vendor: String,
        /// The name.
        name: String,
    },
}

/// What is missing among all schemas of a folder.
pub fn gaps(keys: &[SchemaKey]) -> Vec<Gap> {
    if let [only] = keys {
        return if only.version == FIRST { vec![] } else { vec![Gap::NotFirst(only.clone())] };
    }
    let mut vendors: BTreeMap<&str, BTreeMap<&str, BTreeSet<SchemaVersion>>> = BTreeMap::new();
    for key in keys {
        vendors.entry(&key.vendor).or_default().entry(&key.name).or_default().insert(key.version);
    }
    let mut found = Vec::new();
    for (vendor, names) in vendors {
        let (vendor, with_first) = (vendor.to_owned(), |versions: &BTreeSet<_>| versions.contains(&FIRST));
        for (name, _) in names.iter().filter(|(_, versions)| !with_first(versions)) {
            found.push(Gap::NoFirst { vendor: vendor.clone(), name: (*name).to_owned() });
        }
        for (name, versions) in names.iter().filter(|(_, versions)| with_first(versions)) {
            if !versions.iter().zip(versions.iter().skip(1)).all(|(one, next)| follows(*one, *next)) {
                found.push(Gap::Between { vendor: vendor.clone(), name: (*name).to_owned() });
            }
        }
    }
    found
}

/// One part grows by one, and those behind it begin anew.
fn follows(one: SchemaVersion, next: SchemaVersion) -> bool {
    next == SchemaVersion { addition: one.addition + 1, ..one }
        || next == SchemaVersion::new(one.model, one.revision + 1, 0)
        || next == SchemaVersion::new(one.model + 1, 0, 0)
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFirst(key) => {
                write!(f, "Schema [{}] contains a schema whose version is not 1-0-0", key.path())
            }
            Self::NoFirst { vendor, name } => {
                write!(f, "Schemas of [{vendor}/{name}] do not contain initial 1-0-0 schema")
            }
            Self::Between { vendor, name } => {
                write!(f, "Schemas of [{vendor}/{name}] have gaps between schema versions")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(versions: &[&str], expected: Option<&str>) {
        let key = |version: &&str| format!("iglu:com.acme/a/jsonschema/{version}").parse().unwrap();
        let keys: Vec<SchemaKey> = versions.iter().map(key).collect();
        let found: Vec<String> = gaps(&keys).iter().map(ToString::to_string).collect();
        assert_eq!(found, Vec::from_iter(expected.map(str::to_owned)), "{versions:?}");
    }

    #[test]
    fn versions_follow_each_other() {
        check(&["1-0-0"], None);
        check(
            &["1-0-10", "1-0-0", "1-0-1"],
            Some("Schemas of [com.acme/a] have gaps between schema versions"),
        );
        check(&["2-0-0", "1-0-1", "1-0-0", "1-1-0", "2-0-1"], None);
        check(
            &["1-0-1"],
            Some("Schema [com.acme/a/jsonschema/1-0-1] contains a schema whose version is not 1-0-0"),
        );
        check(&["1-0-1", "1-0-2"], Some("Schemas of [com.acme/a] do not contain initial 1-0-0 schema"));
    }
}
