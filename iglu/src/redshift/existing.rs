//! The table as it is in the database beside the one that it should be (`spec/iglu.md` 5.9). Messages are those of igluctl.

use event::schema_key::SchemaKey;

use super::{
    column::{Column, ColumnType},
    ddl::COMMON,
    model::Model,
};

/// A line between parts of a table's report.
const LINE: &str = "-----------------";
/// A line after a section.
const END: &str = "----------------------";

/// A table as the catalog shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Existing {
    /// Its columns without those that every table has; none: there is no table.
    pub columns: Vec<Column>,
    /// The comment on it.
    pub comment: Option<String>,
}

/// What is to be said of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is none for this schema.
    NotDeployed(SchemaKey),
    /// It fits.
    Matched(SchemaKey),
    /// It does not, and why, line by line.
    Unmatched(SchemaKey, Vec<String>),
}

/// A column of `information_schema.columns`; `None`: one that every table has.
///
/// # Errors
/// The type is none that tables of schemas have.
pub fn column(
    name: &str,
    data_type: &str,
    nullable: bool,
    length: Option<u32>,
    precision: Option<(u32, u32)>,
) -> Result<Option<Column>, String> {
    if COMMON.iter().any(|(common, ..)| *common == name) {
        return Ok(None);
    }
    let ty = match data_type {
        "timestamp without time zone" => ColumnType::Timestamp,
        "date" => ColumnType::Date,
        "integer" => ColumnType::Int,
        "smallint" => ColumnType::SmallInt,
        "bigint" => ColumnType::BigInt,
        "double precision" => ColumnType::Double,
        "numeric" => ColumnType::Decimal(precision),
        "boolean" => ColumnType::Boolean,
        "character varying" => ColumnType::Varchar(length.unwrap_or(256)),
        "character" => ColumnType::Char(length.unwrap_or(1)),
        other => return Err(format!("Unknown storage data type - {other}")),
    };
    Ok(Some(Column { name: name.to_owned(), ty, nullable, listed: false }))
}

/// Compares the table of a model, whose last version is `last`.
pub fn verdict(model: &Model, last: &SchemaKey, existing: &Existing) -> Verdict {
    if existing.columns.is_empty() && existing.comment.is_none() {
        return Verdict::NotDeployed(last.clone());
    }
    let mut issues: Vec<String> =
        comment(existing.comment.as_deref(), last, &model.latest).into_iter().collect();
    let columns = columns(&model.columns, &existing.columns);
    if !columns.is_empty() {
        issues.extend(columns);
        for (title, list) in [("Expected", &model.columns), ("Existing", &existing.columns)] {
            issues.extend([LINE.to_owned(), format!("{title} columns:")]);
            let mut sorted: Vec<&Column> = list.iter().collect();
            sorted.sort_by(|a, b| a.name.cmp(&b.name));
            issues.extend(sorted.into_iter().map(shown));
        }
    }
    if issues.is_empty() { Verdict::Matched(last.clone()) } else { Verdict::Unmatched(last.clone(), issues) }
}

/// The report of all tables.
pub fn report(verdicts: &[Verdict]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut counts = [0; 3];
    for (place, title) in ["Not deployed:", "Matched:", "Unmatched:"].into_iter().enumerate() {
        let of_kind = |verdict: &&Verdict| match verdict {
            Verdict::NotDeployed(_) => place == 0,
            Verdict::Matched(_) => place == 1,
            Verdict::Unmatched(..) => place == 2,
        };
        let before = lines.len();
        for verdict in verdicts.iter().filter(of_kind) {
            counts[place] += 1;
            match verdict {
                Verdict::NotDeployed(key) => lines.push(format!("Table for {key} is not deployed")),
                Verdict::Matched(key) => lines.push(format!("Table for {key} is matched")),
                Verdict::Unmatched(key, issues) => {
                    lines.push(format!("Table for {key} is not matched. Issues:"));
                    lines.extend(issues.iter().cloned());
                }
            }
        }
        if lines.len() > before {
            lines.insert(before, title.to_owned());
            lines.push(END.to_owned());
        }
    }
    let [missing, matched, unmatched] = counts;
    lines.push(format!("Unmatched: {unmatched}, Matched: {matched}, Not Deployed: {missing}"));
    lines
}

fn columns(expected: &[Column], existing: &[Column]) -> Vec<String> {
    let named = |list: &'_ [Column], name: &str| list.iter().position(|column| column.name == name);
    let is_same = |a: &Column, b: &Column| a.ty == b.ty && a.nullable == b.nullable;
    let mut issues = Vec::new();
    for column in expected {
        if let Some(there) = named(existing, &column.name).map(|at| &existing[at])
            && !is_same(column, there)
        {
            let (column, there) = (shown(column), shown(there));
            issues.push(format!("* Column doesn't match, expected: {column}, actual: {there}"));
        }
    }
    for column in existing.iter().filter(|column| named(expected, &column.name).is_none()) {
        let column = shown(column);
        issues.push(format!("* Column existing in the storage but is not defined in the schema: {column}"));
    }
    for column in expected.iter().filter(|column| named(existing, &column.name).is_none()) {
        let column = shown(column);
        issues.push(format!("* Column existing in the schema but is not present in the storage: {column}"));
    }
    issues
}

/// `'sku VARCHAR(64) NOT NULL'`
fn shown(column: &Column) -> String {
    let null = if column.nullable { "" } else { " NOT NULL" };
    format!("'{} {}{null}'", column.name, column.ty)
}

fn comment(comment: Option<&str>, last: &SchemaKey, merged: &SchemaKey) -> Option<String> {
    let problem = match comment.map(|text| (text, text.parse::<SchemaKey>())) {
        None => "Table comment is missing".to_owned(),
        Some((_, Ok(key))) if key == *last && key == *merged => return None,
        Some((_, Ok(key))) if key == *last => {
            format!(
                "SchemaKey found in table comment [{key}] does not match last schema in family [{merged}]"
            )
        }
        Some((_, Ok(key))) => {
            format!("SchemaKey found in table comment [{key}] does not match expected model [{last}]")
        }
        Some((text, Err(error))) => format!("Invalid SchemaKey found [{text}]. {}", error.code),
    };
    Some(format!("* Comment problem - {problem}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::syntax::Syntax;

    #[test]
    fn a_table_beside_its_schema() {
        let schema = json!({"type": "object", "required": ["a"], "properties": {
            "a": {"type": "string", "maxLength": 9}, "b": {"type": "boolean"},
        }});
        let key: SchemaKey = "iglu:com.acme/x/jsonschema/1-0-0".parse().unwrap();
        let model = Model::of(&[(key.clone(), &Syntax::decode(&schema).unwrap())]).unwrap();
        assert_eq!(verdict(&model, &key, &Existing::default()), Verdict::NotDeployed(key.clone()));

        let of = |name, ty, nullable| column(name, ty, nullable, Some(9), None).unwrap();
        let columns = [
            of("root_id", "character", false),
            of("a", "character varying", false),
            of("b", "boolean", true),
        ];
        let fits =
            Existing { columns: columns.into_iter().flatten().collect(), comment: Some(key.to_string()) };
        assert_eq!(verdict(&model, &key, &fits), Verdict::Matched(key.clone()));

        let other = Existing {
            columns: [of("a", "character varying", true), of("c", "date", true)]
                .into_iter()
                .flatten()
                .collect(),
            comment: Some("x".into()),
        };
        let verdict = verdict(&model, &key, &other);
        let expected = [
            "Unmatched:",
            "Table for iglu:com.acme/x/jsonschema/1-0-0 is not matched. Issues:",
            "* Comment problem - Invalid SchemaKey found [x]. INVALID_IGLUURI",
            "* Column doesn't match, expected: 'a VARCHAR(9) NOT NULL', actual: 'a VARCHAR(9)'",
            "* Column existing in the storage but is not defined in the schema: 'c DATE'",
            "* Column existing in the schema but is not present in the storage: 'b BOOLEAN'",
            LINE,
            "Expected columns:",
            "'a VARCHAR(9) NOT NULL'",
            "'b BOOLEAN'",
            LINE,
            "Existing columns:",
            "'a VARCHAR(9)'",
            "'c DATE'",
            END,
            "Unmatched: 1, Matched: 0, Not Deployed: 0",
        ];
        assert_eq!(report(&[verdict]), expected);
        assert!(column("a", "jsonb", true, None, None).is_err());
    }
}
