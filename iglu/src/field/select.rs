//! A schema -> a field (`spec/loaders-and-leases.md` 4.4).

use event::schema_key::SchemaVersion;
use serde_json::Value;

use super::{
    Field, FieldType,
    number::Number,
    storage::for_storage,
    syntax::{Additional, Items, Syntax, Types},
};
use crate::{syntax::Kind, table::name::snake_case};

/// The name of the field that tells the version of a context's schema.
pub const SCHEMA_VERSION: &str = "_schema_version";

/// The field of a self-describing event; `None` when the schema allows nothing to store.
pub fn unstruct(name: &str, schema: &Syntax) -> Option<Field> {
    let (ty, _) = select(&for_storage(schema))?;
    let accessors = vec![name.to_owned()];
    Some(Field { name: name.to_owned(), ty, nullable: true, accessors })
}

/// The field of contexts: an array whose elements, where they are objects, begin with the version of their schema.
pub fn contexts(name: &str, schema: &Syntax) -> Option<Field> {
    let (element, nullable) = select(&for_storage(schema))?;
    let element = match element {
        FieldType::Struct(mut fields) => {
            fields.retain(|field| field.name != SCHEMA_VERSION);
            let accessors = vec![SCHEMA_VERSION.to_owned()];
            let ty = FieldType::String;
            fields.insert(0, Field { name: SCHEMA_VERSION.to_owned(), ty, nullable: false, accessors });
            FieldType::Struct(fields)
        }
        other => other,
    };
    let ty = FieldType::Array { element: Box::new(element), nullable };
    Some(Field { name: name.to_owned(), ty, nullable: true, accessors: vec![name.to_owned()] })
}

/// `1_0_2`: a version as names of columns have it.
pub fn version_text(version: SchemaVersion) -> String {
    format!("{}_{}_{}", version.model, version.revision, version.addition)
}

/// The type of a schema without alternatives, and whether it allows null.
fn select(schema: &Syntax) -> Option<(FieldType, bool)> {
    let Some(types) = &schema.types else { return Some(scalar(schema)) };
    let null = types.has(Kind::Null);
    if types.is(Kind::Object) {
        return object(schema).map(|ty| (ty, null));
    }
    if types.is(Kind::Array) {
        let (element, nullable) = match &schema.items {
            Some(Items::Each(one)) => select(one)?,
            _ => (FieldType::Json, true),
        };
        return Some((FieldType::Array { element: Box::new(element), nullable }, null));
    }
    Some(scalar(schema))
}

fn object(schema: &Syntax) -> Option<FieldType> {
    let required = |name: &String| schema.required.as_ref().is_some_and(|all| all.contains(name));
    let fields = schema.properties.iter().flatten().filter_map(|(name, property)| {
        let (ty, null) = select(property)?;
        let nullable = null || !required(name);
        Some(Field { name: name.clone(), ty, nullable, accessors: vec![name.clone()] })
    });
    let fields = normalized(fields.collect());
    if !fields.is_empty() {
        return Some(FieldType::Struct(fields));
    }
    let closed = schema.additional_properties == Some(Additional::Allowed(false));
    (!closed).then_some(FieldType::Json)
}

/// Names as columns have them, sorted; of those that meet in one name the smallest says what is stored.
fn normalized(mut fields: Vec<Field>) -> Vec<Field> {
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    let mut out: Vec<Field> = Vec::with_capacity(fields.len());
    for mut field in fields {
        field.name = column_name(&field.name);
        match out.iter_mut().find(|known| known.name == field.name) {
            Some(known) => known.accessors.append(&mut field.accessors),
            None => out.push(field),
        }
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    out
}

fn column_name(property: &str) -> String {
    let snake = snake_case(property);
    let mut name: String =
        snake.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name
}

fn scalar(schema: &Syntax) -> (FieldType, bool) {
    let of_type =
        schema.types.as_ref().and_then(|types| Some((typed(schema, types)?, types.has(Kind::Null))));
    let json = || (FieldType::Json, schema.types.as_ref().is_none_or(|types| types.has(Kind::Null)));
    of_type.or_else(|| schema.members.as_deref().map(members)).unwrap_or_else(json)
}

fn typed(schema: &Syntax, types: &Types) -> Option<FieldType> {
    if types.is(Kind::String) {
        return Some(match schema.format.as_deref() {
            Some("date") => FieldType::Date,
            Some("date-time") => FieldType::Timestamp,
            _ => FieldType::String,
        });
    }
    if types.is(Kind::Boolean) {
        return Some(FieldType::Boolean);
    }
    if types.is(Kind::Integer) {
        return Some(integer(schema));
    }
    let numeric = |kind: &&Kind| matches!(kind, Kind::Number | Kind::Integer);
    let others = || types.kinds.iter().filter(|kind| **kind != Kind::Null);
    if others().next().is_none() || !others().all(|kind| numeric(&kind)) {
        return None;
    }
    let Some(multiple) = &schema.multiple_of else { return Some(FieldType::Double) };
    if multiple.is_integer() {
        return Some(integer(schema));
    }
    let (Some(max), Some(min)) = (&schema.maximum, &schema.minimum) else { return Some(FieldType::Double) };
    let digits = max.whole_digits().max(min.whole_digits());
    Some(decimal(digits + multiple.scale(), multiple.scale()))
}

fn integer(schema: &Syntax) -> FieldType {
    let (Some(min), Some(max)) = (&schema.minimum, &schema.maximum) else { return FieldType::Long };
    let within = |least: i64, most: i64| max.is_within(i64::MIN, most) && min.is_within(least, i64::MAX);
    let beyond = |number: &Number| !number.is_within(i64::MIN, i64::MAX);
    if !beyond(min) && !beyond(max) {
        return if within(i64::from(i32::MIN), i64::from(i32::MAX)) {
            FieldType::Integer
        } else {
            FieldType::Long
        };
    }
    decimal(max.whole_digits().max(min.whole_digits()), 0)
}

/// A decimal of the smallest class that has so many digits.
fn decimal(digits: i64, scale: i64) -> FieldType {
    let precision = match digits {
        ..=9 => 9,
        10..=18 => 18,
        19..=38 => 38,
        _ => return FieldType::Double,
    };
    match u32::try_from(scale) {
        Ok(scale) if scale <= 38 => FieldType::Decimal { precision, scale },
        _ => FieldType::Double,
    }
}

/// The type of an enumeration whose `type` does not say it.
fn members(members: &[Value]) -> (FieldType, bool) {
    let null = members.contains(&Value::Null);
    let others = || members.iter().filter(|member| !member.is_null());
    let numbers: Option<Vec<Number>> = others()
        .map(|member| match member {
            Value::Number(n) => Some(Number::as_written(&n.to_string())),
            _ => None,
        })
        .collect();
    let ty = match numbers {
        Some(numbers) => numeric(&numbers),
        None if others().all(Value::is_string) => FieldType::String,
        None => FieldType::Json,
    };
    (ty, null)
}

fn numeric(numbers: &[Number]) -> FieldType {
    let scale = numbers.iter().map(Number::scale).max().unwrap_or(0).max(0);
    let fits = |min: i64, max: i64| numbers.iter().all(|number| number.is_within(min, max));
    if scale == 0 && fits(-i64::from(i32::MAX), i64::from(i32::MAX)) {
        return FieldType::Integer;
    }
    if scale == 0 && fits(-i64::MAX, i64::MAX) {
        return FieldType::Long;
    }
    // The largest number counts, however many digits others have.
    let largest = numbers.iter().max_by(|a, b| a.magnitude().order(&b.magnitude()));
    decimal(largest.map_or(0, Number::whole_digits) + scale, scale)
}
