//! Which records go into which call, and when. Knows no clock and makes no call.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    mem,
};

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    carrier::{Failure, Kind, Outcome},
    entry::{Counts, Entry, Limits, Report},
};

/// If so many records of one call are refused and none taken, the stream as a whole is refusing; fewer may have met one
/// busy shard.
const CROWD: usize = 16;

/// What to do next.
#[derive(Debug)]
pub(super) enum Step {
    /// Make this call, then [`settle`](Queue::settle) it.
    Call(Call),
    /// Nothing before this time, if nothing else happens.
    Wait(Option<Instant>),
}

/// Records that go together.
#[derive(Debug)]
pub(super) struct Call {
    pub entries: Vec<Entry>,
    /// How many failures of calls had been counted when it began.
    generation: u64,
}

/// Records that wait.
#[derive(Debug)]
pub(super) struct Queue {
    limits: Limits,
    ready: VecDeque<Entry>,
    ready_bytes: usize,
    /// By when they are due; the number tells those of one moment apart.
    delayed: BTreeMap<(Instant, u64), Entry>,
    delays: u64,
    /// If ordered: for each key that is ready, delayed or under way, what waits behind it.
    lanes: HashMap<Bytes, VecDeque<Entry>>,
    in_flight: usize,
    in_flight_records: usize,
    behind: usize,
    /// Calls that failed in a row; those that were under way together count once.
    failures: u32,
    generation: u64,
    closed_until: Option<Instant>,
    abandoned: usize,
    pub counts: Counts,
}

impl Queue {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            ready: VecDeque::new(),
            ready_bytes: 0,
            delayed: BTreeMap::new(),
            delays: 0,
            lanes: HashMap::new(),
            in_flight: 0,
            in_flight_records: 0,
            behind: 0,
            failures: 0,
            generation: 0,
            closed_until: None,
            abandoned: 0,
            counts: Counts::default(),
        }
    }

    /// A new record.
    pub(super) fn push(&mut self, entry: Entry) {
        if self.limits.ordered {
            if let Some(lane) = self.lanes.get_mut(&entry.record.key) {
                lane.push_back(entry);
                self.behind += 1;
                return;
            }
            self.lanes.insert(entry.record.key.clone(), VecDeque::new());
        }
        self.ready_bytes += entry.weight;
        self.ready.push_back(entry);
    }

    /// The next call, if one may begin.
    pub(super) fn step(&mut self, now: Instant) -> Step {
        self.wake(now);
        let allowed = if self.failures > 0 { 1 } else { self.limits.calls };
        if self.in_flight >= allowed {
            return Step::Wait(None);
        }
        if let Some(until) = self.closed_until.filter(|until| now < *until) {
            return Step::Wait(Some(until));
        }
        self.closed_until = None;
        let due = self.delayed.keys().next().map(|(due, _)| *due);
        loop {
            let Some(first) = self.ready.front() else { return Step::Wait(due) };
            let lingers = first.since + self.limits.linger;
            let full = self.ready.len() >= self.limits.records || self.ready_bytes >= self.limits.bytes;
            if self.in_flight > 0 && !full && now < lingers {
                return Step::Wait(Some(due.map_or(lingers, |due| due.min(lingers))));
            }
            let entries = self.gather(now);
            // All that was ready may have been too late.
            if !entries.is_empty() {
                self.in_flight += 1;
                self.in_flight_records += entries.len();
                return Step::Call(Call { entries, generation: self.generation });
            }
        }
    }

    /// Takes note of what a call has brought.
    pub(super) fn settle(
        &mut self,
        call: Call,
        answer: Result<Vec<Outcome>, Failure>,
        now: Instant,
    ) -> Report {
        let Call { entries, generation } = call;
        let sent = entries.len();
        self.in_flight -= 1;
        self.in_flight_records -= sent;
        self.counts.calls += 1;
        let answer = answer.and_then(|outcomes| match outcomes.len() {
            count if count == sent => Ok(outcomes),
            count => Err(Failure {
                kind: Kind::Passing,
                code: "answer".to_owned(),
                text: format!("the answer speaks of {count} records, {sent} were sent"),
            }),
        });
        match answer {
            Ok(outcomes) => self.settle_each(entries, outcomes, generation, now),
            Err(failure) => self.settle_failed(entries, failure, generation, now),
        }
    }

    fn settle_each(
        &mut self,
        entries: Vec<Entry>,
        outcomes: Vec<Outcome>,
        generation: u64,
        now: Instant,
    ) -> Report {
        let sent = entries.len();
        let mut failures: Vec<(Failure, usize)> = Vec::new();
        let mut taken = 0;
        for (entry, outcome) in entries.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Taken(place) => {
                    taken += 1;
                    self.counts.taken_records += 1;
                    self.counts.taken_bytes += entry.record.data.len() as u64;
                    entry.ticket.taken(entry.index, place);
                    self.release(&entry.record.key, now);
                }
                Outcome::Refused(failure) => {
                    self.again(entry, &failure, now);
                    match failures.iter_mut().find(|(known, _)| known.code == failure.code) {
                        Some((_, count)) => *count += 1,
                        None => failures.push((failure, 1)),
                    }
                }
            }
        }
        let refusing = taken == 0 && sent >= CROWD;
        if refusing {
            self.shut(generation, now);
        } else if taken > 0 {
            self.open();
        }
        Report { sent, taken, refusing, failures }
    }

    fn settle_failed(
        &mut self,
        entries: Vec<Entry>,
        failure: Failure,
        generation: u64,
        now: Instant,
    ) -> Report {
        let sent = entries.len();
        self.counts.failed_calls += 1;
        // Of several, it is not known which one is to blame.
        let rejected = failure.kind == Kind::Rejected && sent == 1;
        if failure.kind != Kind::Rejected {
            self.shut(generation, now);
        }
        for mut entry in entries.into_iter().rev() {
            self.count_refusal(failure.kind);
            if rejected {
                entry.ticket.rejected(entry.index, &failure.text);
            } else {
                entry.ticket.failed(&failure.text);
            }
            if failure.kind == Kind::Rejected {
                entry.together = sent.div_ceil(2);
            } else {
                entry.tries += 1;
            }
            if rejected || self.is_exhausted(&entry) {
                self.give_up(entry, now);
            } else {
                self.put_first(entry);
            }
        }
        let refusing = failure.kind != Kind::Rejected;
        Report { sent, taken: 0, refusing, failures: vec![(failure, sent)] }
    }

    /// Forgets earlier failures of calls.
    pub(super) fn open(&mut self) {
        self.failures = 0;
        self.closed_until = None;
    }

    /// No call has failed since the last one that succeeded, or nothing waits to be sent.
    pub(super) fn is_calm(&self) -> bool {
        self.failures == 0 || self.is_empty()
    }

    /// Whether nothing is on its way.
    pub(super) fn is_empty(&self) -> bool {
        self.in_flight == 0 && self.ready.is_empty() && self.delayed.is_empty()
    }

    /// Records on their way.
    pub(super) fn waiting(&self) -> usize {
        self.ready.len() + self.delayed.len() + self.behind + self.in_flight_records
    }

    /// Calls under way.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Nobody waits any more for `records` of those that are on their way: they go when they are half of all.
    pub(super) fn abandoned(&mut self, records: usize, now: Instant) {
        self.abandoned += records;
        if self.abandoned * 2 < self.ready.len() + self.delayed.len() {
            return;
        }
        self.abandoned = 0;
        self.ready_bytes = 0;
        let delayed = mem::take(&mut self.delayed);
        for entry in mem::take(&mut self.ready) {
            if entry.ticket.is_over(now) {
                self.give_up(entry, now);
            } else {
                self.ready_bytes += entry.weight;
                self.ready.push_back(entry);
            }
        }
        for (due, entry) in delayed {
            if entry.ticket.is_over(now) {
                self.give_up(entry, now);
            } else {
                self.delayed.insert(due, entry);
            }
        }
    }

    /// What is due goes before everything else.
    fn wake(&mut self, now: Instant) {
        let later = self.delayed.split_off(&(now, u64::MAX));
        for entry in mem::replace(&mut self.delayed, later).into_values().rev() {
            self.put_first(entry);
        }
    }

    fn gather(&mut self, now: Instant) -> Vec<Entry> {
        let (mut entries, mut bytes, mut most) = (Vec::new(), 0, self.limits.records);
        while let Some(next) = self.ready.front() {
            most = most.min(next.together);
            let full = entries.len() >= most || bytes + next.weight > self.limits.bytes;
            if full && !entries.is_empty() {
                break;
            }
            let Some(entry) = self.ready.pop_front() else { break };
            self.ready_bytes -= entry.weight;
            if entry.ticket.is_over(now) {
                self.give_up(entry, now);
                continue;
            }
            bytes += entry.weight;
            entry.ticket.sent();
            entries.push(entry);
        }
        entries
    }

    /// A record was refused while its call was not: it waits for itself.
    fn again(&mut self, mut entry: Entry, failure: &Failure, now: Instant) {
        self.count_refusal(failure.kind);
        entry.tries += 1;
        if failure.kind == Kind::Rejected {
            entry.ticket.rejected(entry.index, &failure.text);
            return self.give_up(entry, now);
        }
        entry.ticket.failed(&failure.text);
        if self.is_exhausted(&entry) {
            return self.give_up(entry, now);
        }
        let due = (now + self.limits.backoff.delay(entry.tries)).min(entry.ticket.deadline);
        self.delays += 1;
        self.delayed.insert((due, self.delays), entry);
    }

    fn put_first(&mut self, entry: Entry) {
        self.ready_bytes += entry.weight;
        self.ready.push_front(entry);
    }

    fn count_refusal(&mut self, kind: Kind) {
        self.counts.refused_records += 1;
        if kind == Kind::Throttled {
            self.counts.throttled_records += 1;
        }
    }

    fn is_exhausted(&self, entry: &Entry) -> bool {
        self.limits.tries.is_some_and(|tries| entry.tries >= tries)
    }

    fn give_up(&mut self, entry: Entry, now: Instant) {
        self.counts.given_up_records += 1;
        entry.ticket.dropped();
        self.release(&entry.record.key, now);
    }

    /// The next one of this key may go.
    fn release(&mut self, key: &Bytes, now: Instant) {
        if !self.limits.ordered {
            return;
        }
        while let Some(lane) = self.lanes.get_mut(key) {
            let Some(next) = lane.pop_front() else {
                self.lanes.remove(key);
                return;
            };
            self.behind -= 1;
            if !next.ticket.is_over(now) {
                return self.put_first(next);
            }
            self.counts.given_up_records += 1;
            next.ticket.dropped();
        }
    }

    /// Calls wait. Failures of calls that were under way together count once.
    fn shut(&mut self, generation: u64, now: Instant) {
        if generation == self.generation {
            self.generation += 1;
            self.failures += 1;
            self.closed_until = Some(now + self.limits.backoff.delay(self.failures));
        }
    }
}
