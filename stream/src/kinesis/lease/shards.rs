//! For which shards there have to be leases (`spec/loaders-and-leases.md` 6.7).
//!
//! Splitting or merging closes shards and makes new ones from them. Who has read a shard to its end makes the leases of its
//! children, so that shards need not be listed: that is for the first worker, and for leases that went missing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{HashRange, Lease, Progress};
use crate::record::{SequenceNumber, ShardId};

/// A shard as Kinesis lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its name.
    pub id: ShardId,
    /// The shards it was made from: one by a split, two by a merge.
    pub parents: Vec<ShardId>,
    /// Its hashes.
    pub range: HashRange,
    /// From here its records are numbered.
    pub first: SequenceNumber,
    /// Whether it takes records.
    pub is_open: bool,
}

/// Where reading begins in a stream that nobody has read yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// At the oldest record.
    TrimHorizon,
    /// After the newest record.
    Latest,
    /// At the first record that came at this time or later.
    AtTimestamp(Timestamp),
}

impl Beginning {
    /// The progress of a lease that begins here.
    pub fn progress(self) -> Progress {
        match self {
            Self::TrimHorizon => Progress::TrimHorizon,
            Self::Latest => Progress::Latest,
            Self::AtTimestamp(_) => Progress::AtTimestamp,
        }
    }
}

/// A shard that was made from one that has been read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its name.
    pub id: ShardId,
    /// All shards it was made from.
    pub parents: Vec<ShardId>,
    /// Its hashes.
    pub range: HashRange,
}

impl Child {
    /// Its lease. It begins at its oldest record wherever the parent began.
    pub fn lease(&self) -> Lease {
        let lease = Lease::new(self.id.clone(), Progress::TrimHorizon);
        Lease { parents: sorted(&self.parents), range: Some(self.range), ..lease }
    }
}

impl Shard {
    fn lease(&self, progress: Progress) -> Lease {
        let lease = Lease::new(self.id.clone(), progress);
        Lease { parents: sorted(&self.parents), range: Some(self.range), ..lease }
    }
}

fn sorted(shards: &[ShardId]) -> Vec<ShardId> {
    let mut shards = shards.to_vec();
    shards.sort();
    shards
}

/// The first hashes that are in none of these ranges.
pub fn hole(ranges: impl IntoIterator<Item = HashRange>) -> Option<HashRange> {
    let mut ranges: Vec<_> = ranges.into_iter().collect();
    ranges.sort();
    let mut next = 0;
    for range in ranges {
        if range.start > next {
            return Some(HashRange { start: next, end: range.start - 1 });
        }
        match range.end.checked_add(1) {
            Some(after) => next = next.max(after),
            None => return None,
        }
    }
    Some(HashRange { start: next, end: u128::MAX })
}

/// The first leases of a stream, for the shards that were there at its beginning; or the hashes that none of them takes.
pub fn first_leases(shards: &[Shard], beginning: Beginning) -> Result<Vec<Lease>, HashRange> {
    match hole(shards.iter().map(|shard| shard.range)) {
        Some(hole) => Err(hole),
        None => Ok(in_order(shards.iter().map(|shard| (shard, beginning.progress())))),
    }
}

/// The leases that have to be made so that every hash is read by somebody. `shards` are all that Kinesis still knows.
///
/// For each open shard without a lease the shards it was made from are looked at. Where one of them has a lease, the ends of
/// that and of its children will in time make all that follow; what is missing beside it on the same level is made. Where
/// none has, reading begins at the oldest of them, or, after the newest record, at the open one.
pub fn missing_leases(shards: &[Shard], leases: &[Lease], beginning: Beginning) -> Vec<Lease> {
    let mut lineage = Lineage {
        shards: shards.iter().map(|shard| (&shard.id, shard)).collect(),
        leased: leases.iter().map(|lease| &lease.shard).collect(),
        begins_at_oldest: beginning != Beginning::Latest,
        beginning: beginning.progress(),
        known: BTreeMap::new(),
        missing: BTreeMap::new(),
    };
    for shard in shards.iter().filter(|shard| shard.is_open) {
        if !lineage.leased.contains(&shard.id) && lineage.of(&shard.id) != Kinship::Descendant {
            lineage.missing.insert(&shard.id, beginning.progress());
        }
    }
    let missing = shards.iter().filter_map(|shard| Some((shard, *lineage.missing.get(&shard.id)?)));
    in_order(missing)
}

fn in_order<'a>(shards: impl Iterator<Item = (&'a Shard, Progress)>) -> Vec<Lease> {
    let mut shards: Vec<_> = shards.collect();
    shards.sort_by_key(|(shard, _)| (shard.first, &shard.id));
    shards.into_iter().map(|(shard, progress)| shard.lease(progress)).collect()
}

/// How a shard is related to those with leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kinship {
    /// It has a lease, or will get one when the shards it was made from end.
    Descendant,
    /// It has no such relation, but reading begins here.
    Oldest,
    /// Nothing.
    Stranger,
}

struct Lineage<'a> {
    shards: BTreeMap<&'a ShardId, &'a Shard>,
    leased: BTreeSet<&'a ShardId>,
    begins_at_oldest: bool,
    beginning: Progress,
    known: BTreeMap<&'a ShardId, Kinship>,
    missing: BTreeMap<&'a ShardId, Progress>,
}

impl<'a> Lineage<'a> {
    /// Looks at a shard and all it was made from. Without recursion: a stream that is split and merged often has a long past.
    fn of(&mut self, id: &'a ShardId) -> Kinship {
        let mut path = vec![id];
        while let Some(id) = path.last().copied() {
            let unknown = self.parents(id).find(|parent| !self.known.contains_key(parent));
            match unknown {
                // One that is its own ancestor would never end.
                Some(parent) if !path.contains(&parent) => path.push(parent),
                _ => {
                    let kinship = self.judge(id);
                    self.known.insert(id, kinship);
                    path.pop();
                }
            }
        }
        self.known[id]
    }

    /// The shards it was made from that Kinesis still knows. Those of a shard with a lease do not matter.
    fn parents(&self, id: &ShardId) -> impl Iterator<Item = &'a ShardId> + use<'a> {
        let shard = self.shards.get(id).copied().filter(|_| !self.leased.contains(id));
        let known: Vec<_> = shard
            .into_iter()
            .flat_map(|shard| &shard.parents)
            .filter(|parent| self.shards.contains_key(parent))
            .collect();
        known.into_iter()
    }

    fn judge(&mut self, id: &'a ShardId) -> Kinship {
        if self.leased.contains(id) {
            return Kinship::Descendant;
        }
        let parents: Vec<_> = self.parents(id).collect();
        let kinship = |parent: &ShardId| self.known.get(parent).copied().unwrap_or(Kinship::Stranger);
        if parents.iter().all(|parent| kinship(parent) == Kinship::Stranger) {
            return if self.begins_at_oldest { Kinship::Oldest } else { Kinship::Stranger };
        }
        for parent in parents.into_iter().filter(|parent| !self.leased.contains(parent)) {
            let progress = match kinship(parent) {
                Kinship::Descendant => continue,
                Kinship::Oldest if self.beginning != Progress::AtTimestamp => Progress::TrimHorizon,
                Kinship::Oldest | Kinship::Stranger => self.beginning,
            };
            self.missing.insert(parent, progress);
        }
        Kinship::Descendant
    }
}

#[cfg(test)]
#[path = "tests/shards.rs"]
mod tests;
