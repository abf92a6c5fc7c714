//! A lease as attributes.
//!
//! | attribute | kind | |
//! |---|---|---|
//! | `leaseKey` | S | name of the shard |
//! | `leaseOwner` | S | absent if nobody owns it |
//! | `leaseCounter` | N | |
//! | `checkpoint` | S | decimal digits, `TRIM_HORIZON`, `LATEST`, `AT_TIMESTAMP` or `SHARD_END` |
//! | `checkpointSubSequenceNumber` | N | index in an aggregated record; 0 beside a word |
//! | `ownerSwitchesSinceCheckpoint` | N | |
//! | `parentShardId` | SS | absent if there are none, as all that follow |
//! | `childShardIds` | SS | |
//! | `startingHashKey`, `endingHashKey` | S | decimal digits |
//! | `pendingCheckpoint`, `pendingCheckpointSubSequenceNumber` | S, N | as the two of the checkpoint |
//! | `pendingCheckpointState` | B | means nothing without `pendingCheckpoint`: version 1.x leaves it behind |
//!
//! Other attributes are left as they are. Items whose `entityType` is not `LEASE` are no leases: version 3.x keeps its own
//! affairs beside them.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{HashRange, Lease, PendingProgress, Progress};
use crate::record::{Position, ShardId};

/// The attributes of an item by name.
pub type Item = BTreeMap<String, Value>;

/// What an attribute holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text.
    S(String),
    /// A number, as DynamoDB writes it.
    N(String),
    /// A set of texts, sorted.
    Ss(Vec<String>),
    /// Bytes.
    B(Bytes),
    /// What no lease has.
    Other,
}

impl Value {
    /// A number.
    pub fn number(number: u64) -> Self {
        Self::N(number.to_string())
    }

    /// A set of shards.
    pub fn shards(shards: &[ShardId]) -> Self {
        let mut names: Vec<_> = shards.iter().map(ToString::to_string).collect();
        names.sort();
        Self::Ss(names)
    }
}

/// What an item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A lease.
    Lease(Box<Lease>),
    /// Something else, of this `entityType`.
    Other(String),
}

/// An item that is no lease of a shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("lease `{key}`: attribute `{attribute}` {what}")]
pub struct NoLease {
    /// Its key, as far as it has one.
    pub key: String,
    /// The attribute.
    pub attribute: &'static str,
    /// What is wrong with it.
    pub what: &'static str,
}

const MISSING: &str = "is missing";
const NO_PROGRESS: &str = "is neither a sequence number nor one of the words";

impl Lease {
    /// All attributes.
    pub fn to_item(&self) -> Item {
        let mut item = Item::new();
        item.insert("leaseKey".to_owned(), Value::S(self.shard.to_string()));
        if let Some(owner) = &self.owner {
            item.insert("leaseOwner".to_owned(), Value::S(owner.clone()));
        }
        item.insert("leaseCounter".to_owned(), Value::number(self.counter));
        item.insert("ownerSwitchesSinceCheckpoint".to_owned(), Value::number(self.owner_switches));
        item.extend(named(progress(self.progress)));
        item.extend(self.pending.iter().flat_map(|pending| named(intention(pending))));
        item.extend(self.range.into_iter().flat_map(|range| named(hash_keys(range))));
        for (name, shards) in [("parentShardId", &self.parents), ("childShardIds", &self.children)] {
            if !shards.is_empty() {
                item.insert(name.to_owned(), Value::shards(shards));
            }
        }
        item
    }
}

fn named(
    attributes: impl IntoIterator<Item = (&'static str, Value)>,
) -> impl Iterator<Item = (String, Value)> {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value))
}

/// The attributes of a place.
pub(super) fn progress(progress: Progress) -> [(&'static str, Value); 2] {
    let (text, sub_sequence) = written(progress);
    [("checkpoint", Value::S(text)), ("checkpointSubSequenceNumber", Value::number(sub_sequence))]
}

/// The attributes of an intention.
pub(super) fn intention(pending: &PendingProgress) -> impl Iterator<Item = (&'static str, Value)> + use<> {
    let (text, sub_sequence) = written(pending.up_to);
    let place = [
        ("pendingCheckpoint", Value::S(text)),
        ("pendingCheckpointSubSequenceNumber", Value::number(sub_sequence)),
    ];
    place.into_iter().chain(pending.state.clone().map(|state| ("pendingCheckpointState", Value::B(state))))
}

/// The attributes of a range.
pub(super) fn hash_keys(range: HashRange) -> [(&'static str, Value); 2] {
    [
        ("startingHashKey", Value::S(range.start.to_string())),
        ("endingHashKey", Value::S(range.end.to_string())),
    ]
}

fn written(progress: Progress) -> (String, u64) {
    let word = match progress {
        Progress::At(Position { sequence, sub_sequence }) => return (sequence.to_string(), sub_sequence),
        Progress::AtTimestamp => "AT_TIMESTAMP",
        Progress::TrimHorizon => "TRIM_HORIZON",
        Progress::Latest => "LATEST",
        Progress::ShardEnd => "SHARD_END",
    };
    (word.to_owned(), 0)
}

/// What an item is.
pub fn read(item: &Item) -> Result<Kept, NoLease> {
    match item.get("entityType") {
        None => {}
        Some(Value::S(kind)) if kind == "LEASE" => {}
        Some(Value::S(kind)) => return Ok(Kept::Other(kind.clone())),
        Some(_) => return Ok(Kept::Other(String::new())),
    }
    let key = match item.get("leaseKey") {
        Some(Value::S(key)) => key.as_str(),
        _ => return Err(NoLease { key: String::new(), attribute: "leaseKey", what: MISSING }),
    };
    Attributes { item, key }.lease().map(|lease| Kept::Lease(Box::new(lease)))
}

/// An item that is being read.
struct Attributes<'a> {
    item: &'a Item,
    key: &'a str,
}

impl Attributes<'_> {
    fn lease(&self) -> Result<Lease, NoLease> {
        let progress = self.progress("checkpoint", "checkpointSubSequenceNumber")?;
        let pending =
            self.progress("pendingCheckpoint", "pendingCheckpointSubSequenceNumber")?.map(|up_to| {
                let state = match self.item.get("pendingCheckpointState") {
                    Some(Value::B(state)) => Some(state.clone()),
                    _ => None,
                };
                PendingProgress { up_to, state }
            });
        let owner = self.text("leaseOwner")?.filter(|owner| !owner.is_empty());
        Ok(Lease {
            shard: self.key.into(),
            owner: owner.map(str::to_owned),
            counter: self.number("leaseCounter")?.ok_or_else(|| self.refused("leaseCounter", MISSING))?,
            progress: progress.ok_or_else(|| self.refused("checkpoint", MISSING))?,
            pending,
            owner_switches: self.number("ownerSwitchesSinceCheckpoint")?.unwrap_or_default(),
            parents: self.shards("parentShardId")?,
            children: self.shards("childShardIds")?,
            range: match (self.hash("startingHashKey")?, self.hash("endingHashKey")?) {
                (Some(start), Some(end)) if start <= end => Some(HashRange { start, end }),
                (Some(_), Some(_)) => return Err(self.refused("startingHashKey", "is above `endingHashKey`")),
                _ => None,
            },
        })
    }

    fn refused(&self, attribute: &'static str, what: &'static str) -> NoLease {
        NoLease { key: self.key.to_owned(), attribute, what }
    }

    fn text(&self, name: &'static str) -> Result<Option<&str>, NoLease> {
        match self.item.get(name) {
            None => Ok(None),
            Some(Value::S(text)) => Ok(Some(text)),
            Some(_) => Err(self.refused(name, "is no text")),
        }
    }

    fn number(&self, name: &'static str) -> Result<Option<u64>, NoLease> {
        match self.item.get(name) {
            None => Ok(None),
            Some(Value::N(number)) => {
                number.parse().map(Some).map_err(|_| self.refused(name, "is no whole number from 0"))
            }
            Some(_) => Err(self.refused(name, "is no number")),
        }
    }

    fn shards(&self, name: &'static str) -> Result<Vec<ShardId>, NoLease> {
        match self.item.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Ss(names)) => {
                let mut shards: Vec<ShardId> = names.iter().map(|name| name.as_str().into()).collect();
                shards.sort();
                Ok(shards)
            }
            Some(_) => Err(self.refused(name, "is no set of texts")),
        }
    }

    fn hash(&self, name: &'static str) -> Result<Option<u128>, NoLease> {
        let number = |text: &str| text.parse().map_err(|_| self.refused(name, "is no hash"));
        self.text(name)?.map(number).transpose()
    }

    fn progress(&self, name: &'static str, sub: &'static str) -> Result<Option<Progress>, NoLease> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let progress = match text {
            "AT_TIMESTAMP" => Progress::AtTimestamp,
            "TRIM_HORIZON" => Progress::TrimHorizon,
            "LATEST" => Progress::Latest,
            "SHARD_END" => Progress::ShardEnd,
            digits => Progress::At(Position {
                sequence: digits.parse().map_err(|_| self.refused(name, NO_PROGRESS))?,
                sub_sequence: self.number(sub)?.unwrap_or_default(),
            }),
        };
        Ok(Some(progress))
    }
}

#[cfg(test)]
#[path = "tests/item.rs"]
mod tests;
