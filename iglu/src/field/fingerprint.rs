//! The hash that names recovery columns (`spec/loaders-and-leases.md` 4.6, `spec/iglu.md` 6.9): Java's hash of the schema as
//! the original prints it, all 21 keys always, the members of maps and sets in the order of Scala 2.13.

use event::json;
use serde_json::Value;

use super::{
    number::Number,
    syntax::{Additional, Items, Members, Syntax, Types},
};
use crate::{syntax::Kind, validator::java_hash};

/// Maps and sets up to this size keep the order of insertion.
const SMALL: usize = 4;

/// The hash: 8 hexadecimal digits.
pub fn fingerprint(schema: &Syntax) -> String {
    format!("{:08x}", java_hash::string(&text(schema)))
}

/// The schema as the original prints it.
pub fn text(schema: &Syntax) -> String {
    let mut out = String::new();
    write(schema, &mut out);
    out
}

fn write(schema: &Syntax, out: &mut String) {
    let mut open = '{';
    let mut key = |name: &str, out: &mut String| {
        out.push(open);
        open = ',';
        out.push('"');
        out.push_str(name);
        out.push_str("\":");
    };
    macro_rules! keys {
        ($($name:literal $value:expr, $write:expr;)*) => {$(
            key($name, out);
            match &$value {
                Some(value) => $write(value, out),
                None => out.push_str("null"),
            }
        )*};
    }
    let number = |number: &Number, out: &mut String| out.push_str(&number.text());
    let string = |string: &String, out: &mut String| json::write_string(string, out);
    let schemas = |all: &Vec<Syntax>, out: &mut String| array(all, out, write);
    keys! {
        "multipleOf" schema.multiple_of, number;
        "minimum" schema.minimum, number;
        "maximum" schema.maximum, number;
        "maxLength" schema.max_length, number;
        "minLength" schema.min_length, number;
        "pattern" schema.pattern, string;
        "format" schema.format, string;
        "$schema" schema.schema_uri, string;
        "items" schema.items, items;
        "additionalItems" schema.additional_items, additional;
        "minItems" schema.min_items, number;
        "maxItems" schema.max_items, number;
        "properties" schema.properties, members;
        "additionalProperties" schema.additional_properties, additional;
        "required" schema.required, |all: &Vec<String>, out: &mut String| array(all, out, string);
        "patternProperties" schema.pattern_properties, members;
        "type" schema.types, types;
        "enum" schema.members, |all: &Vec<Value>, out: &mut String| array(all, out, json::write_compact);
        "oneOf" schema.one_of, schemas;
        "anyOf" schema.any_of, schemas;
        "description" schema.description, string;
    }
    out.push('}');
}

fn array<T>(all: &[T], out: &mut String, write: impl Fn(&T, &mut String)) {
    out.push('[');
    for (i, one) in all.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write(one, out);
    }
    out.push(']');
}

fn items(items: &Items, out: &mut String) {
    match items {
        Items::Each(one) => write(one, out),
        Items::Places(all) => array(all, out, write),
    }
}

fn additional(additional: &Additional, out: &mut String) {
    match additional {
        Additional::Allowed(allowed) => out.push_str(if *allowed { "true" } else { "false" }),
        Additional::Like(schema) => write(schema, out),
    }
}

fn members(members: &Members, out: &mut String) {
    if members.is_empty() {
        return out.push_str("{}");
    }
    let mut open = '{';
    for at in order(members.iter().map(|(name, _)| java_hash::string(name) as u32)) {
        let (name, schema) = &members[at];
        out.push(open);
        open = ',';
        json::write_string(name, out);
        out.push(':');
        write(schema, out);
    }
    out.push('}');
}

fn types(types: &Types, out: &mut String) {
    let quoted = |kind: &Kind, out: &mut String| json::write_string(word(*kind), out);
    if let [one] = types.kinds.as_slice() {
        return quoted(one, out);
    }
    // The set is one of JSON texts, not of types.
    let hashes = types.kinds.iter().map(|kind| hash_of_json(word(*kind)));
    let ordered: Vec<Kind> = order(hashes).into_iter().map(|at| types.kinds[at]).collect();
    array(&ordered, out, quoted);
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Boolean => "boolean",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::String => "string",
        Kind::Array => "array",
        Kind::Object => "object",
    }
}

/// The places of keys in the order in which an immutable map or set of Scala 2.13 walks them. Up to four stay as they came;
/// more are in a trie with 32 branches: at each node first the keys that are alone in their branch, then the branches.
fn order(hashes: impl Iterator<Item = u32>) -> Vec<usize> {
    let hashes: Vec<u32> = hashes.map(improved).collect();
    let mut ordered = Vec::with_capacity(hashes.len());
    let places: Vec<usize> = (0..hashes.len()).collect();
    if places.len() <= SMALL {
        return places;
    }
    walk(&hashes, places, 0, &mut ordered);
    ordered
}

/// The places of keys in the order of such a trie, however few they are.
pub(crate) fn in_trie(keys: &[&str]) -> Vec<usize> {
    let hashes: Vec<u32> = keys.iter().map(|key| improved(java_hash::string(key) as u32)).collect();
    let mut ordered = Vec::with_capacity(keys.len());
    walk(&hashes, (0..keys.len()).collect(), 0, &mut ordered);
    ordered
}

fn walk(hashes: &[u32], places: Vec<usize>, shift: u32, ordered: &mut Vec<usize>) {
    if shift > 30 {
        // Equal hashes.
        return ordered.extend(places);
    }
    let mut branches: [Vec<usize>; 32] = Default::default();
    for place in places {
        branches[(hashes[place] >> shift & 31) as usize].push(place);
    }
    let (alone, together): (Vec<_>, Vec<_>) =
        branches.into_iter().filter(|branch| !branch.is_empty()).partition(|branch| branch.len() == 1);
    ordered.extend(alone.into_iter().flatten());
    for branch in together {
        walk(hashes, branch, shift + 5, ordered);
    }
}

fn improved(hash: u32) -> u32 {
    let mut h = hash.wrapping_add(!(hash << 9));
    h ^= h >> 14;
    h = h.wrapping_add(h << 4);
    h ^ (h >> 10)
}

/// The hash of a text as the original's JSON library keeps it, a case class of one member: MurmurHash3 of the class' name and
/// the member.
fn hash_of_json(text: &str) -> u32 {
    let mixed = |hash: u32, value: u32| {
        let value = value.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
        (hash ^ value).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
    };
    let of = |text: &str| java_hash::string(text) as u32;
    let mut hash = mixed(mixed(0xcafe_babe, of("JString")), of(text)) ^ 1;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The names that the documentation of the original's loader shows.
    #[test]
    fn published_hashes() {
        let schema = |ty: &str| {
            let json = json!({
                "$schema": "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#",
                "self": {"vendor": "v", "name": "n", "format": "jsonschema", "version": "1-0-0"},
                "type": "object",
                "properties": {"col_a": {"type": ty}},
                "required": ["col_a"],
            });
            fingerprint(&Syntax::decode(&json).unwrap())
        };
        assert_eq!(schema("number"), "e7cf2565");
        assert_eq!(schema("boolean"), "cacf6738");
    }
}
