//! Reads a configuration and says all that is wrong with it, not only the first.

use std::time::Duration;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{ConfigError, Merged, Node, Sources, UnknownKey, UnusedKey, dotted, read, reference};

/// Something about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The key, dotted; `*` stands for any one part.
    pub key: String,
    /// What is to be said, without a full stop.
    pub why: String,
}

impl Note {
    /// A note.
    pub fn new(key: impl Into<String>, why: impl Into<String>) -> Self {
        Self { key: key.into(), why: why.into() }
    }

    /// The same about a key within `section`.
    #[must_use]
    pub fn within(self, section: &str) -> Self {
        Self { key: format!("{section}.{}", self.key), ..self }
    }
}

/// Notes in the making.
#[derive(Debug, Default)]
pub struct Notes(Vec<Note>);

impl Notes {
    /// Notes something.
    pub fn say(&mut self, key: impl Into<String>, why: impl Into<String>) {
        self.0.push(Note::new(key, why));
    }

    /// The same, unless it is so.
    pub fn unless(&mut self, so: bool, key: &str, why: &str) {
        if !so {
            self.say(key, why);
        }
    }

    /// A duration that must be longer than nothing.
    pub fn positive(&mut self, key: &str, duration: Duration) {
        self.unless(!duration.is_zero(), key, "expected a duration longer than nothing");
    }

    /// All of them.
    pub fn into_vec(self) -> Vec<Note> {
        self.0
    }
}

/// What a configuration knows about its own values.
pub trait Checked {
    /// Values that cannot be, or not together.
    fn problems(&self) -> Vec<Note> {
        Vec::new()
    }

    /// Keys that have no effect with these values. Those that never have one say so themselves: fields with
    /// `#[schemars(extend("x-without-effect" = "why"))]`.
    fn without_effect(&self) -> Vec<Note> {
        Vec::new()
    }

    /// Keys that nothing reads and that ask for something that must not be left out silently.
    fn refused(&self) -> Vec<Note> {
        Vec::new()
    }
}

/// What was read and found.
#[derive(Clone, Debug)]
pub struct Examined<T> {
    /// The configuration; keys with errors have their defaults. `None`: it could not be read at all.
    pub config: Option<T>,
    /// What must be mended before a role starts.
    pub errors: Vec<ConfigError>,
    /// Keys that nothing reads.
    pub unknown: Vec<UnknownKey>,
    /// Keys without effect.
    pub unused: Vec<UnusedKey>,
    /// What is set, as far as it could be read.
    pub tree: Node,
}

/// Reads a configuration as [`load`](super::load) does, and checks it.
pub fn examine<T: DeserializeOwned + Checked + JsonSchema>(
    sources: &Sources,
    root: Option<&str>,
) -> Examined<T> {
    examine_with(sources, root, reference::without_effect::<T>())
}

/// [`examine`] for structs without a schema; `never` are the keys that never have an effect.
pub fn examine_with<T: DeserializeOwned + Checked>(
    sources: &Sources,
    root: Option<&str>,
    never: Vec<Note>,
) -> Examined<T> {
    let mut found = Examined {
        config: None,
        errors: Vec::new(),
        unknown: Vec::new(),
        unused: Vec::new(),
        tree: Node::Object(Vec::new()),
    };
    let mut merged = match Merged::of(sources, root) {
        Ok(merged) => merged,
        Err(error) => {
            found.errors.push(error);
            return found;
        }
    };
    // A key that cannot be read is said and taken away, and the rest is read again.
    let (config, unread) = loop {
        match read::read::<T>(&merged.tree) {
            Ok(read) => break read,
            Err(error) => {
                let path = error.path.unwrap_or_default();
                found.errors.push(merged.error(&path, error.what));
                let keys: Vec<String> = path.into_iter().take_while(|key| !key.starts_with('[')).collect();
                if !merged.tree.remove(&keys) {
                    return found;
                }
            }
        }
    };
    let broken: Vec<String> = found.errors.iter().map(|error| error.key.clone()).collect();

    let refused = merged.said(config.refused());
    let unused = merged.said(never.into_iter().chain(config.without_effect()));
    let said: Vec<Vec<String>> = refused.iter().chain(&unused).map(|(path, _)| path.clone()).collect();
    found.errors.extend(refused.into_iter().map(|(path, why)| merged.error(&path, why)));
    found.unused = unused
        .into_iter()
        .map(|(path, why)| UnusedKey { place: merged.place(&path), key: dotted(&path), why })
        .collect();
    let unread = unread.into_iter().filter(|unread| !said.iter().any(|path| unread.path.starts_with(path)));
    found.unknown = unread.map(|unread| merged.unknown(unread)).collect();

    let problems = config.problems().into_iter().filter(|problem| !broken.contains(&problem.key));
    found.errors.extend(problems.map(|Note { key, why }| {
        let path: Vec<String> = merged
            .tree
            .matching(&key)
            .into_iter()
            .next()
            .unwrap_or_else(|| key.split('.').map(str::to_owned).collect());
        merged.error(&path, why)
    }));
    found.config = Some(config);
    found.tree = merged.tree;
    found
}

impl Merged<'_> {
    fn error(&self, path: &[String], what: String) -> ConfigError {
        ConfigError { place: self.place(path), key: dotted(path), what }
    }

    /// What the notes say about keys that are set, each key once; an empty section is not set.
    fn said(&self, notes: impl IntoIterator<Item = Note>) -> Vec<(Vec<String>, String)> {
        let mut said: Vec<(Vec<String>, String)> = Vec::new();
        for Note { key, why } in notes {
            for path in self.tree.matching(&key) {
                let value = self.tree.at(path.iter().map(String::as_str));
                let empty = matches!(value, Some(Node::Object(fields)) if fields.is_empty());
                if !empty
                    && value != Some(&Node::Null)
                    && !said.iter().any(|(known, _)| path.starts_with(known))
                {
                    said.push((path, why.clone()));
                }
            }
        }
        said
    }
}
