//! What two schemas allow both (`spec/loaders-and-leases.md` 4.4): a schema and one of its alternatives.

use super::{
    number::Number,
    syntax::{Additional, Items, Members, Syntax, Types},
};

/// The schema of what both allow.
pub(super) fn narrow(a: &Syntax, b: &Syntax) -> Syntax {
    Syntax {
        multiple_of: both(&a.multiple_of, &b.multiple_of, Number::smaller),
        minimum: both(&a.minimum, &b.minimum, Number::larger),
        maximum: both(&a.maximum, &b.maximum, Number::smaller),
        max_length: both(&a.max_length, &b.max_length, Number::smaller),
        min_length: both(&a.min_length, &b.min_length, Number::larger),
        pattern: a.pattern.clone().or_else(|| b.pattern.clone()),
        format: a.format.clone().or_else(|| b.format.clone()),
        schema_uri: a.schema_uri.clone().or_else(|| b.schema_uri.clone()),
        items: both(&a.items, &b.items, items),
        additional_items: both(&a.additional_items, &b.additional_items, additional),
        min_items: both(&a.min_items, &b.min_items, Number::larger),
        max_items: both(&a.max_items, &b.max_items, Number::smaller),
        properties: both(&a.properties, &b.properties, members),
        additional_properties: both(&a.additional_properties, &b.additional_properties, additional),
        required: both(&a.required, &b.required, |a, b| {
            let new = b.iter().filter(|name| !a.contains(name));
            a.iter().chain(new).cloned().collect()
        }),
        pattern_properties: both(&a.pattern_properties, &b.pattern_properties, members),
        types: both(&a.types, &b.types, |a, b| {
            Types::of(a.kinds.iter().copied().filter(|kind| b.has(*kind)).collect())
        }),
        members: both(&a.members, &b.members, |a, b| {
            a.iter().filter(|member| b.contains(member)).cloned().collect()
        }),
        one_of: both(&a.one_of, &b.one_of, |a, b| pairs(a, b)),
        any_of: both(&a.any_of, &b.any_of, |a, b| pairs(a, b)),
        description: a.description.clone().or_else(|| b.description.clone()),
    }
}

/// What only one side says stays.
fn both<T: Clone>(a: &Option<T>, b: &Option<T>, combine: impl FnOnce(&T, &T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(combine(a, b)),
        (one, other) => one.as_ref().or(other.as_ref()).cloned(),
    }
}

fn items(a: &Items, b: &Items) -> Items {
    let combined = match (a, b) {
        (Items::Each(a), Items::Each(b)) => narrow(a, b),
        // Tuples are gone before.
        _ => Syntax::default(),
    };
    Items::Each(Box::new(combined))
}

fn additional(a: &Additional, b: &Additional) -> Additional {
    match (a, b) {
        (Additional::Allowed(false), _) | (_, Additional::Allowed(false)) => Additional::Allowed(false),
        (Additional::Allowed(true), other) | (other, Additional::Allowed(true)) => other.clone(),
        (Additional::Like(a), Additional::Like(b)) => Additional::Like(Box::new(narrow(a, b))),
    }
}

fn members(a: &Members, b: &Members) -> Members {
    let mut all = a.clone();
    for (name, schema) in b {
        match all.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = narrow(known, schema),
            None => all.push((name.clone(), schema.clone())),
        }
    }
    all
}

fn pairs(a: &[Syntax], b: &[Syntax]) -> Vec<Syntax> {
    a.iter().flat_map(|a| b.iter().map(move |b| narrow(b, a))).collect()
}
