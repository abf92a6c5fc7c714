//! What cannot be, beyond what types say, and what has no effect beside other values.

use service::config::{Checked, Note};

use super::{EnrichConfig, Keys, PositionKind, RetrievalKind, Sink, SinkKind, SourceKind};

/// Findings in the making.
#[derive(Default)]
struct Notes(Vec<Note>);

impl Notes {
    fn say(&mut self, key: impl Into<String>, why: impl Into<String>) {
        self.0.push(Note::new(key, why));
    }

    /// The same, unless it is so.
    fn unless(&mut self, so: bool, key: &str, why: &str) {
        if !so {
            self.say(key, why);
        }
    }
}

/// What piste does not read from; a file that means one of these must not be taken for one that means Kinesis.
const ELSEWHERE: [(&str, &[&str]); 4] = [
    ("Pub/Sub", &["subscription", "parallelPullFactor", "parallelPullCount", "maxAckExtensionPeriod"]),
    ("Kafka", &["topicName", "bootstrapServers", "consumerConf"]),
    ("NSQ", &["topic", "channel", "lookupHost", "lookupPort", "nsqdHost", "nsqdPort"]),
    ("HTTP", &["http"]),
];

/// The same for sinks.
const SINKS_ELSEWHERE: [(&str, &[&str]); 3] = [
    ("Pub/Sub or NSQ", &["topic", "nsqdHost", "nsqdPort"]),
    ("Kafka", &["topicName", "bootstrapServers", "producerConf"]),
    ("file", &["file", "maxBytes"]),
];

/// Keys of an input that only mean something to Kinesis.
const OF_KINESIS: [&str; 8] = [
    "region",
    "workerIdentifier",
    "retrievalMode",
    "leaseDuration",
    "maxLeasesToStealAtOneTimeFactor",
    "apiCallAttemptTimeout",
    "customEndpoint",
    "dynamodbCustomEndpoint",
];

const POSITIVE_NUMBER: &str = "expected a number above 0";
const POSITIVE_TIME: &str = "expected a duration longer than nothing";
const URL: &str = "expected a URL such as `https://kinesis.eu-central-1.amazonaws.com`";

impl Checked for EnrichConfig {
    fn problems(&self) -> Vec<Note> {
        let mut notes = Notes::default();
        self.input(&mut notes);
        let mut in_log = Vec::new();
        if self.input.kind() == SourceKind::Log {
            in_log.push(self.raw_name());
        }
        for (section, sink) in self.sinks() {
            sink.problems(section, &mut notes);
            if sink.kind() == SinkKind::Log {
                let name = sink.name(section).to_owned();
                let key = format!("output.{section}.streamName");
                notes.unless(!in_log.contains(&name), &key, "expected another name than the other streams'");
                in_log.push(name);
            }
        }
        if !in_log.is_empty() {
            let log = &self.log;
            notes.unless((1..=4096).contains(&log.shards), "log.shards", "expected 1 to 4096");
            notes.unless(!log.retention_age.is_zero(), "log.retentionAge", POSITIVE_TIME);
            notes.unless(log.segment_bytes > 0, "log.segmentBytes", "expected a size above 0");
            let roomy = log.max_bytes >= log.segment_bytes;
            notes.unless(roomy, "log.maxBytes", "expected at least `log.segmentBytes`");
        }
        let fraction = self.cpu_parallelism_fraction;
        notes.unless(fraction.is_finite() && fraction > 0.0, "cpuParallelismFraction", POSITIVE_NUMBER);
        notes.unless(!self.assets_update_period.is_zero(), "assetsUpdatePeriod", POSITIVE_TIME);
        notes.unless(self.validation.max_json_depth > 0, "validation.maxJsonDepth", POSITIVE_NUMBER);
        let single = self.decompression.max_bytes_single_payload;
        notes.unless(single > 0, "decompression.maxBytesSinglePayload", POSITIVE_NUMBER);
        let timeout = self.http.client.request_timeout;
        notes.unless(!timeout.is_zero(), "http.client.requestTimeout", POSITIVE_TIME);
        self.monitoring(&mut notes);
        notes.0
    }

    fn without_effect(&self) -> Vec<Note> {
        let mut notes = Notes::default();
        let keys = self.input.keys();
        if self.input.kind() == SourceKind::Log {
            for section in ["input", "input.kinesis"] {
                for key in OF_KINESIS {
                    notes.say(format!("{section}.{key}"), "the source is of type log");
                }
            }
        }
        let fans_out = keys.retrieval_mode.is_some_and(|mode| mode.kind == Some(RetrievalKind::FanOut));
        if fans_out {
            for section in ["input", "input.kinesis"] {
                notes.say(
                    format!("{section}.retrievalMode.type"),
                    "shards are polled: there is no fan-out yet",
                );
            }
        }
        let mut uses_log = self.input.kind() == SourceKind::Log;
        for (section, sink) in self.sinks() {
            uses_log |= sink.kind() == SinkKind::Log;
            if sink.kind() != SinkKind::Kinesis {
                for key in ["region", "customEndpoint", "throttledBackoffPolicy", "recordLimit", "byteLimit"]
                {
                    notes.say(format!("output.{section}.{key}"), "the sink is not of type kinesis");
                }
            }
        }
        if self.compatibility.is_apache() {
            notes.say("output.failed", "the Apache line has no failed events");
        } else if !self.output.failed.is_set() {
            notes.say("output.failed", "it has neither a streamName nor a type");
        }
        notes.say("output.bad.partitionKey", "bad rows have random keys");
        for section in ["failed", "bad"] {
            notes.say(format!("output.{section}.maxRecordSize"), "that of `output.good` holds for all");
        }
        notes.say("output.incomplete", "it is called `output.failed`");
        if !uses_log {
            notes.say("log", "neither source nor sink is of type log");
        }
        notes.0
    }

    fn refused(&self) -> Vec<Note> {
        let mut notes = Notes::default();
        if self.input.kind.is_none() {
            for (source, key) in each(&ELSEWHERE) {
                let why = format!("piste has no {source} source; set `input.type` to kinesis or log");
                notes.say(format!("input.{key}"), why);
            }
        }
        for (section, sink) in
            [("good", &self.output.good), ("failed", &self.output.failed), ("bad", &self.output.bad)]
        {
            if sink.kind.is_none() {
                for (kind, key) in each(&SINKS_ELSEWHERE) {
                    let why = format!("piste has no {kind} sink; set `type` to kinesis, log or stdout");
                    notes.say(format!("output.{section}.{key}"), why);
                }
            }
        }
        notes.0
    }
}

fn each<'a>(elsewhere: &'a [(&'a str, &'a [&'a str])]) -> impl Iterator<Item = (&'a str, &'a str)> {
    elsewhere.iter().flat_map(|(what, keys)| keys.iter().map(move |key| (*what, *key)))
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// What can be the name of a folder.
fn is_folder(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0'])
}

impl EnrichConfig {
    /// Name of the raw stream in a log.
    pub fn raw_name(&self) -> String {
        self.input.keys().stream_name.unwrap_or_else(|| "raw".into())
    }

    /// Under which name progress in a log is kept; that of `piste up` unless set.
    pub fn consumer_name(&self) -> String {
        self.input.keys().app_name.unwrap_or_else(|| "enrich".into())
    }

    fn input(&self, notes: &mut Notes) {
        let keys = self.input.keys();
        match self.input.kind() {
            SourceKind::Kinesis => {
                let named = keys.stream_name.as_deref().is_some_and(|name| !name.trim().is_empty());
                notes.unless(
                    named,
                    "input.streamName",
                    "is required: the name of the raw stream; or set `input.type`",
                );
                keys.of_kinesis(notes);
            }
            SourceKind::Log => {
                let named = is_folder(&self.raw_name());
                notes.unless(named, "input.streamName", "expected what can be the name of a folder");
                let at = keys.position() == Some(PositionKind::AtTimestamp);
                notes.unless(!at, "input.initialPosition.type", "a log is read from LATEST or TRIM_HORIZON");
                let named = is_folder(&self.consumer_name());
                notes.unless(named, "input.appName", "expected what can be the name of a folder");
            }
        }
        if let Some(position) = keys.initial_position {
            let at = position.kind == Some(PositionKind::AtTimestamp);
            let time = position.timestamp.as_deref().map(str::parse::<jiff::Timestamp>);
            let fine = if at { matches!(time, Some(Ok(_))) } else { !matches!(time, Some(Err(_))) };
            notes.unless(
                fine,
                "input.initialPosition.timestamp",
                "expected a time such as `2026-01-01T00:00:00Z`",
            );
        }
    }

    fn monitoring(&self, notes: &mut Notes) {
        let statsd = &self.monitoring.metrics.statsd;
        if statsd.hostname.is_some() {
            let key = "monitoring.metrics.statsd";
            notes.unless(statsd.port != 0, &format!("{key}.port"), "expected a port from 1 to 65535");
            notes.unless(!statsd.period.is_zero(), &format!("{key}.period"), POSITIVE_TIME);
        }
        let latency = self.monitoring.health_probe.unhealthy_latency;
        notes.unless(!latency.is_zero(), "monitoring.healthProbe.unhealthyLatency", POSITIVE_TIME);
    }
}

impl Keys {
    fn of_kinesis(&self, notes: &mut Notes) {
        for (key, time) in
            [("leaseDuration", self.lease_duration()), ("apiCallAttemptTimeout", self.attempt_timeout())]
        {
            notes.unless(!time.is_zero(), &format!("input.{key}"), POSITIVE_TIME);
        }
        let factor = self.max_leases_to_steal_at_one_time_factor.unwrap_or(2.0);
        let fine = factor.is_finite() && factor > 0.0;
        notes.unless(fine, "input.maxLeasesToStealAtOneTimeFactor", POSITIVE_NUMBER);
        if let Some(mode) = &self.retrieval_mode {
            let fine = (1..=10_000).contains(&mode.max_records());
            notes.unless(fine, "input.retrievalMode.maxRecords", "expected 1 to 10000");
        }
        for (key, endpoint) in [
            ("customEndpoint", &self.custom_endpoint),
            ("dynamodbCustomEndpoint", &self.dynamodb_custom_endpoint),
        ] {
            let fine = endpoint.as_deref().is_none_or(is_url);
            notes.unless(fine, &format!("input.{key}"), URL);
        }
    }
}

impl Sink {
    fn problems(&self, section: &str, notes: &mut Notes) {
        let key = |name: &str| format!("output.{section}.{name}");
        match self.kind() {
            SinkKind::Kinesis => {
                let named = self.stream_name.as_deref().is_some_and(|name| !name.trim().is_empty());
                let why = "is required: the name of the stream; or set `type`";
                notes.unless(named, &key("streamName"), why);
                let limit = (1..=500).contains(&self.record_limit);
                notes.unless(limit, &key("recordLimit"), "expected 1 to 500");
                notes.unless(self.byte_limit > 0, &key("byteLimit"), POSITIVE_NUMBER);
                let pauses = &self.throttled_backoff_policy;
                let first = !pauses.min_backoff.is_zero();
                notes.unless(first, &key("throttledBackoffPolicy.minBackoff"), POSITIVE_TIME);
                notes.unless(
                    pauses.max_backoff >= pauses.min_backoff,
                    &key("throttledBackoffPolicy.maxBackoff"),
                    "expected at least `minBackoff`",
                );
                let url = self.custom_endpoint.as_deref().is_none_or(is_url);
                notes.unless(url, &key("customEndpoint"), URL);
            }
            SinkKind::Log => {
                let named = is_folder(self.name(section));
                notes.unless(named, &key("streamName"), "expected what can be the name of a folder");
            }
            SinkKind::Stdout => {}
        }
        notes.unless(self.max_record_size > 0, &key("maxRecordSize"), POSITIVE_NUMBER);
    }
}
