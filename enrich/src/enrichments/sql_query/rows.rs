//! Rows -> entities: how many are expected, how their columns are called, and whether they go together
//! (`spec/enrichments-and-adapters.md` 2.20).

use event::{schema_key::SchemaKey, self_describing::SelfDescribing};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How many rows there should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Expected {
    ExactlyOne,
    AtMostOne,
    AtLeastZero,
    AtLeastOne,
}

/// `output.json`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shape {
    schema: String,
    describes: Describes,
    property_names: Names,
}

/// Whether all rows are one entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Describes {
    AllRows,
    EveryRow,
}

/// How labels of columns become names of properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Names {
    AsIs,
    CamelCase,
    PascalCase,
    SnakeCase,
    LowerCase,
    UpperCase,
}

/// What is made of rows.
pub(super) struct Output {
    expected: Expected,
    schema: SchemaKey,
    describes: Describes,
    names: Names,
}

impl Output {
    pub(super) fn new(expected: Expected, shape: Shape) -> Result<Self, String> {
        let Shape { schema, describes, property_names: names } = shape;
        let key = schema.parse().map_err(|_| format!("schema: {schema} names no schema"))?;
        Ok(Self { expected, schema: key, describes, names })
    }

    /// The entities of rows: an array of objects.
    ///
    /// # Errors
    /// There are more or fewer rows than expected.
    pub(super) fn entities(&self, rows: &Value) -> Result<Vec<SelfDescribing>, String> {
        let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
        let wrong = match (self.expected, rows.len()) {
            (Expected::ExactlyOne, n) if n != 1 => "exactly one row was expected",
            (Expected::AtMostOne, n) if n > 1 => "at most one row was expected",
            (Expected::AtLeastOne, 0) => "at least one row was expected. 0 given instead",
            _ => "",
        };
        if !wrong.is_empty() {
            return Err(format!("SQL Query Enrichment: {wrong}"));
        }
        let mut rows = rows.iter().map(|row| self.named(row));
        let entity = |data: Value| SelfDescribing::new(self.schema.clone(), data);
        Ok(match (self.describes, self.expected) {
            (Describes::EveryRow, _) => rows.map(entity).collect(),
            (Describes::AllRows, Expected::AtLeastZero | Expected::AtLeastOne) => {
                vec![entity(Value::Array(rows.collect()))]
            }
            (Describes::AllRows, Expected::ExactlyOne | Expected::AtMostOne) => {
                rows.next().map(entity).into_iter().collect()
            }
        })
    }

    fn named(&self, row: &Value) -> Value {
        let members = row.as_object().into_iter().flatten();
        let members = members.map(|(label, value)| (self.names.of(label), value.clone()));
        Value::Object(members.collect::<Map<_, _>>())
    }
}

impl Names {
    fn of(self, label: &str) -> String {
        match self {
            Self::AsIs => label.to_owned(),
            Self::CamelCase => camel(label),
            Self::PascalCase => {
                let camel = camel(label);
                let mut chars = camel.chars();
                chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
            }
            Self::SnakeCase => {
                let is_new = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
                let part = |c: char| is_new(c).then_some('_').into_iter().chain(c.to_lowercase());
                label.chars().flat_map(part).collect()
            }
            Self::LowerCase => label.to_lowercase(),
            Self::UpperCase => label.to_uppercase(),
        }
    }
}

/// `_x` becomes `X`, where x is a small letter or a digit.
fn camel(label: &str) -> String {
    let mut out = String::with_capacity(label.len());
    let mut chars = label.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next) if c == '_' && (next.is_ascii_lowercase() || next.is_ascii_digit()) => {
                out.push(next.to_ascii_uppercase());
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use event::json::to_compact;
    use serde_json::json;

    use super::*;

    #[test]
    fn names_of_columns() {
        use Names::{AsIs, CamelCase, LowerCase, PascalCase, SnakeCase, UpperCase};
        let check = |names: Names, label: &str, expect: &str| assert_eq!(names.of(label), expect);
        check(AsIs, "some_Name", "some_Name");
        check(CamelCase, "some_name_2_X", "someName2_X");
        check(CamelCase, "_a__b", "A_B");
        check(PascalCase, "some_name", "SomeName");
        check(SnakeCase, "Some2Name", "_some_2_name");
        check(LowerCase, "Some_Name", "some_name");
        check(UpperCase, "some_name", "SOME_NAME");
    }

    #[test]
    fn numbers_of_rows() {
        let check = |expected: &str, describes: &str, rows: usize, expect: Result<&str, &str>| {
            let expected = Expected::deserialize(json!(expected)).unwrap();
            let shape = json!({"schema": "iglu:a/b/jsonschema/1-0-0", "describes": describes, "propertyNames": "AS_IS"});
            let output = Output::new(expected, Shape::deserialize(shape).unwrap()).unwrap();
            let rows: Vec<_> = (0..rows).map(|n| json!({"n": n})).collect();
            let made = output.entities(&Value::Array(rows));
            let made = made.map(|entities| {
                entities.iter().map(|entity| to_compact(&entity.data)).collect::<Vec<_>>().join(" ")
            });
            assert_eq!(made.as_deref().map_err(String::as_str), expect, "{expected:?} {describes}");
        };
        let exactly = Err("SQL Query Enrichment: exactly one row was expected");
        for describes in ["ALL_ROWS", "EVERY_ROW"] {
            check("EXACTLY_ONE", describes, 0, exactly);
            check("EXACTLY_ONE", describes, 1, Ok(r#"{"n":0}"#));
            check("EXACTLY_ONE", describes, 2, exactly);
            check("AT_MOST_ONE", describes, 0, Ok(""));
            check("AT_MOST_ONE", describes, 2, Err("SQL Query Enrichment: at most one row was expected"));
            check(
                "AT_LEAST_ONE",
                describes,
                0,
                Err("SQL Query Enrichment: at least one row was expected. 0 given instead"),
            );
        }
        check("AT_LEAST_ZERO", "ALL_ROWS", 0, Ok("[]"));
        check("AT_LEAST_ONE", "ALL_ROWS", 2, Ok(r#"[{"n":0},{"n":1}]"#));
        check("AT_LEAST_ZERO", "EVERY_ROW", 0, Ok(""));
        check("AT_LEAST_ONE", "EVERY_ROW", 2, Ok(r#"{"n":0} {"n":1}"#));
    }
}
