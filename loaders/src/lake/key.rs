//! Names of objects: `[prefix-]yyyy-MM-dd-HHmmss-<firstSeq>-<lastSeq>` and `.gz`, `.lzo` or `.parquet`
//! (`spec/loaders-and-leases.md` 1.6). In the line 3.x, where the original ends names with a random id, the version of a schema
//! comes before that, as in `...-<lastSeq>-1-0-0.gz`.

use jiff::{Timestamp, tz::TimeZone};
use stream::record::{Position, ShardId};

use super::template::{SchemaParts, Template};

/// What the names of all objects of one batch have in common.
#[derive(Clone, Copy, Debug)]
pub struct BatchName<'a> {
    /// The partition pattern.
    pub template: &'a Template,
    /// What file names begin with.
    pub file_prefix: Option<&'a str>,
    /// What names of files end with.
    pub ending: &'a str,
    /// When the batch was closed.
    pub stamp: Timestamp,
    /// The first record.
    pub first: Position,
    /// The last record.
    pub last: Position,
    /// The shard of all records.
    pub shard: &'a ShardId,
}

impl BatchName<'_> {
    /// The key of the object with the records of one partition, relative to the loader's path.
    pub fn key(&self, schema: &SchemaParts) -> String {
        let folder = self.template.expand(schema, self.stamp);
        let slash = if folder.is_empty() { "" } else { "/" };
        format!("{folder}{slash}{}", self.file(schema))
    }

    fn file(&self, schema: &SchemaParts) -> String {
        let stamp = TimeZone::UTC.to_datetime(self.stamp).strftime("%Y-%m-%d-%H%M%S");
        let (first, last) = (self.first.sequence, self.last.sequence);
        let prefix = self.file_prefix.unwrap_or_default();
        // Kinesis' numbers tell shards apart. Those of a log begin with 1 in every shard, so its further shards are named.
        let shard = if last.to_u64().is_some() && *self.shard != ShardId::numbered(0) {
            format!("-{}", self.shard)
        } else {
            String::new()
        };
        let dash = if schema.version.is_some() { "-" } else { "" };
        let version = schema.version.as_deref().unwrap_or_default();
        format!("{prefix}{stamp}-{first}-{last}{shard}{dash}{version}{}", self.ending)
    }
}
