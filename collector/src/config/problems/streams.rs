//! The streams: names, limits, and keys of sinks that are not there.

use service::config::{
    Notes,
    sections::{FOLDER, POSITIVE_NUMBER, URL, is_folder, is_url},
};

use crate::config::{Kind, Stream, Streams};

/// Keys of sinks that piste does not have.
const ELSEWHERE: [(&str, &[&str]); 4] = [
    ("Kafka", &["brokers", "producerConf", "retries", "kafkaTimeouts", "sqs"]),
    ("Pub/Sub", &["googleProjectId", "gcpUserAgent", "emulatorHost"]),
    ("NSQ", &["host", "port"]),
    ("RabbitMQ", &["username", "password", "virtualHost", "routingKeyGood", "routingKeyBad"]),
];

const SECTIONS: [&str; 3] = ["good", "bad", "sink"];

impl Streams {
    pub(super) fn problems(&self, notes: &mut Notes) {
        for (section, stream) in [("good", self.good()), ("bad", self.bad())] {
            stream_problems(section, &stream, notes);
        }
        let (good, bad) = (self.good(), self.bad());
        if good.kind() == Kind::Log && bad.kind() == Kind::Log {
            notes.unless(
                good.name != bad.name,
                "streams.bad",
                "expected another name than the good stream's",
            );
        }
        self.log.problems("streams.log", notes);
        let spill = &self.spill;
        notes.unless(spill.max_bytes >= 1 << 20, "streams.spill.maxBytes", "expected at least 1 MiB");
        notes.positive("streams.spill.patience", spill.patience);
    }

    pub(super) fn without_effect(&self, compressed: bool, notes: &mut Notes) {
        let kinds = [self.good().kind(), self.bad().kind()];
        let has = |kind: Kind| kinds.contains(&kind);
        if !has(Kind::Kinesis) {
            for section in SECTIONS {
                for key in ["sqsGoodBuffer", "sqsBadBuffer", "sqsMaxBytes"] {
                    notes.say(format!("streams.{section}.{key}"), "no sink is of kind kinesis");
                }
            }
        }
        if !kinds.iter().any(|kind| kind.is_elsewhere()) {
            for section in SECTIONS {
                for key in ["region", "customEndpoint", "backoffPolicy", "startupCheckInterval"] {
                    notes.say(format!("streams.{section}.{key}"), "no sink is of kind kinesis or sqs");
                }
            }
            notes.say("streams.spill", "no sink is of kind kinesis or sqs");
        }
        if !compressed {
            for section in ["streams.good.buffer", "streams.bad.buffer", "streams.buffer"] {
                if !kinds.iter().any(|kind| kind.is_elsewhere()) {
                    notes.say(section, "what is appended is stored at once");
                }
                notes.say(
                    format!("{section}.timeLimit"),
                    "nothing waits for more records without `compression`",
                );
            }
        }
        for (section, key) in [("good", "sqsBadBuffer"), ("bad", "sqsGoodBuffer")] {
            notes.say(format!("streams.{section}.{key}"), "it is the other stream's");
        }
        if !has(Kind::Log) {
            notes.say("streams.log", "no sink is of kind log");
        }
        // Left over from another sink, while the kind is said.
        for (section, enabled) in self.said_kinds() {
            if enabled {
                for (sink, key) in elsewhere() {
                    let why = format!("it is a key of the {sink} sink");
                    notes.say(format!("streams.{section}.{key}"), why);
                }
            }
        }
    }

    pub(super) fn refused(&self, notes: &mut Notes) {
        for (section, enabled) in self.said_kinds() {
            if !enabled {
                for (sink, key) in elsewhere() {
                    let why =
                        format!("piste has no {sink} sink; set `enabled` to kinesis, sqs, stdout or log");
                    notes.say(format!("streams.{section}.{key}"), why);
                }
            }
        }
        notes.say(
            "streams.http",
            "piste has no HTTP sink; set `streams.sink.enabled` to kinesis, sqs, stdout or log",
        );
    }

    /// For each section whether the kind of its sink is said.
    fn said_kinds(&self) -> [(&'static str, bool); 3] {
        let shared = self.sink.enabled.is_some();
        let both = self.good.enabled.is_some() && self.bad.enabled.is_some();
        [
            ("good", shared || self.good.enabled.is_some()),
            ("bad", shared || self.bad.enabled.is_some()),
            ("sink", shared || both),
        ]
    }
}

fn elsewhere() -> impl Iterator<Item = (&'static str, &'static str)> {
    ELSEWHERE.iter().flat_map(|(sink, keys)| keys.iter().map(move |key| (*sink, *key)))
}

fn stream_problems(section: &str, stream: &Stream, notes: &mut Notes) {
    let key = |name: &str| format!("streams.{section}.{name}");
    let kind = stream.kind();
    if kind.is_elsewhere() && stream.name.as_deref().is_none_or(|name| name.trim().is_empty()) {
        let what = if kind == Kind::Sqs { "queue" } else { "stream" };
        notes.say(key("name"), format!("is required: the name of the {what}; or set `streams.sink.enabled`"));
    }
    if kind == Kind::Log {
        let name = stream.name.as_deref().unwrap_or_default();
        notes.unless(is_folder(name), &key("name"), FOLDER);
    }
    for (name, number) in [("maxBytes", stream.max_bytes), ("sqsMaxBytes", stream.sqs_max_bytes)] {
        notes.unless(number != Some(0), &key(name), POSITIVE_NUMBER);
    }
    let buffer = &stream.buffer;
    for (name, number) in [
        ("buffer.byteLimit", buffer.byte_limit),
        ("buffer.recordLimit", buffer.record_limit),
        ("buffer.timeLimit", buffer.time_limit),
    ] {
        notes.unless(number != Some(0), &key(name), POSITIVE_NUMBER);
    }
    if let Some(backoff) = &stream.backoff {
        let (least, most) = (backoff.min_backoff.unwrap_or(500), backoff.max_backoff.unwrap_or(1_500));
        notes.unless(least > 0, &key("backoffPolicy.minBackoff"), "expected milliseconds above 0");
        notes.unless(
            most >= least,
            &key("backoffPolicy.maxBackoff"),
            "expected at least `backoffPolicy.minBackoff`",
        );
    }
    if let Some(interval) = stream.startup_check_interval {
        notes.positive(&key("startupCheckInterval"), interval);
    }
    let url = stream.custom_endpoint.as_deref().is_none_or(is_url);
    notes.unless(url, &key("customEndpoint"), URL);
}
