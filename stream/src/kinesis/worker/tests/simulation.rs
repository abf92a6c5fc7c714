//! Hours of a fleet in a second: machines that crash, stand still and lose their clocks, a network that loses requests and
//! answers, shards that are split and merged. The laws are in [`super::world`].

use std::{collections::BTreeMap, hash::Hasher};

use super::world::{CALM, Counts, Weather, World, lease};
use crate::kinesis::lease::Progress;

const MINUTE: u64 = 60_000;

const STORM: Weather = Weather { lost: 15, silent: 15, throttled: 30, late: 10 };

/// One run: bad weather, then a calm in which everything has to come to rest.
fn run(seed: u64, shards: u32, machines: usize) -> (u64, Counts) {
    let mut world = World::new(seed, shards, machines);
    world.weather = STORM;
    let end = 15 * MINUTE;
    let mut down: BTreeMap<usize, u64> = BTreeMap::new();
    while world.now < end {
        let step = world.now + 500;
        world.run_until(step);
        world.put(u64::from(shards) / 4);
        let due: Vec<_> =
            down.iter().filter(|(_, until)| **until <= step).map(|(machine, _)| *machine).collect();
        for machine in due {
            down.remove(&machine);
            world.start(machine);
        }
        for machine in 0..machines {
            if world.machines[machine].worker.is_none() {
                // Stopped, or not yet started again.
                let until = step + world.lot.below(40_000);
                down.entry(machine).or_insert(until);
            } else if world.chance(3) {
                world.crash(machine);
            } else if world.chance(3) {
                world.machines[machine].worker.as_mut().unwrap().stop();
            } else if world.chance(5) {
                let (time, has_clock) = (world.lot.below(40_000), world.chance(500));
                world.pause(machine, time, has_clock);
            }
        }
        let open = world.open();
        let shard = open[world.pick(open.len())].clone();
        if world.chance(40) && open.len() < 2 * shards as usize {
            world.split(&shard);
        } else if world.chance(40) && open.len() > 2 {
            world.merge(&shard);
        }
    }
    world.weather = CALM;
    for machine in 0..machines {
        if world.machines[machine].worker.is_none() {
            world.start(machine);
        }
    }
    // In each shard something is read, so that those before it can be forgotten.
    for _ in 0..2 {
        world.run_until(world.now + 5 * MINUTE);
        for machine in 0..machines {
            if world.machines[machine].worker.is_none() {
                world.start(machine);
            }
        }
        let open = world.open();
        for shard in open {
            world.shards.get_mut(&shard).unwrap().1 += 1;
        }
    }
    world.run_until(world.now + 10 * MINUTE);
    at_rest(&world, seed);
    (world.trace.finish(), world.counts)
}

/// Everything has been read, nothing is left over, and everybody has the same.
fn at_rest(world: &World, seed: u64) {
    let total: u64 = world.shards.values().map(|(_, count)| count).sum();
    assert_eq!(world.counts.acknowledged, total, "seed {seed}: each record once");
    let mut open = world.open();
    open.sort();
    let leases: Vec<_> = world.table.values().map(lease).collect();
    let left: Vec<_> = leases.iter().filter(|lease| lease.is_ended()).collect();
    assert!(left.is_empty(), "seed {seed}: not deleted: {left:?}");
    assert_eq!(leases.iter().map(|lease| lease.shard.clone()).collect::<Vec<_>>(), open, "seed {seed}");
    let mut loads: BTreeMap<String, usize> = BTreeMap::new();
    for lease in &leases {
        let (shard, count) = &world.shards[&lease.shard];
        assert!(shard.is_open);
        assert_eq!(lease.progress, Progress::At((*count).into()), "seed {seed}");
        *loads.entry(lease.owner.clone().unwrap()).or_default() += 1;
    }
    let (least, most) = (loads.values().min().unwrap(), loads.values().max().unwrap());
    let everybody = world.machines.len().min(leases.len());
    assert!(loads.len() == everybody && most - least <= 1, "seed {seed}: {loads:?}");
}

#[test]
fn nothing_is_skipped_and_nothing_acknowledged_twice() {
    let mut all = Vec::new();
    for seed in 0..2 {
        let (_, counts) = run(seed, 64, 8);
        all.push(counts);
    }
    let least = |count: fn(&Counts) -> u64| all.iter().map(count).min().unwrap();
    let kinds =
        [least(|c| c.lost_leases), least(|c| c.stolen), least(|c| c.refused), least(|c| c.unanswered)];
    assert!(kinds.iter().all(|count| *count > 100) && least(|c| c.not_owner) > 0, "{all:?}");
}

#[test]
fn small_fleets() {
    for seed in 100..112 {
        run(seed, 1 + seed as u32 % 5, 1 + seed as usize % 4);
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    assert_eq!(run(7, 8, 3), run(7, 8, 3));
    assert_ne!(run(7, 8, 3).0, run(8, 8, 3).0);
}
