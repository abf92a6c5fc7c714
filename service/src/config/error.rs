//! What can be wrong with a configuration: file, line, key and what would be right.

use std::fmt;

use crate::exit::{ExitCode, RunError};

/// The configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where it was written.
    pub place: Place,
    /// The key, dotted; empty when the whole is wrong.
    pub key: String,
    /// What is wrong and what would be right.
    pub what: String,
}

/// A key that nothing reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    /// Where it was written.
    pub place: Place,
    /// The key, dotted.
    pub key: String,
    /// The known key that was probably meant.
    pub nearest: Option<String>,
}

/// Where a key was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file, or `-Dkey`; empty when it is not written anywhere.
    pub origin: String,
    /// The line in it, from 1, where it could be found.
    pub line: Option<usize>,
    /// The column in that line, from 1, in characters.
    pub column: Option<usize>,
}

/// A key that is read, or at least known, and that has no effect here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedKey {
    /// Where it was written.
    pub place: Place,
    /// The key, dotted.
    pub key: String,
    /// Why it has none.
    pub why: String,
}

impl Place {
    /// A whole document, or what stands in none.
    pub(super) fn of(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), ..Self::default() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.origin.is_empty() { "configuration" } else { &self.origin })?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "{}: {}", self.place, self.what)
        } else {
            write!(f, "{}: `{}`: {}", self.place, self.key, self.what)
        }
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}`: nothing reads this key", self.place, self.key)?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for UnusedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}` has no effect: {}", self.place, self.key, self.why)
    }
}

impl From<ConfigError> for RunError {
    fn from(error: ConfigError) -> Self {
        RunError::new(ExitCode::Config, error.to_string())
    }
}
