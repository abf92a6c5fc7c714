//! Compressed records: payloads of many requests in one (`spec/collector.md` 6).
//!
//! [`framer`] puts payloads into records of a size, [`pace`] says how long an open record waits for more, [`run`] is the
//! thread that does both and hands the records to the stream. The format is `event`'s.

pub mod framer;
pub mod pace;
pub mod run;
