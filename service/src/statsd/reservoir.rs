//! Values of one period: all of them while they are few, else an even choice of them.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Values kept of one period.
pub(super) const KEPT: usize = 1024;

/// What stands in a place that no value of this period has taken; no finite number has these bits.
const EMPTY: u32 = u32::MAX;

/// Takes values from any thread without a lock.
#[derive(Debug)]
pub(super) struct Reservoir {
    seen: AtomicU64,
    /// Bits of `f32`.
    places: Box<[AtomicU32]>,
}

/// What came in a period.
#[derive(Debug, PartialEq)]
pub(super) struct Taken {
    /// The values that were kept.
    pub(super) values: Vec<f32>,
    /// Which share of all they are: 1 when none was left out.
    pub(super) share: f64,
}

impl Reservoir {
    pub(super) fn new() -> Self {
        Self { seen: AtomicU64::new(0), places: (0..KEPT).map(|_| AtomicU32::new(EMPTY)).collect() }
    }

    /// Of `n` values each is kept with the same chance (the reservoir method): the `n`-th takes a place with the chance
    /// `KEPT / n`.
    pub(super) fn put(&self, value: f32) {
        let n = self.seen.fetch_add(1, Ordering::Relaxed);
        let place = if n < KEPT as u64 { n } else { scatter(n) % (n + 1) };
        if let Some(place) = usize::try_from(place).ok().and_then(|place| self.places.get(place)) {
            place.store(value.to_bits(), Ordering::Relaxed);
        }
    }

    /// Empties it. A value that is being put meanwhile counts here or in the next period, or is left out.
    pub(super) fn take(&self) -> Option<Taken> {
        let seen = self.seen.swap(0, Ordering::Relaxed);
        if seen == 0 {
            return None;
        }
        let taken = self.places.iter().map(|place| place.swap(EMPTY, Ordering::Relaxed));
        let values: Vec<f32> = taken.filter(|bits| *bits != EMPTY).map(f32::from_bits).collect();
        let share = (values.len() as f64 / seen as f64).min(1.0);
        (!values.is_empty()).then_some(Taken { values, share })
    }
}

/// A number that looks like chance (the finalizer of SplitMix64).
fn scatter(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_all_kept() {
        let reservoir = Reservoir::new();
        assert_eq!(reservoir.take(), None);
        for n in 0..KEPT {
            reservoir.put(n as f32);
        }
        let Taken { values, share } = reservoir.take().unwrap();
        assert_eq!(values, (0..KEPT).map(|n| n as f32).collect::<Vec<_>>());
        assert_eq!(share, 1.0);
        assert_eq!(reservoir.take(), None);
    }

    #[test]
    fn of_many_an_even_choice_is_kept() {
        let reservoir = Reservoir::new();
        let all = 100 * KEPT;
        for n in 0..all {
            reservoir.put(n as f32);
        }
        let Taken { values, share } = reservoir.take().unwrap();
        assert_eq!(values.len(), KEPT);
        assert_eq!(share, 0.01);
        // The mean of an even choice of 1024 numbers below 102400 lies within 4 % of the middle nearly always.
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / KEPT as f64;
        assert!((mean / (all as f64 / 2.0) - 1.0).abs() < 0.08, "{mean}");
    }

    #[test]
    fn threads_lose_nothing_while_there_is_room() {
        let reservoir = Reservoir::new();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..KEPT / 4).for_each(|_| reservoir.put(1.0)));
            }
        });
        assert_eq!(reservoir.take(), Some(Taken { values: vec![1.0; KEPT], share: 1.0 }));
    }
}
