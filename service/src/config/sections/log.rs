//! The embedded log as a source and as a sink.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Notes;

/// `log`, ours: the embedded log, as `piste up` has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Log {
    /// Its folder. One process at a time writes to it: several roles at once are `piste up`.
    pub folder: PathBuf,
    /// Shards of each stream; more where the folder has more.
    pub shards: u32,
    /// Records are kept so long, and longer while a consumer that is known has not read them.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub retention_age: Duration,
    /// Bytes of all streams together, at most; beyond it nothing more is taken.
    #[serde(with = "crate::config::size")]
    #[schemars(with = "String")]
    pub max_bytes: u64,
    /// Bytes of one file of the log.
    #[serde(with = "crate::config::size")]
    #[schemars(with = "String")]
    pub segment_bytes: u64,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            folder: "piste-data".into(),
            shards: 1,
            retention_age: Duration::from_secs(24 * 3600),
            max_bytes: 10 << 30,
            segment_bytes: 64 << 20,
        }
    }
}

impl Log {
    /// What cannot be, of the section `key`.
    pub fn problems(&self, key: &str, notes: &mut Notes) {
        let shards = (1..=4096).contains(&self.shards);
        notes.unless(shards, &format!("{key}.shards"), "expected 1 to 4096");
        notes.positive(&format!("{key}.retentionAge"), self.retention_age);
        notes.unless(self.segment_bytes > 0, &format!("{key}.segmentBytes"), "expected a size above 0");
        let roomy = self.max_bytes >= self.segment_bytes;
        let why = format!("expected at least `{key}.segmentBytes`");
        notes.unless(roomy, &format!("{key}.maxBytes"), &why);
    }
}
