//! When the event happened, by the best clock there is (`spec/enrich.md` 4.5).

use event::{atomic::Field, timestamp};

use super::Working;
use crate::{java::calendar, problem::StepFailure};

pub(super) fn run(working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
    if working.event.get(Field::CollectorTstamp).is_none() && working.true_tstamp.is_none() {
        return Ok(());
    }
    let minus = if working.compatibility.is_apache() { calendar::minus } else { exact };
    let derived = derive(working.true_tstamp, working.sent, working.created, working.collected, minus);
    working.event.set_display(Field::DerivedTstamp, timestamp::sql(derived));
    Ok(())
}

/// Takes the time from the second instant to the third off the first.
type Minus = fn(i64, i64, i64) -> i64;

/// The true time, or the collector's less the time the event waited in the tracker.
fn derive(
    true_tstamp: Option<i64>,
    sent: Option<i64>,
    created: Option<i64>,
    collected: i64,
    minus: Minus,
) -> i64 {
    match (true_tstamp, sent, created) {
        (Some(millis), _, _) => millis,
        (None, Some(sent), Some(created)) if sent > created => minus(collected, created, sent),
        _ => collected,
    }
}

/// To the millisecond, as the current line takes it.
fn exact(instant: i64, from: i64, to: i64) -> i64 {
    instant - (to - from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived() {
        let table = [
            (None, None, Some(10), 5, 5),
            (None, Some(11), Some(10), 5, 4),
            (None, Some(10), Some(11), 5, 5),
            (None, Some(10), Some(10), 5, 5),
            (Some(1), Some(11), Some(10), 5, 1),
        ];
        for (true_tstamp, sent, created, collected, expect) in table {
            for minus in [exact as Minus, calendar::minus] {
                assert_eq!(derive(true_tstamp, sent, created, collected, minus), expect);
            }
        }
    }
}
