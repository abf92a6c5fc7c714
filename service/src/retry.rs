//! How long to wait before trying again: pure, the jitter is an argument.

use std::time::Duration;

/// Exponential backoff with jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Delay after the first failure.
    pub first: Duration,
    /// No delay is longer.
    pub most: Duration,
}

impl Backoff {
    /// Doubles from `first` up to `most`.
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self { first, most }
    }

    /// The delay after failure number `attempt` (from 0). `jitter` between 0 and 1 spreads those who failed together
    /// over the upper half of the delay ([`crate::clock::jitter`] draws one).
    pub fn delay(&self, attempt: u32, jitter: f64) -> Duration {
        let doubled = self.first.saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX));
        doubled.min(self.most).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_most() {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let check = |attempt, jitter, expect| {
            assert_eq!(backoff.delay(attempt, jitter), Duration::from_millis(expect), "{attempt} {jitter}");
        };
        check(0, 1.0, 100);
        check(0, 0.0, 50);
        check(1, 1.0, 200);
        check(3, 1.0, 800);
        check(4, 1.0, 1000);
        check(4, 0.5, 750);
        check(31, 1.0, 1000);
        check(u32::MAX, 7.0, 1000);
    }
}
