//! `input`: where raw records come from (`spec/enrich.md` 7.2, 7.3).

use std::time::Duration;

use service::config::{
    Ignored,
    sections::{PositionKind, Usual},
};

/// What is read where the keys say nothing.
pub(super) const USUAL: Usual = Usual {
    stream: "raw",
    application: "snowplow-enrich",
    consumer: "enrich",
    position: PositionKind::Latest,
    max_records: 750,
    idle: Duration::from_millis(200),
};

service::input_section! {
    /// Batches that the Apache line read ahead.
    #[schemars(with = "String", extend("x-without-effect" = "how much is read ahead depends on what waits"), example = 3)]
    pub buffer_size: Ignored,
}
