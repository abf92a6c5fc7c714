//! How long an open record waits for more payloads.
//!
//! Who sends an event waits until its record is durable. So a record is closed early: at once when nobody else is expected,
//! else when there has been silence for as long as [`SILENCE`] payloads take to come on average, and at the latest after
//! the longest wait. A lone event is not held up at all, clients that wait for their answers before they send again
//! hardly, and a stream of events fills its records.

use std::time::{Duration, Instant};

/// Silence of so many mean gaps means that nobody else is coming.
const SILENCE: u32 = 8;
/// The mean gap moves by one part of so many to each new gap.
const MEMORY: u32 = 8;
/// A record that is fed without a pause is open for so long at least.
const LEAST: Duration = Duration::from_millis(20);

/// Knows how fast payloads came lately, and since when a record is open.
#[derive(Clone, Debug)]
pub struct Pace {
    longest: Duration,
    /// Mean time between two payloads, none counted as more than `longest`.
    gap: Duration,
    last: Option<Instant>,
    opened: Option<Instant>,
}

impl Pace {
    /// Nothing has come yet. No record is open longer than `longest` while nothing comes.
    pub fn new(longest: Duration) -> Self {
        Self { longest, gap: longest, last: None, opened: None }
    }

    /// A payload came.
    pub fn arrived(&mut self, at: Instant) {
        if let Some(last) = self.last {
            let gap = at.saturating_duration_since(last).min(self.longest);
            self.gap = (self.gap * (MEMORY - 1) + gap) / MEMORY;
        }
        self.last = Some(at);
    }

    /// A record was opened for the payload that came at this time.
    pub fn opened(&mut self, at: Instant) {
        self.opened = Some(at);
    }

    /// The open record was closed.
    pub fn closed(&mut self) {
        self.opened = None;
    }

    /// How much longer the open record waits for the next payload. Zero: it is to be closed.
    pub fn wait(&self, now: Instant) -> Duration {
        let silence = self.gap * SILENCE;
        let (Some(last), Some(opened)) = (self.last, self.opened) else { return Duration::ZERO };
        if silence >= self.longest {
            return Duration::ZERO;
        }
        (last + silence).min(opened + self.longest).saturating_duration_since(now)
    }

    /// Whether the record is to be closed although more payloads are there already.
    pub fn is_overdue(&self, now: Instant) -> bool {
        self.opened.is_some_and(|opened| now.saturating_duration_since(opened) >= self.longest.max(LEAST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_millis(50);

    /// Payloads that come so many microseconds after one another, each record closed as the pace says. Returned are the
    /// numbers of payloads in the records that were closed.
    fn records(gaps_us: impl IntoIterator<Item = u64>, longest: Duration) -> Vec<usize> {
        let (mut pace, mut now) = (Pace::new(longest), Instant::now());
        let (mut records, mut open) = (Vec::new(), 0);
        for gap in gaps_us {
            let gap = Duration::from_micros(gap);
            let wait = pace.wait(now);
            if open > 0 && (gap > wait || wait.is_zero()) {
                records.push(std::mem::take(&mut open));
                pace.closed();
            }
            now += gap;
            pace.arrived(now);
            if open == 0 {
                pace.opened(now);
            }
            open += 1;
        }
        records
    }

    #[test]
    fn lone_events_are_not_held_up() {
        // 10 ms between two, and more: five at most would come in the longest wait.
        for gap in [10_000, 50_000, 2_000_000] {
            assert_eq!(records([gap; 20], LONGEST), [1; 19], "{gap} us");
        }
        assert_eq!(records([1000; 20], Duration::ZERO), [1; 19]);
    }

    #[test]
    fn a_stream_fills_records_up_to_the_longest_wait() {
        // The mean is learnt with the first payloads.
        let steady = records([1000; 500], LONGEST);
        let learnt = steady.iter().position(|payloads| *payloads > 1).unwrap();
        assert!(learnt < 30 && steady.len() > learnt + 5, "{steady:?}");
        assert!(steady[learnt..].iter().all(|payloads| (49..=51).contains(payloads)), "{steady:?}");
    }

    #[test]
    fn bursts_are_closed_soon_after_their_end() {
        // 64 clients, and then nothing until they have been answered.
        let bursts = (0..20).flat_map(|_| std::iter::once(3000).chain([20; 63]));
        let found = records(bursts, LONGEST);
        assert_eq!(found[found.len() - 10..], [64; 10], "{found:?}");
        let mut pace = Pace::new(LONGEST);
        let begin = Instant::now();
        pace.opened(begin);
        for n in 0..64 {
            pace.arrived(begin + Duration::from_micros(20 * n));
        }
        let end = begin + Duration::from_micros(20 * 63);
        assert!(pace.wait(end) < Duration::from_millis(1), "{:?}", pace.wait(end));
        assert_eq!(pace.wait(end + Duration::from_millis(1)), Duration::ZERO);
    }

    #[test]
    fn a_record_that_is_fed_is_closed_some_day() {
        let mut pace = Pace::new(Duration::ZERO);
        let begin = Instant::now();
        assert!(!pace.is_overdue(begin));
        pace.arrived(begin);
        pace.opened(begin);
        assert!(!pace.is_overdue(begin + Duration::from_millis(19)));
        assert!(pace.is_overdue(begin + Duration::from_millis(20)));
        pace.closed();
        assert!(!pace.is_overdue(begin + Duration::from_millis(21)));
    }
}
