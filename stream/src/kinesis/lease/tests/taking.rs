use serde_json::Value as Json;

use super::*;
use crate::kinesis::lease::{Progress, tests::lines};

const FAILOVER: Duration = Duration::from_secs(10);

/// A table: leases in turn of these owners (`-`: nobody), with this counter.
fn table(owners: &str, counter: u64) -> Vec<Lease> {
    let lease = |(number, owner): (usize, &str)| Lease {
        owner: Some(owner.to_owned()).filter(|owner| owner != "-"),
        counter,
        ..Lease::new(ShardId::numbered(number as u32), Progress::TrimHorizon)
    };
    owners.split_whitespace().enumerate().map(lease).collect()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A view of a table whose owners are alive: at second 100 and at 101 the counters had moved.
fn alive(owners: &str) -> View {
    let mut view = View::default();
    for (time, counter) in [(100, 1), (101, 2)] {
        view.update(seconds(time), table(owners, counter), "me", &BTreeSet::new());
    }
    view
}

fn chosen(view: &View, now: u64, limits: Limits) -> Vec<Choice> {
    view.choose("me", seconds(now), FAILOVER, limits, &mut Lot::new(7))
}

/// Whose leases are taken, of a table whose owners are alive.
#[test]
fn everybody_takes_a_share() {
    let check = |owners: &str, limits: Limits, expect: &[&str]| {
        let view = alive(owners);
        let mut found: Vec<_> = chosen(&view, 101, limits)
            .into_iter()
            .map(|choice| {
                assert_eq!(choice.is_stolen, choice.lease.owner.is_some(), "{owners}");
                choice.lease.owner.unwrap_or("-".to_owned())
            })
            .collect();
        found.sort();
        assert_eq!(found, expect, "{owners} {limits:?}");
    };
    let steals = |steals| Limits { steals, ..Limits::default() };
    let usual = steals(1);
    check("", usual, &[]);
    // New leases that nobody owns are all taken by the first worker that comes, whatever its share.
    check("- - - -", usual, &["-", "-", "-", "-"]);
    check("a a b b - -", usual, &["-", "-"]);
    check("- - - -", Limits { leases: 3, steals: 1 }, &["-", "-", "-"]);
    check("me me - -", Limits { leases: 3, steals: 1 }, &["-"]);
    check("me me me -", Limits { leases: 2, steals: 1 }, &[]);
    // Of others one at a time, or as many as are over their share.
    check("a a a a", usual, &["a"]);
    check("a a a a", steals(8), &["a", "a"]);
    check("a a a a b", steals(8), &["a", "a"]);
    check("a a a a a a b b", steals(8), &["a", "a", "a"]);
    check("a a a a me me me me", usual, &[]);
    check("a a a a a me me me me", usual, &[]);
    check("a a a me me", usual, &[]);
    check("a a a b b b c c c me", steals(8), &["a"]);
    check("a a a b b b c c me me", steals(8), &[]);
    // More workers than leases.
    check("a b c", usual, &[]);
    check("a a c", usual, &["a"]);
    check("a", usual, &[]);
    check("a a a a", Limits { leases: 0, steals: 1 }, &[]);
    check("a a a a a a me", Limits { leases: 2, steals: 8 }, &["a"]);
}

/// Leases expire when their counters have not moved for the failover time since they were first seen.
#[test]
fn silence_expires() {
    let mut view = View::default();
    let see = |view: &mut View, time: u64, owners: &str, counter: u64| {
        view.update(seconds(time), table(owners, counter), "me", &BTreeSet::new());
    };
    let count = |view: &View, time: u64| chosen(view, time, Limits { steals: 0, ..Limits::default() }).len();
    see(&mut view, 100, "a a a a", 5);
    assert_eq!(count(&view, 110), 0);
    see(&mut view, 110, "a a a a", 5);
    assert_eq!(count(&view, 110), 0, "not longer than it");
    // One has expired: then all of a, and all is for me, the only worker.
    see(&mut view, 111, "a a a a", 5);
    assert_eq!(count(&view, 111), 4);
    // Not so if another worker is there to share them with.
    see(&mut view, 112, "a a a a b b", 5);
    assert_eq!(count(&view, 112), 3);
    // The counter has moved.
    see(&mut view, 113, "a a a a b b", 6);
    assert_eq!(count(&view, 123), 0);
    // It is as if it was seen for the first time when it was deleted meanwhile.
    see(&mut view, 124, "", 0);
    see(&mut view, 125, "a", 6);
    assert_eq!(count(&view, 135), 0);
    assert_eq!(count(&view, 136), 1);
    // After three times as long, whatever the share.
    see(&mut view, 200, "a a a a b b", 7);
    see(&mut view, 229, "a a a a b b", 7);
    see(&mut view, 230, "a a a a b b c c c c", 7);
    assert_eq!(count(&view, 230), 5, "the share of ten leases among two workers");
    assert_eq!(count(&view, 231), 6);
}

/// What is ours is ours, even if the table was read before we took it.
#[test]
fn own_leases_are_known() {
    let mut view = View::default();
    let held: BTreeSet<_> = [0, 1].map(ShardId::numbered).into();
    view.update(seconds(100), table("- a - -", 1), "me", &held);
    let mut found: Vec<_> =
        chosen(&view, 100, Limits::default()).into_iter().map(|c| c.lease.shard).collect();
    found.sort();
    assert_eq!(found, [2, 3].map(ShardId::numbered));
}

#[test]
fn lots_are_fair_and_repeatable() {
    let draws = |seed| {
        let mut lot = Lot::new(seed);
        (0..3000).map(|_| lot.draw((0..10).collect::<Vec<usize>>(), 3)).collect::<Vec<_>>()
    };
    assert_eq!(draws(1), draws(1));
    assert_ne!(draws(1), draws(2));
    let mut counts = [0; 10];
    draws(1).concat().into_iter().for_each(|number| counts[number] += 1);
    assert!(counts.iter().all(|count| (750..1050).contains(count)), "{counts:?}");
    assert_eq!(Lot::new(1).draw(vec![1, 2], 9).len(), 2);
}

/// What workers of the Java library 2.7.2 took, each time that they had read the table, in all recorded scenarios: as many
/// leases as are chosen here, of those that could be. (Which of these is drawn by lot.)
#[test]
fn the_java_library_takes_as_many() {
    let mut before = None;
    let (mut view, mut held) = (View::default(), BTreeSet::new());
    let (mut rounds, mut taken_in_all) = (0, 0);
    for round in lines(include_str!("../../../../tests/golden/kcl/takes.jsonl")) {
        let text = |of: &Json, key: &str| of[key].as_str().map(str::to_owned);
        let number = |of: &Json, key: &str| of[key].as_u64().unwrap();
        let shard = |name: &Json| ShardId::from(name.as_str().unwrap());
        let process = (text(&round, "scenario"), text(&round, "process"));
        if before.as_ref() != Some(&process) {
            (view, held) = (View::default(), BTreeSet::new());
            before = Some(process);
        }
        let me = text(&round, "worker").unwrap();
        let [now, failover] = ["now_ms", "failover_ms"].map(|key| Duration::from_millis(number(&round, key)));
        let leases = round["leases"].as_array().unwrap().iter().map(|lease| Lease {
            owner: text(lease, "owner"),
            counter: number(lease, "counter"),
            ..Lease::new(shard(&lease["shard"]), Progress::TrimHorizon)
        });
        let leases: Vec<Lease> = leases.collect();
        held.retain(|shard| leases.iter().any(|l| l.shard == *shard && l.owner.as_ref() == Some(&me)));
        view.update(now, leases, &me, &held);
        let limits = Limits { steals: number(&round, "steals") as usize, ..Limits::default() };
        // Drawn often enough to see all that could be.
        let draws: Vec<Vec<Choice>> =
            (0..64).map(|seed| view.choose(&me, now, failover, limits, &mut Lot::new(seed))).collect();
        let could_be: BTreeSet<&ShardId> = draws.iter().flatten().map(|choice| &choice.lease.shard).collect();
        let taken: BTreeSet<ShardId> = round["taken"].as_array().unwrap().iter().map(shard).collect();
        assert_eq!(draws[0].len(), taken.len(), "{round}");
        assert!(taken.iter().all(|shard| could_be.contains(shard)), "{round}");
        held.extend(taken.iter().cloned());
        (rounds, taken_in_all) = (rounds + 1, taken_in_all + taken.len());
    }
    assert_eq!((rounds, taken_in_all), (106, 53));
}
