//! Machines whose workers read a stream, a network that is slow and loses answers, a table, and a role on each machine, all
//! under one clock. What the roles acknowledge is watched.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash},
    time::Duration,
};

use crate::{
    consumer::{Checkpoint, Pending},
    kinesis::{
        lease::{
            HashRange, Lease, Progress,
            item::{Item, Kept, read},
            shards::{Beginning, Shard},
            taking::{Limits, Lot},
            write::{Change, Write},
        },
        worker::{Action, Listing, Outcome, SaveError, Tenure, Ticket, Timing, Worker, children_of},
    },
    record::{Position, ShardId},
};

/// How bad it gets, in parts of a thousand.
#[derive(Clone, Copy)]
pub(super) struct Weather {
    /// Requests that do not arrive.
    pub(super) lost: u64,
    /// Answers that do not arrive.
    pub(super) silent: u64,
    /// Requests that are not carried out.
    pub(super) throttled: u64,
    /// Requests that arrive after nobody waits for their answers any more.
    pub(super) late: u64,
}

pub(super) const CALM: Weather = Weather { lost: 0, silent: 0, throttled: 0, late: 0 };

/// After this time a request counts as not answered.
const TIMEOUT: u64 = 5_000;

enum Event {
    /// It was to wake at this time.
    Wake(u64),
    /// A request arrives.
    Arrive(Action, bool),
    Answer(Answer),
    Fetch(ShardId, Tenure),
    Flush(ShardId, Tenure),
}

enum Answer {
    Scanned(Option<Vec<Lease>>),
    Listed(Option<Vec<Shard>>),
    Looked(Ticket, Option<Option<Box<Lease>>>),
    Written(Ticket, Outcome),
}

/// A process on a machine.
pub(super) struct Machine {
    name: String,
    pub(super) worker: Option<Worker>,
    /// Which process it is: what was meant for an earlier one is lost.
    life: u64,
    /// Its clock shows the time less this.
    behind: u64,
    stands_until: u64,
    /// When it wakes next, if that is known.
    wakes: u64,
    roles: BTreeMap<ShardId, Role>,
    /// What each process has had of a shard without a gap, and finished: first and last.
    finished: Vec<(ShardId, u64, u64)>,
    saves: BTreeMap<Ticket, (ShardId, Tenure)>,
    last_save: Ticket,
}

struct Role {
    tenure: Tenure,
    first: u64,
    next: u64,
    /// Up to here it has been asked to save.
    saved: u64,
    intends: bool,
    has_ended: bool,
}

pub(super) struct World {
    pub(super) now: u64,
    pub(super) lot: Lot,
    pub(super) weather: Weather,
    events: BTreeMap<(u64, u64), (usize, u64, Event)>,
    last: u64,
    pub(super) machines: Vec<Machine>,
    pub(super) table: BTreeMap<ShardId, Item>,
    /// As it was a moment ago.
    stale: (u64, BTreeMap<ShardId, Item>),
    /// With the number of their records.
    pub(super) shards: BTreeMap<ShardId, (Shard, u64)>,
    /// Shards whose leases were at their end.
    pub(super) ended: BTreeSet<ShardId>,
    pub(super) trace: DefaultHasher,
    pub(super) counts: Counts,
}

/// What has happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) acknowledged: u64,
    pub(super) lost_leases: u64,
    pub(super) stolen: u64,
    pub(super) refused: u64,
    pub(super) unanswered: u64,
    pub(super) not_owner: u64,
}

impl World {
    pub(super) fn new(seed: u64, shards: u32, machines: usize) -> Self {
        let mut world = Self {
            now: 0,
            lot: Lot::new(seed),
            weather: CALM,
            events: BTreeMap::new(),
            last: 0,
            machines: Vec::new(),
            table: BTreeMap::new(),
            stale: (0, BTreeMap::new()),
            shards: BTreeMap::new(),
            ended: BTreeSet::new(),
            trace: DefaultHasher::new(),
            counts: Counts::default(),
        };
        let part = u128::MAX / u128::from(shards);
        for number in 0..u128::from(shards) {
            let is_last = number + 1 == u128::from(shards);
            let end = if is_last { u128::MAX } else { part * (number + 1) - 1 };
            world.add_shard(Vec::new(), HashRange { start: part * number, end });
        }
        for number in 0..machines {
            world.machines.push(Machine {
                name: format!("machine {number}"),
                worker: None,
                life: 0,
                behind: 0,
                stands_until: 0,
                wakes: u64::MAX,
                roles: BTreeMap::new(),
                finished: Vec::new(),
                saves: BTreeMap::new(),
                last_save: 0,
            });
            world.start(number);
        }
        world
    }

    fn at(&mut self, time: u64, machine: usize, event: Event) {
        self.last += 1;
        self.events.insert((time, self.last), (machine, self.machines[machine].life, event));
    }

    pub(super) fn chance(&mut self, thousandths: u64) -> bool {
        self.lot.below(1000) < thousandths
    }

    pub(super) fn pick(&mut self, count: usize) -> usize {
        self.lot.below(count as u64) as usize
    }

    pub(super) fn start(&mut self, machine: usize) {
        let seed = self.lot.below(u64::MAX);
        let (name, now) = (self.machines[machine].name.clone(), self.local(machine));
        let limits = Limits { leases: usize::MAX, steals: 4 };
        let worker = Worker::new(&name, Beginning::TrimHorizon, limits, Timing::default(), now, seed);
        self.machines[machine].worker = Some(worker);
        self.turn(machine);
    }

    pub(super) fn crash(&mut self, machine: usize) {
        let machine = &mut self.machines[machine];
        machine.worker = None;
        machine.wakes = u64::MAX;
        machine.life += 1;
        machine.roles.clear();
        machine.saves.clear();
    }

    /// Nothing of it goes on; its clock goes on or stands, too.
    pub(super) fn pause(&mut self, machine: usize, time: u64, has_clock: bool) {
        let machine = &mut self.machines[machine];
        let before = machine.stands_until.max(self.now);
        machine.stands_until = before.max(self.now + time);
        if !has_clock {
            machine.behind += machine.stands_until - before;
        }
    }

    fn local(&self, machine: usize) -> Duration {
        Duration::from_millis(self.now.saturating_sub(self.machines[machine].behind))
    }

    pub(super) fn put(&mut self, records: u64) {
        let open: Vec<_> = self.open();
        for _ in 0..records {
            let shard = open[self.pick(open.len())].clone();
            self.shards.get_mut(&shard).unwrap().1 += 1;
        }
    }

    pub(super) fn open(&self) -> Vec<ShardId> {
        self.shards.values().filter(|(shard, _)| shard.is_open).map(|(shard, _)| shard.id.clone()).collect()
    }

    fn add_shard(&mut self, parents: Vec<ShardId>, range: HashRange) {
        let number = self.shards.len() as u32;
        let id = ShardId::numbered(number);
        let shard = Shard { id: id.clone(), parents, range, first: u64::from(number).into(), is_open: true };
        self.shards.insert(id, (shard, 0));
    }

    fn close(&mut self, shard: &ShardId) -> HashRange {
        let (shard, _) = self.shards.get_mut(shard).unwrap();
        shard.is_open = false;
        shard.range
    }

    pub(super) fn split(&mut self, shard: &ShardId) {
        let range = self.close(shard);
        let middle = range.start + (range.end - range.start) / 2;
        self.add_shard(vec![shard.clone()], HashRange { start: range.start, end: middle });
        self.add_shard(vec![shard.clone()], HashRange { start: middle + 1, end: range.end });
    }

    pub(super) fn merge(&mut self, lower: &ShardId) {
        let Some(after) = self.shards[lower].0.range.end.checked_add(1) else { return };
        let upper = self.open().into_iter().find(|shard| self.shards[shard].0.range.start == after);
        let upper = upper.expect("open shards take all hashes");
        let (start, end) = (self.close(lower).start, self.close(&upper).end);
        self.add_shard(vec![lower.clone(), upper], HashRange { start, end });
    }

    /// Lets everything happen up to a time.
    pub(super) fn run_until(&mut self, end: u64) {
        while let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= end) {
            let ((time, _), (machine, life, event)) = entry.remove_entry();
            self.now = time;
            if let Event::Arrive(request, is_heard) = event {
                // It is on its way, whatever has become of who sent it.
                self.arrive(machine, life, request, is_heard);
                continue;
            }
            if life != self.machines[machine].life {
                continue;
            }
            let until = self.machines[machine].stands_until;
            if until > time {
                self.at(until, machine, event);
                continue;
            }
            self.happen(machine, event);
        }
        self.now = end;
    }

    fn happen(&mut self, machine: usize, event: Event) {
        let now = self.local(machine);
        let Machine { worker: Some(worker), wakes, .. } = &mut self.machines[machine] else { return };
        match event {
            Event::Wake(time) if time != *wakes => return,
            Event::Wake(_) => *wakes = u64::MAX,
            Event::Arrive(..) => {}
            Event::Answer(Answer::Scanned(leases)) => worker.scanned(now, leases),
            Event::Answer(Answer::Listed(shards)) => worker.listed(now, shards),
            Event::Answer(Answer::Looked(ticket, found)) => worker.looked(now, ticket, found),
            Event::Answer(Answer::Written(ticket, outcome)) => worker.written(now, ticket, outcome),
            Event::Fetch(shard, tenure) => self.fetch(machine, shard, tenure),
            Event::Flush(shard, tenure) => self.flush(machine, &shard, tenure),
        }
        self.turn(machine);
    }

    fn turn(&mut self, machine: usize) {
        let now = self.local(machine);
        let Some(worker) = &mut self.machines[machine].worker else { return };
        for action in worker.turn(now) {
            (machine, self.now, format!("{action:?}")).hash(&mut self.trace);
            match action {
                Action::Begin(tenure, lease) => self.begin(machine, tenure, &lease),
                Action::Quit(tenure, shard) => {
                    self.counts.lost_leases += 1;
                    let roles = &mut self.machines[machine].roles;
                    assert_eq!(roles.remove(&shard).map(|role| role.tenure), Some(tenure), "{shard}");
                }
                Action::Saved(ticket, result) => self.saved(machine, ticket, result),
                request => self.send(machine, request),
            }
        }
        let Some(worker) = &self.machines[machine].worker else { return };
        let wake = worker.wake();
        if worker.has_stopped() {
            self.crash(machine);
        } else if wake < Duration::MAX {
            assert!(wake > now, "machine {machine} has left something to do at {now:?}");
            let time = wake.as_millis() as u64 + 1 + self.machines[machine].behind;
            if time < self.machines[machine].wakes {
                self.machines[machine].wakes = time;
                self.at(time, machine, Event::Wake(time));
            }
        }
    }

    fn send(&mut self, machine: usize, request: Action) {
        let weather = self.weather;
        let delay = 2 + self.lot.below(60);
        if self.chance(weather.lost) {
            return self.unanswered(machine, &request, TIMEOUT);
        }
        if self.chance(weather.late) {
            self.unanswered(machine, &request, TIMEOUT);
            let delay = TIMEOUT + self.lot.below(10_000);
            return self.at(self.now + delay, machine, Event::Arrive(request, false));
        }
        if self.chance(weather.throttled) {
            let answer = refusal(&request, Outcome::Failed);
            return self.at(self.now + delay, machine, Event::Answer(answer));
        }
        let is_heard = !self.chance(weather.silent);
        if !is_heard {
            self.unanswered(machine, &request, TIMEOUT);
        }
        self.at(self.now + delay, machine, Event::Arrive(request, is_heard));
    }

    fn unanswered(&mut self, machine: usize, request: &Action, after: u64) {
        self.counts.unanswered += 1;
        self.at(self.now + after, machine, Event::Answer(refusal(request, Outcome::Unknown)));
    }

    fn arrive(&mut self, machine: usize, life: u64, request: Action, is_heard: bool) {
        let answer = match request {
            Action::Scan => {
                if self.stale.0 + 1000 < self.now {
                    self.stale = (self.now, self.table.clone());
                }
                let is_stale = self.chance(300);
                let items = if is_stale { &self.stale.1 } else { &self.table };
                Answer::Scanned(Some(items.values().map(lease).collect()))
            }
            Action::List(listing) => {
                let is_listed = |shard: &&Shard| listing == Listing::All || shard.parents.is_empty();
                let shards = self.shards.values().map(|(shard, _)| shard).filter(is_listed).cloned();
                Answer::Listed(Some(shards.collect()))
            }
            Action::Look(ticket, shard) => {
                Answer::Looked(ticket, Some(self.table.get(&shard).map(lease).map(Box::new)))
            }
            Action::Write(ticket, write) => Answer::Written(ticket, self.write(machine, &write)),
            other => panic!("{other:?} is no request"),
        };
        if is_heard && life == self.machines[machine].life {
            let delay = 2 + self.lot.below(60);
            self.at(self.now + delay, machine, Event::Answer(answer));
        }
    }

    fn write(&mut self, machine: usize, write: &Write) -> Outcome {
        let before = self.table.get(&write.shard);
        let Ok(after) = write.apply(before) else {
            self.counts.refused += 1;
            return Outcome::Refused;
        };
        let (before, after) = (before.map(lease), after);
        match (before, after.as_ref().map(lease)) {
            (Some(before), Some(after)) => self.changed(machine, &before, &after, write),
            (Some(before), None) => assert!(before.is_ended(), "{before:?} is deleted"),
            _ => {}
        }
        match after {
            Some(item) => drop(self.table.insert(write.shard.clone(), item)),
            None => drop(self.table.remove(&write.shard)),
        }
        Outcome::Done
    }

    /// The laws.
    fn changed(&mut self, machine: usize, before: &Lease, after: &Lease, write: &Write) {
        let (shard, name) = (&before.shard, &self.machines[machine].name);
        if before.owner.is_some() && after.owner.is_some() && before.owner != after.owner {
            self.counts.stolen += 1;
        }
        let Change::Update(update) = &write.change else { panic!("{write:?}") };
        if !update.set.iter().any(|(attribute, _)| *attribute == "checkpoint") {
            assert_eq!(after.progress, before.progress);
            return;
        }
        assert_eq!(before.owner.as_ref(), Some(name), "{shard} is saved by another than its owner");
        assert!(after.counter == before.counter + 1);
        let done = |progress: Progress| match progress {
            Progress::TrimHorizon => 0,
            Progress::At(position) => position.sequence.to_u64().unwrap(),
            other => panic!("{shard}: {other:?}"),
        };
        let from = done(before.progress);
        if after.is_ended() {
            let (closed, count) = &self.shards[shard];
            assert!(!closed.is_open && from == *count, "{shard} ends at {from} of {count}");
            let shards: Vec<_> = self.shards.values().map(|(shard, _)| shard.clone()).collect();
            for child in children_of(shard, &shards) {
                let is_there = self.table.contains_key(&child.id) || self.ended.contains(&child.id);
                assert!(is_there, "{shard} ends before there is a lease for {}", child.id);
            }
            self.ended.insert(shard.clone());
            return;
        }
        let to = done(after.progress);
        assert!(to >= from, "{shard}: from {from} back to {to}");
        if to > from {
            let finished = &self.machines[machine].finished;
            let is_whole =
                finished.iter().any(|(s, first, last)| s == shard && *first <= from && *last >= to);
            assert!(is_whole, "{shard}: {name} acknowledges {from} to {to}, but has had {finished:?}");
            self.counts.acknowledged += to - from;
        }
    }

    fn begin(&mut self, machine: usize, tenure: Tenure, lease: &Lease) {
        for parent in &lease.parents {
            let is_open = self.table.get(parent).is_some_and(|item| !self::lease(item).is_ended());
            assert!(
                !is_open && self.ended.contains(parent),
                "{} begins before its parent {parent} ends",
                lease.shard
            );
        }
        let next = lease.progress.position().map_or(0, |position| position.sequence.to_u64().unwrap());
        let role = Role { tenure, first: next, next, saved: next, intends: false, has_ended: false };
        let before = self.machines[machine].roles.insert(lease.shard.clone(), role);
        assert!(before.is_none_or(|role| role.has_ended), "{} begins twice", lease.shard);
        let time = self.now + self.lot.below(300);
        self.at(time, machine, Event::Fetch(lease.shard.clone(), tenure));
    }

    fn fetch(&mut self, machine: usize, shard: ShardId, tenure: Tenure) {
        let (known, count) = self.shards[&shard].clone();
        let Machine { roles, worker, .. } = &mut self.machines[machine];
        let (Some(role), Some(worker)) = (roles.get_mut(&shard), worker) else { return };
        if role.tenure != tenure {
            return;
        }
        if role.next == count && !known.is_open {
            role.has_ended = true;
            let last = (role.next > role.first).then(|| Position::from(role.next));
            let shards: Vec<_> = self.shards.values().map(|(shard, _)| shard.clone()).collect();
            worker.delivered(&shard, tenure, last, children_of(&shard, &shards));
            return;
        }
        let had = role.next;
        role.next = count.min(role.next + 10);
        if role.next > had {
            let time = self.now + 50 + self.lot.below(3000);
            self.at(time, machine, Event::Flush(shard.clone(), tenure));
        }
        let time = self.now + 200 + self.lot.below(1300);
        self.at(time, machine, Event::Fetch(shard, tenure));
    }

    /// The role has finished what it has had, and saves; or it saves first what it is about to do.
    fn flush(&mut self, machine: usize, shard: &ShardId, tenure: Tenure) {
        let intends = self.chance(300);
        let later = self.now + 10 + self.lot.below(1000);
        let Machine { roles, worker, finished, saves, last_save, .. } = &mut self.machines[machine];
        let (Some(role), Some(worker)) = (roles.get_mut(shard), worker) else { return };
        if role.tenure != tenure || role.saved == role.next {
            return;
        }
        *last_save += 1;
        saves.insert(*last_save, (shard.clone(), tenure));
        let position = |number: u64| Some(Position::from(number)).filter(|_| number > 0);
        let checkpoint = if intends && !role.intends {
            role.intends = true;
            let pending = Pending { up_to: role.next.into(), note: "about to".into() };
            Checkpoint { acknowledged: position(role.saved), pending: Some(pending) }
        } else {
            role.intends = false;
            finished.push((shard.clone(), role.first, role.next));
            role.saved = role.next;
            Checkpoint { acknowledged: position(role.next), pending: None }
        };
        let again = role.intends;
        worker.save(*last_save, shard, tenure, checkpoint);
        if again {
            self.at(later, machine, Event::Flush(shard.clone(), tenure));
        }
    }

    fn saved(&mut self, machine: usize, ticket: Ticket, result: Result<(), SaveError>) {
        let saved = self.machines[machine].saves.remove(&ticket);
        assert!(saved.is_some(), "an answer to nothing");
        match result {
            Ok(()) => {}
            Err(SaveError::NotOwner) => self.counts.not_owner += 1,
            Err(SaveError::Back) => panic!("{saved:?} goes back"),
        }
    }
}

/// What a request is answered with that was not carried out, or not as far as is known.
fn refusal(request: &Action, outcome: Outcome) -> Answer {
    match request {
        Action::Scan => Answer::Scanned(None),
        Action::List(_) => Answer::Listed(None),
        Action::Look(ticket, _) => Answer::Looked(*ticket, None),
        Action::Write(ticket, _) => Answer::Written(*ticket, outcome),
        other => panic!("{other:?} is no request"),
    }
}

pub(super) fn lease(item: &Item) -> Lease {
    match read(item) {
        Ok(Kept::Lease(lease)) => *lease,
        other => panic!("{other:?}"),
    }
}
