//! The lake loader: every stream as gzip files of lines, named as the S3 loader 2.x names them
//! (`spec/loaders-and-leases.md` 1.3 to 1.10), each record in exactly one file (7.3).
//!
//! * [`config`]: the HOCON of the role, and what a run needs of it
//! * [`location`], [`template`], [`key`]: paths, partition patterns, names of objects
//! * [`gzip`], [`buffer`]: records -> the bytes of objects
//! * [`pending`]: what is declared before a put, so that a successor repeats it exactly
//! * [`client`]: folders and object stores, durable puts
//! * [`run`]: the loop

pub mod buffer;
pub mod client;
pub mod config;
pub mod gzip;
pub mod key;
pub mod location;
pub mod pending;
pub mod run;
mod shard;
pub mod template;
