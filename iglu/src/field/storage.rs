//! Schemas made simple enough for columns (`spec/loaders-and-leases.md` 4.4): no tuples, no open objects beside declared
//! properties, no alternatives. Nearly all data that are valid for the schema are valid for the result.

use super::{
    narrow::narrow,
    syntax::{Additional, Items, Members, Syntax},
    widen::widen,
};
use crate::syntax::Kind;

/// The schema that columns are made from.
pub(super) fn for_storage(schema: &Syntax) -> Syntax {
    without_alternatives(&closed(&without_tuples(schema)))
}

fn without_tuples(schema: &Syntax) -> Syntax {
    let items = match &schema.items {
        Some(Items::Places(places)) => {
            let first = match &schema.additional_items {
                Some(Additional::Like(schema)) => Some(Syntax::clone(schema)),
                _ => None,
            };
            first
                .into_iter()
                .chain(places.iter().map(without_tuples))
                .reduce(|a, b| widen(&a, &b))
                .map(|one| Items::Each(Box::new(one)))
        }
        items => each(items.as_ref(), without_tuples),
    };
    Syntax {
        items,
        additional_items: None,
        additional_properties: like(schema.additional_properties.as_ref(), without_tuples),
        properties: members(schema.properties.as_ref(), without_tuples),
        pattern_properties: members(schema.pattern_properties.as_ref(), without_tuples),
        one_of: all(schema.one_of.as_ref(), without_tuples),
        any_of: all(schema.any_of.as_ref(), without_tuples),
        ..schema.clone()
    }
}

fn closed(schema: &Syntax) -> Syntax {
    let is_object = schema.types.as_ref().is_some_and(|types| types.has(Kind::Object));
    Syntax {
        items: each(schema.items.as_ref(), closed),
        properties: members(schema.properties.as_ref(), closed),
        additional_properties: if is_object && has_properties(schema) {
            Some(Additional::Allowed(false))
        } else {
            schema.additional_properties.clone()
        },
        pattern_properties: None,
        one_of: all(schema.one_of.as_ref(), closed),
        any_of: all(schema.any_of.as_ref(), closed),
        ..schema.clone()
    }
}

/// Whether it, or one of its alternatives, declares a property.
fn has_properties(schema: &Syntax) -> bool {
    schema.properties.as_ref().is_some_and(|all| !all.is_empty())
        || schema.one_of.iter().chain(&schema.any_of).flatten().any(has_properties)
}

fn without_alternatives(schema: &Syntax) -> Syntax {
    let base = Syntax {
        items: each(schema.items.as_ref(), without_alternatives),
        properties: members(schema.properties.as_ref(), without_alternatives),
        pattern_properties: members(schema.pattern_properties.as_ref(), without_alternatives),
        additional_properties: like(schema.additional_properties.as_ref(), without_alternatives),
        one_of: None,
        any_of: None,
        ..schema.clone()
    };
    let alternatives = schema.one_of.iter().chain(&schema.any_of).flatten();
    let narrowed = alternatives.map(|alternative| narrow(&base, &without_alternatives(alternative)));
    narrowed.reduce(|a, b| widen(&a, &b)).unwrap_or(base)
}

fn each(items: Option<&Items>, change: fn(&Syntax) -> Syntax) -> Option<Items> {
    items.map(|items| match items {
        Items::Each(one) => Items::Each(Box::new(change(one))),
        Items::Places(places) => Items::Places(places.iter().map(change).collect()),
    })
}

fn members(members: Option<&Members>, change: fn(&Syntax) -> Syntax) -> Option<Members> {
    members.map(|all| all.iter().map(|(name, schema)| (name.clone(), change(schema))).collect())
}

fn like(additional: Option<&Additional>, change: fn(&Syntax) -> Syntax) -> Option<Additional> {
    additional.map(|additional| match additional {
        Additional::Like(schema) => Additional::Like(Box::new(change(schema))),
        Additional::Allowed(allowed) => Additional::Allowed(*allowed),
    })
}

fn all(all: Option<&Vec<Syntax>>, change: fn(&Syntax) -> Syntax) -> Option<Vec<Syntax>> {
    all.map(|all| all.iter().map(change).collect())
}
