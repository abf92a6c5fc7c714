//! The leaves of a schema: the places that become columns (`spec/iglu.md` 6.3 and 6.8).

use super::keywords::Keywords;
use crate::syntax::Kind;

/// One leaf.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf<'a> {
    /// Where it stands in the schema: `/properties/a/properties/b`.
    pub pointer: String,
    /// Where its value stands in the data: `a`, `b`.
    pub path: Vec<&'a str>,
    /// What the schema says about it.
    pub keywords: &'a Keywords,
    /// The original's rule: in `required` of its parent and so on up to the root, and not null itself.
    pub not_null: bool,
    /// Whether valid data may really lack it: null parents and missing `type`s count.
    pub may_be_absent: bool,
    /// It comes from `additionalProperties` or `additionalItems`: its value is the whole object or array around it.
    pub additional: bool,
}

/// Every leaf but the root, in the order of the document. Leaves that lie above others are among them.
pub fn leaves(root: &Keywords) -> Vec<Leaf<'_>> {
    let mut found = Vec::new();
    let here = Leaf {
        pointer: String::new(),
        path: Vec::new(),
        keywords: root,
        not_null: true,
        may_be_absent: false,
        additional: false,
    };
    walk(&here, true, &mut found);
    found.retain(|leaf| !leaf.path.is_empty());
    found
}

/// Whether `pointer` lies above `other`.
pub fn is_above(pointer: &str, other: &str) -> bool {
    other.strip_prefix(pointer).is_some_and(|rest| rest.starts_with('/'))
}

/// `required`: every step so far is in `required` of the one before.
fn walk<'a>(here: &Leaf<'a>, required: bool, found: &mut Vec<Leaf<'a>>) {
    let keywords = here.keywords;
    let kinds: Vec<Kind> = keywords.kinds().collect();
    let union = kinds.len() > 1 && kinds.iter().any(|k| !matches!(k, Kind::Integer | Kind::Number));
    let opened = kinds == [Kind::Object] && keywords.properties.is_some();
    if !opened {
        found.push(here.clone());
    }
    if union {
        return;
    }
    for (name, property) in keywords.properties.iter().flatten() {
        let required = required && keywords.required.iter().any(|r| r == name);
        let nullable = property.allows_null() || (property.types.is_none() && property.members.is_none());
        let next = Leaf {
            pointer: format!("{}/properties/{name}", here.pointer),
            path: here.path.iter().copied().chain([name.as_str()]).collect(),
            keywords: property,
            not_null: required && !property.allows_null(),
            may_be_absent: here.may_be_absent || !required || nullable,
            additional: false,
        };
        walk(&next, required, found);
    }
    let additional = [
        ("additionalProperties", &keywords.additional_properties),
        ("additionalItems", &keywords.additional_items),
    ];
    for (step, inner) in additional {
        if let Some(inner) = inner {
            let next = Leaf {
                pointer: format!("{}/{step}", here.pointer),
                path: here.path.clone(),
                keywords: inner,
                not_null: false,
                may_be_absent: true,
                additional: true,
            };
            walk(&next, false, found);
        }
    }
}
