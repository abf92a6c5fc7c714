//! What is wrong with a folder of configurations: file, line, key and reason. Pure; [`client`] reads and judges.

pub mod client;
mod place;

use std::fmt;

use serde_json::Value;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// From 1, where the file is JSON and has the key.
    pub line: Option<usize>,
    /// The key below `data`, such as `parameters.cache.size`.
    pub key: Option<String>,
    /// Why.
    pub reason: String,
}

impl Finding {
    /// Of a sentence that may begin with its key, `parameters.cache.size: ...`, about a file of this text.
    fn of_sentence(file: &str, text: &str, sentence: &str) -> Self {
        let is_key = |head: &str| {
            (head == "parameters" || head.starts_with("parameters.")) && !head.contains(char::is_whitespace)
        };
        let (key, reason) = match sentence.split_once(": ") {
            Some((head, rest)) if is_key(head) => (Some(head), rest),
            _ => (None, sentence),
        };
        Self::new(file, text, key, reason)
    }

    /// All that a validator says.
    fn of_reports(file: &str, text: &str, error: &Value) -> Vec<Self> {
        let reports = error.get("dataReports").and_then(Value::as_array).map(Vec::as_slice);
        let report = |report: &Value| {
            let message = report.get("message").and_then(Value::as_str).unwrap_or_default();
            let key = report.get("path").and_then(Value::as_str).and_then(|path| path.strip_prefix("$."));
            // The message begins with the path, or with that of a member that is not there.
            let reason = message.split_once(": ").map_or(message, |(_, reason)| reason);
            let missing = message.strip_prefix("$.").and_then(|rest| rest.split_once(": "));
            let key = missing.map_or(key, |(own, _)| Some(own));
            Self::new(file, text, key, reason)
        };
        match reports {
            Some(reports) if !reports.is_empty() => reports.iter().map(report).collect(),
            _ => vec![Self::new(file, text, None, &event::json::to_compact(error))],
        }
    }

    fn new(file: &str, text: &str, key: Option<&str>, reason: &str) -> Self {
        let line = key.and_then(|key| place::line_of(text, &format!("data.{key}")));
        Self { file: file.to_owned(), line, key: key.map(str::to_owned), reason: reason.to_owned() }
    }
}

/// `file:line: key: reason`
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(key) = &self.key {
            write!(f, ": {key}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str =
        "{\n \"schema\": \"x\",\n \"data\": {\n  \"parameters\": {\n   \"a\": [\n    1,\n    {\"b\": 2}]}}}";

    #[test]
    fn sentences_with_their_keys() {
        let check = |sentence: &str, expect: &str| {
            assert_eq!(Finding::of_sentence("f", TEXT, sentence).to_string(), expect);
        };
        check("parameters.a[1].b: it is odd: so", "f:7: parameters.a[1].b: it is odd: so");
        check("parameters: it is odd", "f:4: parameters: it is odd");
        check("something else: so", "f: something else: so");
        check("parameters are odd: so", "f: parameters are odd: so");
    }

    #[test]
    fn reports_of_a_validator() {
        let check = |error: Value, expect: &[&str]| {
            let found: Vec<_> =
                Finding::of_reports("f", TEXT, &error).iter().map(ToString::to_string).collect();
            assert_eq!(found, expect);
        };
        let of = |message: &str, path: &str| json!({"message": message, "path": path});
        check(
            json!({"error": "ValidationError", "dataReports": [
                of("$.parameters.a[0]: integer found, string expected", "$.parameters.a[0]"),
                of("$.parameters.c: is missing but it is required", "$.parameters"),
            ]}),
            &[
                "f:6: parameters.a[0]: integer found, string expected",
                "f:4: parameters.c: is missing but it is required",
            ],
        );
        check(json!({"error": "ResolutionError"}), &[r#"f: {"error":"ResolutionError"}"#]);
    }
}
