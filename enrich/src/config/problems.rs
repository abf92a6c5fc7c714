//! What cannot be, beyond what types say, and what has no effect beside other values.

use service::config::{
    Checked, Note, Notes,
    sections::{FOLDER, KinesisSink, POSITIVE_NUMBER, SourceKind, is_folder},
};

use super::{EnrichConfig, Sink, SinkKind};
use crate::adapters::webhook_schemas;

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

impl Checked for EnrichConfig {
    fn problems(&self) -> Vec<Note> {
        let mut notes = Notes::default();
        let reading = self.reading();
        reading.problems(self.input.keys().initial_position.as_ref(), &mut notes);
        let mut in_log = Vec::new();
        if reading.kind == SourceKind::Log {
            in_log.push(reading.stream);
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
            self.log.problems("log", &mut notes);
        }
        let fraction = self.cpu_parallelism_fraction;
        notes.unless(fraction.is_finite() && fraction > 0.0, "cpuParallelismFraction", POSITIVE_NUMBER);
        notes.positive("assetsUpdatePeriod", self.assets_update_period);
        notes.unless(self.validation.max_json_depth > 0, "validation.maxJsonDepth", POSITIVE_NUMBER);
        let single = self.decompression.max_bytes_single_payload;
        notes.unless(single > 0, "decompression.maxBytesSinglePayload", POSITIVE_NUMBER);
        notes.positive("http.client.requestTimeout", self.http.client.request_timeout);
        for (key, why) in webhook_schemas::problems(&self.adapters_schemas) {
            notes.say(format!("adaptersSchemas.{key}"), why);
        }
        self.remote_adapters.problems(&mut notes);
        self.lookups.problems(&mut notes);
        self.monitoring.metrics.statsd.problems(&mut notes);
        self.monitoring.health_probe.problems(&mut notes);
        notes.into_vec()
    }

    fn without_effect(&self) -> Vec<Note> {
        let mut notes = Notes::default();
        let reading = self.reading();
        reading.without_effect(&mut notes);
        let mut uses_log = reading.kind == SourceKind::Log;
        for (section, sink) in self.sinks() {
            uses_log |= sink.kind() == SinkKind::Log;
            if sink.kind() != SinkKind::Kinesis {
                let why = "the sink is not of type kinesis";
                KinesisSink::without_effect(&format!("output.{section}"), why, &mut notes);
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
        notes.into_vec()
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
        notes.into_vec()
    }
}

fn each<'a>(elsewhere: &'a [(&'a str, &'a [&'a str])]) -> impl Iterator<Item = (&'a str, &'a str)> {
    elsewhere.iter().flat_map(|(what, keys)| keys.iter().map(move |key| (*what, *key)))
}

impl Sink {
    fn problems(&self, section: &str, notes: &mut Notes) {
        let key = |name: &str| format!("output.{section}.{name}");
        match self.kind() {
            SinkKind::Kinesis => {
                let unnamed = "is required: the name of the stream; or set `type`";
                self.kinesis().problems(&format!("output.{section}"), unnamed, notes);
            }
            SinkKind::Log => {
                let named = is_folder(self.name(section));
                notes.unless(named, &key("streamName"), FOLDER);
            }
            SinkKind::Stdout => {}
        }
        notes.unless(self.max_record_size > 0, &key("maxRecordSize"), POSITIVE_NUMBER);
    }
}
