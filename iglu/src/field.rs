//! Typed columns of the lake from schemas (`spec/iglu.md` 6.9, `spec/loaders-and-leases.md` 4.3 to 4.7). Pure.
//!
//! * [`fingerprint`]: the hash of a schema, which names recovery columns
//! * `storage`, `widen`, `narrow`: alternatives, tuples and open objects made into one schema
//! * [`select`]: a schema -> a [`Field`]; [`merge`]: two versions of one model -> one field
//! * [`column`]: the versions of a model that data have -> the columns of an entity
//! * [`outline`]: a column as people read it
//! * [`cast`]: which values a type takes; [`judge`]: everything that is wrong with data

pub mod cast;
pub mod column;
pub mod fingerprint;
pub mod judge;
pub mod merge;
mod narrow;
pub mod outline;
pub mod select;
mod storage;
mod widen;

use std::fmt;

pub use crate::syntax;
use crate::syntax::number;

/// A column or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in the file.
    pub name: String,
    /// What it stores.
    pub ty: FieldType,
    /// Whether it may be null.
    pub nullable: bool,
    /// The keys of the data that it takes its value from, sorted: those whose names are one after normalisation.
    pub accessors: Vec<String>,
}

/// What a field stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// A text.
    String,
    /// True or false.
    Boolean,
    /// 32 bits.
    Integer,
    /// 64 bits.
    Long,
    /// A double.
    Double,
    /// A number of at most `precision` digits, `scale` of them behind the point.
    Decimal {
        /// 9, 18 or 38.
        precision: u8,
        /// Digits behind the point.
        scale: u32,
    },
    /// A day.
    Date,
    /// A moment, in microseconds.
    Timestamp,
    /// Fields, at least one.
    Struct(Vec<Field>),
    /// Any number of elements.
    Array {
        /// What they are.
        element: Box<FieldType>,
        /// Whether they may be null.
        nullable: bool,
    },
    /// Anything, as JSON text.
    Json,
}

/// As the original prints it: what bad rows say was expected.
impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |nullable: bool| if nullable { "Nullable" } else { "Required" };
        match self {
            Self::String => f.write_str("String"),
            Self::Boolean => f.write_str("Boolean"),
            Self::Integer => f.write_str("Integer"),
            Self::Long => f.write_str("Long"),
            Self::Double => f.write_str("Double"),
            Self::Decimal { precision, scale } => write!(f, "Decimal(Digits{precision},{scale})"),
            Self::Date => f.write_str("Date"),
            Self::Timestamp => f.write_str("Timestamp"),
            Self::Json => f.write_str("Json"),
            Self::Array { element, nullable } => write!(f, "Array({element},{})", word(*nullable)),
            Self::Struct(fields) => {
                f.write_str("Struct(NonEmptyVector(")?;
                for (i, field) in fields.iter().enumerate() {
                    let comma = if i > 0 { ", " } else { "" };
                    let accessors = field.accessors.join(", ");
                    write!(
                        f,
                        "{comma}Field({},{},{},Set({accessors}))",
                        field.name,
                        field.ty,
                        word(field.nullable)
                    )?;
                }
                f.write_str("))")
            }
        }
    }
}
