//! What the loader knows of one shard.

use std::collections::VecDeque;

use jiff::Timestamp;
use stream::{
    consumer::{Checkpoint, Delivered},
    record::{Position, ShardId},
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
        let declared = match checkpoint.pending {
            Some(pending) => {
                let declared = Note::decode(&pending.note)
                    .map_err(|source| RepeatError::Note { shard: shard.clone(), source })?;
                Some((pending.up_to, declared))
            }
            None => None,
        };
        let buffer = open(config, declared.as_ref().map(|(_, declared)| declared));
        Ok(Self { buffer, acknowledged: checkpoint.acknowledged, declared, oldest: None })
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
            let closed = match up_to {
                Some(up_to) => next.position == up_to,
                None => buffer.is_full(config.limits),
            };
            records.pop_front();
            if closed {
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
        std::mem::replace(&mut self.buffer, open(config, None))
    }
}

/// A declared batch is grouped as it was declared, whatever the configuration says now.
fn open(config: &LakeConfig, declared: Option<&Declared>) -> Buffer {
    match declared {
        Some(declared) => Buffer::new(declared.note.purpose, declared.template.clone()),
        None => Buffer::new(config.purpose, config.template.clone()),
    }
}
