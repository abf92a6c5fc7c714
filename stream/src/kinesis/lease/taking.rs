//! Which leases a worker takes (`spec/loaders-and-leases.md` 6.6): what nobody owns or what has expired, and where there is
//! none of these, some of the worker that has the most.
//!
//! All workers do this on their own, from what they see of the table: everybody takes up to an equal share.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::Lease;
use crate::record::ShardId;

/// How much a worker takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Leases of one worker.
    pub leases: usize,
    /// Leases that are taken from another worker at a time.
    pub steals: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { leases: usize::MAX, steals: 1 }
    }
}

/// The table as it was last seen, and since when each counter has not moved. Times are of a clock that only goes forward,
/// never those of another machine.
#[derive(Clone, Debug, Default)]
pub struct View {
    seen: BTreeMap<ShardId, Seen>,
}

#[derive(Clone, Debug)]
struct Seen {
    lease: Lease,
    /// `None`: long ago.
    moved: Option<Duration>,
}

/// A lease to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// As it was seen.
    pub lease: Lease,
    /// Whether its owner is alive.
    pub is_stolen: bool,
}

impl View {
    /// The table has been read, the last of it at `now`. `held` are the leases that `me` knows to own, whatever the table,
    /// which may be read a moment late, says.
    pub fn update(&mut self, now: Duration, leases: Vec<Lease>, me: &str, held: &BTreeSet<ShardId>) {
        let mut before = std::mem::take(&mut self.seen);
        self.seen = leases
            .into_iter()
            .map(|mut lease| {
                let moved = match before.remove(&lease.shard) {
                    _ if held.contains(&lease.shard) => {
                        lease.owner = Some(me.to_owned());
                        Some(now)
                    }
                    Some(seen) if seen.lease.counter == lease.counter => seen.moved,
                    // Nobody has to be waited for.
                    None if lease.owner.is_none() => None,
                    _ => Some(now),
                };
                (lease.shard.clone(), Seen { lease, moved })
            })
            .collect();
    }

    /// All leases, by shard.
    pub fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.seen.values().map(|seen| &seen.lease)
    }

    /// The lease of a shard.
    pub fn lease(&self, shard: &ShardId) -> Option<&Lease> {
        self.seen.get(shard).map(|seen| &seen.lease)
    }

    /// Which leases `me` is to take.
    pub fn choose(
        &self,
        me: &str,
        now: Duration,
        failover: Duration,
        limits: Limits,
        lot: &mut Lot,
    ) -> Vec<Choice> {
        let silent =
            |seen: &Seen, time: Duration| seen.moved.is_none_or(|moved| now.saturating_sub(moved) > time);
        let is_available = |seen: &&Seen| seen.lease.owner.is_none() || silent(seen, failover);
        let mut loads = BTreeMap::from([(me, 0)]);
        for seen in self.seen.values().filter(|seen| !is_available(seen)) {
            *loads.entry(seen.lease.owner.as_deref().unwrap_or(me)).or_default() += 1_usize;
        }
        let mine = loads[me];
        let room = limits.leases.saturating_sub(mine);
        let take = |leases: Vec<&Seen>, is_stolen: bool, count: usize, lot: &mut Lot| {
            let leases = leases.into_iter().map(|seen| Choice { lease: seen.lease.clone(), is_stolen });
            lot.draw(leases.collect(), count)
        };
        let very_old: Vec<_> = self.seen.values().filter(|seen| silent(seen, failover * 3)).collect();
        if !very_old.is_empty() {
            // Before anything else, and whatever the share is: somebody has to read them.
            return take(very_old, false, room, lot);
        }
        let share = if loads.len() >= self.seen.len() { 1 } else { self.seen.len().div_ceil(loads.len()) };
        let need = share.min(limits.leases).saturating_sub(mine);
        let available: Vec<_> = self.seen.values().filter(is_available).collect();
        if !available.is_empty() {
            return take(available, false, need, lot);
        }
        let most = loads.values().max().copied().unwrap_or_default();
        let most_loaded = loads.into_iter().find(|(_, load)| *load == most).map(|(owner, _)| owner);
        let surplus = most.saturating_sub(share);
        // One worker short of two leases takes one of a full share: nobody has two less than another.
        let count = if need > 1 { need.min(surplus).max(1) } else { need.min(surplus) };
        if most < share {
            return Vec::new();
        }
        let theirs = self.seen.values().filter(|seen| seen.lease.owner.as_deref() == most_loaded);
        take(theirs.collect(), true, count.min(limits.steals), lot)
    }
}

/// Numbers that look drawn by lot; the same seed gives the same ones (SplitMix64).
#[derive(Clone, Debug)]
pub struct Lot(u64);

impl Lot {
    /// Draws from here on.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(number ^ (number >> 31)) * u128::from(end)) >> 64) as u64
    }

    /// At most `count` of these, in any order.
    pub fn draw<T>(&mut self, mut from: Vec<T>, count: usize) -> Vec<T> {
        let count = count.min(from.len());
        for index in 0..count {
            let rest = (from.len() - index) as u64;
            from.swap(index, index + self.below(rest) as usize);
        }
        from.truncate(count);
        from
    }
}

#[cfg(test)]
#[path = "tests/taking.rs"]
mod tests;
