//! What one call to a sink may carry.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `buffer`: limits of one call to the sink.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Buffer {
    /// Bytes of one call to the sink. A larger record goes alone.
    #[schemars(example = 3_145_728)]
    pub byte_limit: Option<u64>,
    /// Records of one call to the sink.
    #[schemars(example = 500)]
    pub record_limit: Option<u64>,
    /// Milliseconds that records may wait for others to be compressed with; nothing else waits.
    #[schemars(example = 5_000)]
    pub time_limit: Option<u64>,
}

impl Buffer {
    /// The limits that are set here, and `under`'s where none is.
    pub fn over(&self, under: &Self) -> Self {
        Self {
            byte_limit: self.byte_limit.or(under.byte_limit),
            record_limit: self.record_limit.or(under.record_limit),
            time_limit: self.time_limit.or(under.time_limit),
        }
    }

    /// Bytes of one call, 3 MiB unless set.
    pub fn bytes(&self) -> u64 {
        self.byte_limit.unwrap_or(3_145_728)
    }

    /// Records of one call, 500 unless set.
    pub fn records(&self) -> u64 {
        self.record_limit.unwrap_or(500)
    }

    /// Milliseconds that records may wait for others, 5000 unless set.
    pub fn millis(&self) -> u64 {
        self.time_limit.unwrap_or(5_000)
    }
}
