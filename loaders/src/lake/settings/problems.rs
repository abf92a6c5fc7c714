//! What cannot be, beyond what types say, and what has no effect beside other values.

use service::config::{
    Checked, Note, Notes,
    sections::{POSITIVE_NUMBER, URL, is_url},
};

use super::{FileLine, Layout, S3LoaderConfig};
use crate::lake::{
    config::{InvalidConfig, LakeConfig},
    location::Location,
};

impl Checked for S3LoaderConfig {
    fn problems(&self) -> Vec<Note> {
        let mut notes = Notes::default();
        let is_set = self.purpose.is_some();
        notes.unless(is_set, "purpose", "is required: RAW, ENRICHED_EVENTS or SELF_DESCRIBING");
        let reading = self.reading();
        reading.problems(self.initial_position().as_ref(), &mut notes);
        let section = self.section();
        match self.path() {
            "" => notes.say(
                "output.good.path",
                "is required: where files go; in a file of the line 2.x `output.s3.path`",
            ),
            path => {
                if let Err(error) = Location::parse(path) {
                    notes.say(format!("{section}.path"), error.to_string());
                }
            }
        }
        let url = self.endpoint().is_none_or(is_url);
        notes.unless(url, &format!("{section}.customEndpoint"), URL);
        let (size, time) = match self.line() {
            FileLine::Apache => ("buffer.byteLimit", "buffer.timeLimit"),
            FileLine::Current => ("batching.maxBytes", "batching.maxDelay"),
        };
        match self.lake() {
            Err(error @ (InvalidConfig::Template(_) | InvalidConfig::OnlyDates)) => {
                notes.say(format!("{section}.partitionFormat"), error.to_string());
            }
            Err(error @ InvalidConfig::OnlyEvents) => {
                notes.say("output.good.fileFormat", error.to_string());
            }
            Err(error @ InvalidConfig::Skip(_)) => notes.say("skipSchemas", error.to_string()),
            Err(error @ InvalidConfig::FilePrefix(_)) => {
                notes.say(format!("{section}.filenamePrefix"), error.to_string());
            }
            Err(InvalidConfig::Limits) => {
                let limits = [self.buffer.byte_limit, self.batching.max_bytes];
                notes.unless(limits.iter().all(|limit| *limit > 0), size, POSITIVE_NUMBER);
                notes.unless(self.buffer.record_limit > 0, "buffer.recordLimit", POSITIVE_NUMBER);
                notes.positive(time, self.buffer.time_limit.min(self.batching.max_delay));
            }
            Ok(_) => {}
        }
        if self.line() == FileLine::Current {
            self.output.bad.problems(&mut notes);
            let single = self.decompression.max_bytes_single_payload;
            notes.unless(single > 0, "decompression.maxBytesSinglePayload", POSITIVE_NUMBER);
            let row_group = self.output.good.parquet.row_group_bytes;
            notes.unless(row_group > 0, "output.good.parquet.rowGroupBytes", POSITIVE_NUMBER);
            let other = self.bad_in_log().is_none_or(|bad| bad != reading.stream);
            notes.unless(other, "output.bad.streamName", "expected another name than the other streams'");
        }
        if self.uses_log() {
            self.log.problems("log", &mut notes);
        }
        self.monitoring.metrics.statsd.problems(&mut notes);
        self.monitoring.health_probe.problems(&mut notes);
        notes.into_vec()
    }

    fn without_effect(&self) -> Vec<Note> {
        let mut notes = Notes::default();
        self.reading().without_effect(&mut notes);
        let keys = self.input.keys();
        if keys.initial_position.is_some() {
            notes.say("input.position", "`input.initialPosition` says it");
        }
        if keys.retrieval_mode.is_some_and(|mode| mode.max_records.is_some()) {
            notes.say("input.maxRecords", "`input.retrievalMode` says it");
        }
        match self.line() {
            FileLine::Apache => {
                notes.say("batching", "the limits of a file with `output.s3` are in `buffer`");
                notes.say("output.good", "it has no path");
                notes.say("output.bad", "the line 2.x writes all records to files");
                notes.say("decompression", "the line 2.x has no limit for payloads");
            }
            FileLine::Current => {
                notes.say("buffer", "the limits of a file with `output.good` are in `batching`");
                notes.say("output.s3", "`output.good` says where files go");
                if self.output.good.file_format == Layout::Lines {
                    notes.say("output.good.parquet", "`output.good.fileFormat` is lines");
                }
                self.output.bad.without_effect(&mut notes);
            }
        }
        if self.line() == FileLine::Apache || self.output.good.file_format == Layout::Lines {
            notes.say("skipSchemas", "lines have no columns");
        }
        if !self.uses_log() {
            notes.say("log", "neither source nor sink is of type log");
        }
        notes.into_vec()
    }
}

impl S3LoaderConfig {
    /// What may surprise about the partition pattern: to be said at start.
    pub fn remarks(&self) -> Vec<String> {
        let Ok(LakeConfig { template, .. }) = self.lake() else { return Vec::new() };
        let key = format!("{}.partitionFormat", self.section());
        let left = template.left().iter();
        let mut remarks: Vec<String> = left
            .map(|left| {
                format!("`{key}`: `{left}` means nothing in a file of the line 3.x and stays as it is")
            })
            .collect();
        if template.text().contains("{mm}") {
            let (meaning, other) = match self.line() {
                FileLine::Apache => ("the month in a file of the line 2.x", "minutes in one of the line 3.x"),
                FileLine::Current => {
                    ("minutes in a file of the line 3.x", "the month in one of the line 2.x")
                }
            };
            remarks.push(format!("`{key}`: `{{mm}}` is {meaning}, and {other}"));
        }
        remarks
    }

    /// The section that says where files go.
    fn section(&self) -> &'static str {
        match self.line() {
            FileLine::Apache => "output.s3",
            FileLine::Current => "output.good",
        }
    }
}
