//! JSONPath as the configurations of enrichments use it: the common part of the two dialects of the original
//! (`spec/enrichments-and-adapters.md` 2.22). A path is compiled once; a bad one is refused then.

mod filter;
mod parse;

use serde_json::Value;

use self::filter::Filter;

/// A compiled path.
#[derive(Clone, Debug)]
pub(crate) struct JsonPath {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// Members of an object by their names.
    Members(Vec<String>),
    /// All members, all elements.
    All,
    /// Elements by their numbers, negative ones from the end.
    Elements(Vec<i64>),
    Slice {
        from: Option<i64>,
        to: Option<i64>,
        by: i64,
    },
    /// Elements of an array, or an object itself.
    Where(Filter),
    /// The value and everything in it, for the step behind.
    Deep,
}

/// Why a path is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {what} at character {at}")]
pub(crate) struct InvalidPath {
    path: String,
    what: &'static str,
    /// From 1.
    at: usize,
}

impl JsonPath {
    /// Compiles a path.
    ///
    /// # Errors
    /// Where it cannot be read, and why.
    pub(crate) fn compile(path: &str) -> Result<Self, InvalidPath> {
        parse::parse(path).map(|steps| Self { steps })
    }

    /// The values on the path.
    pub(crate) fn values(&self, root: &Value) -> Vec<Value> {
        let mut found = Vec::new();
        self.for_each_mut(&mut root.clone(), &mut |value| found.push(value.clone()));
        found
    }

    /// Hands every value on the path to `act`, outer ones before inner ones. Nothing is added where the path ends early.
    pub(crate) fn for_each_mut(&self, root: &mut Value, act: &mut impl FnMut(&mut Value)) {
        walk(root, &self.steps, act);
    }
}

fn walk(value: &mut Value, steps: &[Step], act: &mut impl FnMut(&mut Value)) {
    let Some((step, rest)) = steps.split_first() else { return act(value) };
    match step {
        Step::Members(names) => {
            if let Value::Object(members) = value {
                for name in names {
                    if let Some(member) = members.get_mut(name) {
                        walk(member, rest, act);
                    }
                }
            }
        }
        Step::All => children(value).for_each(|child| walk(child, rest, act)),
        Step::Elements(numbers) => {
            if let Value::Array(items) = value {
                for number in numbers {
                    if let Some(item) = at(*number, items.len()).and_then(|at| items.get_mut(at)) {
                        walk(item, rest, act);
                    }
                }
            }
        }
        Step::Slice { from, to, by } => {
            if let Value::Array(items) = value {
                for at in slice(*from, *to, *by, items.len()) {
                    walk(&mut items[at], rest, act);
                }
            }
        }
        Step::Where(filter) => match value {
            Value::Array(items) => {
                items.iter_mut().filter(|item| filter.holds(item)).for_each(|item| walk(item, rest, act));
            }
            Value::Object(_) if filter.holds(value) => walk(value, rest, act),
            _ => {}
        },
        Step::Deep => {
            match rest {
                // Each value once, not also as the element of its array.
                [Step::Where(filter), rest @ ..] if filter.holds(value) => walk(value, rest, act),
                [Step::Where(_), ..] => {}
                rest => walk(value, rest, act),
            }
            children(value).for_each(|child| walk(child, steps, act));
        }
    }
}

fn children(value: &mut Value) -> Box<dyn Iterator<Item = &mut Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter_mut()),
        Value::Object(members) => Box::new(members.values_mut()),
        _ => Box::new(std::iter::empty()),
    }
}

/// The place of an element, counted from the end when negative.
fn at(number: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let number = if number < 0 { number + length } else { number };
    usize::try_from(number).ok().filter(|at| (*at as i64) < length)
}

fn slice(from: Option<i64>, to: Option<i64>, by: i64, length: usize) -> Vec<usize> {
    let length = length as i64;
    let absolute = |n: i64| if n < 0 { n.saturating_add(length) } else { n };
    let range = if by > 0 {
        let from = from.map_or(0, absolute).clamp(0, length);
        let to = to.map_or(length, absolute).clamp(0, length);
        (from, to)
    } else {
        let from = from.map_or(length - 1, absolute).clamp(-1, length - 1);
        let to = to.map_or(-1, absolute).clamp(-1, length - 1);
        (from, to)
    };
    let mut places = Vec::new();
    let mut n = range.0;
    while (by > 0 && n < range.1) || (by < 0 && n > range.1) {
        places.push(n as usize);
        n = n.saturating_add(by);
    }
    places
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_on_a_path() {
        let root = json!({
            "a": {"b": "x", "c": ["y", {"b": "z", "n": 3}, "w"]},
            "b": "top", "d-e": "dash", "é f": "odd",
            "list": [{"k": "v", "n": 1}, {"k": "w", "n": 2}, {"n": 3, "k": null}],
        });
        let check = |path: &str, expect: Value| {
            let path = JsonPath::compile(path).unwrap_or_else(|e| panic!("{e}"));
            let mut found = Vec::new();
            path.for_each_mut(&mut root.clone(), &mut |value| found.push(value.clone()));
            assert_eq!(Value::Array(found), expect, "{path:?}");
        };
        check("$", json!([root]));
        check("$.b", json!(["top"]));
        check("$.a.b", json!(["x"]));
        check("$['a']['b']", json!(["x"]));
        check("$.['b','d-e']", json!(["top", "dash"]));
        check("$['é f']", json!(["odd"]));
        check("$.d-e", json!(["dash"]));
        check("$..b", json!(["top", "x", "z"]));
        check("$.a.*", json!(["x", ["y", {"b": "z", "n": 3}, "w"]]));
        check("$.a.c[*]", json!(["y", {"b": "z", "n": 3}, "w"]));
        check("$.a.c[0,2,7]", json!(["y", "w"]));
        check("$.a.c[-1]", json!(["w"]));
        check("$.a.c[-2:]", json!([{"b": "z", "n": 3}, "w"]));
        check("$.a.c[:1]", json!(["y"]));
        check("$.a.c[::2]", json!(["y", "w"]));
        check("$.a.c[::-1]", json!(["w", {"b": "z", "n": 3}, "y"]));
        check("$.a.c[5:1]", json!([]));
        check("$.a.c.b", json!([]));
        check("$.list[?(@.k=='v')].n", json!([1]));
        check("$.list[?(@.k == \"w\" || @.n == 1)].n", json!([1, 2]));
        check("$.list[?(@.n > 1 && @.n <= 3)].n", json!([2, 3]));
        check("$.list[?(@.k)].n", json!([1, 2, 3]));
        check("$.list[?(!(@.k == null))].n", json!([1, 2]));
        check("$.list[?(@.k != 'v')].n", json!([2, 3]));
        check("$.list[?(@.x != 'v')].n", json!([1, 2, 3]));
        check("$..[?(@.n == 3)].n", json!([3, 3]));
        check("$.a[?(@.b == 'x')].b", json!(["x"]));
        check("$.nothing.at.all", json!([]));
    }

    #[test]
    fn bad_paths_are_refused() {
        for path in ["", "a", "$.", "$a", "$[", "$['a", "$[1", "$[?(@.a]", "$[?(@.a ~ 1)]", "$.a..", "$[::0]"]
        {
            assert!(JsonPath::compile(path).is_err(), "{path}");
        }
    }
}
