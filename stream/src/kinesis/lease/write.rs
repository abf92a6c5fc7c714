//! What is done to an item, under which condition (`spec/loaders-and-leases.md` 6.3).
//!
//! Every write of an owner is conditional on the counter it wrote last: once another worker has taken the lease, nothing of
//! the former owner is accepted any more. Items are never replaced, so that attributes we do not know stay.

use super::{
    HashRange, Lease, PendingProgress, Progress,
    item::{self, Item, Value},
};
use crate::record::ShardId;

/// A write of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Its key.
    pub shard: ShardId,
    /// What has to hold.
    pub condition: Condition,
    /// What changes.
    pub change: Change,
}

/// What has to hold for a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    None,
    /// There is no such item.
    Absent,
    /// There is such an item.
    Present,
    /// Its counter is this.
    Counter(u64),
}

/// What a write changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Makes the item.
    Create(Item),
    /// Changes attributes. What is not named stays.
    Update(Update),
    /// Deletes the item.
    Delete,
}

/// A change of attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// Attributes and their new values.
    pub set: Vec<(&'static str, Value)>,
    /// Numbers and what they go up by.
    pub add: Vec<(&'static str, u64)>,
    /// Attributes that go away, whether they are there or not.
    pub remove: Vec<&'static str>,
}

/// The intention's attributes.
const PENDING: [&str; 3] =
    ["pendingCheckpoint", "pendingCheckpointState", "pendingCheckpointSubSequenceNumber"];

/// Makes the lease, unless somebody has.
pub fn create(lease: &Lease) -> Write {
    let change = Change::Create(lease.to_item());
    Write { shard: lease.shard.clone(), condition: Condition::Absent, change }
}

/// Says that its owner is alive.
pub fn renew(lease: &Lease) -> Write {
    counted(lease, Update::default())
}

/// Makes `me` the owner.
pub fn take(lease: &Lease, me: &str) -> Write {
    let mut update = Update { set: vec![("leaseOwner", Value::S(me.to_owned()))], ..Update::default() };
    if lease.owner.as_deref().is_some_and(|owner| owner != me) {
        update.add.push(("ownerSwitchesSinceCheckpoint", 1));
    }
    counted(lease, update)
}

/// Gives the lease up, so that the next worker need not wait until it has expired. (The original asks for the owner's name
/// instead of the counter, which another process of the same name would have, too.)
pub fn release(lease: &Lease) -> Write {
    counted(lease, Update { remove: vec!["leaseOwner"], ..Update::default() })
}

/// Moves the progress, and replaces the intention.
pub fn checkpoint(lease: &Lease, progress: Progress, pending: Option<&PendingProgress>) -> Write {
    let mut update = Update { set: item::progress(progress).into(), ..Update::default() };
    update.set.push(("ownerSwitchesSinceCheckpoint", Value::number(0)));
    update.set.extend(lease.range.into_iter().flat_map(item::hash_keys));
    update.set.extend(pending.into_iter().flat_map(item::intention));
    let is_set = |name: &&str| update.set.iter().any(|(set, _)| set == name);
    update.remove = PENDING.into_iter().filter(|name| !is_set(name)).collect();
    counted(lease, update)
}

/// Notes which shards were made from this one.
pub fn children(shard: &ShardId, children: &[ShardId]) -> Write {
    noted(shard, vec![("childShardIds", Value::shards(children))])
}

/// Notes the hashes.
pub fn range(shard: &ShardId, range: HashRange) -> Write {
    noted(shard, item::hash_keys(range).into())
}

/// Deletes the lease.
pub fn delete(shard: &ShardId) -> Write {
    Write { shard: shard.clone(), condition: Condition::None, change: Change::Delete }
}

fn counted(lease: &Lease, mut update: Update) -> Write {
    update.set.push(("leaseCounter", Value::number(lease.counter + 1)));
    let condition = Condition::Counter(lease.counter);
    Write { shard: lease.shard.clone(), condition, change: Change::Update(update) }
}

fn noted(shard: &ShardId, set: Vec<(&'static str, Value)>) -> Write {
    let change = Change::Update(Update { set, ..Update::default() });
    Write { shard: shard.clone(), condition: Condition::Present, change }
}

/// The condition of a write does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

impl Write {
    /// The item after this write, as DynamoDB does it.
    pub fn apply(&self, item: Option<&Item>) -> Result<Option<Item>, Refused> {
        let holds = match &self.condition {
            Condition::None => true,
            Condition::Absent => item.is_none(),
            Condition::Present => item.is_some(),
            Condition::Counter(counter) => {
                item.is_some_and(|item| item.get("leaseCounter") == Some(&Value::number(*counter)))
            }
        };
        if !holds {
            return Err(Refused);
        }
        match &self.change {
            Change::Create(item) => Ok(Some(item.clone())),
            Change::Delete => Ok(None),
            Change::Update(update) => {
                let mut item = item.cloned().unwrap_or_default();
                item.insert("leaseKey".to_owned(), Value::S(self.shard.to_string()));
                update.apply(&mut item);
                Ok(Some(item))
            }
        }
    }
}

impl Update {
    fn apply(&self, item: &mut Item) {
        for (name, value) in &self.set {
            item.insert((*name).to_owned(), value.clone());
        }
        for (name, more) in &self.add {
            let number = match item.get(*name) {
                Some(Value::N(number)) => number.parse().unwrap_or(0),
                _ => 0_u64,
            };
            item.insert((*name).to_owned(), Value::number(number + more));
        }
        for name in &self.remove {
            item.remove(*name);
        }
    }
}

#[cfg(test)]
#[path = "tests/write.rs"]
mod tests;
