//! What sections of sinks say of a Kinesis stream.

use super::{POSITIVE_NUMBER, Pauses, URL, is_url};
use crate::config::Notes;

/// The keys of a Kinesis stream that is written to.
#[derive(Clone, Copy, Debug)]
pub struct KinesisSink<'a> {
    /// Name of the stream; empty where it is missing.
    pub stream: &'a str,
    /// Its region.
    pub region: Option<&'a str>,
    /// Its endpoint.
    pub endpoint: Option<&'a str>,
    /// Pauses between attempts.
    pub pauses: &'a Pauses,
    /// Records of one call.
    pub record_limit: usize,
    /// Bytes of one call.
    pub byte_limit: usize,
    /// Largest record in bytes, without its key.
    pub max_record_size: usize,
}

/// Keys that only mean something to Kinesis.
const OF_KINESIS: [&str; 5] =
    ["region", "customEndpoint", "throttledBackoffPolicy", "recordLimit", "byteLimit"];

impl KinesisSink<'_> {
    /// What cannot be, of the section `key`; `unnamed` is said where the stream has no name.
    pub fn problems(&self, key: &str, unnamed: &str, notes: &mut Notes) {
        let named = !self.stream.trim().is_empty();
        notes.unless(named, &format!("{key}.streamName"), unnamed);
        let limit = (1..=500).contains(&self.record_limit);
        notes.unless(limit, &format!("{key}.recordLimit"), "expected 1 to 500");
        notes.unless(self.byte_limit > 0, &format!("{key}.byteLimit"), POSITIVE_NUMBER);
        self.pauses.problems(&format!("{key}.throttledBackoffPolicy"), notes);
        notes.unless(self.endpoint.is_none_or(is_url), &format!("{key}.customEndpoint"), URL);
    }

    /// What has no effect in the section `key` of a sink that is none, and why.
    pub fn without_effect(key: &str, why: &str, notes: &mut Notes) {
        for name in OF_KINESIS {
            notes.say(format!("{key}.{name}"), why);
        }
    }
}
