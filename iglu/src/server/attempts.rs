//! How often wrong keys are looked up: whoever tries many has to wait.

use std::{collections::HashMap, net::IpAddr};

use jiff::Timestamp;

/// Seconds in which tries are counted together.
const WINDOW: i64 = 60;
/// Addresses that are remembered, at most.
const ADDRESSES: usize = 10_000;

/// Tries of unknown keys by address.
#[derive(Debug)]
pub struct Attempts {
    limit: u32,
    by_address: HashMap<IpAddr, Tries>,
}

#[derive(Debug)]
struct Tries {
    since: i64,
    count: u32,
}

impl Attempts {
    /// So many in a minute.
    pub fn new(limit: u32) -> Self {
        Self { limit, by_address: HashMap::new() }
    }

    /// Seconds until the address may try again; `None`: it may.
    pub fn wait(&self, address: IpAddr, now: Timestamp) -> Option<u64> {
        let tries = self.by_address.get(&address)?;
        let passed = now.as_second() - tries.since;
        let waits = tries.count >= self.limit && (0..WINDOW).contains(&passed);
        waits.then(|| u64::try_from(WINDOW - passed).unwrap_or(1))
    }

    /// The address tried an unknown key.
    pub fn failed(&mut self, address: IpAddr, now: Timestamp) {
        let now = now.as_second();
        if self.by_address.len() >= ADDRESSES {
            self.by_address.retain(|_, tries| (0..WINDOW).contains(&(now - tries.since)));
        }
        if self.by_address.len() >= ADDRESSES {
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
        let mut attempts = Attempts::new(2);
        attempts.failed(one, at(0));
        assert_eq!(attempts.wait(one, at(0)), None);
        attempts.failed(one, at(10));
        assert_eq!(attempts.wait(one, at(10)), Some(50));
        assert_eq!(attempts.wait(other, at(10)), None);
        assert_eq!(attempts.wait(one, at(60)), None);
        attempts.failed(one, at(60));
        assert_eq!(attempts.wait(one, at(61)), None);
    }
}
