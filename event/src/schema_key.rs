//! Names of schemas: `iglu:com.acme/click/jsonschema/1-0-0` (`spec/iglu.md` 1.1, `spec/enrich.md` 5.2).

use std::{fmt, str::FromStr};

/// Longest vendor, name or format that is a schema key (`spec/enrich.md` 5.2).
pub const MAX_PART: usize = 128;

/// The code for a text that is no Iglu URI.
pub const INVALID_IGLUURI: &str = "INVALID_IGLUURI";

/// The code for a version that is not MODEL-REVISION-ADDITION.
pub const INVALID_SCHEMAVER: &str = "INVALID_SCHEMAVER";

/// The full name of one schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemaKey {
    /// `com.acme`
    pub vendor: String,
    /// `click`
    pub name: String,
    /// `jsonschema` or `thrift`
    pub format: String,
    /// `1-0-0`
    pub version: SchemaVersion,
}

/// MODEL-REVISION-ADDITION.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemaVersion {
    /// Breaks readers.
    pub model: u32,
    /// May break some.
    pub revision: u32,
    /// Breaks none.
    pub addition: u32,
}

/// A pattern over schema keys: `iglu:com.acme/click/jsonschema/1-*-*`. `None` is `*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SchemaCriterion {
    /// Exact vendor.
    pub vendor: String,
    /// Exact name.
    pub name: String,
    /// Exact format.
    pub format: String,
    /// Model or any.
    pub model: Option<u32>,
    /// Revision or any.
    pub revision: Option<u32>,
    /// Addition or any.
    pub addition: Option<u32>,
}

/// Why a text is no schema key: the code that bad rows carry ([`INVALID_IGLUURI`], [`INVALID_SCHEMAVER`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct InvalidSchemaKey {
    /// The code.
    pub code: &'static str,
}

const BAD_URI: InvalidSchemaKey = InvalidSchemaKey { code: INVALID_IGLUURI };
const BAD_VERSION: InvalidSchemaKey = InvalidSchemaKey { code: INVALID_SCHEMAVER };

impl SchemaKey {
    /// A key from its parts, which are taken as they are: for names written in the program.
    pub fn new(vendor: &str, name: &str, format: &str, version: SchemaVersion) -> Self {
        Self { vendor: vendor.to_owned(), name: name.to_owned(), format: format.to_owned(), version }
    }

    /// `com.acme/click/jsonschema/1-0-0`: the URI without its scheme, as paths of registries have it.
    pub fn path(&self) -> String {
        format!("{}/{}/{}/{}", self.vendor, self.name, self.format, self.version)
    }

    /// Reads the form of [`SchemaKey::path`].
    ///
    /// # Errors
    /// The code, as for a URI.
    pub fn from_path(path: &str) -> Result<Self, InvalidSchemaKey> {
        Self::from_path_within(path, MAX_PART)
    }

    /// Reads a URI whose vendor, name and format may be of any length, as the Apache line does.
    ///
    /// # Errors
    /// The code.
    pub fn from_uri_of_any_length(uri: &str) -> Result<Self, InvalidSchemaKey> {
        Self::from_path_within(uri.strip_prefix("iglu:").ok_or(BAD_URI)?, usize::MAX)
    }

    fn from_path_within(path: &str, max_part: usize) -> Result<Self, InvalidSchemaKey> {
        let (vendor, name, format, version) = split(path, max_part)?;
        match version.parse() {
            Ok(version) => Ok(Self::new(vendor, name, format, version)),
            // Three groups of digits, possibly empty, or unknown parts are a wrong version rather than a wrong URI.
            Err(_) if looks_like_version(version) => Err(BAD_VERSION),
            Err(_) => Err(BAD_URI),
        }
    }
}

impl SchemaVersion {
    /// A version from its numbers.
    pub const fn new(model: u32, revision: u32, addition: u32) -> Self {
        Self { model, revision, addition }
    }
}

impl SchemaCriterion {
    /// Whether the key falls under this pattern.
    pub fn matches(&self, key: &SchemaKey) -> bool {
        let version = |pattern: Option<u32>, part: u32| pattern.is_none_or(|p| p == part);
        version(self.model, key.version.model)
            && version(self.revision, key.version.revision)
            && version(self.addition, key.version.addition)
            && self.vendor == key.vendor
            && self.name == key.name
            && self.format == key.format
    }
}

impl fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.model, self.revision, self.addition)
    }
}

impl fmt::Display for SchemaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "iglu:{}/{}/{}/{}", self.vendor, self.name, self.format, self.version)
    }
}

impl fmt::Display for SchemaCriterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "iglu:{}/{}/{}/", self.vendor, self.name, self.format)?;
        for (part, dash) in [(self.model, "-"), (self.revision, "-"), (self.addition, "")] {
            match part {
                Some(n) => write!(f, "{n}{dash}")?,
                None => write!(f, "*{dash}")?,
            }
        }
        Ok(())
    }
}

impl FromStr for SchemaVersion {
    type Err = InvalidSchemaKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (model, rest) = cut(text, b'-').ok_or(BAD_VERSION)?;
        let (revision, addition) = cut(rest, b'-').ok_or(BAD_VERSION)?;
        let version = Self::new(number(model)?, number(revision)?, number(addition)?);
        if version.model == 0 { Err(BAD_VERSION) } else { Ok(version) }
    }
}

impl FromStr for SchemaKey {
    type Err = InvalidSchemaKey;

    fn from_str(uri: &str) -> Result<Self, Self::Err> {
        Self::from_path(uri.strip_prefix("iglu:").ok_or(BAD_URI)?)
    }
}

impl FromStr for SchemaCriterion {
    type Err = InvalidSchemaKey;

    fn from_str(uri: &str) -> Result<Self, Self::Err> {
        let (vendor, name, format, version) = split(uri.strip_prefix("iglu:").ok_or(BAD_URI)?, MAX_PART)?;
        let part = |text: &str| if text == "*" { Ok(None) } else { number(text).map(Some) };
        let mut groups = version.split('-');
        let (Some(model), Some(revision), Some(addition), None) =
            (groups.next(), groups.next(), groups.next(), groups.next())
        else {
            return Err(BAD_URI);
        };
        let (model, revision, addition) = (part(model)?, part(revision)?, part(addition)?);
        if model == Some(0) {
            return Err(BAD_VERSION);
        }
        Ok(Self {
            vendor: vendor.to_owned(),
            name: name.to_owned(),
            format: format.to_owned(),
            model,
            revision,
            addition,
        })
    }
}

/// Vendor, name, format and the text of the version, the first three checked.
fn split(path: &str, max_part: usize) -> Result<(&str, &str, &str, &str), InvalidSchemaKey> {
    let (vendor, rest) = cut(path, b'/').ok_or(BAD_URI)?;
    let (name, rest) = cut(rest, b'/').ok_or(BAD_URI)?;
    let (format, version) = cut(rest, b'/').ok_or(BAD_URI)?;
    let word = |b: u8| matches!(b, b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_');
    let fits = |text: &str| !text.is_empty() && text.len() <= max_part;
    let good = fits(vendor)
        && fits(name)
        && fits(format)
        && vendor.bytes().all(|b| word(b) || b == b'.')
        && name.bytes().all(word)
        && format.bytes().all(word)
        && !version.bytes().any(|b| b == b'/');
    if good { Ok((vendor, name, format, version)) } else { Err(BAD_URI) }
}

/// What stands before and behind the first of an ASCII character. Keys are short, and there are many.
fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|b| b == at)?;
    Some((&text[..at], &text[at + 1..]))
}

/// `1-0-0`, `1--0`, `1-0-?`
fn looks_like_version(version: &str) -> bool {
    let mut groups = version.split('-');
    groups.clone().count() == 3 && groups.all(|g| g == "?" || g.bytes().all(|b| b.is_ascii_digit()))
}

/// Digits without a leading zero that fit a signed 32-bit integer.
fn number(text: &str) -> Result<u32, InvalidSchemaKey> {
    let plain = matches!(text.len(), 1..=10)
        && text.bytes().all(|b| b.is_ascii_digit())
        && (text.len() == 1 || text.as_bytes()[0] != b'0');
    if !plain {
        return Err(BAD_VERSION);
    }
    let number = text.bytes().fold(0, |number: u64, digit| number * 10 + u64::from(digit - b'0'));
    i32::try_from(number).ok().and_then(|n| u32::try_from(n).ok()).ok_or(BAD_VERSION)
}
