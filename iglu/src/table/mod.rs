//! Postgres tables from schemas (`spec/iglu.md` 6.1, 6.3, 6.8; `spec/loaders-and-leases.md` 3.4, 3.6). Pure.
//!
//! * [`name`]: names of tables and columns
//! * [`keywords`]: the part of a schema that decides about columns, [`flatten`]: its leaves, [`column`]: their types
//! * [`model`]: all versions of one model -> one table
//! * [`migration`]: the table as it is and as it should be -> statements
//! * [`cell`]: a value of the data -> what a column stores; [`instant`], [`number`], [`uuid`]: texts read as Java reads them

pub mod cell;
pub mod column;
pub mod flatten;
pub mod instant;
pub mod keywords;
pub mod migration;
pub mod model;
pub mod name;
pub mod number;
pub mod uuid;
