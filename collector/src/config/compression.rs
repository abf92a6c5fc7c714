//! `compression`: payloads of many requests in one compressed record (`spec/collector.md` 6).

use std::time::Duration;

use event::payload::frame;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

/// `compression`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Compression {
    /// Whether good records are compressed. Every reader of the raw stream must know compressed records.
    pub enabled: bool,
    /// zstd or gzip.
    #[serde(rename = "type")]
    #[schemars(with = "String")]
    pub kind: CompressionKind,
    /// Level of gzip, 0 to 9.
    #[serde(deserialize_with = "gzip_level")]
    #[schemars(with = "i32")]
    pub gzip_compression_level: i32,
    /// Level of zstd, 1 to 22.
    #[serde(deserialize_with = "zstd_level")]
    #[schemars(with = "i32")]
    pub zstd_compression_level: i32,
    /// Ours. A record waits for further payloads at most so long, less when they stop coming, and not at all when they
    /// come so rarely that waiting is of no use; never longer than buffer.timeLimit. The original waits for that alone,
    /// which it can because it answers its clients before anything is stored.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub longest_wait: Duration,
}

/// `compression.type`, in any case
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CompressionKind {
    /// `gzip`
    Gzip,
    /// `zstd`
    #[default]
    Zstd,
}

impl CompressionKind {
    /// The format, and the level configured for it.
    pub fn with_level(self, config: &Compression) -> (frame::Compression, i32) {
        match self {
            Self::Gzip => (frame::Compression::Gzip, config.gzip_compression_level),
            Self::Zstd => (frame::Compression::Zstd, config.zstd_compression_level),
        }
    }
}

impl Default for Compression {
    fn default() -> Self {
        Self {
            enabled: false,
            kind: CompressionKind::default(),
            gzip_compression_level: 6,
            zstd_compression_level: 9,
            longest_wait: Duration::from_millis(50),
        }
    }
}

impl<'de> Deserialize<'de> for CompressionKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        match name.to_ascii_lowercase().as_str() {
            "gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err(de::Error::custom(format!("`{name}` is neither zstd nor gzip"))),
        }
    }
}

fn gzip_level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    level(deserializer, 0, 9)
}

fn zstd_level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    level(deserializer, 1, 22)
}

fn level<'de, D: Deserializer<'de>>(deserializer: D, least: i32, most: i32) -> Result<i32, D::Error> {
    let level = i32::deserialize(deserializer)?;
    if (least..=most).contains(&level) {
        return Ok(level);
    }
    Err(de::Error::custom(format!("{level} is no level: {least} to {most} are")))
}
