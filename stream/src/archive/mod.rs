//! Files of lines read as a stream: an archive that is loaded again. Each file is a shard, each line a record.
//!
//! * [`file`](self::file): what a file holds, unpacked, and its name as a shard
//! * [`lines`]: line after line, within a limit
//! * [`consumer`]: files as a consumer of their own
//!
//! A shard is named by the SHA-256 of what the file holds once it is unpacked, so that a file which was renamed, copied or
//! packed anew is the same shard, and a destination that keeps positions takes each of its lines once. A line's position is its
//! number, counted from 1. A file that has grown is another shard. Files of rows, such as Parquet, are read by whoever knows them;
//! their shard is named by the hash of the file as it is, because another version of the reader may print other lines.

pub mod consumer;
pub mod file;
pub mod lines;
