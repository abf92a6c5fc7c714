//! All versions of one model -> one table (`spec/iglu.md` 6.5). A version that does not fit has a table of its own.

use event::schema_key::SchemaKey;

use super::{
    column::{Column, ColumnType, Encodings},
    ddl,
    flatten::columns,
};
use crate::{syntax::Syntax, table::name::table_name, validator::java_hash};

/// Digits of a `DECIMAL` that says nothing.
const DECIMAL_DEFAULT: u32 = 18;

/// The table of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The last version that fits, which the comment on the table names.
    pub latest: SchemaKey,
    /// Its name.
    pub table: String,
    /// The columns of the data.
    pub columns: Vec<Column>,
    /// What each version that fits changed, the first one nothing.
    pub steps: Vec<Step>,
    /// The versions that do not fit.
    pub recovered: Vec<Recovered>,
    /// Names of columns in which several properties of one version meet; the first of them has it.
    pub met: Vec<String>,
}

/// What one version changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The version.
    pub key: SchemaKey,
    /// Texts that have more room.
    pub widened: Vec<Column>,
    /// Columns that are new.
    pub added: Vec<Column>,
}

/// A version that does not fit, and its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The version.
    pub key: SchemaKey,
    /// The name of its table.
    pub table: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Why, in the original's words.
    pub reasons: Vec<String>,
}

impl Model {
    /// The table for `versions` of one model, in the order in which they are to be merged. `None`: there is no version.
    pub fn of(versions: &[(SchemaKey, &Syntax)]) -> Option<Self> {
        let ((first, schema), rest) = versions.split_first()?;
        let (of_first, mut met) = columns(schema);
        let step = Step { key: first.clone(), widened: vec![], added: vec![] };
        let table = table_name(&first.vendor, &first.name, first.version.model);
        let (latest, recovered) = (first.clone(), vec![]);
        met.dedup();
        let mut model = Self { latest, table, columns: of_first, steps: vec![step], recovered, met };
        for (key, schema) in rest {
            let (of_version, met) = columns(schema);
            model.met.extend(met);
            model.merge(key, of_version);
        }
        model.met.sort();
        model.met.dedup();
        Some(model)
    }

    fn merge(&mut self, key: &SchemaKey, of_version: Vec<Column>) {
        let mut reasons = Vec::new();
        let (mut widened, mut added) = (Vec::new(), Vec::new());
        for new in &of_version {
            let Some(old) = self.columns.iter().find(|column| column.name == new.name) else {
                added.push(Column { nullable: true, ..new.clone() });
                continue;
            };
            if !old.nullable && new.nullable {
                reasons.push(made_nullable(old));
                continue;
            }
            match change(old.ty, new.ty) {
                Change::None => {}
                // A column that took nulls still holds them.
                Change::Widen => widened.push(Column { nullable: old.nullable, ..new.clone() }),
                Change::Breaking => reasons.push(format!(
                    "Incompatible types in column {} old {} new {}",
                    old.name,
                    old.ty.original_name(),
                    new.ty.original_name()
                )),
            }
        }
        let is_gone = |old: &&Column| of_version.iter().all(|new| new.name != old.name);
        reasons.extend(self.columns.iter().filter(|old| !old.nullable).filter(is_gone).map(made_nullable));
        if !reasons.is_empty() {
            let lines = ddl::lines(&of_version, Encodings::Loader);
            let hash = java_hash::string(&lines).unsigned_abs();
            let (revision, addition) = (key.version.revision, key.version.addition);
            let table = format!("{}_{revision}_{addition}_recovered_{hash}", self.table);
            self.recovered.push(Recovered { key: key.clone(), table, columns: of_version, reasons });
            return;
        }
        for new in &widened {
            if let Some(old) = self.columns.iter_mut().find(|column| column.name == new.name) {
                old.clone_from(new);
            }
        }
        self.columns.extend(added.iter().cloned());
        self.latest = key.clone();
        self.steps.push(Step { key: key.clone(), widened, added });
    }
}

fn made_nullable(column: &Column) -> String {
    format!("Making required column nullable {}", column.name)
}

enum Change {
    None,
    Widen,
    Breaking,
}

/// What has to happen to a column for values of another type.
fn change(old: ColumnType, new: ColumnType) -> Change {
    use ColumnType::{BigInt, Boolean, Char, Date, Decimal, Double, Int, SmallInt, Timestamp, Varchar};
    let whole = |decimal: Option<(u32, u32)>| decimal.map_or(DECIMAL_DEFAULT, |(p, s)| p.saturating_sub(s));
    let fits = match (new, old) {
        (Varchar(new), Varchar(old)) if new > old => return Change::Widen,
        (Decimal(new), Decimal(old)) => {
            let ((new_p, new_s), (old_p, old_s)) =
                (new.unwrap_or((DECIMAL_DEFAULT, 0)), old.unwrap_or((DECIMAL_DEFAULT, 0)));
            old_p >= new_p && old_s >= new_s
        }
        (Decimal(new), Varchar(old)) => old >= new.map_or(DECIMAL_DEFAULT, |(p, _)| p),
        (Char(new), Char(old) | Varchar(old)) => old >= new,
        (SmallInt, Int | BigInt) | (Int, BigInt) | (SmallInt | Int | BigInt | Decimal(_), Double) => true,
        (SmallInt | Boolean, Varchar(old)) => old >= 5,
        (Int | Date, Varchar(old)) => old >= 10,
        (BigInt, Varchar(old)) => old >= 19,
        (Timestamp, Varchar(old)) => old >= 25,
        (SmallInt, Decimal(old)) => whole(old) >= 5,
        (Int, Decimal(old)) => whole(old) >= 10,
        (BigInt, Decimal(old)) => whole(old) >= 19,
        (Varchar(_), Varchar(_)) => true,
        (new, old) => new == old,
    };
    if fits { Change::None } else { Change::Breaking }
}
