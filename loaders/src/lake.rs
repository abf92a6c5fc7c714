//! The lake loader: every stream as files, named as the S3 loader 2.x names them
//! (`spec/loaders-and-leases.md` 1.3 to 1.10), each record in exactly one file (7.3).
//!
//! * [`settings`]: the HOCON of the role; [`config`]: what a run needs of it
//! * [`location`], [`template`], [`key`]: paths, partition patterns, names of objects
//! * [`format`], [`gzip`], [`lzo`], [`raw_block`], [`buffer`]: records -> the bytes of objects
//! * [`rejected`]: what cannot be written, and its bad rows
//! * [`pending`]: what is declared before a put, so that a successor repeats it exactly
//! * [`client`]: folders and object stores, durable puts
//! * [`plan`]: what would become of records
//! * `observed`: the original's metrics; [`run`]: the loop

pub mod buffer;
pub mod client;
pub mod config;
pub mod format;
pub mod gzip;
pub mod key;
pub mod location;
pub mod lzo;
mod observed;
pub mod pending;
pub mod plan;
pub mod raw_block;
pub mod rejected;
pub mod run;
pub mod settings;
mod shard;
pub mod template;
