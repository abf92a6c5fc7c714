//! What a new version of a schema changes, and how much of its version has to grow for it (`spec/iglu.md` 8.3): an ADDITION
//! keeps all data valid, a REVISION may not, and both keep the columns of tables; all else is a MODEL.

mod rules;

use event::schema_key::SchemaVersion;
use serde_json::Value;

/// The part of a version that grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bump {
    /// The last part.
    Addition,
    /// The second part.
    Revision,
    /// The first part.
    Model,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The part of the schema, as a JSON pointer; the whole is empty.
    pub pointer: String,
    /// What changes, and what it means.
    pub what: String,
    /// What has to grow for it.
    pub needs: Bump,
}

impl Bump {
    /// `ADDITION`, `REVISION`, `MODEL`
    pub fn name(self) -> &'static str {
        match self {
            Self::Addition => "ADDITION",
            Self::Revision => "REVISION",
            Self::Model => "MODEL",
        }
    }

    /// What grows between two versions; `None`: the second one is no later one.
    pub fn between(old: SchemaVersion, new: SchemaVersion) -> Option<Self> {
        if new.model != old.model {
            (new.model > old.model).then_some(Self::Model)
        } else if new.revision != old.revision {
            (new.revision > old.revision).then_some(Self::Revision)
        } else {
            (new.addition > old.addition).then_some(Self::Addition)
        }
    }

    /// The version after `old` in which this part grew.
    pub fn after(self, old: SchemaVersion) -> SchemaVersion {
        match self {
            Self::Addition => SchemaVersion { addition: old.addition + 1, ..old },
            Self::Revision => SchemaVersion::new(old.model, old.revision + 1, 0),
            Self::Model => SchemaVersion::new(old.model + 1, 0, 0),
        }
    }
}

/// All that changes from one schema to another, outer parts first. Texts such as `description` do not count.
pub fn between(old: &Value, new: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    rules::compare(old, new, &mut String::new(), &mut found);
    found
}

/// What has to grow for all of it.
pub fn needed(differences: &[Difference]) -> Bump {
    differences.iter().map(|difference| difference.needs).max().unwrap_or(Bump::Addition)
}

#[cfg(test)]
mod tests {
    use serde_json::from_str;

    use super::*;

    #[track_caller]
    fn check(old: &str, new: &str, expected: &[(&str, Bump)]) {
        let found = between(&from_str(old).unwrap(), &from_str(new).unwrap());
        let got: Vec<(&str, Bump)> = found.iter().map(|d| (d.pointer.as_str(), d.needs)).collect();
        assert_eq!(got, expected, "{old} -> {new}: {found:?}");
    }

    #[test]
    fn scalars() {
        use Bump::{Addition, Model, Revision};
        let of = |rest: &str| format!(r#"{{"type":"string"{rest}}}"#);
        check(&of(""), &of(r#","description":"d""#), &[]);
        check(&of(r#","maxLength":64"#), &of(r#","maxLength":128"#), &[("/maxLength", Addition)]);
        check(&of(r#","maxLength":128"#), &of(r#","maxLength":64"#), &[("/maxLength", Revision)]);
        check(&of(""), &of(r#","maxLength":64"#), &[("/maxLength", Revision)]);
        check(&of(r#","minLength":1"#), &of(""), &[("/minLength", Addition)]);
        check(&of(r#","pattern":"a""#), &of(r#","pattern":"b""#), &[("/pattern", Revision)]);
        check(&of(""), &of(r#","format":"date-time""#), &[("/format", Model)]);
        check(&of(r#","format":"uri""#), &of(""), &[("/format", Addition)]);
        check(&of(r#","enum":["a"]"#), &of(r#","enum":["a","b"]"#), &[("/enum", Addition)]);
        check(&of(r#","enum":["a","b"]"#), &of(r#","enum":["a"]"#), &[("/enum", Revision)]);
        check(r#"{"enum":["a"]}"#, r#"{"enum":["a",1]}"#, &[("/enum", Model)]);
        check(r#"{"type":"string"}"#, r#"{"type":["string","null"]}"#, &[("/type", Addition)]);
        check(r#"{"type":["string","null"]}"#, r#"{"type":"string"}"#, &[("/type", Revision)]);
        check(r#"{"type":"string"}"#, r#"{"type":"integer"}"#, &[("/type", Model)]);
        check(r#"{"type":"integer"}"#, r#"{"type":"number"}"#, &[("/type", Model)]);
    }

    #[test]
    fn integers_that_need_a_wider_column() {
        use Bump::{Addition, Model, Revision};
        let of = |max: &str| format!(r#"{{"type":"integer","minimum":0,"maximum":{max}}}"#);
        check(&of("100"), &of("1000"), &[("/maximum", Addition)]);
        check(&of("1000"), &of("100"), &[("/maximum", Revision)]);
        check(&of("100"), &of("3000000000"), &[("/maximum", Addition), ("", Model)]);
    }

    #[test]
    fn objects() {
        use Bump::{Addition, Model, Revision};
        let of =
            |rest: &str| format!(r#"{{"type":"object","properties":{{"a":{{"type":"string"}}}}{rest}}}"#);
        let closed = of(r#","additionalProperties":false"#);
        let two = r#"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}"#;
        check(&closed, &format!(r#"{two},"additionalProperties":false}}"#), &[("/properties/b", Addition)]);
        check(&format!(r#"{two},"additionalProperties":false}}"#), &closed, &[("/properties/b", Revision)]);
        check(&of(""), &format!("{two}}}"), &[("/properties/b", Addition)]);
        check(&format!("{two}}}"), &of(""), &[("/properties/b", Addition)]);
        check(&of(""), &of(r#","required":["a"]"#), &[("/required", Revision)]);
        check(&of(r#","required":["a"]"#), &of(""), &[("/required", Addition)]);
        check(&of(""), &closed, &[("/additionalProperties", Revision)]);
        check(&closed, &of(""), &[("/additionalProperties", Addition)]);
        let inner = of("").replace("string", "integer");
        check(&of(""), &inner, &[("/properties/a/type", Model)]);
        check(&of(r#","oneOf":[{}]"#), &of(""), &[("/oneOf", Model)]);
        check(&of(""), &of(r#","not":{}"#), &[("/not", Revision)]);
    }

    #[test]
    fn arrays() {
        use Bump::{Addition, Model, Revision};
        let of = |rest: &str| format!(r#"{{"type":"array"{rest}}}"#);
        let strings = of(r#","items":{"type":"string"}"#);
        check(&of(""), &strings, &[("/items", Model)]);
        check(&strings, &strings.replace("string", "boolean"), &[("/items/type", Model)]);
        check(&of(r#","maxItems":2"#), &of(r#","maxItems":3"#), &[("/maxItems", Addition)]);
        check(&of(""), &of(r#","uniqueItems":true"#), &[("/uniqueItems", Revision)]);
    }

    #[test]
    fn what_grows() {
        let version = |text: &str| text.parse::<SchemaVersion>().unwrap();
        for (old, new, grows) in [
            ("1-0-0", "1-0-1", Some(Bump::Addition)),
            ("1-0-9", "1-1-0", Some(Bump::Revision)),
            ("1-2-3", "2-0-0", Some(Bump::Model)),
            ("1-0-0", "1-0-0", None),
            ("2-0-0", "1-9-9", None),
        ] {
            assert_eq!(Bump::between(version(old), version(new)), grows, "{old} {new}");
        }
        assert_eq!(Bump::Revision.after(version("1-2-3")).to_string(), "1-3-0");
    }
}
