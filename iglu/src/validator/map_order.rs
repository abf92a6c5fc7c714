//! The order in which the original meets the members of JSON objects: its maps keep up to four members in order of
//! insertion and larger ones by hash (`spec/enrich.md` 2.6).

use event::scala_map;
use serde_json::{Map, Value};

/// The members in the original's order.
pub(super) fn in_order(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<(&String, &Value)> = map.iter().collect();
    if members.len() > scala_map::SMALL {
        members.sort_by_cached_key(|(name, _)| scala_map::rank(name));
    }
    members
}

/// The value with the members of all its objects in the original's order.
pub(super) fn reordered(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(reordered).collect()),
        Value::Object(map) => Value::Object(
            in_order(map).into_iter().map(|(name, value)| (name.clone(), reordered(value))).collect(),
        ),
        scalar => scalar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_names_are_in_hash_order() {
        let map: Map<String, Value> = ["sid", "lang", "p", "cookie", "e", "duid", "aid"]
            .map(|name| (name.to_owned(), Value::Null))
            .into_iter()
            .collect();
        let names: Vec<&String> = in_order(&map).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["e", "duid", "aid", "cookie", "p", "lang", "sid"]);
    }
}
