use super::super::*;
use crate::kinesis::lease::write::Change;

fn shard(number: u32) -> Shard {
    let half = u128::MAX / 2;
    let range = match number {
        0 => HashRange { start: 0, end: half },
        _ => HashRange { start: half + 1, end: u128::MAX },
    };
    let id = ShardId::numbered(number);
    Shard { id, parents: Vec::new(), range, first: u64::from(number).into(), is_open: true }
}

/// A worker that reads two shards, and the tenure of the first.
fn reading() -> (Worker, Tenure) {
    let (limits, timing) = (Limits::default(), Timing::default());
    let mut worker = Worker::new("me", Beginning::TrimHorizon, limits, timing, Duration::ZERO, 1);
    assert_eq!(worker.turn(Duration::ZERO), [Action::Scan]);
    let leases = first_leases(&[shard(0), shard(1)], Beginning::TrimHorizon).unwrap();
    worker.scanned(Duration::ZERO, Some(leases));
    for action in worker.turn(Duration::ZERO) {
        let Action::Write(ticket, _) = action else { panic!("{action:?}") };
        worker.written(Duration::ZERO, ticket, Outcome::Done);
    }
    let tenure = worker.turn(Duration::ZERO).into_iter().find_map(|action| match action {
        Action::Begin(tenure, lease) => (lease.shard == ShardId::numbered(0)).then_some(tenure),
        other => panic!("{other:?}"),
    });
    (worker, tenure.unwrap())
}

/// What it does when a shard is said to be missing and these are listed.
fn missing(listed: Option<Vec<Shard>>) -> (Worker, Vec<Action>) {
    let (mut worker, tenure) = reading();
    let now = Duration::from_secs(1);
    worker.missing(now, &ShardId::numbered(0), tenure);
    assert_eq!(worker.turn(now), [Action::List(Listing::All)]);
    worker.listed(now, listed);
    let actions = worker.turn(now);
    (worker, actions)
}

#[test]
fn the_lease_of_a_forgotten_shard_is_deleted() {
    let (mut worker, actions) = missing(Some(vec![shard(1)]));
    let [Action::Quit(_, quit), Action::Write(ticket, write)] = &*actions else { panic!("{actions:?}") };
    assert_eq!((quit, &write.shard), (&ShardId::numbered(0), &ShardId::numbered(0)));
    assert!(matches!(write.change, Change::Delete));
    worker.written(Duration::from_secs(1), *ticket, Outcome::Done);
    assert_eq!(worker.leases().map(|lease| lease.shard.clone()).collect::<Vec<_>>(), [ShardId::numbered(1)]);
    assert_eq!(worker.turn(Duration::from_secs(1)), [], "the role has been told once");
}

#[test]
fn a_shard_that_is_listed_or_may_be_stays() {
    for listed in [Some(vec![shard(0), shard(1)]), None] {
        let (worker, actions) = missing(listed);
        assert_eq!((actions, worker.leases().count()), (Vec::new(), 2));
    }
}
