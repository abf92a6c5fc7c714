//! `-Dkey=value`: overrides as Java system properties write them.

use super::node::Node;

/// One `-Dkey=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The dotted key, with or without the root key of the role.
    pub key: String,
    /// The value, always text.
    pub value: String,
}

/// The argument is not `key=value`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`-D{0}`: expected `-Dkey=value`, for example `-Dcollector.port=9090`")]
pub struct OverrideError(pub String);

impl Override {
    /// Reads `key=value`, what follows `-D` on the command line.
    ///
    /// # Errors
    ///
    /// There is no `=`, or the key is empty or has an empty part.
    pub fn parse(text: &str) -> Result<Self, OverrideError> {
        match text.split_once('=') {
            Some((key, value)) if parts(key).iter().all(|part| !part.trim().is_empty()) => {
                Ok(Self { key: key.trim().to_owned(), value: value.to_owned() })
            }
            _ => Err(OverrideError(text.to_owned())),
        }
    }

    /// The `-Dkey=value` parts of `JDK_JAVA_OPTIONS` or `JAVA_OPTS`, and the other parts, which mean nothing here
    /// (`spec/deploy.md` 6.2).
    pub fn of_java_options(options: &str) -> (Vec<Self>, Vec<String>) {
        let mut taken = Vec::new();
        let mut ignored = Vec::new();
        for part in options.split_whitespace() {
            let part = part.trim_matches(['"', '\'']);
            match part.strip_prefix("-D").map(Self::parse) {
                Some(Ok(found)) => taken.push(found),
                _ => ignored.push(part.to_owned()),
            }
        }
        (taken, ignored)
    }

    /// The parts of the key.
    pub(super) fn path(&self) -> Vec<&str> {
        parts(&self.key)
    }
}

/// The parts of a dotted key; a part in quotes may hold dots, as paths of requests do.
fn parts(key: &str) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), key.trim());
    loop {
        let quoted = rest.strip_prefix('"').and_then(|inner| inner.split_once('"'));
        let (part, after) = match quoted {
            Some((part, after)) if after.is_empty() || after.starts_with('.') => (part, after),
            _ => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        parts.push(part);
        match after.strip_prefix('.') {
            Some(after) => rest = after,
            None => return parts,
        }
    }
}

impl std::str::FromStr for Override {
    type Err = OverrideError;

    fn from_str(text: &str) -> Result<Self, OverrideError> {
        Self::parse(text)
    }
}

/// All overrides as one layer.
pub(super) fn tree(overrides: &[Override]) -> Node {
    let mut tree = Node::Object(Vec::new());
    for each in overrides {
        tree.set(&each.path(), Node::Text(each.value.clone()));
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_are_key_and_value() {
        let check = |text: &str, expect: Option<(&str, &str)>| {
            let found = Override::parse(text).ok();
            let expect = expect.map(|(k, v)| Override { key: k.into(), value: v.into() });
            assert_eq!(found, expect, "{text}");
        };
        check("a.b=c", Some(("a.b", "c")));
        check("a=", Some(("a", "")));
        check("a=b=c", Some(("a", "b=c")));
        check("a", None);
        check("=b", None);
        check("a..b=c", None);
    }

    #[test]
    fn a_part_in_quotes_may_hold_dots() {
        let check = |key: &str, expect: &[&str]| assert_eq!(parts(key), expect, "{key}");
        check("a.b", &["a", "b"]);
        check("paths.\"/com.acme/track\"", &["paths", "/com.acme/track"]);
        check("a.\"b.c\".d", &["a", "b.c", "d"]);
        check("a.\"b", &["a", "\"b"]);
        check("", &[""]);
    }

    #[test]
    fn java_options_give_their_properties() {
        let (taken, ignored) = Override::of_java_options("-Xmx1g -Dcollector.port=1 '-Da=b' -Dx");
        assert_eq!(taken.iter().map(|o| o.key.as_str()).collect::<Vec<_>>(), ["collector.port", "a"]);
        assert_eq!(ignored, ["-Xmx1g", "-Dx"]);
    }
}
