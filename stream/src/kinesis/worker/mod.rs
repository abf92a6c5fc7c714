//! One worker among others that read a stream together: which shards it reads, and what it does so that nobody else reads
//! them meanwhile. Answers and the time go in, actions come out; it touches nothing itself.
//!
//! Whoever carries out the actions calls [`Worker::turn`] after every answer and at [`Worker::wake`], does what it returns, all
//! at once, and reports the answers, in any order, under the tickets of the questions.
//!
//! * A lease is ours until the counter that we wrote has not moved for the failover time, by our clock, or a write is
//!   refused: then reading stops. Others wait as long by theirs, so that without a pause of the process, which only the
//!   counter can tell, there are never two.
//! * A write that was not answered may have been done. It is tried again, and if then it is refused, what stands in the
//!   table says which.
//! * A closed shard that has been read and saved to its end: first there are leases for its children, then it is noted
//!   which they are, then the lease is at its end. Children wait for that.

mod held;
mod timing;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

pub use self::timing::Timing;
use self::{
    held::{Answer, Held, Step},
    timing::Schedule,
};
use super::lease::{
    HashRange, Lease, leader,
    shards::{Beginning, Child, Shard, first_leases, hole, missing_leases},
    taking::{Choice, Limits, Lot, View},
    write::{self, Write},
};
use crate::{
    consumer::Checkpoint,
    record::{Position, ShardId},
};

/// What is asked under this number is answered under it.
pub type Ticket = u64;

/// Tells one time of owning a shard from another.
pub type Tenure = u64;

/// What a worker wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read the whole table; answer with [`Worker::scanned`].
    Scan,
    /// List these shards; answer with [`Worker::listed`].
    List(Listing),
    /// Read a lease, consistently; answer with [`Worker::looked`].
    Look(Ticket, ShardId),
    /// Write; answer with [`Worker::written`].
    Write(Ticket, Write),
    /// Read the shard from where this lease is, and tell the role.
    Begin(Tenure, Box<Lease>),
    /// Do not read the shard any more, and tell the role.
    Quit(Tenure, ShardId),
    /// Answer the role's wish to save.
    Saved(Ticket, Result<(), SaveError>),
}

/// Which shards are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Those that took records there.
    At(Beginning),
    /// All that Kinesis knows.
    All,
}

/// What came of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// Its condition does not hold.
    Refused,
    /// It was not done: too many requests, no rights.
    Failed,
    /// No answer came.
    Unknown,
}

/// Why progress was not saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveError {
    /// The shard is not ours.
    NotOwner,
    /// More has been saved before.
    Back,
}

/// Leases that were taken so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// From nobody, or from a worker that gave no sign of life.
    pub free: u64,
    /// From a worker that had more than its share.
    pub stolen: u64,
}

/// A worker.
#[derive(Debug)]
pub struct Worker {
    me: String,
    beginning: Beginning,
    limits: Limits,
    timing: Timing,
    lot: Lot,
    view: View,
    held: BTreeMap<ShardId, Held>,
    asked: BTreeMap<Ticket, Question>,
    last: u64,
    scan: Schedule,
    list: Option<(Listing, Schedule)>,
    /// Leases that have to be made, and when that is tried again.
    wanted: (Vec<Lease>, Duration),
    audit: Audit,
    /// What stood under our name when the table was read for the first time, from before we were started: ours to take,
    /// whoever may still renew it.
    left: Option<BTreeSet<ShardId>>,
    taken: Taken,
    is_stopping: bool,
    actions: Vec<Action>,
}

/// What was asked under a ticket.
#[derive(Debug)]
enum Question {
    /// To take this lease, at this time, for the n-th time.
    Take(Choice, Duration, u32),
    /// How a lease that is to be taken from somebody is now.
    Victim(Lease),
    /// To make this lease.
    Create(Lease),
    /// To note something on a lease that need not be ours.
    Note,
    /// A step of a lease of ours.
    Step(ShardId, Tenure, Step),
}

/// The search for hashes that nobody reads.
#[derive(Debug)]
struct Audit {
    next: Duration,
    found: Option<HashRange>,
    times: u32,
}

/// How often in a row the same hole is found before leases are made.
const SAME_HOLES: u32 = 3;

/// How often a lease is tried to be taken while DynamoDB does not answer.
const TAKES: u32 = 3;

impl Worker {
    /// A worker of this name, started at `now`. `seed` decides what it draws by lot.
    pub fn new(
        me: &str,
        beginning: Beginning,
        limits: Limits,
        timing: Timing,
        now: Duration,
        seed: u64,
    ) -> Self {
        Self {
            me: me.to_owned(),
            beginning,
            limits,
            timing,
            lot: Lot::new(seed),
            view: View::default(),
            held: BTreeMap::new(),
            asked: BTreeMap::new(),
            last: 0,
            scan: Schedule::at(now),
            list: None,
            wanted: (Vec::new(), now),
            audit: Audit { next: now + timing.audit, found: None, times: 0 },
            left: None,
            taken: Taken::default(),
            is_stopping: false,
            actions: Vec::new(),
        }
    }

    /// The role wants the progress of this tenure saved; [`Action::Saved`] answers.
    pub fn save(&mut self, save: Ticket, shard: &ShardId, tenure: Tenure, checkpoint: Checkpoint) {
        let timing = self.timing;
        let held = self.held_since(shard, tenure).ok_or(SaveError::NotOwner);
        let answer = match held.and_then(|held| held.save(save, checkpoint, timing)) {
            Ok(false) => return,
            Ok(true) => Ok(()),
            Err(error) => Err(error),
        };
        self.actions.push(Action::Saved(save, answer));
    }

    /// All records of a shard were delivered: the last of them is `last`, `None` if there was none in this tenure.
    pub fn delivered(
        &mut self,
        shard: &ShardId,
        tenure: Tenure,
        last: Option<Position>,
        children: Vec<Child>,
    ) {
        if let Some(held) = self.held_since(shard, tenure) {
            held.delivered(last, children);
        }
    }

    /// Kinesis says that it does not know a shard, or the whole stream: shards are listed to see which.
    pub fn missing(&mut self, now: Duration, shard: &ShardId, tenure: Tenure) {
        if let Some(held) = self.held_since(shard, tenure) {
            held.miss();
            self.list(now, Listing::All);
        }
    }

    /// From now on nothing is taken, and leases are given up when what the role wants saved is saved.
    pub fn stop(&mut self) {
        self.is_stopping = true;
    }

    /// Whether it was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.is_stopping
    }

    /// Whether a worker that is stopping has nothing left to do.
    pub fn has_stopped(&self) -> bool {
        self.is_stopping && self.held.is_empty() && self.asked.is_empty()
    }

    /// The leases that are ours.
    pub fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.held.values().map(Held::lease)
    }

    /// How many leases were taken so far.
    pub fn taken(&self) -> Taken {
        self.taken
    }

    /// What is to be done now.
    pub fn turn(&mut self, now: Duration) -> Vec<Action> {
        if !self.is_stopping && self.scan.starts(now) {
            self.actions.push(Action::Scan);
        }
        if let Some((listing, schedule)) = &mut self.list
            && !self.is_stopping
            && schedule.starts(now)
        {
            self.actions.push(Action::List(*listing));
        }
        if now >= self.wanted.1 {
            self.create();
        }
        let is_taking = self.is_taking();
        let mut finished = Vec::new();
        for (shard, held) in &mut self.held {
            if held.is_expired(now, self.timing) {
                finished.push(shard.clone());
                continue;
            }
            // What one round takes is told together.
            if !is_taking && let Some(begin) = held.begin() {
                self.actions.push(begin);
            }
            if let Some(step) = held.step(now, self.timing, self.is_stopping) {
                self.last += 1;
                self.actions.push(held.action(self.last, &step));
                self.asked.insert(self.last, Question::Step(shard.clone(), held.tenure(), step));
            }
        }
        for shard in finished {
            self.lose(&shard);
        }
        std::mem::take(&mut self.actions)
    }

    /// When [`Worker::turn`] has something to do although no answer has come.
    pub fn wake(&self) -> Duration {
        let create = (!self.wanted.0.is_empty()).then_some(self.wanted.1);
        let list = self.list.as_ref().map(|(_, schedule)| schedule.due());
        let schedules = [Some(self.scan.due()), list, create];
        let schedules = schedules.into_iter().flatten().filter(|_| !self.is_stopping);
        let held = self.held.values().map(|held| held.due(self.timing, self.is_stopping));
        schedules.chain(held).min().unwrap_or(Duration::MAX)
    }

    /// The table has been read; `None`: it could not be.
    pub fn scanned(&mut self, now: Duration, leases: Option<Vec<Lease>>) {
        let period = self.timing.take_every();
        let less = Duration::from_millis(self.lot.below(1 + period.as_millis() as u64 / 10));
        let next = if leases.is_some() { period - less } else { self.timing.retry() };
        let started = self.scan.ends(now, now + next);
        let Some(leases) = leases else { return };
        let held: BTreeSet<_> = self.held.keys().cloned().collect();
        self.view.update(now, leases, &self.me, &held);
        if self.is_stopping {
            return;
        }
        if self.view.leases().next().is_none() {
            self.list(now, Listing::At(self.beginning));
            return;
        }
        let is_slow = now.saturating_sub(started) > self.timing.renew_every() / 2;
        self.take(now, is_slow);
        self.audit(now);
        self.clean_up(now);
    }

    fn take(&mut self, now: Duration, is_slow: bool) {
        let mut chosen = self.view.choose(&self.me, now, self.timing.failover, self.limits, &mut self.lot);
        let mine: Vec<_> =
            self.view.leases().filter(|lease| lease.owner.as_deref() == Some(&self.me)).cloned().collect();
        let left = self.left.get_or_insert_with(|| mine.iter().map(|lease| lease.shard.clone()).collect());
        left.retain(|shard| mine.iter().any(|lease| lease.shard == *shard));
        chosen.retain(|choice| !left.contains(&choice.lease.shard));
        let left = mine.into_iter().filter(|lease| left.contains(&lease.shard));
        chosen.extend(left.map(|lease| Choice { lease, is_stolen: false }));
        let under_way: BTreeSet<_> = self
            .asked
            .values()
            .filter_map(|question| match question {
                Question::Take(Choice { lease, .. }, ..) | Question::Victim(lease) => {
                    Some(lease.shard.clone())
                }
                _ => None,
            })
            .collect();
        for choice in chosen {
            let shard = choice.lease.shard.clone();
            if under_way.contains(&shard) || self.held.contains_key(&shard) {
                continue;
            }
            if choice.is_stolen && is_slow {
                // Its owner has renewed it since.
                let ticket = self.ask(Question::Victim(choice.lease));
                self.actions.push(Action::Look(ticket, shard));
            } else {
                self.try_to_take(now, choice, 1);
            }
        }
    }

    fn try_to_take(&mut self, now: Duration, choice: Choice, time: u32) {
        let write = write::take(&choice.lease, &self.me);
        let ticket = self.ask(Question::Take(choice, now, time));
        self.actions.push(Action::Write(ticket, write));
    }

    fn is_taking(&self) -> bool {
        self.asked.values().any(|question| matches!(question, Question::Take(..) | Question::Victim(_)))
    }

    fn audit(&mut self, now: Duration) {
        if now < self.audit.next || leader::leader(self.view.leases()) != Some(&self.me) {
            return;
        }
        self.audit.next = now + self.timing.audit;
        let open = || self.view.leases().filter(|lease| !lease.is_ended());
        if open().any(|lease| lease.range.is_none()) {
            self.list(now, Listing::All);
            return;
        }
        let found = hole(open().filter_map(|lease| lease.range));
        self.audit.times =
            if found.is_some() && found == self.audit.found { self.audit.times + 1 } else { 1 };
        self.audit.found = found;
        if found.is_some() && self.audit.times >= SAME_HOLES {
            self.list(now, Listing::All);
        }
    }

    /// Deletes leases at their end that nobody needs any more.
    fn clean_up(&mut self, now: Duration) {
        let mut has_unknown = false;
        for held in self.held.values_mut().filter(|held| held.lease().is_ended()) {
            has_unknown |= held.lease().children.is_empty();
            if is_superseded(held.lease(), &self.view) {
                held.delete();
            }
        }
        if has_unknown {
            self.list(now, Listing::All);
        }
    }

    fn list(&mut self, now: Duration, listing: Listing) {
        if self.list.is_none() {
            self.list = Some((listing, Schedule::at(now)));
        }
    }

    /// Shards have been listed; `None`: they could not be.
    pub fn listed(&mut self, now: Duration, shards: Option<Vec<Shard>>) {
        let Some((listing, schedule)) = &mut self.list else { return };
        let listing = *listing;
        schedule.ends(now, now + self.timing.relist());
        let Some(shards) = shards else { return };
        match listing {
            Listing::At(beginning) => {
                // While a stream is split or merged, shards may be missing for a moment.
                let Ok(leases) = first_leases(&shards, beginning) else { return };
                self.wanted = (leases, now);
            }
            Listing::All => self.listed_all(now, &shards),
        }
        self.list = None;
    }

    fn listed_all(&mut self, now: Duration, shards: &[Shard]) {
        let leases: Vec<_> = self.view.leases().cloned().collect();
        let by_id: BTreeMap<_, _> = shards.iter().map(|shard| (&shard.id, shard)).collect();
        for lease in leases.iter().filter(|lease| lease.range.is_none()) {
            if let Some(shard) = by_id.get(&lease.shard) {
                let ticket = self.ask(Question::Note);
                self.actions.push(Action::Write(ticket, write::range(&lease.shard, shard.range)));
            }
        }
        for (id, held) in &mut self.held {
            // It is older than anything that the stream keeps: what its lease stood for is done by those that are there.
            if held.was_missed() && held.is_read() && !by_id.contains_key(id) {
                self.actions.push(Action::Quit(held.tenure(), id.clone()));
                held.delete();
            }
        }
        for held in
            self.held.values_mut().filter(|held| held.lease().is_ended() && held.lease().children.is_empty())
        {
            let children = children_of(&held.lease().shard, shards);
            if children.is_empty() && !by_id.contains_key(&held.lease().shard) {
                // Kinesis has forgotten it.
                held.delete();
            } else if !children.is_empty() {
                held.link(children.into_iter().map(|child| child.id).collect());
            }
        }
        if self.audit.times >= SAME_HOLES && self.audit.found.is_some() {
            self.audit.times = 0;
            self.wanted = (missing_leases(shards, &leases, self.beginning), now);
        }
    }

    fn create(&mut self) {
        if self.is_stopping {
            return;
        }
        for lease in std::mem::take(&mut self.wanted.0) {
            let write = write::create(&lease);
            let ticket = self.ask(Question::Create(lease));
            self.actions.push(Action::Write(ticket, write));
        }
    }

    /// A lease has been read. `None`: it could not be; `Some(None)`: there is none.
    pub fn looked(&mut self, now: Duration, ticket: Ticket, found: Option<Option<Box<Lease>>>) {
        match self.asked.remove(&ticket) {
            Some(Question::Victim(before)) => {
                if let Some(Some(lease)) = found.filter(|_| !self.is_stopping)
                    && lease.owner == before.owner
                {
                    self.try_to_take(now, Choice { lease: *lease, is_stolen: true }, 1);
                }
            }
            Some(Question::Step(shard, tenure, step)) => {
                self.stepped(now, &shard, tenure, step, Answer::Found(found));
            }
            _ => {}
        }
    }

    /// A write has been answered.
    pub fn written(&mut self, now: Duration, ticket: Ticket, outcome: Outcome) {
        match self.asked.remove(&ticket) {
            Some(Question::Take(choice, sent, time)) => match outcome {
                Outcome::Done => {
                    let Choice { lease, is_stolen } = choice;
                    *if is_stolen { &mut self.taken.stolen } else { &mut self.taken.free } += 1;
                    self.last += 1;
                    if let Some(left) = &mut self.left {
                        left.remove(&lease.shard);
                    }
                    let held = Held::taken(lease, &self.me, self.last, sent);
                    self.held.insert(held.lease().shard.clone(), held);
                }
                Outcome::Failed if time < TAKES && !self.is_stopping => {
                    self.try_to_take(now, choice, time + 1);
                }
                // Somebody was faster: perhaps the last owner gave it up.
                Outcome::Refused => self.scan.not_after(now + self.timing.retry()),
                // If it was done after all, it expires.
                Outcome::Failed | Outcome::Unknown => {}
            },
            Some(Question::Create(lease)) => {
                if matches!(outcome, Outcome::Failed | Outcome::Unknown) {
                    self.wanted.0.push(lease);
                    self.wanted.1 = now + self.timing.retry();
                }
                let is_creating = self.asked.values().any(|other| matches!(other, Question::Create(_)));
                if !is_creating && self.wanted.0.is_empty() {
                    self.scan.at_once(now);
                }
            }
            Some(Question::Step(shard, tenure, step)) => {
                self.stepped(now, &shard, tenure, step, Answer::Written(outcome));
            }
            _ => {}
        }
    }

    fn stepped(&mut self, now: Duration, shard: &ShardId, tenure: Tenure, step: Step, answer: Answer) {
        let timing = self.timing;
        let Some(held) = self.held_since(shard, tenure) else { return };
        let after = held.stepped(now, timing, step, answer);
        self.actions.extend(after.saved.into_iter().map(|save| Action::Saved(save, Ok(()))));
        if after.has_ended {
            // Its children can be taken.
            self.scan.at_once(now);
        }
        if after.is_over {
            self.lose(shard);
        }
    }

    fn held_since(&mut self, shard: &ShardId, tenure: Tenure) -> Option<&mut Held> {
        self.held.get_mut(shard).filter(|held| held.tenure() == tenure)
    }

    fn lose(&mut self, shard: &ShardId) {
        let Some(held) = self.held.remove(shard) else { return };
        if held.is_read() {
            self.actions.push(Action::Quit(held.tenure(), shard.clone()));
        }
        let saves = held.into_saves();
        self.actions.extend(saves.map(|save| Action::Saved(save, Err(SaveError::NotOwner))));
    }

    fn ask(&mut self, question: Question) -> Ticket {
        self.last += 1;
        self.asked.insert(self.last, question);
        self.last
    }
}

/// The shards that were made from one.
pub fn children_of(parent: &ShardId, shards: &[Shard]) -> Vec<Child> {
    let children = shards.iter().filter(|shard| shard.parents.contains(parent));
    let child =
        |shard: &Shard| Child { id: shard.id.clone(), parents: shard.parents.clone(), range: shard.range };
    children.map(child).collect()
}

/// Whether a lease at its end can be deleted: all its children have been begun, and its own parents' leases are gone.
fn is_superseded(lease: &Lease, view: &View) -> bool {
    let is_begun = |child: &ShardId| view.lease(child).is_some_and(|lease| lease.progress.has_begun());
    !lease.children.is_empty()
        && lease.children.iter().all(is_begun)
        && lease.parents.iter().all(|parent| view.lease(parent).is_none())
}

#[cfg(test)]
mod tests;
