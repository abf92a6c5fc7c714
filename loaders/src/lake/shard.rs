//! What the loader knows of one shard.

use std::collections::VecDeque;

use jiff::Timestamp;
use stream::{
    consumer::{Checkpoint, Delivered},
    record::{Position, SequenceNumber, ShardId},
};

use super::{
    buffer::Buffer,
    config::LakeConfig,
    pending::{Declared, Note, NoteError},
};

/// An assigned shard.
pub(super) struct Shard {
    pub(super) buffer: Buffer,
    /// Everything up to here is in objects.
    pub(super) acknowledged: Option<Position>,
    /// The batch that an earlier owner declared and may have put.
    pub(super) declared: Option<(Position, Declared)>,
    /// Arrival of the first record of the open batch, once it has one.
    pub(super) oldest: Option<Timestamp>,
    /// Where the declared batch begins, if nothing before it was acknowledged: a place such as the newest record at the first
    /// start is not to be found again.
    pub(super) begins_at: Option<SequenceNumber>,
}

/// A declared batch cannot be built again.
#[derive(Debug, thiserror::Error)]
pub(super) enum RepeatError {
    #[error("the batch declared in shard {shard}: {source}")]
    Note { shard: ShardId, source: NoteError },
    #[error(
        "shard {shard}: the batch declared before the last stop goes from {wanted_first} to {wanted_last}, \
         the stream has {found_first} to {found_last}: records have been removed from it. If that is accepted, \
         delete the checkpoint of this shard"
    )]
    Gone {
        shard: ShardId,
        wanted_first: String,
        wanted_last: String,
        found_first: String,
        found_last: String,
    },
}

impl Shard {
    pub(super) fn assigned(
        shard: &ShardId,
        checkpoint: Checkpoint,
        config: &LakeConfig,
    ) -> Result<Self, RepeatError> {
        let of_note = |source| RepeatError::Note { shard: shard.clone(), source };
        let declared = match checkpoint.pending {
            Some(pending) => {
                let declared = Note::decode(&pending.note).map_err(of_note)?;
                Some((pending.up_to, declared))
            }
            None => None,
        };
        let note = declared.as_ref().map(|(_, declared)| declared);
        let buffer = open(config, note);
        let acknowledged = checkpoint.acknowledged;
        let begins_at = match note.filter(|_| acknowledged.is_none()) {
            Some(declared) => Some(declared.first().map_err(|source| of_note(source.into()))?),
            None => None,
        };
        Ok(Self { buffer, acknowledged, declared, oldest: None, begins_at })
    }

    /// Drops what stands before a declared batch that begins where nothing was acknowledged.
    pub(super) fn skip(&self, records: &mut VecDeque<Delivered>) {
        if let Some(begins_at) = self.begins_at {
            while records.front().is_some_and(|record| record.position.sequence < begins_at) {
                records.pop_front();
            }
        }
    }

    /// Moves records from the front of `records` into `buffer` until the batch must be closed or none are left;
    /// returns whether it must. A declared batch is closed by its last record alone.
    pub(super) fn fill(
        buffer: &mut Buffer,
        up_to: Option<Position>,
        config: &LakeConfig,
        records: &mut VecDeque<Delivered>,
    ) -> bool {
        while let Some(next) = records.front() {
            // The stream skipped the declared end: what is there now is checked when the batch is closed.
            if up_to.is_some_and(|up_to| next.position > up_to) {
                return true;
            }
            buffer.push(next.position, &next.record.data);
            let sequence = next.position.sequence;
            let closed = match up_to {
                Some(up_to) => next.position == up_to,
                None => buffer.is_full(config.limits),
            };
            records.pop_front();
            // What one record of the stream held stays together: files are named by whole records.
            let is_whole = records.front().is_none_or(|next| next.position.sequence != sequence);
            if closed && (is_whole || up_to.is_some()) {
                return true;
            }
        }
        false
    }

    /// Whether the open batch is the declared one, from its first to its last record.
    pub(super) fn check_declared(&self, shard: &ShardId) -> Result<(), RepeatError> {
        let Some((_, Declared { note, .. })) = &self.declared else { return Ok(()) };
        let found =
            self.buffer.span().map(|(first, last)| (first.sequence.to_string(), last.sequence.to_string()));
        let (found_first, found_last) = found.unwrap_or_else(|| ("nothing".into(), "nothing".into()));
        if (&found_first, &found_last) == (&note.first, &note.last) {
            return Ok(());
        }
        Err(RepeatError::Gone {
            shard: shard.clone(),
            wanted_first: note.first.clone(),
            wanted_last: note.last.clone(),
            found_first,
            found_last,
        })
    }

    /// Takes the batch out and opens a new one.
    pub(super) fn take(&mut self, config: &LakeConfig) -> Buffer {
        self.oldest = None;
        self.begins_at = None;
        std::mem::replace(&mut self.buffer, open(config, None))
    }
}

/// A declared batch is grouped as it was declared, whatever the configuration says now.
pub(super) fn open(config: &LakeConfig, declared: Option<&Declared>) -> Buffer {
    match declared {
        Some(Declared { note, template, .. }) => {
            let buffer = Buffer::new(note.purpose, template.clone()).rejecting(note.rejects);
            buffer.in_format(note.compression).in_columns(note.parquet)
        }
        None => {
            let buffer = Buffer::new(config.purpose, config.template.clone()).rejecting(config.rejects);
            buffer.in_format(config.format).in_columns(config.parquet)
        }
    }
}

#[cfg(test)]
mod tests {
    use stream::record::Record;

    use super::*;
    use crate::lake::{buffer::Limits, config::Purpose};

    #[test]
    fn what_one_record_held_stays_together() {
        let config = LakeConfig {
            limits: Limits { records: 2, ..Limits::NONE },
            ..LakeConfig::new(Purpose::EnrichedEvents)
        };
        let at = |sequence: u64, sub_sequence| Position { sequence: sequence.into(), sub_sequence };
        let positions = [at(5, 0), at(6, 0), at(6, 1), at(6, 2), at(7, 0)];
        let delivered = |position| {
            let (arrival, record) = (Timestamp::UNIX_EPOCH, Record::new("k", "line"));
            Delivered { position, arrival, record }
        };
        let mut records: VecDeque<_> = positions.map(delivered).into();
        let mut buffer = open(&config, None);
        assert!(Shard::fill(&mut buffer, None, &config, &mut records));
        assert_eq!(buffer.span(), Some((at(5, 0), at(6, 2))));
        // A declared end is kept, wherever it is.
        let mut records: VecDeque<_> = positions.map(delivered).into();
        let mut buffer = open(&config, None);
        assert!(Shard::fill(&mut buffer, Some(at(6, 1)), &config, &mut records));
        assert_eq!((buffer.span(), records.len()), (Some((at(5, 0), at(6, 1))), 2));
    }
}
