//! Everything that is wrong with data that a field does not take (`spec/loaders-and-leases.md` 4.7).

use event::json;
use serde_json::{Map, Value};

use super::{Field, FieldType, cast};

/// A value that a type does not take.
#[derive(Clone, Debug, PartialEq)]
pub struct WrongType {
    /// The value; null where a required one is missing.
    pub value: Value,
    /// The type, as the original prints it.
    pub expected: String,
}

/// All values that `field` does not take; none: it takes the data.
pub fn wrong(field: &Field, value: &Value) -> Vec<WrongType> {
    let mut found = Vec::new();
    judge(&field.ty, field.nullable, value, &mut found);
    found
}

/// The same for an element of an array.
pub fn wrong_element(ty: &FieldType, nullable: bool, value: &Value) -> Vec<WrongType> {
    let mut found = Vec::new();
    judge(ty, nullable, value, &mut found);
    found
}

fn judge(ty: &FieldType, nullable: bool, value: &Value, found: &mut Vec<WrongType>) {
    if *ty == FieldType::Json || (nullable && value.is_null()) {
        return;
    }
    let text = || json::to_compact(value);
    let is_right = match (ty, value) {
        (FieldType::Struct(fields), Value::Object(object)) => {
            return fields.iter().for_each(|field| judge_member(field, object, found));
        }
        (FieldType::Array { element, nullable }, Value::Array(items)) => {
            return items.iter().for_each(|item| judge(element, *nullable, item, found));
        }
        (FieldType::String, Value::String(_)) | (FieldType::Boolean, Value::Bool(_)) => true,
        (FieldType::Integer, Value::Number(n)) => cast::integer(&n.to_string()).is_some(),
        (FieldType::Long, Value::Number(n)) => cast::long(&n.to_string()).is_some(),
        (FieldType::Double, Value::Number(_)) => true,
        (FieldType::Decimal { precision, scale }, Value::Number(n)) => {
            cast::decimal(&n.to_string(), *precision, *scale).is_some()
        }
        (FieldType::Date, Value::String(_)) => cast::date(&text()).is_some(),
        (FieldType::Timestamp, Value::String(_)) => cast::timestamp(&text()).is_some(),
        _ => false,
    };
    if !is_right {
        found.push(WrongType { value: value.clone(), expected: ty.to_string() });
    }
}

/// The first accessor with a value that fits counts. Where none fits and one is missing, the field is null if it may be.
fn judge_member(field: &Field, object: &Map<String, Value>, found: &mut Vec<WrongType>) {
    let mut is_missing = false;
    let mut first = None;
    for accessor in &field.accessors {
        let Some(value) = object.get(accessor).filter(|value| !value.is_null()) else {
            is_missing = true;
            continue;
        };
        let mut wrong = Vec::new();
        judge(&field.ty, field.nullable, value, &mut wrong);
        if wrong.is_empty() {
            return;
        }
        first.get_or_insert(wrong);
    }
    match first {
        _ if is_missing && field.nullable => {}
        Some(wrong) => found.extend(wrong),
        None if field.ty == FieldType::Json => {}
        None => found.push(WrongType { value: Value::Null, expected: field.ty.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(name: &str, ty: FieldType, nullable: bool, accessors: &[&str]) -> Field {
        let accessors = accessors.iter().map(|&a| a.to_owned()).collect();
        Field { name: name.to_owned(), ty, nullable, accessors }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let row = FieldType::Struct(vec![
            field("a", FieldType::Integer, false, &["a"]),
            field("x_y", FieldType::String, true, &["X_Y", "x_y"]),
            field(
                "l",
                FieldType::Array { element: Box::new(FieldType::Long), nullable: false },
                true,
                &["l"],
            ),
        ]);
        let row = field("f", row, true, &["f"]);
        let check = |value: Value, expect: &[(Value, &str)]| {
            let expect: Vec<_> = expect
                .iter()
                .map(|(value, expected)| WrongType { value: value.clone(), expected: (*expected).to_owned() })
                .collect();
            assert_eq!(wrong(&row, &value), expect, "{value}");
        };
        check(Value::Null, &[]);
        check(json!({"a": 1, "unknown": {}}), &[]);
        check(
            json!({"a": "1", "l": [1, null, "2"]}),
            &[(json!("1"), "Integer"), (Value::Null, "Long"), (json!("2"), "Long")],
        );
        check(json!({"a": null}), &[(Value::Null, "Integer")]);
        // One key has a value that fits, one does not; one does not fit and one is missing; none fits.
        check(json!({"a": 1, "X_Y": 5, "x_y": "text"}), &[]);
        check(json!({"a": 1, "X_Y": 5}), &[]);
        check(json!({"a": 1, "X_Y": 5, "x_y": 6}), &[(json!(5), "String")]);
        check(json!([]), &[(json!([]), &row.ty.to_string())]);
    }
}
