//! How many shards a stream needs (`spec/deploy.md` 3.9).

use jiff::{SignedDuration, Timestamp};
use stream::kinesis::shards::Summary;

use super::{decision::Decision, target::Limits};

/// What a shard takes in a minute: bytes and records.
const MINUTE_BYTES: f64 = 60.0 * 1e6;
const MINUTE_RECORDS: f64 = 60.0 * 1000.0;

/// The part of what its shards take that a minute of a stream may bring at most, and that hours of a quiet one are below.
const FULL: f64 = 0.70;
const QUIET: f64 = 0.25;

/// How far back a minute is looked at: CloudWatch is some minutes late.
const RECENT: SignedDuration = SignedDuration::from_mins(5);

/// How long a stream is quiet before it is halved.
pub(crate) const QUIET_FOR: SignedDuration = SignedDuration::from_hours(6);

/// Changes of a stream in 24 hours that Kinesis takes; the last ones are kept for doubling.
const CHANGES: usize = 10;
const KEPT_FOR_DOUBLING: usize = 4;

/// For how long nothing is asked of a stream whose change Kinesis refused.
const HELD: SignedDuration = SignedDuration::from_hours(1);

/// What was written to a stream in a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Minute {
    pub(crate) begin: Timestamp,
    pub(crate) bytes: f64,
    pub(crate) records: f64,
    /// Writes that were refused because they were more than the shards take.
    pub(crate) refused: f64,
}

impl Minute {
    /// The part of what so many shards take.
    fn load(&self, shards: u32) -> f64 {
        (self.bytes / MINUTE_BYTES).max(self.records / MINUTE_RECORDS) / f64::from(shards.max(1))
    }
}

/// What is known about a stream from one look to the next.
#[derive(Clone, Debug)]
pub(crate) struct Shards {
    limits: Limits,
    /// When it was changed by us, in the last 24 hours.
    changes: Vec<Timestamp>,
    /// When its shards were last seen to change, by whomever: what was before tells little about it.
    unrest: Option<Timestamp>,
    held: Option<Timestamp>,
}

impl Shards {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, changes: Vec::new(), unrest: None, held: None }
    }

    /// What to do about a stream that is like this and had these minutes, the oldest first.
    pub(crate) fn decide(&mut self, now: Timestamp, found: &Summary, minutes: &[Minute]) -> Decision {
        if found.on_demand {
            return Decision::Keep;
        }
        if !found.at_rest {
            self.unrest = Some(now);
            return Decision::Keep;
        }
        self.changes.retain(|at| now.duration_since(*at) < SignedDuration::from_hours(24));
        if self.held.is_some_and(|until| now < until) {
            return Decision::Keep;
        }
        match self.more(now, found.open, minutes) {
            Some(why) => self.double(found.open, why),
            None if self.is_quiet(now, found, minutes) => {
                let to = found.open.div_ceil(2).max(self.limits.min);
                Decision::Change { to, why: "six hours below 25 % of what its shards take".into() }
            }
            None => Decision::Keep,
        }
    }

    /// Kinesis has taken a change.
    pub(crate) fn changed(&mut self, now: Timestamp) {
        self.changes.push(now);
        self.unrest = Some(now);
    }

    /// Kinesis has refused a change: it counts changes of others, too.
    pub(crate) fn refused(&mut self, now: Timestamp) {
        self.held = now.checked_add(HELD).ok();
    }

    /// Why there should be more.
    fn more(&self, now: Timestamp, open: u32, minutes: &[Minute]) -> Option<String> {
        if open < self.limits.min {
            return Some(format!("it should have {} at least", self.limits.min));
        }
        let told = |minute: &&Minute| {
            now.duration_since(minute.begin) <= RECENT
                && self.unrest.is_none_or(|unrest| minute.begin >= unrest)
        };
        let (mut most, mut refused) = (0.0_f64, 0.0);
        for minute in minutes.iter().filter(told) {
            most = most.max(minute.load(open));
            refused += minute.refused;
        }
        if refused > 0.0 {
            Some("writes were refused".into())
        } else if most > FULL {
            Some(format!("a minute at {:.0} % of what its shards take", most * 100.0))
        } else {
            None
        }
    }

    fn double(&self, open: u32, why: String) -> Decision {
        let Limits { min, max } = self.limits;
        // What is below the least goes there by doubling, too: Kinesis allows no larger step.
        let to = open.saturating_mul(2).min(if open < min { min } else { max });
        if open >= max {
            Decision::Stuck(format!("{why}, and it may have no more than {max} shards"))
        } else if self.changes.len() >= CHANGES {
            Decision::Stuck(format!("{why}, and Kinesis takes no more than {CHANGES} changes in 24 hours"))
        } else {
            Decision::Change { to, why }
        }
    }

    fn is_quiet(&self, now: Timestamp, found: &Summary, minutes: &[Minute]) -> bool {
        let for_long = |since: Timestamp| now.duration_since(since) >= QUIET_FOR;
        found.open > self.limits.min
            && self.changes.len() + KEPT_FOR_DOUBLING < CHANGES
            && found.made.is_none_or(for_long)
            && self.unrest.is_none_or(for_long)
            && minutes
                .iter()
                .filter(|minute| !for_long(minute.begin))
                .all(|minute| minute.load(found.open) < QUIET && minute.refused == 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_040 + minutes * 60).unwrap()
    }

    fn stream(open: u32) -> Summary {
        Summary { open, at_rest: true, on_demand: false, made: Some(at(-10_000)) }
    }

    fn minute(begin: i64, megabytes: f64, records: f64, refused: f64) -> Minute {
        Minute { begin: at(begin), bytes: megabytes * 1e6, records, refused }
    }

    fn scale(min: u32, max: u32) -> Shards {
        Shards::new(Limits { min, max })
    }

    fn to(decision: &Decision) -> Option<u32> {
        match decision {
            Decision::Change { to, .. } => Some(*to),
            _ => None,
        }
    }

    #[test]
    fn a_full_minute_doubles() {
        for (open, minutes, expect) in [
            (1, vec![minute(-2, 41.0, 0.0, 0.0)], None),
            (1, vec![minute(-2, 43.0, 0.0, 0.0)], Some(2)),
            (1, vec![minute(-2, 1.0, 43_000.0, 0.0)], Some(2)),
            (2, vec![minute(-2, 43.0, 0.0, 0.0)], None),
            (3, vec![minute(-2, 130.0, 0.0, 0.0)], Some(6)),
            // Too long ago.
            (1, vec![minute(-6, 59.0, 0.0, 0.0), minute(-2, 1.0, 0.0, 0.0)], None),
            // One shard may be full while the stream is not.
            (4, vec![minute(-3, 5.0, 0.0, 7.0)], Some(8)),
            (12, vec![minute(-3, 5.0, 0.0, 7.0)], Some(16)),
            (1, vec![], None),
        ] {
            let decision = scale(open, 16).decide(at(0), &stream(open), &minutes);
            assert_eq!(to(&decision), expect, "{open} {minutes:?}");
        }
    }

    #[test]
    fn limits_hold() {
        let full = [minute(-2, 900.0, 0.0, 3.0)];
        assert_eq!(
            scale(1, 8).decide(at(0), &stream(8), &full),
            Decision::Stuck("writes were refused, and it may have no more than 8 shards".into())
        );
        assert_eq!(to(&scale(6, 8).decide(at(0), &stream(2), &[])), Some(4));
        assert_eq!(to(&scale(6, 8).decide(at(0), &stream(4), &[])), Some(6));
        assert_eq!(to(&scale(6, 8).decide(at(0), &stream(7), &[])), Some(6));
        assert_eq!(scale(6, 8).decide(at(0), &stream(6), &[]), Decision::Keep);
        // Somebody gave it more: nothing is taken away from a stream that is in use.
        let used = [minute(-100, 500.0, 0.0, 0.0)];
        assert_eq!(scale(1, 8).decide(at(0), &stream(20), &used), Decision::Keep);
    }

    #[test]
    fn six_quiet_hours_halve() {
        let quiet = |to: i64| (-400..to).map(|begin| minute(begin, 14.0, 100.0, 0.0)).collect::<Vec<_>>();
        assert_eq!(to(&scale(1, 16).decide(at(0), &stream(5), &quiet(0))), Some(3));
        let mut loud = quiet(0);
        loud[100].bytes = 5.0 * 0.26 * MINUTE_BYTES;
        assert_eq!(scale(1, 16).decide(at(0), &stream(5), &loud), Decision::Keep);
        loud[100] = minute(-300, 1.0, 0.0, 1.0);
        assert_eq!(scale(1, 16).decide(at(0), &stream(5), &loud), Decision::Keep);
        let young = Summary { made: Some(at(-359)), ..stream(5) };
        assert_eq!(scale(1, 16).decide(at(0), &young, &quiet(0)), Decision::Keep);
        let mut known = scale(1, 16);
        known.changed(at(-359));
        assert_eq!(known.decide(at(0), &stream(5), &quiet(0)), Decision::Keep);
        assert_eq!(to(&known.decide(at(1), &stream(5), &quiet(1))), Some(3));
    }

    #[test]
    fn what_changes_is_left_alone_and_what_was_before_is_not_told_twice() {
        let full = [minute(-2, 900.0, 0.0, 3.0)];
        let mut known = scale(1, 16);
        let changing = Summary { at_rest: false, ..stream(1) };
        assert_eq!(known.decide(at(0), &changing, &full), Decision::Keep);
        assert_eq!(known.decide(at(1), &stream(2), &full), Decision::Keep);
        assert_eq!(to(&known.decide(at(4), &stream(2), &[minute(1, 90.0, 0.0, 0.0)])), Some(4));
        let own = Summary { on_demand: true, ..stream(1) };
        assert_eq!(known.decide(at(9), &own, &[minute(7, 90.0, 0.0, 5.0)]), Decision::Keep);
    }

    #[test]
    fn kinesis_takes_ten_changes_a_day() {
        let mut known = scale(1, 10_000);
        for change in 0..10 {
            let full = [minute(change * 10 - 2, 9e6, 0.0, 0.0)];
            assert!(to(&known.decide(at(change * 10), &stream(1 << change), &full)).is_some());
            known.changed(at(change * 10));
        }
        let full = [minute(150, 9e6, 0.0, 0.0)];
        let said = known.decide(at(152), &stream(1024), &full);
        assert!(matches!(&said, Decision::Stuck(why) if why.ends_with("10 changes in 24 hours")), "{said:?}");
        // A day later there is room again; a refusal makes it wait for an hour.
        let day = 24 * 60;
        let full = [minute(day, 9e6, 0.0, 0.0)];
        known.refused(at(day - 58));
        assert_eq!(known.decide(at(day + 1), &stream(1024), &full), Decision::Keep);
        assert_eq!(to(&known.decide(at(day + 2), &stream(1024), &full)), Some(2048));
    }

    #[test]
    fn the_last_changes_of_a_day_are_for_doubling() {
        let mut known = scale(1, 16);
        (0..6).for_each(|hour| known.changed(at(hour * 60)));
        assert_eq!(known.decide(at(700), &stream(8), &[]), Decision::Keep);
        assert_eq!(to(&known.decide(at(700), &stream(8), &[minute(698, 9e6, 0.0, 0.0)])), Some(16));
    }
}
