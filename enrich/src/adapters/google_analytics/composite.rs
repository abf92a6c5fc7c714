//! Entities of parameters with numbers in their names: `pr12cd42` is dimension 42 of product 12.
//!
//! The original gathers the values of each column and reads them row by row, which gives a product the name of the next one
//! where it has none itself. Here values belong together whose numbers are the same; the order is the original's.

use std::{cmp::Reverse, collections::HashMap};

use event::{bad_row::Message, scala_map, schema_key::SchemaKey};
use serde_json::Value;

use super::{
    fields::{COMPOSITE, Field, NUMBER},
    translation::translate,
};
use crate::{
    adapters::{input, webhook_schemas::Kinds},
    compatibility::Compatibility,
    java::integer,
    parameters::Parameters,
};

/// What names of such parameters begin with.
const PREFIXES: [&str; 6] = ["pr", "promo", "il", "cd", "cm", "cg"];

/// A parameter taken apart.
struct Part<'a> {
    /// `prcd` of `pr12cd42`.
    name: String,
    value: &'a str,
    /// `IFprcd` is 12, `IFcd` is 42.
    numbers: Vec<(String, &'a str)>,
}

/// The entities, in the original's order.
///
/// # Errors
/// A name with digits that has another form, or a value that its field does not take.
pub(super) fn entities<'k>(
    form: &Parameters<'_>,
    line: Compatibility,
    kinds: &'k Kinds,
) -> Result<Vec<(&'k SchemaKey, Value)>, Box<Message>> {
    let has_digit = |name: &str| name.chars().any(|c| integer::digit(c).is_some());
    let mut named: Vec<(&str, &str)> = form
        .iter()
        .filter(|p| has_digit(&p.name))
        .filter_map(|p| Some((&*p.name, p.value.as_deref()?)))
        .collect();
    named.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    let parts = named.into_iter().map(|(name, value)| apart(name, value)).collect::<Result<Vec<_>, _>>()?;
    let columns = columns(&parts);
    let order = tables(&columns, kinds);
    // The first wrong value in the original's order is told.
    for (_, names) in &order {
        for field in names {
            for value in columns.iter().filter(|(name, _)| *name == field.0).flat_map(|(_, values)| values) {
                translate(field, value, line)?;
            }
        }
    }
    let currency = form.get("cu").flatten();
    let mut entities = Vec::new();
    for ((key, fields), names) in order {
        for group in groups(&parts, fields) {
            let mut members = Vec::new();
            if let Some(field) = fields.iter().find(|(parameter, ..)| *parameter == "cu")
                && let Some(currency) = currency
            {
                members.push((field.1.to_owned(), Value::String(currency.to_owned())));
            }
            for field in &names {
                let value = group.iter().find_map(|part| part.get(field.0));
                if let Some(value) = value {
                    members.push((field.1.to_owned(), translate(field, value, line)?));
                }
            }
            let members = scala_map::from_pairs(members).into_iter().collect();
            entities.push((kinds.key(key), Value::Object(members)));
        }
    }
    Ok(entities)
}

impl Part<'_> {
    /// The value or number of this name.
    fn get(&self, name: &str) -> Option<&str> {
        if self.name == name {
            return Some(self.value);
        }
        self.numbers.iter().find(|(number, _)| number == name).map(|(_, number)| *number)
    }
}

/// Takes a parameter apart: one of the prefixes, digits, and then letters and digits twice.
fn apart<'a>(name: &'a str, value: &'a str) -> Result<Part<'a>, Box<Message>> {
    let wrong = || {
        let why = "composite field name has to conform to regex \
                   (pr|promo|il|cd|cm|cg)(\\d+)([a-zA-Z]*)(\\d*)([a-zA-Z]*)(\\d*)$";
        Box::new(input(name, None, why))
    };
    let (mut words, mut numbers) = (Vec::new(), Vec::new());
    let mut rest = name;
    while !rest.is_empty() {
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let digits = rest[letters..].bytes().take_while(u8::is_ascii_digit).count();
        if letters == 0 || (digits == 0 && letters < rest.len()) {
            return Err(wrong());
        }
        words.push(&rest[..letters]);
        if digits > 0 {
            numbers.push(&rest[letters..letters + digits]);
        }
        rest = &rest[letters + digits..];
    }
    let begins_well = words.first().is_some_and(|word| PREFIXES.contains(word));
    if !begins_well || numbers.is_empty() || words.len() > 3 {
        return Err(wrong());
    }
    let name_of = |from: usize| format!("{NUMBER}{}", words[from..numbers.len()].concat());
    let numbers = numbers.iter().enumerate().map(|(at, number)| (name_of(at), *number)).collect();
    Ok(Part { name: words.concat(), value, numbers })
}

/// The values of each name: those of parameters, then numbers, of which the same ones in a row count once.
fn columns<'a>(parts: &'a [Part<'_>]) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut columns: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut places = HashMap::new();
    let mut add = |name: &'a str, value: &'a str| {
        let place = *places.entry(name).or_insert_with(|| {
            columns.push((name, Vec::new()));
            columns.len() - 1
        });
        columns[place].1.push(value);
    };
    for part in parts {
        add(&part.name, part.value);
    }
    let mut before = None;
    for part in parts.iter().filter(|part| before.replace(&part.numbers) != Some(&part.numbers)) {
        for (name, number) in &part.numbers {
            add(name, number);
        }
    }
    if columns.len() > scala_map::SMALL {
        columns.sort_by_cached_key(|(name, _)| scala_map::rank(name));
    } else {
        // Of a chain of the hash table the last one comes first.
        columns.reverse();
        columns.sort_by_key(|(name, _)| Reverse(scala_map::slot_of_sixteen(name)));
    }
    columns
}

type TableOf = (&'static str, &'static [Field]);

/// The tables that have any of the columns, each with its columns, in the order of the original's maps.
fn tables(columns: &[(&str, Vec<&str>)], kinds: &Kinds) -> Vec<(TableOf, Vec<&'static Field>)> {
    let mut found: Vec<(TableOf, Vec<&Field>)> = Vec::new();
    for (name, _) in columns {
        for table in COMPOSITE {
            let Some(field) = table.1.iter().find(|(parameter, ..)| parameter == name) else { continue };
            match found.iter_mut().find(|(known, _)| known.0 == table.0) {
                Some((_, fields)) => fields.push(field),
                None => found.push((table, vec![field])),
            }
        }
    }
    for (_, fields) in &mut found {
        if fields.len() > scala_map::SMALL {
            fields.sort_by_cached_key(|(_, name, _)| scala_map::rank(name));
        }
    }
    if found.len() > scala_map::SMALL {
        found.sort_by_cached_key(|((key, _), _)| scala_map::rank_of_schema(kinds.key(key)));
    }
    found
}

/// The parameters of a table that have the same numbers, in order of appearance.
fn groups<'p, 'a>(parts: &'p [Part<'a>], fields: &[Field]) -> Vec<Vec<&'p Part<'a>>> {
    let numbers = |part: &Part<'_>| {
        let expected = fields.iter().filter(|(name, ..)| name.starts_with(NUMBER)).count();
        let known =
            part.numbers.iter().filter(|(name, _)| fields.iter().any(|field| field.0 == name)).count();
        expected == known && known == part.numbers.len()
    };
    let is_of_table = |part: &&Part<'_>| fields.iter().any(|field| field.0 == part.name) && numbers(part);
    let mut groups: Vec<Vec<&Part<'_>>> = Vec::new();
    let mut places = HashMap::new();
    for part in parts.iter().filter(is_of_table) {
        let place = *places.entry(&part.numbers).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(part);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        type Numbers = &'static [(&'static str, &'static str)];
        let table: [(&str, &str, Numbers); 8] = [
            ("pr12id", "prid", &[("IFpr", "12")]),
            ("pr1cd2", "prcd", &[("IFprcd", "1"), ("IFcd", "2")]),
            ("il1pi2nm", "ilpinm", &[("IFilpi", "1"), ("IFpi", "2")]),
            ("il1pi2cd3", "ilpicd", &[("IFilpicd", "1"), ("IFpicd", "2"), ("IFcd", "3")]),
            ("promo3id", "promoid", &[("IFpromo", "3")]),
            ("cd1", "cd", &[("IFcd", "1")]),
            ("il1nm", "ilnm", &[("IFil", "1")]),
            ("cg1", "cg", &[("IFcg", "1")]),
        ];
        for (name, expect, numbers) in table {
            let part = apart(name, "v").unwrap();
            let found: Vec<_> = part.numbers.iter().map(|(name, number)| (name.as_str(), *number)).collect();
            assert_eq!((part.name.as_str(), found.as_slice()), (expect, numbers), "{name}");
        }
        for name in ["zz9", "9", "pr", "prid1", "pr1_2", "il1pi2cd3x", "il1a2b3c4", "pr٣", "é1", "pr1é"] {
            assert!(apart(name, "v").is_err(), "{name}");
        }
    }
}
