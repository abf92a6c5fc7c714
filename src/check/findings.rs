//! What was found in a configuration, whoever's it is.

use serde_json::{Value, json};
use service::config::{ConfigError, Examined, Place, UnknownKey, UnusedKey, print};

use crate::output;

/// What was found, and the configuration that results, without secrets.
pub(crate) struct Findings {
    pub(crate) errors: Vec<ConfigError>,
    unknown: Vec<UnknownKey>,
    unused: Vec<UnusedKey>,
    effective: Value,
    notes: Vec<String>,
    about: &'static str,
}

impl Findings {
    /// The findings with what the role would run with; `about` says what that is.
    pub(crate) fn new<T>(
        examined: Examined<T>,
        root: Option<&str>,
        about: &'static str,
        effective: impl FnOnce(&Examined<T>) -> Value,
    ) -> Self {
        let effective = print::masked(effective(&examined));
        let effective = match root {
            Some(root) if !effective.is_null() => json!({ root: effective }),
            _ => effective,
        };
        let Examined { errors, unknown, unused, .. } = examined;
        Self { errors, unknown, unused, effective, notes: Vec::new(), about }
    }

    /// The same with what else is worth a line.
    #[cfg(feature = "loaders")]
    pub(crate) fn with_notes(self, notes: Vec<String>) -> Self {
        Self { notes, ..self }
    }

    /// One line a finding on stderr, and the configuration on stdout.
    pub(crate) fn tell(&self, notes: &[String]) {
        for error in &self.errors {
            output::error_line(format_args!("error: {error}"));
        }
        for unknown in &self.unknown {
            output::error_line(format_args!("warning: {unknown}"));
        }
        for unused in &self.unused {
            output::error_line(format_args!("note: {unused}"));
        }
        for note in notes.iter().chain(&self.notes) {
            output::error_line(format_args!("note: {note}"));
        }
        if self.errors.is_empty() {
            output::text(&format!("# {}\n{}", self.about, print::hocon(&self.effective)));
        }
    }

    /// All in one object. The configuration is null where something is wrong with it.
    pub(crate) fn to_json(&self, notes: &[String]) -> Value {
        let errors = self.errors.iter().map(|error| finding(&error.place, &error.key, &error.what));
        let unknown = self.unknown.iter().map(|unknown| {
            let mut found = finding(&unknown.place, &unknown.key, "nothing reads this key");
            found["nearest"] = json!(unknown.nearest);
            found
        });
        let unused = self.unused.iter().map(|unused| finding(&unused.place, &unused.key, &unused.why));
        let effective = if self.errors.is_empty() { self.effective.clone() } else { Value::Null };
        json!({
            "errors": errors.collect::<Vec<_>>(),
            "unknown": unknown.collect::<Vec<_>>(),
            "unused": unused.collect::<Vec<_>>(),
            "configuration": effective,
            "notes": notes.iter().chain(&self.notes).collect::<Vec<_>>(),
        })
    }
}

fn finding(place: &Place, key: &str, message: &str) -> Value {
    json!({
        "file": place.origin, "line": place.line, "column": place.column, "key": key, "message": message,
    })
}
