//! How often wrong keys are looked up: whoever tries many has to wait.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
};

use jiff::Timestamp;
use uuid::Uuid;

/// Seconds in which tries are counted together.
const WINDOW: i64 = 60;
/// Addresses and keys that are remembered, at most.
const REMEMBERED: usize = 10_000;

/// Tries of unknown keys by address.
#[derive(Debug)]
pub struct Attempts {
    limit: u32,
    by_address: HashMap<IpAddr, Tries>,
    /// Keys that were known when they were looked up: behind one address many clients may be, and those who have a key go on.
    known: HashSet<Uuid>,
}

#[derive(Debug)]
struct Tries {
    since: i64,
    count: u32,
}

impl Attempts {
    /// So many in a minute.
    pub fn new(limit: u32) -> Self {
        Self { limit, by_address: HashMap::new(), known: HashSet::new() }
    }

    /// Seconds until the address may try this key; `None`: it may.
    pub fn wait(&self, address: IpAddr, key: Uuid, now: Timestamp) -> Option<u64> {
        if self.known.contains(&key) {
            return None;
        }
        let tries = self.by_address.get(&address)?;
        let passed = now.as_second() - tries.since;
        let waits = tries.count >= self.limit && (0..WINDOW).contains(&passed);
        waits.then(|| u64::try_from(WINDOW - passed).unwrap_or(1))
    }

    /// The key was known.
    pub fn worked(&mut self, key: Uuid) {
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(key);
    }

    /// The address tried an unknown key.
    pub fn failed(&mut self, address: IpAddr, now: Timestamp) {
        let now = now.as_second();
        if self.by_address.len() >= REMEMBERED {
            self.by_address.retain(|_, tries| (0..WINDOW).contains(&(now - tries.since)));
        }
        if self.by_address.len() >= REMEMBERED {
            // All of them are busy: better to count from zero than to remember without end.
            self.by_address.clear();
        }
        let tries = self.by_address.entry(address).or_insert(Tries { since: now, count: 0 });
        if !(0..WINDOW).contains(&(now - tries.since)) {
            *tries = Tries { since: now, count: 0 };
        }
        tries.count = tries.count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_per_address_and_minute() {
        let at = |second: i64| Timestamp::from_second(1_000_000 + second).unwrap();
        let (one, other) = (IpAddr::from([1, 2, 3, 4]), IpAddr::from([1, 2, 3, 5]));
        let key = Uuid::from_u128(1);
        let mut attempts = Attempts::new(2);
        attempts.worked(Uuid::from_u128(2));
        attempts.failed(one, at(0));
        assert_eq!(attempts.wait(one, key, at(0)), None);
        attempts.failed(one, at(10));
        assert_eq!(attempts.wait(one, key, at(10)), Some(50));
        assert_eq!(attempts.wait(one, Uuid::from_u128(2), at(10)), None, "who has a key goes on");
        assert_eq!(attempts.wait(other, key, at(10)), None);
        assert_eq!(attempts.wait(one, key, at(60)), None);
        attempts.failed(one, at(60));
        assert_eq!(attempts.wait(one, key, at(61)), None);
    }
}
