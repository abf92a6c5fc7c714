//! A schema for what either of two schemas allows (`spec/loaders-and-leases.md` 4.4): alternatives, members of tuples.

use std::cmp::Ordering;

use super::{
    number::Number,
    syntax::{Additional, Items, Members, Syntax, Types},
};
use crate::syntax::Kind;

/// The schema of what either allows.
pub(super) fn widen(a: &Syntax, b: &Syntax) -> Syntax {
    let pair = Pair { a, b };
    let numbers = [Kind::Number, Kind::Integer];
    Syntax {
        multiple_of: pair.equal(&numbers, |s| &s.multiple_of, |a, b| a.order(b) == Ordering::Equal),
        minimum: pair.of(&numbers, |s| &s.minimum, |a, b| Some(Number::smaller(a, b))),
        maximum: pair.of(&numbers, |s| &s.maximum, |a, b| Some(Number::larger(a, b))),
        max_length: pair.of(&[Kind::String], |s| &s.max_length, |a, b| Some(Number::larger(a, b))),
        min_length: pair.of(&[Kind::String], |s| &s.min_length, |a, b| Some(Number::smaller(a, b))),
        pattern: pair.equal(&[Kind::String], |s| &s.pattern, PartialEq::eq),
        format: pair.equal(&[Kind::String], |s| &s.format, PartialEq::eq),
        schema_uri: pair.equal(&[Kind::String], |s| &s.schema_uri, PartialEq::eq),
        items: pair.of(&[Kind::Array], |s| &s.items, |a, b| Some(items(a, b))),
        additional_items: pair.of(&[Kind::Array], |s| &s.additional_items, |a, b| Some(additional(a, b))),
        min_items: pair.of(&[Kind::Array], |s| &s.min_items, |a, b| Some(Number::smaller(a, b))),
        max_items: pair.of(&[Kind::Array], |s| &s.max_items, |a, b| Some(Number::larger(a, b))),
        properties: pair.members(|s| &s.properties),
        additional_properties: pair.of(
            &[Kind::Object],
            |s| &s.additional_properties,
            |a, b| Some(additional(a, b)),
        ),
        required: pair.of(
            &[Kind::Object],
            |s| &s.required,
            |a, b| Some(a.iter().filter(|name| b.contains(name)).cloned().collect()),
        ),
        pattern_properties: pair.members(|s| &s.pattern_properties),
        types: a.types.as_ref().zip(b.types.as_ref()).map(|(a, b)| {
            let new = b.kinds.iter().filter(|kind| !a.has(**kind));
            Types::of(a.kinds.iter().chain(new).copied().collect())
        }),
        members: a.members.as_ref().zip(b.members.as_ref()).map(|(a, b)| {
            let mut all = Vec::new();
            for member in a.iter().chain(b) {
                if !all.contains(member) {
                    all.push(member.clone());
                }
            }
            all
        }),
        one_of: None,
        any_of: alternatives(a, b),
        description: a.description.clone().filter(|text| Some(text) == b.description.as_ref()),
    }
}

/// What a schema has to say counts only if it allows the type that this is about.
struct Pair<'s> {
    a: &'s Syntax,
    b: &'s Syntax,
}

impl<'s> Pair<'s> {
    fn of<T: Clone + 's>(
        &self,
        kinds: &[Kind],
        get: impl Fn(&'s Syntax) -> &'s Option<T>,
        combine: impl FnOnce(&T, &T) -> Option<T>,
    ) -> Option<T> {
        match (allows(self.a, kinds), allows(self.b, kinds)) {
            (false, false) => None,
            (true, false) => get(self.a).clone(),
            (false, true) => get(self.b).clone(),
            (true, true) => combine(get(self.a).as_ref()?, get(self.b).as_ref()?),
        }
    }

    fn equal<T: Clone + 's>(
        &self,
        kinds: &[Kind],
        get: impl Fn(&'s Syntax) -> &'s Option<T>,
        is_equal: impl FnOnce(&T, &T) -> bool,
    ) -> Option<T> {
        self.of(kinds, get, |a, b| is_equal(a, b).then(|| a.clone()))
    }

    fn members(&self, get: impl Fn(&'s Syntax) -> &'s Option<Members>) -> Option<Members> {
        match (allows(self.a, &[Kind::Object]), allows(self.b, &[Kind::Object])) {
            (false, false) => None,
            (true, false) => get(self.a).clone(),
            (false, true) => get(self.b).clone(),
            (true, true) => {
                let none = Vec::new();
                let (a, b) = (get(self.a).as_ref().unwrap_or(&none), get(self.b).as_ref().unwrap_or(&none));
                let find = |members: &'_ Members, name: &str| members.iter().position(|(n, _)| n == name);
                let of_a = a.iter().map(|(name, schema)| {
                    let widened = match find(b, name) {
                        Some(at) => widen(schema, &b[at].1),
                        None => beside(self.b, schema),
                    };
                    (name.clone(), widened)
                });
                let of_b = b.iter().filter(|(name, _)| find(a, name).is_none());
                let of_b = of_b.map(|(name, schema)| (name.clone(), beside(self.a, schema)));
                let all: Members = of_a.chain(of_b).collect();
                (!all.is_empty()).then_some(all)
            }
        }
    }
}

/// A property that only one schema has, beside what the other allows there.
fn beside(other: &Syntax, property: &Syntax) -> Syntax {
    match &other.additional_properties {
        Some(Additional::Like(schema)) => widen(schema, property),
        Some(Additional::Allowed(false)) => property.clone(),
        Some(Additional::Allowed(true)) | None => Syntax::default(),
    }
}

fn allows(schema: &Syntax, kinds: &[Kind]) -> bool {
    schema.types.as_ref().is_none_or(|types| kinds.iter().any(|kind| types.has(*kind)))
}

fn items(a: &Items, b: &Items) -> Items {
    let combined = match (a, b) {
        (Items::Each(a), Items::Each(b)) => widen(a, b),
        // Tuples are gone before.
        _ => Syntax::default(),
    };
    Items::Each(Box::new(combined))
}

fn additional(a: &Additional, b: &Additional) -> Additional {
    match (a, b) {
        (Additional::Allowed(true), _) | (_, Additional::Allowed(true)) => Additional::Allowed(true),
        (Additional::Allowed(false), other) | (other, Additional::Allowed(false)) => other.clone(),
        (Additional::Like(a), Additional::Like(b)) => Additional::Like(Box::new(widen(a, b))),
    }
}

fn alternatives(a: &Syntax, b: &Syntax) -> Option<Vec<Syntax>> {
    let of = |schema: &Syntax| -> Vec<Syntax> {
        schema.one_of.iter().flatten().chain(schema.any_of.iter().flatten()).cloned().collect()
    };
    let (a, b) = (of(a), of(b));
    (!a.is_empty() && !b.is_empty()).then(|| a.into_iter().chain(b).collect())
}
