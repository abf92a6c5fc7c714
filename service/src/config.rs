//! Configuration: HOCON files with the original's keys, `-Dkey=value` overrides and environment substitutions, read
//! into the roles' structs (`spec/collector.md` 8.1, `spec/enrich.md` 7.1, `spec/loaders-and-leases.md` 1.2).
//!
//! * Layers, strongest first: overrides, later sources, earlier sources, the defaults of the struct.
//! * Each source is resolved on its own (`${?VAR}` reads the environment), then what stands under the role's root key
//!   (`collector { }`, `snowplow { }`) is lifted to the top. Overrides may carry the root key or not.
//! * Text becomes a number or a boolean where the struct wants one: the environment knows only text.
//! * Keys nothing reads are reported, not refused: the original ignores them.
//!
//! Structs avoid `#[serde(flatten)]` and untagged enums: both hide from the reader which keys are known.

pub mod duration;
mod environment;
mod error;
mod examine;
mod ignored;
mod keys;
mod lines;
mod node;
mod over;
pub mod print;
mod read;
pub mod reference;
mod secret;
pub mod sections;
pub mod size;

use std::{collections::HashMap, path::PathBuf, time::Duration};

use hocon::{HoconError, HoconValue, ParseOptions, ScalarType, ScalarValue, serde::HoconDeserializer};
use serde::de::DeserializeOwned;

use self::lines::Spot;
pub use self::{
    error::{ConfigError, Place, UnknownKey, UnusedKey},
    examine::{Checked, Examined, Note, Notes, examine, examine_with},
    ignored::Ignored,
    keys::keys_of,
    node::Node,
    over::Override,
    secret::Secret,
};

/// Where a configuration comes from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Files and texts; later ones win over earlier ones.
    pub layers: Vec<Layer>,
    /// `-Dkey=value`, stronger than every layer; later ones win.
    pub overrides: Vec<Override>,
    /// The environment that `${NAME}` reads.
    pub environment: HashMap<String, String>,
}

/// One HOCON document.
#[derive(Clone, Debug)]
pub enum Layer {
    /// A file; what it includes is looked for beside it.
    File(PathBuf),
    /// A text that is in no file, with the name that messages call it by.
    Text {
        /// For example `PISTE_CONFIG_B64`.
        name: String,
        /// The document.
        text: String,
    },
}

/// What was read.
#[derive(Clone, Debug)]
pub struct Loaded<T> {
    /// The configuration.
    pub config: T,
    /// Keys that were set and that nothing reads.
    pub unknown: Vec<UnknownKey>,
}

impl Sources {
    /// These files and overrides, with the process environment.
    pub fn of_process(files: impl IntoIterator<Item = PathBuf>, overrides: Vec<Override>) -> Self {
        Self {
            layers: files.into_iter().map(Layer::File).collect(),
            overrides,
            environment: process_environment(),
        }
    }

    /// One text, no overrides, no environment: for tests and built-in documents.
    pub fn of_text(name: &str, text: &str) -> Self {
        let layer = Layer::Text { name: name.to_owned(), text: text.to_owned() };
        Self { layers: vec![layer], ..Self::default() }
    }
}

/// The environment of the process. Names and values that are not UTF-8 cannot be meant by a configuration.
pub fn process_environment() -> HashMap<String, String> {
    let variables = std::env::vars_os();
    variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Reads a configuration. `root` is the key under which the whole may be nested.
///
/// # Errors
///
/// [`ConfigError`] naming file, line, key and what would be right; it turns into exit code 78.
pub fn load<T: DeserializeOwned>(sources: &Sources, root: Option<&str>) -> Result<Loaded<T>, ConfigError> {
    let merged = Merged::of(sources, root)?;
    let (config, unread) = read::read::<T>(&merged.tree).map_err(|error| {
        let path = error.path.unwrap_or_default();
        ConfigError { place: merged.place(&path), key: dotted(&path), what: error.what }
    })?;
    let unknown = unread.into_iter().map(|unread| merged.unknown(unread));
    Ok(Loaded { config, unknown: unknown.collect() })
}

/// All sources as one tree, and where its keys were written.
struct Merged<'a> {
    tree: Node,
    root: Option<&'a str>,
    overrides: &'a [Override],
    texts: Vec<(String, String)>,
}

impl<'a> Merged<'a> {
    fn of(sources: &'a Sources, root: Option<&'a str>) -> Result<Self, ConfigError> {
        let mut tree = Node::Object(Vec::new());
        let mut texts = Vec::new();
        for layer in &sources.layers {
            let (name, text) = layer.text()?;
            let node = parse(layer, &name, &text, &sources.environment)?;
            tree = lift(node, root).over(tree);
            texts.push((name, text));
        }
        tree = lift(over::tree(&sources.overrides), root).over(tree);
        Ok(Self { tree, root, overrides: &sources.overrides, texts })
    }

    fn place(&self, path: &[String]) -> Place {
        place(path, self.root, self.overrides, &self.texts)
    }

    fn unknown(&self, unread: read::Unread) -> UnknownKey {
        UnknownKey { place: self.place(&unread.path), key: dotted(&unread.path), nearest: unread.nearest }
    }
}

/// A HOCON document as a tree, with `environment` for its substitutions; `name` is what messages call it.
///
/// # Errors
///
/// A syntax error or an unresolved substitution, with its line.
pub fn parse_text(
    name: &str,
    text: &str,
    environment: &HashMap<String, String>,
) -> Result<Node, ConfigError> {
    let layer = Layer::Text { name: name.to_owned(), text: String::new() };
    parse(&layer, name, text, environment)
}

impl Layer {
    fn text(&self) -> Result<(String, String), ConfigError> {
        match self {
            Self::Text { name, text } => Ok((name.clone(), text.clone())),
            Self::File(path) => {
                let name = path.display().to_string();
                match std::fs::read_to_string(path) {
                    Ok(text) => Ok((name, text)),
                    Err(error) => Err(ConfigError {
                        place: Place::of(name),
                        key: String::new(),
                        what: format!("cannot be read: {error}"),
                    }),
                }
            }
        }
    }
}

fn lift(node: Node, root: Option<&str>) -> Node {
    match root {
        Some(root) => node.lifted(root),
        None => node,
    }
}

fn parse(
    layer: &Layer,
    name: &str,
    text: &str,
    environment: &HashMap<String, String>,
) -> Result<Node, ConfigError> {
    let mut options = ParseOptions::defaults().with_env(environment.clone());
    if let Layer::File(path) = layer
        && let Some(folder) = path.parent()
    {
        options = options.with_base_dir(folder.to_owned());
    }
    let failed = |spot: Option<Spot>, key: &str, what: String| ConfigError {
        place: Place { origin: name.to_owned(), line: spot.map(|s| s.line), column: spot.map(|s| s.column) },
        key: key.to_owned(),
        what,
    };
    if let Some(spot) = lines::stray_brace(text) {
        return Err(failed(Some(spot), "", "a `}` that closes nothing".into()));
    }
    let config = hocon::parse_string_with_options(text, options).map_err(|error| match error {
        HoconError::Parse(e) => failed(Some(Spot { line: e.line, column: e.col }), "", e.message),
        HoconError::Resolve(e) => {
            let unset = e.message.contains("resolve") || e.message.contains("substitution");
            let hint = if unset { "; is the variable set, or is `${?...}` meant?" } else { "" };
            let what = format!("{}{hint}", e.message);
            let spot = Spot { line: e.line, column: e.col };
            failed(Some(spot).filter(|spot| spot.line > 0), &e.path, what)
        }
        HoconError::Config(e) => failed(None, &e.path, e.message),
        other => failed(None, "", other.to_string()),
    })?;
    let fields = config.keys().into_iter().map(str::to_owned).collect::<Vec<_>>();
    let fields = fields.into_iter().filter_map(|key| {
        let value = config.get(&quoted(&key))?;
        Some((key, node_of(value)))
    });
    Ok(Node::Object(fields.collect()))
}

fn quoted(key: &str) -> String {
    format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
}

fn node_of(value: &HoconValue) -> Node {
    match value {
        HoconValue::Object(fields) => {
            Node::Object(fields.iter().map(|(key, value)| (key.clone(), node_of(value))).collect())
        }
        HoconValue::Array(items) => Node::List(items.iter().map(node_of).collect()),
        HoconValue::Scalar(scalar) => match scalar.value_type {
            ScalarType::Number => Node::Number(scalar.raw.clone()),
            ScalarType::Boolean => Node::Bool(scalar.raw == "true"),
            ScalarType::Null => Node::Null,
            _ => Node::Text(scalar.raw.clone()),
        },
        _ => Node::Null,
    }
}

fn dotted(path: &[String]) -> String {
    let mut out = String::new();
    for key in path {
        if !out.is_empty() && !key.starts_with('[') {
            out.push('.');
        }
        out.push_str(key);
    }
    out
}

/// Where the value at `path` was written: the strongest layer that knows it.
fn place(path: &[String], root: Option<&str>, overrides: &[Override], texts: &[(String, String)]) -> Place {
    let keys: Vec<String> = path.iter().take_while(|key| !key.starts_with('[')).cloned().collect();
    let nested: Option<Vec<String>> =
        root.map(|root| std::iter::once(root.to_owned()).chain(keys.iter().cloned()).collect());
    let written = |wanted: &[String]| overrides.iter().rev().find(|each| each.path().iter().eq(wanted));
    let by_override = nested.as_deref().and_then(written).or_else(|| written(&keys));
    if let Some(found) = by_override {
        return Place::of(format!("-D{}", found.key));
    }
    let spot_in = |text: &str, wanted: &[String], depth: usize| {
        let spot = lines::spot_of(text, wanted)?;
        // A parent's place is only taken when no layer knows the key itself.
        let exact = lines::key_spots(text).iter().any(|(found, _)| found.as_slice() == wanted);
        (exact || depth > 0).then_some(spot)
    };
    for depth in [0, 1] {
        for (name, text) in texts.iter().rev() {
            let found = nested.as_deref().and_then(|nested| spot_in(text, nested, depth));
            if let Some(Spot { line, column }) = found.or_else(|| spot_in(text, &keys, depth)) {
                return Place { origin: name.clone(), line: Some(line), column: Some(column) };
            }
        }
    }
    Place::of(texts.last().map(|(name, _)| name.clone()).unwrap_or_default())
}

/// `10 seconds`, `500 ms`, `365 days`; a bare number is milliseconds.
fn read_duration(text: &str) -> Result<Duration, String> {
    // Units of Scala's durations, which stand in files of the Apache line, beside those of HOCON.
    let number = text.trim_end_matches(char::is_alphabetic);
    let unit = match &text[number.len()..] {
        "sec" | "secs" => "s",
        "min" | "mins" => "m",
        "hr" | "hrs" => "h",
        other => other,
    };
    let value = scalar(&format!("{number}{unit}"));
    hocon::serde::duration::deserialize(HoconDeserializer::new(&value)).map_err(|_| {
        format!(
            "expected a duration such as `10 seconds`, `500 ms`, `2 days` or milliseconds, found `{text}`"
        )
    })
}

/// `64 KiB`, `512 MB`; a bare number is bytes.
fn read_size(text: &str) -> Result<u64, String> {
    let value = scalar(text);
    hocon::serde::bytes::deserialize(HoconDeserializer::new(&value))
        .map_err(|_| format!("expected a size such as `64 KiB`, `10 MB` or bytes, found `{text}`"))
}

fn scalar(text: &str) -> HoconValue {
    HoconValue::Scalar(ScalarValue::string(text.trim().to_owned()))
}
