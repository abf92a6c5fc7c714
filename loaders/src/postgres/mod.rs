//! Enriched events -> `atomic.events` and one table per schema model (`spec/loaders-and-leases.md` 3 and 7.4).
//!
//! * [`settings`]: the HOCON of the role; [`config`]: what a run needs of it, where to load and how much at once
//! * [`atomic`]: the columns of `events`; [`places`]: where those of other tables lie in the data
//! * [`target`]: a table as it is, ready to take rows; [`encode`]: lines -> rows of all tables, bad rows, needs
//! * [`binary`]: the binary format of COPY; [`numeric`]: its decimal numbers
//! * [`refusal`]: what an error of Postgres means; [`bad_rows`]: what cannot be loaded
//! * [`checkpoint`]: the row that makes a replay add nothing; [`statement`]: SQL texts
//! * [`preview`]: what would be changed
//! * [`client`]: talks to the server; [`run`]: the loader

pub mod atomic;
pub mod bad_rows;
pub mod batch;
pub mod binary;
pub mod checkpoint;
pub mod client;
pub mod config;
pub mod encode;
pub mod numeric;
pub mod places;
pub mod preview;
pub mod refusal;
pub mod run;
pub mod settings;
pub mod statement;
pub mod target;
