//! What cannot be, beyond what types say, and what has no effect beside other values.

use service::config::{
    Checked, Note, Notes,
    sections::{BadSinkKind, POSITIVE_NUMBER, Pauses, SourceKind},
};

use super::{BackoffPolicy, PostgresLoaderConfig};

/// What piste does not read from; a file that means one of these must not be taken for one that means Kinesis.
const ELSEWHERE: [&str; 2] = ["projectId", "subscriptionId"];

impl Checked for PostgresLoaderConfig {
    fn problems(&self) -> Vec<Note> {
        let mut notes = Notes::default();
        notes.unless(self.purpose.is_some(), "purpose", "is required: ENRICHED_EVENTS or JSON");
        let reading = self.reading();
        let is_set = self.input.path.as_ref().is_some_and(|path| !path.as_os_str().is_empty());
        if reading.kind == SourceKind::Local {
            notes.unless(is_set, "input.path", "is required: a file or a folder of files");
        } else {
            reading.problems(self.input.keys().initial_position.as_ref(), &mut notes);
        }
        let good = &self.output.good;
        for (key, value, what) in [
            ("host", &good.host, "the host of the database, or the folder of its socket"),
            ("database", &good.database, "the name of the database"),
            ("username", &good.username, "the user of the database"),
        ] {
            let is_set = value.as_deref().is_some_and(|text| !text.trim().is_empty());
            notes.unless(is_set, &format!("output.good.{key}"), &format!("is required: {what}"));
        }
        for (key, text) in [("schema", &good.schema), ("checkpointTable", &good.checkpoint_table)] {
            notes.unless(!text.trim().is_empty(), &format!("output.good.{key}"), "expected a name");
        }
        if let Err(error) = self.postgres() {
            notes.say("output.good.sslMode", error.what);
        }
        self.output.bad.problems(&mut notes);
        let in_log = reading.kind == SourceKind::Log && self.output.bad.kind() == BadSinkKind::Log;
        let same = in_log && self.output.bad.name() == reading.stream;
        notes.unless(!same, "output.bad.streamName", "expected another name than the other streams'");
        notes.unless(self.batching.max_records > 0, "batching.maxRecords", POSITIVE_NUMBER);
        notes.unless(self.batching.max_bytes > 0, "batching.maxBytes", POSITIVE_NUMBER);
        let BackoffPolicy { min_backoff, max_backoff } = self.backoff_policy;
        Pauses { min_backoff, max_backoff }.problems("backoffPolicy", &mut notes);
        if self.uses_log() {
            self.log.problems("log", &mut notes);
        }
        self.monitoring.health_probe.problems(&mut notes);
        notes.into_vec()
    }

    fn without_effect(&self) -> Vec<Note> {
        let mut notes = Notes::default();
        let reading = self.reading();
        reading.without_effect(&mut notes);
        match reading.kind {
            SourceKind::Kinesis => {}
            SourceKind::Log => notes.say("input.checkpointSettings", "the source is of type log"),
            SourceKind::Local => notes.say("input.checkpointSettings", "the source is of type local"),
        }
        if reading.kind != SourceKind::Local && self.input.kind.is_some() {
            notes.say("input.path", "the source is of another type");
        }
        self.output.bad.without_effect(&mut notes);
        if !self.uses_log() {
            notes.say("log", "neither source nor sink is of type log");
        }
        notes.into_vec()
    }

    fn refused(&self) -> Vec<Note> {
        let mut notes = Notes::default();
        if self.input.kind.is_none() {
            for key in ELSEWHERE {
                let why = "piste has no Pub/Sub source; set `input.type` to kinesis, local or log";
                notes.say(format!("input.{key}"), why);
            }
            notes.say("input.path", "is for files; set `input.type` to local");
        }
        notes.into_vec()
    }
}
