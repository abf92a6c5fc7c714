//! How many tasks a service of consumers needs, by how late it reads (`spec/deploy.md` 3.4): a consumer that is throttled, or whose
//! database is slow, is behind and idle at once, so its processor tells nothing.

use jiff::{SignedDuration, Timestamp};

use super::{decision::Decision, target::Limits};

/// How late, in milliseconds, the oldest record is read where more tasks are needed, where twice as many are, and where there are enough.
const BEHIND: f64 = 60_000.0;
const FAR_BEHIND: f64 = 300_000.0;
const CLOSE: f64 = 5_000.0;

/// So many minutes in a row, none of them older than that.
const MINUTES: usize = 3;
const RECENT: SignedDuration = SignedDuration::from_mins(6);

/// New tasks start and take leases meanwhile.
const SETTLING: SignedDuration = SignedDuration::from_mins(2);

/// How long a service is close behind before it has one task less, and how many minutes of that must be told.
const CLOSE_FOR: SignedDuration = SignedDuration::from_mins(32);
const CLOSE_MINUTES: usize = 30;

/// How late the oldest record of a minute was read, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Minute {
    pub(crate) begin: Timestamp,
    pub(crate) behind: f64,
}

/// What is known about a service from one look to the next.
#[derive(Clone, Debug)]
pub(crate) struct Tasks {
    limits: Limits,
    changed: Option<Timestamp>,
}

impl Tasks {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, changed: None }
    }

    /// What to do about a service that is to have `desired` tasks and reads a stream of so many shards; the oldest minute first.
    pub(crate) fn decide(&self, now: Timestamp, desired: u32, shards: u32, minutes: &[Minute]) -> Decision {
        let Limits { min, max } = self.limits;
        // One reader of a shard: more would idle.
        let most = max.min(shards).max(min);
        if desired == 0 {
            // Somebody has switched it off.
            return Decision::Keep;
        }
        if desired > most {
            return Decision::Change { to: most, why: format!("no more than {most} for {shards} shards") };
        }
        if desired < min {
            return Decision::Change { to: min, why: format!("there should be {min} at least") };
        }
        let late = self.lately(now, RECENT, minutes);
        let least = late.iter().rev().take(MINUTES).map(|minute| minute.behind).fold(f64::INFINITY, f64::min);
        let wanted = match least {
            _ if late.len() < MINUTES => desired,
            least if least > FAR_BEHIND => desired.saturating_mul(2),
            least if least > BEHIND => desired + 1,
            _ => desired,
        };
        if wanted > desired {
            let why = format!("its stream is read {:.0} s late", least / 1000.0);
            return if desired == most {
                Decision::Stuck(format!("{why}, and {most} are the most for so many shards ({shards})"))
            } else {
                Decision::Change { to: wanted.min(most), why }
            };
        }
        let close = self.lately(now, CLOSE_FOR, minutes);
        let enough = close.len() >= CLOSE_MINUTES && close.iter().all(|minute| minute.behind < CLOSE);
        if enough && desired > min {
            return Decision::Change { to: desired - 1, why: "half an hour close behind".into() };
        }
        Decision::Keep
    }

    /// The number of tasks was changed.
    pub(crate) fn changed(&mut self, now: Timestamp) {
        self.changed = Some(now);
    }

    /// Minutes that tell about the tasks that there are.
    fn lately<'a>(&self, now: Timestamp, within: SignedDuration, minutes: &'a [Minute]) -> Vec<&'a Minute> {
        let settled =
            |at: Timestamp| self.changed.is_none_or(|changed| at.duration_since(changed) >= SETTLING);
        minutes
            .iter()
            .filter(|minute| now.duration_since(minute.begin) <= within && settled(minute.begin))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_040 + minutes * 60).unwrap()
    }

    /// Minutes that end with the last full one before 0.
    fn seconds(late: &[f64]) -> Vec<Minute> {
        let begin = -(late.len() as i64);
        let minutes = late.iter().zip(begin..);
        minutes.map(|(late, begin)| Minute { begin: at(begin), behind: late * 1000.0 }).collect()
    }

    fn to(decision: &Decision) -> Option<u32> {
        match decision {
            Decision::Change { to, .. } => Some(*to),
            _ => None,
        }
    }

    #[test]
    fn lag_brings_tasks() {
        for (desired, shards, late, expect) in [
            (2, 8, vec![61.0, 70.0, 80.0], Some(3)),
            (2, 8, vec![61.0, 59.0, 80.0], None),
            (2, 8, vec![61.0, 80.0], None),
            (2, 8, vec![301.0, 400.0, 500.0], Some(4)),
            (2, 8, vec![299.0, 400.0, 500.0], Some(3)),
            (2, 8, vec![1.0, 400.0, 500.0, 600.0], Some(4)),
            // Readers beyond the number of shards would idle.
            (2, 3, vec![400.0, 400.0, 400.0], Some(3)),
            (3, 3, vec![400.0, 400.0, 400.0], None),
            (4, 3, vec![1.0, 1.0, 1.0], Some(3)),
            // Two of them even then, where two are wanted in any case.
            (2, 1, vec![400.0, 400.0, 400.0], None),
            (1, 1, vec![], Some(2)),
            (6, 9, vec![400.0, 400.0, 400.0], Some(8)),
            // Switched off.
            (0, 9, vec![400.0, 400.0, 400.0], None),
        ] {
            let decision =
                Tasks::new(Limits { min: 2, max: 8 }).decide(at(0), desired, shards, &seconds(&late));
            assert_eq!(to(&decision), expect, "{desired} {shards} {late:?}: {decision:?}");
        }
    }

    #[test]
    fn what_stands_in_the_way_is_said() {
        let said = Tasks::new(Limits { min: 1, max: 8 }).decide(at(0), 3, 3, &seconds(&[90.0; 3]));
        let expect = "its stream is read 90 s late, and 3 are the most for so many shards (3)";
        assert_eq!(said, Decision::Stuck(expect.into()));
    }

    #[test]
    fn half_an_hour_close_behind_takes_one_away() {
        let decide = |desired, late: &[f64]| {
            to(&Tasks::new(Limits { min: 2, max: 8 }).decide(at(0), desired, 8, &seconds(late)))
        };
        assert_eq!(decide(4, &[1.0; 30]), Some(3));
        assert_eq!(decide(2, &[1.0; 30]), None);
        assert_eq!(decide(4, &[1.0; 29]), None);
        let mut late = [1.0; 31];
        late[7] = 6.0;
        assert_eq!(decide(4, &late), None);
        // Nobody reads: nothing is told.
        assert_eq!(decide(4, &[]), None);
    }

    #[test]
    fn a_change_is_given_time() {
        let mut known = Tasks::new(Limits { min: 1, max: 8 });
        known.changed(at(-4));
        assert_eq!(known.decide(at(0), 2, 8, &seconds(&[900.0; 6])), Decision::Keep);
        known.changed(at(-5));
        assert_eq!(to(&known.decide(at(0), 2, 8, &seconds(&[900.0; 6]))), Some(4));
        known.changed(at(-20));
        assert_eq!(known.decide(at(0), 2, 8, &seconds(&[1.0; 60])), Decision::Keep);
    }
}
