//! How long to wait before something is tried again.

use std::time::Duration;

/// Delays that grow as Fibonacci's numbers do: `min` times 1, 1, 2, 3, 5, ..., at most `max` (`spec/collector.md` 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first delay.
    pub min: Duration,
    /// The longest delay; also the first one where it is shorter than `min`.
    pub max: Duration,
}

impl Default for Backoff {
    /// What `backoffPolicy` of the collector's Kinesis sink defaults to.
    fn default() -> Self {
        Self { min: Duration::from_millis(500), max: Duration::from_millis(1500) }
    }
}

impl Backoff {
    /// The delay after this many failures in a row; none after none.
    pub fn delay(self, failures: u32) -> Duration {
        let (mut now, mut next) = (0_u32, 1_u32);
        for _ in 0..failures {
            if self.min.saturating_mul(now) >= self.max {
                break;
            }
            (now, next) = (next, now.saturating_add(next));
            if next == u32::MAX {
                break;
            }
        }
        self.min.saturating_mul(now).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_the_longest() {
        let check = |min: u64, max: u64, expect: &[u64]| {
            let backoff = Backoff { min: Duration::from_millis(min), max: Duration::from_millis(max) };
            let delays: Vec<_> =
                (0..expect.len() as u32).map(|n| backoff.delay(n).as_millis() as u64).collect();
            assert_eq!(delays, expect, "{min} to {max}");
            for many in [50, 1000, u32::MAX] {
                assert_eq!(backoff.delay(many), backoff.delay(many - 1), "{min} to {max}");
            }
        };
        check(500, 1500, &[0, 500, 500, 1000, 1500, 1500, 1500]);
        check(100, 10_000, &[0, 100, 100, 200, 300, 500, 800, 1300, 2100, 3400, 5500, 8900, 10_000, 10_000]);
        check(3000, 600_000, &[0, 3000, 3000, 6000, 9000, 15_000, 24_000]);
        check(2000, 1000, &[0, 1000, 1000]);
        check(0, 1000, &[0, 0, 0]);
        check(7, 0, &[0, 0]);
    }
}
