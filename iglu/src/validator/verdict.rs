//! Valid or not: the walk that every entity of every event takes. It allocates only for numbers with a fraction.

use serde_json::{Map, Number, Value};

use super::{
    decimal::{self, Decimal},
    equality,
    tree::{
        Additional, ArrayRules, Dependency, Node, NodeId, NumberRules, ObjectRules, Slot, StringRules,
        Threshold, Tree, kind,
    },
};

/// Whether `data` are valid by `node`.
pub(super) fn is_valid(tree: &Tree, node: &Node, data: &Value) -> bool {
    if node.types.as_ref().is_some_and(|types| types.accepted & kind_of(data) == 0) {
        return false;
    }
    let holds = match data {
        Value::String(text) => node.string.as_ref().is_none_or(|rules| string(rules, text)),
        Value::Object(map) => {
            node.object.as_ref().is_none_or(|rules| object(tree, rules, map, data))
                && node.array.as_ref().is_none_or(|rules| !rules.unique || equality::all_differ(map.values()))
        }
        Value::Number(value) => node.number.as_ref().is_none_or(|rules| number(rules, value)),
        Value::Array(items) => node.array.as_ref().is_none_or(|rules| array(tree, rules, items)),
        Value::Bool(_) | Value::Null => true,
    };
    holds
        && node.object.as_ref().is_none_or(|rules| rules.read_only.is_empty())
        && node.enumeration.as_ref().is_none_or(|listed| equality::is_listed(&listed.values, data))
        && node.union_types.as_ref().is_none_or(|types| types.accepted & kind_of(data) != 0)
        && node.reference.is_none_or(|id| by(tree, id, data))
        && node.all_of.iter().all(|id| by(tree, *id, data))
        && node.any_of.as_ref().is_none_or(|ids| ids.is_empty() || ids.iter().any(|id| by(tree, *id, data)))
        && node.one_of.as_ref().is_none_or(|one_of| {
            one_of.branches.is_empty()
                || one_of.branches.iter().filter(|id| by(tree, **id, data)).take(2).count() == 1
        })
        && node.not.as_ref().is_none_or(|not| !by(tree, not.node, data))
}

/// The kind of a value as a bit.
pub(super) fn kind_of(data: &Value) -> u8 {
    match data {
        Value::Object(_) => kind::OBJECT,
        Value::Array(_) => kind::ARRAY,
        Value::String(_) => kind::STRING,
        Value::Number(number) if decimal::is_integer(number.as_str()) => kind::INTEGER,
        Value::Number(_) => kind::NUMBER,
        Value::Bool(_) => kind::BOOLEAN,
        Value::Null => kind::NULL,
    }
}

/// Whether the text has at least this many code points.
pub(super) fn is_long_enough(text: &str, min: usize) -> bool {
    // A code point has one to four bytes.
    text.len() >= min && (text.len() / 4 >= min || text.chars().count() >= min)
}

/// Whether the text has at most this many code points.
pub(super) fn is_short_enough(text: &str, max: usize) -> bool {
    text.len() <= max || text.len() / 4 <= max && text.chars().count() <= max
}

/// Whether the number crosses a `minimum`.
pub(super) fn is_below(threshold: &Threshold, value: &Number) -> bool {
    match compare(threshold, value) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Equal => threshold.exclusive,
        std::cmp::Ordering::Greater => false,
    }
}

/// Whether the number crosses a `maximum`.
pub(super) fn is_above(threshold: &Threshold, value: &Number) -> bool {
    match compare(threshold, value) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => threshold.exclusive,
        std::cmp::Ordering::Less => false,
    }
}

/// Whether the number is a multiple. Integers beyond 2^53 are rounded first, as in the original.
pub(super) fn is_multiple(divisor: &Decimal, value: &Number) -> bool {
    let text = value.as_str();
    let value = match text.parse::<f64>() {
        Ok(rounded) if decimal::is_integer(text) && text.len() > 15 && rounded.is_finite() => {
            Decimal::from(rounded)
        }
        _ => Decimal::parse(text),
    };
    value.is_multiple_of(divisor)
}

fn by(tree: &Tree, id: NodeId, data: &Value) -> bool {
    is_valid(tree, &tree.nodes[id], data)
}

fn compare(threshold: &Threshold, value: &Number) -> std::cmp::Ordering {
    let text = value.as_str();
    if let Some(limit) = threshold.integer {
        if let Ok(value) = text.parse::<i64>() {
            return value.cmp(&limit);
        }
        if threshold.truncates && !decimal::is_integer(text) {
            return Decimal::parse(text).whole().cmp(&limit);
        }
    }
    Decimal::parse(text).cmp(&threshold.value)
}

fn string(rules: &StringRules, text: &str) -> bool {
    rules.max_length.is_none_or(|max| is_short_enough(text, max))
        && rules.min_length.is_none_or(|min| is_long_enough(text, min))
        && rules.format.as_ref().is_none_or(|format| format.accepts(text))
        && rules.pattern.as_ref().is_none_or(|pattern| pattern.is_found(text))
}

fn number(rules: &NumberRules, value: &Number) -> bool {
    rules.minimum.as_ref().is_none_or(|threshold| !is_below(threshold, value))
        && rules.maximum.as_ref().is_none_or(|threshold| !is_above(threshold, value))
        && rules.multiple_of.as_ref().is_none_or(|divisor| is_multiple(&divisor.value, value))
}

fn array(tree: &Tree, rules: &ArrayRules, items: &[Value]) -> bool {
    rules.min_items.is_none_or(|min| items.len() >= min)
        && rules.max_items.is_none_or(|max| items.len() <= max)
        && items.iter().enumerate().all(|(place, item)| match (rules.items, rules.tuple.get(place)) {
            (Some(id), _) | (None, Some(&id)) => by(tree, id, item),
            (None, None) => match rules.additional {
                Additional::Allowed => true,
                Additional::Refused => false,
                Additional::Judged(id) => by(tree, id, item),
            },
        })
        && (!rules.unique || equality::all_differ(items.iter()))
}

fn object(tree: &Tree, rules: &ObjectRules, map: &Map<String, Value>, data: &Value) -> bool {
    if rules.min_properties.is_some_and(|min| map.len() < min)
        || rules.max_properties.is_some_and(|max| map.len() > max)
    {
        return false;
    }
    let mut required = 0;
    for (name, value) in map {
        let slot = rules.table.get(name.as_str()).copied().unwrap_or_default();
        required += usize::from(slot.required);
        if !property(tree, rules, slot, name, value) {
            return false;
        }
    }
    required == rules.required_names
        && rules.not_allowed.iter().all(|name| !map.contains_key(name))
        && rules.dependencies.iter().filter(|(name, _)| map.contains_key(name)).all(|(_, dependency)| {
            match dependency {
                Dependency::Names(names) => names.iter().all(|name| map.contains_key(name)),
                Dependency::Schema(id) => by(tree, *id, data),
            }
        })
}

fn property(tree: &Tree, rules: &ObjectRules, slot: Slot, name: &str, value: &Value) -> bool {
    if slot.node.is_some_and(|id| !by(tree, id, value)) {
        return false;
    }
    let mut known = slot.node.is_some();
    for (pattern, id) in &rules.patterns {
        if pattern.is_found(name) {
            known = true;
            if !by(tree, *id, value) {
                return false;
            }
        }
    }
    if known || name.starts_with('#') {
        return true;
    }
    match rules.additional {
        Additional::Allowed => true,
        Additional::Refused => false,
        Additional::Judged(id) => by(tree, id, value),
    }
}
