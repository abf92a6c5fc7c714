//! Tables of Redshift from schemas, as the original's tools and loader make them (`spec/iglu.md` 6.2 to 6.6). Pure.
//!
//! * [`flatten`]: a schema -> its columns, and [`column`]: their types
//! * [`model`]: all versions of one model -> one table, and tables for the versions that do not fit
//! * [`ddl`] has the statements, and [`existing`] what a database has instead

pub mod column;
pub mod ddl;
pub mod existing;
pub mod flatten;
pub mod model;
