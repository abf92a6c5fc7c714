//! A configuration as a tree: what every layer is turned into before it is read.

use serde_json::Value;

/// One value of a configuration.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `{ ... }`, keys in order of appearance, each once.
    Object(Vec<(String, Node)>),
    /// `[ ... ]`
    List(Vec<Node>),
    /// A string, quoted or not.
    Text(String),
    /// A number, as it was written.
    Number(String),
    /// `true` or `false`.
    Bool(bool),
    /// `null`
    Null,
}

impl Node {
    /// The value under `key`, when this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match self {
            Self::Object(fields) => fields.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The value at a path of keys.
    pub fn at<'a>(&'a self, path: impl IntoIterator<Item = &'a str>) -> Option<&'a Node> {
        path.into_iter().try_fold(self, |node, key| node.get(key))
    }

    /// Sets the value at a path, making objects on the way; what stood there and is no object gives way.
    pub fn set(&mut self, path: &[&str], value: Node) {
        let Some((first, rest)) = path.split_first() else {
            *self = value;
            return;
        };
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(Vec::new());
        }
        if let Self::Object(fields) = self {
            let at = fields.iter().position(|(k, _)| k == first).unwrap_or_else(|| {
                fields.push(((*first).to_owned(), Self::Object(Vec::new())));
                fields.len() - 1
            });
            fields[at].1.set(rest, value);
        }
    }

    /// Takes away what stands at a path; `false`: nothing did.
    pub fn remove(&mut self, path: &[String]) -> bool {
        let Self::Object(fields) = self else { return false };
        let Some((first, rest)) = path.split_first() else { return false };
        match fields.iter().position(|(k, _)| k == first) {
            Some(at) if rest.is_empty() => {
                fields.remove(at);
                true
            }
            Some(at) => fields[at].1.remove(rest),
            None => false,
        }
    }

    /// The paths of all that a pattern means: dotted, `*` for any one key.
    pub fn matching(&self, pattern: &str) -> Vec<Vec<String>> {
        let (first, rest) = match pattern.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (pattern, None),
        };
        let Self::Object(fields) = self else { return Vec::new() };
        let found = fields.iter().filter(|(key, _)| first == "*" || key == first).flat_map(|(key, value)| {
            let below = match rest {
                Some(rest) => value.matching(rest),
                None => vec![Vec::new()],
            };
            below.into_iter().map(move |path| std::iter::once(key.clone()).chain(path).collect())
        });
        found.collect()
    }

    /// This layer over another: objects are merged key by key, everything else is replaced.
    #[must_use]
    pub fn over(self, under: Node) -> Node {
        match (self, under) {
            (Self::Object(over), Self::Object(mut under)) => {
                for (key, value) in over {
                    match under.iter().position(|(k, _)| *k == key) {
                        Some(at) => {
                            let below = std::mem::replace(&mut under[at].1, Self::Null);
                            under[at].1 = value.over(below);
                        }
                        None => under.push((key, value)),
                    }
                }
                Self::Object(under)
            }
            (over, _) => over,
        }
    }

    /// The tree with what stands under `root` lifted to the top, where it wins over what already stands there
    /// (`spec/collector.md` 8.1: the whole may sit under `collector { }` or at top level).
    #[must_use]
    pub fn lifted(self, root: &str) -> Node {
        match self {
            Self::Object(mut fields) => {
                let at = fields.iter().position(|(k, v)| k == root && matches!(v, Self::Object(_)));
                match at {
                    Some(at) => {
                        let (_, nested) = fields.remove(at);
                        nested.over(Self::Object(fields))
                    }
                    None => Self::Object(fields),
                }
            }
            other => other,
        }
    }

    /// The same as JSON; a number that JSON cannot write becomes text.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Object(fields) => {
                Value::Object(fields.iter().map(|(key, value)| (key.clone(), value.to_json())).collect())
            }
            Self::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Self::Text(text) => text.as_str().into(),
            Self::Number(raw) => serde_json::from_str(raw).unwrap_or_else(|_| raw.as_str().into()),
            Self::Bool(value) => (*value).into(),
            Self::Null => Value::Null,
        }
    }

    /// The paths of everything that is no object, and of empty objects, in order of appearance.
    pub fn leaves(&self) -> Vec<String> {
        fn walk(node: &Node, path: &str, out: &mut Vec<String>) {
            match node {
                Node::Object(fields) if !fields.is_empty() => {
                    for (key, value) in fields {
                        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                        walk(value, &path, out);
                    }
                }
                _ => out.push(path.to_owned()),
            }
        }
        let mut out = Vec::new();
        walk(self, "", &mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(s: &str) -> Node {
        Node::Text(s.into())
    }

    fn object(fields: &[(&str, Node)]) -> Node {
        Node::Object(fields.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
    }

    #[test]
    fn layers_merge_by_key() {
        let under = object(&[("a", object(&[("x", text("1")), ("y", text("2"))])), ("b", text("3"))]);
        let over = object(&[("a", object(&[("y", text("9"))])), ("c", text("4"))]);
        let expect = object(&[
            ("a", object(&[("x", text("1")), ("y", text("9"))])),
            ("b", text("3")),
            ("c", text("4")),
        ]);
        assert_eq!(over.over(under), expect);
    }

    #[test]
    fn patterns_find_paths_and_paths_are_removed() {
        let mut tree = object(&[
            ("good", object(&[("region", text("r"))])),
            ("bad", object(&[("region", text("s")), ("name", text("b"))])),
        ]);
        let check = |pattern: &str, expect: &[&str]| {
            let found: Vec<String> = tree.matching(pattern).iter().map(|path| path.join(".")).collect();
            assert_eq!(found, expect, "{pattern}");
        };
        check("*.region", &["good.region", "bad.region"]);
        check("bad.*", &["bad.region", "bad.name"]);
        check("good", &["good"]);
        check("good.region.x", &[]);
        assert!(tree.remove(&["bad".into(), "region".into()]));
        assert!(!tree.remove(&["bad".into(), "region".into()]));
        assert_eq!(tree.leaves(), ["good.region", "bad.name"]);
    }

    #[test]
    fn what_is_nested_wins_over_what_is_not() {
        let tree = object(&[("collector", object(&[("port", text("1"))])), ("port", text("2"))]);
        assert_eq!(tree.clone().lifted("collector"), object(&[("port", text("1"))]));
        assert_eq!(tree.clone().lifted("enrich"), tree);
    }

    #[test]
    fn a_path_replaces_what_is_no_object() {
        let mut tree = object(&[("a", text("1"))]);
        tree.set(&["a", "b"], text("2"));
        tree.set(&["c"], text("3"));
        assert_eq!(tree.leaves(), ["a.b", "c"]);
    }
}
