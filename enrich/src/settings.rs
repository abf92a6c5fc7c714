//! What the pure core is told once: the configuration, resolved.

use std::sync::Arc;

use event::{atomic::Field, bad_row::Processor};

use crate::{
    adapters::{remote::RemoteAdapter, webhook_schemas::WebhookSchemas},
    compatibility::{Compatibility, Limits},
    enrichments::Enrichments,
};

/// Settings of the core.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The line of the original to speak.
    pub compatibility: Compatibility,
    /// Who enriches: in bad rows, in failure entities, in `v_etl`.
    pub processor: Processor,
    /// Longest texts of fields, in UTF-16 units.
    pub limits: Limits,
    /// Deepest JSON of trackers, the scalar leaf counting as a level.
    pub max_json_depth: usize,
    /// Largest output in bytes.
    pub max_record_size: usize,
    /// Whether events with over-long fields are good all the same.
    pub accept_invalid: bool,
    /// Whether failed events are wanted.
    pub emits_failed: bool,
    /// The field whose text is the partition key of good events; `None`: a random id.
    pub good_key: Option<Field>,
    /// The same for failed events.
    pub failed_key: Option<Field>,
    /// Largest payload in a compressed record, in bytes.
    pub max_decompressed_payload: u64,
    /// Schemas of webhooks.
    pub webhook_schemas: WebhookSchemas,
    /// Adapters behind HTTP. Of those of one path the first counts.
    pub remote_adapters: Arc<[RemoteAdapter]>,
    /// What runs on every event.
    pub enrichments: Arc<Enrichments>,
}

impl Settings {
    /// The defaults of a line.
    pub fn new(compatibility: Compatibility, processor: Processor) -> Self {
        Self {
            compatibility,
            processor,
            limits: compatibility.limits(),
            max_json_depth: 50,
            max_record_size: 1_000_000,
            accept_invalid: false,
            emits_failed: false,
            good_key: None,
            failed_key: None,
            max_decompressed_payload: 10_000_000,
            webhook_schemas: WebhookSchemas::of(compatibility),
            remote_adapters: Arc::default(),
            enrichments: Arc::default(),
        }
    }

    /// `<artifact>-<version>`
    pub(crate) fn v_etl(&self) -> String {
        format!("{}-{}", self.processor.artifact, self.processor.version)
    }
}
