//! What one run of the loader needs.

use std::time::Duration;

use event::schema_key::SchemaCriterion;
use serde::{Deserialize, Serialize};
use service::statsd;

use super::{
    buffer::Limits,
    format::FileFormat,
    template::{Template, TemplateError},
};
use crate::parquet;

/// What a stream carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Purpose {
    /// Collector payloads, written as they are; those of a compressed record one by one.
    Raw,
    /// Enriched events as TSV.
    EnrichedEvents,
    /// Self-describing JSON: bad rows.
    SelfDescribing,
}

/// What one run needs.
#[derive(Clone, Debug, PartialEq)]
pub struct LakeConfig {
    /// How records are grouped.
    pub purpose: Purpose,
    /// Folders below the destination.
    pub template: Template,
    /// The format of files.
    pub format: FileFormat,
    /// Files of events are Parquet, whatever `format` says, and what is no row becomes a bad row. The pattern must be one of
    /// [`Template::parse_for_events`].
    pub parquet: Option<parquet::Options>,
    /// Schemas whose data have no columns.
    pub skip: Vec<SchemaCriterion>,
    /// File names begin with it.
    pub file_prefix: Option<String>,
    /// When a batch is closed.
    pub limits: Limits,
    /// How long the first record of a batch waits.
    pub time_limit: Duration,
    /// How long puts may fail before the run gives up; `None`: for ever.
    pub max_timeout: Option<Duration>,
    /// As in the line 3.x, records that are not as they should be become bad rows, and so do payloads of compressed records
    /// with more bytes than this; and each version of a schema has files of its own. `None`: everything is written to files, as in the line 2.x.
    pub rejects: Option<u64>,
    /// Bytes of a bad row, at most.
    pub max_bad_row_bytes: usize,
    /// Where the original's metrics go, if anywhere.
    pub statsd: Option<statsd::Settings>,
}

/// Folders of Parquet files.
pub const HIVE: &str = "load_date={load_date}/event_name={event_name}";

/// A value that the type alone cannot rule out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidConfig {
    /// See there.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Would move objects or leave names with a bare dash.
    #[error(
        "filename prefix `{0}`: expected 1 to 128 characters without `{{`, `}}`, `/`, `\\` and control characters"
    )]
    FilePrefix(String),
    /// The original's words.
    #[error("Enriched events can only get partitioned by date and time")]
    OnlyDates,
    /// One of the schemas without columns.
    #[error("`{0}` is no pattern of schemas such as iglu:com.acme/click/jsonschema/1-*-*")]
    Skip(String),
    /// Other records have no columns.
    #[error("only ENRICHED_EVENTS can be written as Parquet")]
    OnlyEvents,
    /// Nothing would ever be written.
    #[error("buffer limits: expected at least 1 record, 1 byte and 1 ms")]
    Limits,
}

impl LakeConfig {
    /// For `piste up`: the original's names, and small batches so that files show soon.
    pub fn new(purpose: Purpose) -> Self {
        let pattern = if purpose == Purpose::SelfDescribing { "{vendor}.{schema}" } else { "" };
        Self {
            purpose,
            template: Template::parse(pattern).expect("the patterns above are right"),
            format: FileFormat::default(),
            parquet: None,
            skip: Vec::new(),
            file_prefix: None,
            limits: Limits { records: 100_000, bytes: 16 << 20, ..Limits::NONE },
            time_limit: Duration::from_secs(5),
            max_timeout: None,
            rejects: None,
            max_bad_row_bytes: 1_000_000,
            statsd: None,
        }
    }

    /// The same with Parquet files in Hive's folders, of the day of loading and the event's name unless `pattern` is given.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig::OnlyEvents`], [`InvalidConfig::Template`].
    pub fn in_columns(
        mut self,
        options: parquet::Options,
        pattern: Option<&str>,
    ) -> Result<Self, InvalidConfig> {
        if self.purpose != Purpose::EnrichedEvents {
            return Err(InvalidConfig::OnlyEvents);
        }
        self.template = Template::parse_for_events(pattern.unwrap_or(HIVE))?;
        self.parquet = Some(options);
        Ok(self)
    }

    /// The same with file names that begin with `prefix` and `separator`: tells apart what two streams put into one folder.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig::FilePrefix`].
    pub fn with_file_prefix(mut self, prefix: &str, separator: &str) -> Result<Self, InvalidConfig> {
        let bad = |c: char| c.is_control() || "{}/\\".contains(c);
        if prefix.is_empty() || prefix.len() > 128 || prefix.starts_with('.') || prefix.contains(bad) {
            return Err(InvalidConfig::FilePrefix(prefix.to_owned()));
        }
        self.file_prefix = Some(format!("{prefix}{separator}"));
        Ok(self)
    }
}
