//! A column as people read it: a line for it and one for each field below, two blanks a level.

use std::fmt::Write as _;

use super::{Field, FieldType};

/// The lines of a column.
pub fn outline(field: &Field) -> String {
    let mut out = String::new();
    write(field, 0, &mut out);
    out
}

fn write(field: &Field, level: usize, out: &mut String) {
    let (words, inner) = words(&field.ty);
    let null = if field.nullable { ", nullable" } else { "" };
    let _ = writeln!(out, "{:level$}{}: {words}{null}", "", field.name, level = 2 * level);
    for field in inner {
        write(field, level + 1, out);
    }
}

/// The type in words, and the fields that it has.
pub(super) fn words(ty: &FieldType) -> (String, &[Field]) {
    match ty {
        FieldType::Struct(fields) => ("struct".into(), fields),
        FieldType::Array { element, nullable } => {
            let (element, inner) = words(element);
            let null = if *nullable { " that may be null" } else { "" };
            (format!("array of {element}{null}"), inner)
        }
        FieldType::Decimal { precision, scale } => (format!("decimal({precision},{scale})"), &[]),
        FieldType::Json => ("string with JSON".into(), &[]),
        plain => (plain.to_string().to_lowercase(), &[]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{field::select, syntax::Syntax};

    #[test]
    fn a_line_for_each_field() {
        let schema = json!({"type": "object", "required": ["sku"], "properties": {
            "sku": {"type": "string"},
            "parts": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
            "rest": {},
        }});
        let column = select::contexts("carts", &Syntax::decode(&schema).unwrap()).unwrap();
        let expected = "carts: array of struct, nullable\n  _schema_version: string\n  parts: array of struct, nullable\n    \
                        n: long, nullable\n  rest: string with JSON, nullable\n  sku: string\n";
        assert_eq!(outline(&column), expected);
    }
}
