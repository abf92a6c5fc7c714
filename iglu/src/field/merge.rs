//! Two versions of one model -> one field that takes the data of both (`spec/loaders-and-leases.md` 4.5).

use super::{Field, FieldType, outline};

/// The field for data of both versions. `None`: somewhere in them the types differ, so that no field takes both.
pub fn merge(older: &Field, newer: &Field) -> Option<Field> {
    let mut accessors = older.accessors.clone();
    accessors.extend(newer.accessors.iter().filter(|name| !older.accessors.contains(name)).cloned());
    accessors.sort();
    Some(Field {
        name: older.name.clone(),
        ty: merge_types(&older.ty, &newer.ty)?,
        nullable: older.nullable || newer.nullable,
        accessors,
    })
}

fn merge_types(older: &FieldType, newer: &FieldType) -> Option<FieldType> {
    match (older, newer) {
        (FieldType::Struct(older), FieldType::Struct(newer)) => {
            let named = |fields: &[Field], name: &str| fields.iter().position(|field| field.name == name);
            let mut fields = Vec::with_capacity(older.len());
            for field in older {
                fields.push(match named(newer, &field.name) {
                    Some(at) => merge(field, &newer[at])?,
                    None => Field { nullable: true, ..field.clone() },
                });
            }
            let new = newer.iter().filter(|field| named(older, &field.name).is_none());
            fields.extend(new.map(|field| Field { nullable: true, ..field.clone() }));
            Some(FieldType::Struct(fields))
        }
        (
            FieldType::Array { element: older, nullable: null },
            FieldType::Array { element: newer, nullable: new_null },
        ) => Some(FieldType::Array {
            element: Box::new(merge_types(older, newer)?),
            nullable: *null || *new_null,
        }),
        (older, newer) => (older == newer).then(|| older.clone()),
    }
}

/// Why no field takes the data of both versions, in the original's words; empty: one does.
pub fn breaking(older: &Field, newer: &Field) -> Vec<String> {
    let mut found = Vec::new();
    compare(&older.ty, &newer.ty, &mut String::new(), &mut found);
    found
}

fn compare(older: &FieldType, newer: &FieldType, at: &mut String, found: &mut Vec<String>) {
    let length = at.len();
    match (older, newer) {
        (FieldType::Struct(older), FieldType::Struct(newer)) => {
            for field in older {
                if let Some(new) = newer.iter().find(|new| new.name == field.name) {
                    at.push('/');
                    at.push_str(&field.name);
                    compare(&field.ty, &new.ty, at, found);
                    at.truncate(length);
                }
            }
        }
        (FieldType::Array { element: older, .. }, FieldType::Array { element: newer, .. }) => {
            at.push_str("/[arrayDown]");
            compare(older, newer, at, found);
            at.truncate(length);
        }
        (older, newer) if older == newer => {}
        (older, newer) => {
            let at = if at.is_empty() { "/" } else { at };
            found.push(format!("Incompatible type change {older} to {newer} at {at}"));
        }
    }
}

/// What a field that takes the data of both versions has that the older one has not: new fields, and nulls.
pub fn growth(older: &Field, newer: &Field) -> Vec<String> {
    let mut found = Vec::new();
    grow(&older.ty, &newer.ty, &mut String::new(), &mut found);
    found
}

fn grow(older: &FieldType, newer: &FieldType, at: &mut String, found: &mut Vec<String>) {
    let length = at.len();
    match (older, newer) {
        (FieldType::Struct(older), FieldType::Struct(newer)) => {
            for field in older {
                at.push('.');
                at.push_str(&field.name);
                let new = newer.iter().find(|new| new.name == field.name);
                if !field.nullable && new.is_none_or(|new| new.nullable) {
                    found.push(format!("{at}: takes nulls from now on"));
                }
                if let Some(new) = new {
                    grow(&field.ty, &new.ty, at, found);
                }
                at.truncate(length);
            }
            for new in newer.iter().filter(|new| older.iter().all(|field| field.name != new.name)) {
                found.push(format!("{at}.{}: new, {}, nullable", new.name, outline::words(&new.ty).0));
            }
        }
        (
            FieldType::Array { element: older, nullable: false },
            FieldType::Array { element: newer, nullable: true },
        ) => {
            found.push(format!("{at}: takes nulls among its elements from now on"));
            grow(older, newer, at, found);
        }
        (FieldType::Array { element: older, .. }, FieldType::Array { element: newer, .. }) => {
            grow(older, newer, at, found);
        }
        _ => {}
    }
}
