//! A batch of raw records on its way through the pool. Records whose schema a registry does not decide about are set
//! aside, so that the others go on.

pub(crate) mod run;

use jiff::Timestamp;
use stream::record::{Position, Record};

use crate::{
    batch::run::Open,
    output::{Kind, Output, Tally},
    resume::{Origin, Written},
    shard::held::Place,
};

/// A batch after enriching.
#[derive(Debug)]
pub(crate) struct Enriched {
    /// The last raw position.
    pub(crate) last: Position,
    /// Arrival of the oldest record.
    pub(crate) arrival: Timestamp,
    /// When it was begun.
    pub(crate) begun: Timestamp,
    /// Raw records and their bytes.
    pub(crate) size: (usize, usize),
    /// What the raw records gave, in order, but for those that wait.
    pub(crate) outputs: Given,
    /// Raw records that wait.
    pub(crate) waiting: Vec<(Position, Place)>,
    /// The same, in groups that wait for the same schemas, or for the answer of one adapter.
    pub(crate) groups: Vec<Vec<Open>>,
}

/// What raw records gave.
#[derive(Debug, Default)]
pub(crate) struct Given {
    /// By the records' positions.
    pub(crate) outputs: Vec<(Position, Vec<Output>)>,
    /// What they held.
    pub(crate) tally: Tally,
}

/// Records for the output streams, in the order they are written in.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) bad: Vec<Record>,
    pub(crate) failed: Vec<Record>,
    pub(crate) good: Vec<Record>,
    /// Kinds of the bad rows.
    pub(crate) bad_kinds: Vec<&'static str>,
    /// What the raw records held.
    pub(crate) tally: Tally,
}

impl Records {
    /// Adds what raw records gave, without what is already written.
    pub(crate) fn add(&mut self, given: Given, written: &Written) {
        self.tally.add(given.tally);
        for (position, outputs) in given.outputs {
            // Numbers beyond 64 bits belong to engines that cannot be read back.
            let sequence = position.sequence.to_u64().filter(|_| position.sub_sequence == 0);
            let events = outputs.iter().filter(|output| output.kind != Kind::Failed).count();
            for output in outputs {
                let origin = sequence.map(|sequence| Origin {
                    sequence,
                    event: output.event,
                    failed: output.kind == Kind::Failed,
                    events: u32::try_from(events).unwrap_or(u32::MAX),
                });
                if origin.is_some_and(|origin| written.has(origin)) {
                    continue;
                }
                let attributes = origin.map(Origin::to_bytes).unwrap_or_default();
                let record = Record { key: output.key, attributes, data: output.data };
                match output.kind {
                    Kind::Good => self.good.push(record),
                    Kind::Failed => self.failed.push(record),
                    Kind::Bad(kind) => {
                        self.bad.push(record);
                        self.bad_kinds.push(kind);
                    }
                }
            }
        }
    }
}
