use bytes::Bytes;

use super::*;
use crate::{
    backoff::Backoff,
    consumer::Pending,
    kinesis::lease::{
        HashRange,
        shards::{Beginning, Shard, first_leases},
    },
};

const TIMING: Timing = Timing {
    failover: Duration::from_secs(10),
    parents: Duration::from_secs(10),
    audit: Duration::from_secs(120),
    debounce: Duration::from_secs(1),
    throttled: Backoff { min: Duration::from_millis(100), max: Duration::from_millis(300) },
};

fn second(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn up_to(number: u64) -> Checkpoint {
    Checkpoint { acknowledged: Some(number.into()), pending: None }
}

fn promising(acknowledged: u64, up_to: u64) -> Checkpoint {
    let pending = Some(Pending { up_to: up_to.into(), note: Bytes::from_static(b"about to") });
    Checkpoint { acknowledged: Some(acknowledged.into()), pending }
}

/// A lease that is read, taken at 0.
fn reading() -> Held {
    reading_from(Beginning::TrimHorizon)
}

fn reading_from(beginning: Beginning) -> Held {
    let shard = Shard {
        id: "shard".into(),
        parents: Vec::new(),
        range: HashRange::ALL,
        first: 0.into(),
        is_open: true,
    };
    let lease = first_leases(&[shard], beginning).unwrap().remove(0);
    let mut held = Held::taken(lease, "me", 1, Duration::ZERO);
    assert!(matches!(held.begin(), Some(Action::Begin(1, _))));
    held
}

/// What is written at a time, and how far it then says; it is done at once.
fn write(held: &mut Held, now: f64, is_stopping: bool) -> Option<(Counted, Option<u64>)> {
    let step = held.step(second(now), TIMING, is_stopping)?;
    let Step::Counted(kind, lease, _) = &step else { panic!("{step:?}") };
    let told = (*kind, lease.progress.position().and_then(|position| position.sequence.to_u64()));
    held.stepped(second(now), TIMING, step, Answer::Written(Outcome::Done));
    Some(told)
}

#[test]
fn progress_waits_for_the_debounce_or_a_sign_of_life() {
    let mut held = reading();
    for number in 1..4 {
        assert_eq!(held.save(number, up_to(number), TIMING), Ok(true), "answered before it is written");
    }
    assert_eq!(held.due(TIMING, false), second(1.0));
    assert_eq!(write(&mut held, 0.9, false), None);
    assert_eq!(write(&mut held, 1.0, false), Some((Counted::SaveLater, Some(3))));
    assert_eq!(write(&mut held, 4.0, false), None, "there is nothing to save, and no sign is due");
    assert_eq!(write(&mut held, 1.0 + 3.4, false), Some((Counted::Renew, Some(3))));
    // With a debounce that is longer than that, the sign of life carries it.
    let slow = Timing { debounce: Duration::from_secs(10), ..TIMING };
    assert_eq!(held.save(4, up_to(4), slow), Ok(true));
    assert!(held.step(second(7.0), slow, false).is_none());
    let step = held.step(second(8.0), slow, false).unwrap();
    assert!(matches!(step, Step::Counted(Counted::SaveLater, ..)), "{step:?}");
}

#[test]
fn what_comes_while_progress_is_written_waits_in_its_turn() {
    let mut held = reading();
    held.save(1, up_to(1), TIMING).unwrap();
    let step = held.step(second(1.0), TIMING, false).unwrap();
    held.save(2, up_to(2), TIMING).unwrap();
    held.stepped(second(1.1), TIMING, step, Answer::Written(Outcome::Done));
    assert_eq!(write(&mut held, 1.9, false), None);
    assert_eq!(write(&mut held, 2.0, false), Some((Counted::SaveLater, Some(2))));
}

#[test]
fn promises_are_written_at_once_and_answered_then() {
    let mut held = reading();
    held.save(1, up_to(3), TIMING).unwrap();
    assert_eq!(held.save(2, promising(3, 9), TIMING), Ok(false));
    assert_eq!(held.save(3, up_to(9), TIMING), Ok(false), "behind it");
    assert_eq!(write(&mut held, 0.1, false), Some((Counted::Save, Some(3))));
    assert_eq!(write(&mut held, 0.1, false), Some((Counted::Save, Some(9))));
    assert_eq!(write(&mut held, 0.1, false), None);
    held.save(4, promising(9, 12), TIMING).unwrap();
    assert_eq!(write(&mut held, 0.2, false), Some((Counted::Save, Some(9))));
    assert_eq!(held.save(5, up_to(12), TIMING), Ok(false), "a promise that is kept is taken back at once");
    // One about what has been acknowledged promises nothing.
    assert_eq!(write(&mut held, 0.3, false), Some((Counted::Save, Some(12))));
    assert_eq!(held.save(6, promising(13, 13), TIMING), Ok(true));
    // A promise does not go before what was acknowledged and waits.
    let none = Checkpoint { acknowledged: None, ..promising(0, 20) };
    assert_eq!(held.save(7, none, TIMING), Ok(false));
    assert_eq!(write(&mut held, 0.4, false), Some((Counted::Save, Some(13))));
}

#[test]
fn the_first_progress_after_the_newest_record_is_written_at_once() {
    let mut held = reading_from(Beginning::Latest);
    assert_eq!(held.save(1, up_to(5), TIMING), Ok(false));
    assert_eq!(write(&mut held, 0.1, false), Some((Counted::Save, Some(5))));
    assert_eq!(held.save(2, up_to(6), TIMING), Ok(true));
}

#[test]
fn pauses_grow_while_writes_are_not_carried_out() {
    let mut held = reading();
    held.save(1, promising(1, 2), TIMING).unwrap();
    let mut now = Duration::ZERO;
    for pause in [100, 100, 200, 300, 300] {
        let step = held.step(now, TIMING, false).expect("it is time");
        held.stepped(now, TIMING, step, Answer::Written(Outcome::Failed));
        assert_eq!(held.due(TIMING, false), now + Duration::from_millis(pause));
        now += Duration::from_millis(pause);
    }
    assert_eq!(write(&mut held, now.as_secs_f64(), false), Some((Counted::Save, Some(1))));
    held.save(2, promising(1, 3), TIMING).unwrap();
    let step = held.step(now, TIMING, false).unwrap();
    held.stepped(now, TIMING, step, Answer::Written(Outcome::Failed));
    assert_eq!(held.due(TIMING, false), now + Duration::from_millis(100), "the next trouble begins anew");
}

#[test]
fn nobody_goes_back() {
    let mut held = reading();
    held.save(1, up_to(5), TIMING).unwrap();
    assert_eq!(held.save(2, up_to(4), TIMING), Err(SaveError::Back));
    held.save(3, promising(6, 8), TIMING).unwrap();
    assert_eq!(held.save(4, up_to(5), TIMING), Err(SaveError::Back));
}

#[test]
fn the_end_of_a_shard_and_of_a_worker_wait_for_nothing() {
    let mut held = reading();
    held.save(1, up_to(5), TIMING).unwrap();
    held.delivered(Some(6.into()), Vec::new());
    assert_eq!(write(&mut held, 0.1, false), None, "the last record is not acknowledged");
    held.save(2, up_to(6), TIMING).unwrap();
    assert_eq!(held.due(TIMING, false), Duration::ZERO);
    assert_eq!(write(&mut held, 0.1, false), Some((Counted::SaveLater, Some(6))));
    assert_eq!(write(&mut held, 0.1, false), Some((Counted::End, None)));
    let mut held = reading();
    held.save(1, up_to(5), TIMING).unwrap();
    assert_eq!(write(&mut held, 0.1, true), Some((Counted::SaveLater, Some(5))));
    assert_eq!(write(&mut held, 0.1, true), Some((Counted::Release, Some(5))));
}

#[test]
fn doubts_are_settled_by_what_stands_in_the_table() {
    for (found, expect) in [(5, None), (6, Some((Counted::SaveLater, Some(6))))] {
        let mut held = reading();
        held.save(1, up_to(5), TIMING).unwrap();
        let step = held.step(second(1.0), TIMING, false).unwrap();
        let Step::Counted(_, written, _) = &step else { panic!("{step:?}") };
        let written = written.clone();
        held.stepped(second(1.0), TIMING, step, Answer::Written(Outcome::Unknown));
        held.save(2, up_to(found), TIMING).unwrap();
        let again = held.step(second(2.0), TIMING, false).unwrap();
        held.stepped(second(2.0), TIMING, again, Answer::Written(Outcome::Refused));
        let look = held.step(second(2.0), TIMING, false).unwrap();
        assert!(matches!(look, Step::Verify));
        let after = held.stepped(second(2.0), TIMING, look, Answer::Found(Some(Some(written))));
        assert!(!after.is_over, "the first was done");
        assert_eq!(write(&mut held, 2.5, false), expect, "up to {found}");
    }
}
