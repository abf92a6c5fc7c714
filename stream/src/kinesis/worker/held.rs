//! A lease that is ours, step by step.

use std::{collections::VecDeque, time::Duration};

use super::{Action, Outcome, SaveError, Tenure, Ticket, Timing};
use crate::{
    consumer::Checkpoint,
    kinesis::lease::{Lease, PendingProgress, Progress, shards::Child, write},
    record::{Position, ShardId},
};

/// A lease that is ours.
#[derive(Debug)]
pub(super) struct Held {
    /// As we wrote it last.
    lease: Lease,
    tenure: Tenure,
    /// When the write was sent that moved the counter last.
    moved: Duration,
    /// Whether a step is under way.
    is_asking: bool,
    /// Not before this time a failed write is tried again.
    retry: Duration,
    /// Writes in a row that were not carried out.
    failures: u32,
    /// Not before this time a shard's end or its parents are looked after.
    stage_retry: Duration,
    /// The lease as writes that were not answered would have made it, and when they were sent.
    doubts: Vec<(Counted, Box<Lease>, Duration)>,
    /// Whether a write was refused while there were doubts.
    is_contested: bool,
    /// What the role wants saved.
    saves: VecDeque<(Ticket, Checkpoint)>,
    /// Progress beyond what is saved that may be saved later: it was answered, and is not in `saves`.
    later: Option<Checkpoint>,
    /// When the write was sent that saved last; before that, when the tenure began.
    saved: Duration,
    /// Whether Kinesis has said that it does not know the shard.
    is_missed: bool,
    stage: Stage,
}

/// How far a tenure is.
#[derive(Debug)]
enum Stage {
    /// Not begun.
    Taken,
    /// These parents, as far as is known, have not ended.
    Parents(Vec<ShardId>),
    /// It can begin.
    Ready,
    /// It is read.
    Reading,
    /// It has been read to its end, up to the last record there was in this tenure.
    Delivered(Option<Position>, Vec<Child>),
    /// What is left until the lease is at its end.
    Closing(VecDeque<Closing>),
    /// It is at its end.
    Ended,
    /// Nobody needs it any more.
    Superseded,
}

/// What is done at the end of a shard, in this order.
#[derive(Clone, Debug)]
enum Closing {
    /// Another parent of a child has to have a lease: else the child would begin before that parent was read.
    OtherParent(ShardId),
    Create(Child),
    Link(Vec<ShardId>),
    End,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A write that moves the counter, what the lease is after it, and when it was sent.
    Counted(Counted, Box<Lease>, Duration),
    /// Which of the writes in doubt were done?
    Verify,
    /// Has this parent ended?
    Parent(ShardId),
    /// Is there a lease for it?
    OtherParent(ShardId),
    Create(Child),
    Link(Vec<ShardId>),
    Delete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    Renew,
    Save,
    /// Saves what might have been saved later.
    SaveLater,
    End,
    Release,
}

/// The answer to a request.
pub(super) enum Answer {
    Written(Outcome),
    Found(Option<Option<Box<Lease>>>),
}

/// What follows from an answer.
#[derive(Default)]
pub(super) struct After {
    /// What has been saved.
    pub(super) saved: Vec<Ticket>,
    /// The lease is at its end now.
    pub(super) has_ended: bool,
    /// The lease is not ours any more.
    pub(super) is_over: bool,
}

impl Held {
    /// A lease, as it was before we took it with a write that was sent at `sent`.
    pub(super) fn taken(mut lease: Lease, me: &str, tenure: Tenure, sent: Duration) -> Self {
        if lease.owner.as_deref().is_some_and(|owner| owner != me) {
            lease.owner_switches += 1;
        }
        lease.owner = Some(me.to_owned());
        lease.counter += 1;
        Self {
            lease,
            tenure,
            moved: sent,
            is_asking: false,
            retry: Duration::ZERO,
            failures: 0,
            stage_retry: Duration::ZERO,
            doubts: Vec::new(),
            is_contested: false,
            saves: VecDeque::new(),
            later: None,
            saved: sent,
            is_missed: false,
            stage: Stage::Taken,
        }
    }

    pub(super) fn lease(&self) -> &Lease {
        &self.lease
    }

    pub(super) fn tenure(&self) -> Tenure {
        self.tenure
    }

    /// Whether the role has something of it that is not saved.
    pub(super) fn is_read(&self) -> bool {
        matches!(self.stage, Stage::Reading | Stage::Delivered(..))
    }

    /// The role wants this saved, after all it wanted before; returns whether that is answered already. What promises nothing
    /// is: if it is lost, the next owner does it again, and a write for each would be dear.
    pub(super) fn save(
        &mut self,
        save: Ticket,
        mut checkpoint: Checkpoint,
        timing: Timing,
    ) -> Result<bool, SaveError> {
        let before = self.saves.back().map(|(_, wanted)| wanted).or(self.later.as_ref());
        let progress = before.map_or(self.lease.progress, |wanted| self.wanted(wanted).0);
        let is_back = checkpoint.acknowledged.is_some_and(|position| Progress::At(position) < progress);
        if is_back && progress != Progress::ShardEnd {
            return Err(SaveError::Back);
        }
        let promises = |checkpoint: &Checkpoint| {
            checkpoint.pending.as_ref().is_some_and(|pending| Some(pending.up_to) > checkpoint.acknowledged)
        };
        let has_promised =
            self.lease.pending.as_ref().is_some_and(|pending| pending.up_to > self.lease.progress);
        // Where nothing is saved yet and reading began at the newest record, the next owner would begin at a newer one.
        let is_lost = self.lease.progress == Progress::Latest;
        let may_wait = !promises(&checkpoint) && !has_promised && !is_lost;
        if self.saves.is_empty() && may_wait && !timing.debounce.is_zero() {
            self.later = Some(checkpoint);
            return Ok(true);
        }
        let later = self.later.take().and_then(|later| later.acknowledged);
        checkpoint.acknowledged = checkpoint.acknowledged.max(later);
        self.saves.push_back((save, checkpoint));
        Ok(false)
    }

    pub(super) fn into_saves(self) -> impl Iterator<Item = Ticket> {
        self.saves.into_iter().map(|(save, _)| save)
    }

    pub(super) fn delivered(&mut self, last: Option<Position>, children: Vec<Child>) {
        if matches!(self.stage, Stage::Reading) {
            self.stage = Stage::Delivered(last, children);
        }
    }

    /// Kinesis says that it does not know the shard.
    pub(super) fn miss(&mut self) {
        self.is_missed = true;
    }

    /// Whether that has been said since this was asked last.
    pub(super) fn was_missed(&mut self) -> bool {
        std::mem::take(&mut self.is_missed)
    }

    /// Has to be deleted.
    pub(super) fn delete(&mut self) {
        self.stage = Stage::Superseded;
    }

    /// It is at its end, and these were made from it.
    pub(super) fn link(&mut self, children: Vec<ShardId>) {
        self.stage = Stage::Closing([Closing::Link(children)].into());
    }

    pub(super) fn is_expired(&self, now: Duration, timing: Timing) -> bool {
        now.saturating_sub(self.moved) > timing.failover
    }

    /// Begins, once there is nothing to wait for.
    pub(super) fn begin(&mut self) -> Option<Action> {
        match &self.stage {
            Stage::Taken if self.lease.is_ended() => self.stage = Stage::Ended,
            Stage::Taken if self.lease.progress.has_begun() => self.stage = Stage::Ready,
            Stage::Taken => self.stage = Stage::Parents(self.lease.parents.clone()),
            _ => {}
        }
        if matches!(&self.stage, Stage::Parents(open) if open.is_empty()) {
            self.stage = Stage::Ready;
        }
        if matches!(self.stage, Stage::Ready) {
            self.stage = Stage::Reading;
            return Some(Action::Begin(self.tenure, Box::new(self.lease.clone())));
        }
        None
    }

    /// When there is something to do although no answer has come.
    pub(super) fn due(&self, timing: Timing, is_stopping: bool) -> Duration {
        let expiry = self.moved + timing.failover + Duration::from_millis(1);
        if self.is_asking {
            return expiry;
        }
        let has_wish = is_stopping || self.is_contested || !self.saves.is_empty() || self.later_is_last();
        let save = self.later.as_ref().map_or(Duration::MAX, |_| self.saved + timing.debounce);
        let sign = self.moved + timing.renew_every();
        let write = if has_wish { self.retry } else { self.retry.max(sign.min(save)) };
        let stage = if self.has_stage_step() { self.stage_retry } else { expiry };
        expiry.min(write).min(stage)
    }

    fn has_stage_step(&self) -> bool {
        match &self.stage {
            Stage::Taken | Stage::Ready | Stage::Reading | Stage::Ended => false,
            Stage::Delivered(last, _) => self.is_done_up_to(*last),
            Stage::Parents(open) => !open.is_empty(),
            Stage::Closing(_) | Stage::Superseded => true,
        }
    }

    fn is_done_up_to(&self, last: Option<Position>) -> bool {
        last.is_none_or(|last| self.lease.progress >= Progress::At(last))
    }

    /// The next request, if it is time for one.
    pub(super) fn step(&mut self, now: Duration, timing: Timing, is_stopping: bool) -> Option<Step> {
        if self.is_asking {
            return None;
        }
        let step = self.write_step(now, timing, is_stopping).or_else(|| self.stage_step(now)).or_else(|| {
            // What waits for others at its end, too: the next owner finds the same end.
            (is_stopping && now >= self.retry)
                .then(|| self.counted(Counted::Release, now, |lease| lease.owner = None))
        });
        self.is_asking = step.is_some();
        step
    }

    fn write_step(&mut self, now: Duration, timing: Timing, is_stopping: bool) -> Option<Step> {
        if now < self.retry {
            return None;
        }
        if self.is_contested {
            return Some(Step::Verify);
        }
        if let Some((_, checkpoint)) = self.saves.front() {
            return Some(self.saving(Counted::Save, now, checkpoint));
        }
        // A save says as much as a sign of life: it goes in the place of one.
        let is_due = now >= self.moved + timing.renew_every();
        if let Some(later) = &self.later
            && (is_due || is_stopping || self.later_is_last() || now >= self.saved + timing.debounce)
        {
            return Some(self.saving(Counted::SaveLater, now, later));
        }
        is_due.then(|| self.counted(Counted::Renew, now, |_| {}))
    }

    fn saving(&self, kind: Counted, now: Duration, checkpoint: &Checkpoint) -> Step {
        let (progress, pending) = self.wanted(checkpoint);
        self.counted(kind, now, |lease| {
            lease.progress = progress;
            lease.pending = pending;
            lease.owner_switches = 0;
        })
    }

    /// Whether the end of the shard waits for what may be saved later.
    fn later_is_last(&self) -> bool {
        let last = if let Stage::Delivered(Some(last), _) = &self.stage { Some(*last) } else { None };
        last.is_some() && self.later.as_ref().is_some_and(|later| later.acknowledged >= last)
    }

    fn stage_step(&mut self, now: Duration) -> Option<Step> {
        if let Stage::Delivered(last, children) = &self.stage
            && self.is_done_up_to(*last)
        {
            self.stage = Stage::Closing(self.closing(children));
        }
        if now < self.stage_retry {
            return None;
        }
        match &self.stage {
            Stage::Parents(open) => open.first().cloned().map(Step::Parent),
            Stage::Superseded => Some(Step::Delete),
            Stage::Closing(left) => match left.front() {
                Some(Closing::OtherParent(shard)) => Some(Step::OtherParent(shard.clone())),
                Some(Closing::Create(child)) => Some(Step::Create(child.clone())),
                Some(Closing::Link(children)) => Some(Step::Link(children.clone())),
                Some(Closing::End) => Some(self.counted(Counted::End, now, |lease| {
                    lease.progress = Progress::ShardEnd;
                    lease.pending = None;
                    lease.owner_switches = 0;
                })),
                None => None,
            },
            _ => None,
        }
    }

    fn closing(&self, children: &[Child]) -> VecDeque<Closing> {
        let others =
            children.iter().flat_map(|child| &child.parents).filter(|other| **other != self.lease.shard);
        let mut left: VecDeque<_> = others.cloned().map(Closing::OtherParent).collect();
        left.extend(children.iter().cloned().map(Closing::Create));
        if !children.is_empty() {
            left.push_back(Closing::Link(children.iter().map(|child| child.id.clone()).collect()));
        }
        left.push_back(Closing::End);
        left
    }

    fn counted(&self, kind: Counted, now: Duration, change: impl FnOnce(&mut Lease)) -> Step {
        let mut lease = Box::new(self.lease.clone());
        change(&mut lease);
        lease.counter += 1;
        Step::Counted(kind, lease, now)
    }

    /// What a checkpoint makes of the lease. One that acknowledges nothing leaves the progress as it is.
    fn wanted(&self, checkpoint: &Checkpoint) -> (Progress, Option<PendingProgress>) {
        let progress = checkpoint.acknowledged.map_or(self.lease.progress, Progress::At);
        let pending = checkpoint.pending.as_ref().map(|pending| {
            let state = (!pending.note.is_empty()).then(|| pending.note.clone());
            PendingProgress { up_to: Progress::At(pending.up_to), state }
        });
        (progress.max(self.lease.progress), pending)
    }

    /// The request itself.
    pub(super) fn action(&self, ticket: Ticket, step: &Step) -> Action {
        let write = match step {
            Step::Counted(Counted::Renew, ..) => write::renew(&self.lease),
            Step::Counted(Counted::Release, ..) => write::release(&self.lease),
            Step::Counted(Counted::Save | Counted::SaveLater | Counted::End, after, _) => {
                write::checkpoint(&self.lease, after.progress, after.pending.as_ref())
            }
            Step::Create(child) => write::create(&child.lease()),
            Step::Link(children) => write::children(&self.lease.shard, children),
            Step::Delete => write::delete(&self.lease.shard),
            Step::Verify => return Action::Look(ticket, self.lease.shard.clone()),
            Step::Parent(shard) | Step::OtherParent(shard) => return Action::Look(ticket, shard.clone()),
        };
        Action::Write(ticket, write)
    }

    /// A request has been answered.
    pub(super) fn stepped(&mut self, now: Duration, timing: Timing, step: Step, answer: Answer) -> After {
        self.is_asking = false;
        match (step, answer) {
            (Step::Counted(kind, lease, sent), Answer::Written(outcome)) => match outcome {
                Outcome::Done => return self.moved_to(kind, lease, sent),
                Outcome::Refused if self.doubts.is_empty() => return After::over(),
                Outcome::Refused => self.is_contested = true,
                Outcome::Unknown => {
                    self.doubts.push((kind, lease, sent));
                    self.retry = now + timing.retry();
                }
                Outcome::Failed => {
                    self.failures = self.failures.saturating_add(1);
                    self.retry = now + timing.throttled.delay(self.failures);
                }
            },
            (Step::Verify, Answer::Found(found)) => return self.verified(now, timing, found),
            (Step::Parent(_), Answer::Found(Some(found))) => {
                if found.is_none_or(|parent| parent.is_ended()) {
                    if let Stage::Parents(open) = &mut self.stage {
                        open.remove(0);
                    }
                } else {
                    self.stage_retry = now + timing.parents;
                }
            }
            (Step::OtherParent(_), Answer::Found(Some(Some(_)))) => self.closed_one(),
            (Step::OtherParent(_), Answer::Found(Some(None))) => self.stage_retry = now + timing.parents,
            // Somebody else has made it: as well.
            (Step::Create(_), Answer::Written(Outcome::Done | Outcome::Refused)) => self.closed_one(),
            (Step::Link(children), Answer::Written(Outcome::Done)) => {
                self.lease.children = children;
                self.lease.children.sort();
                self.closed_one();
            }
            (Step::Link(_), Answer::Written(Outcome::Refused)) => return After::over(),
            (Step::Delete, Answer::Written(Outcome::Done)) => return After::over(),
            _ => self.stage_retry = now + timing.retry(),
        }
        After::default()
    }

    fn closed_one(&mut self) {
        if let Stage::Closing(left) = &mut self.stage {
            left.pop_front();
            if left.is_empty() {
                self.stage = Stage::Ended;
            }
        }
    }

    /// A write that moved the counter is known to have been done.
    fn moved_to(&mut self, kind: Counted, lease: Box<Lease>, sent: Duration) -> After {
        self.lease = *lease;
        self.moved = sent;
        self.doubts.clear();
        self.is_contested = false;
        self.failures = 0;
        let mut after = After::default();
        match kind {
            Counted::Renew => {}
            Counted::Save => {
                self.saved = sent;
                after.saved.extend(self.saves.pop_front().map(|(save, _)| save));
            }
            Counted::SaveLater => {
                self.saved = sent;
                // More may have come meanwhile.
                let is_saved = |later: &mut Checkpoint| self.lease.progress.position() >= later.acknowledged;
                self.later.take_if(is_saved);
            }
            Counted::End => {
                self.stage = Stage::Ended;
                after.has_ended = true;
            }
            Counted::Release => after.is_over = true,
        }
        after
    }

    /// What stands in the table says which of the writes in doubt was done.
    fn verified(&mut self, now: Duration, timing: Timing, found: Option<Option<Box<Lease>>>) -> After {
        let found = match found {
            Some(Some(found)) => found,
            Some(None) => return After::over(),
            None => {
                self.retry = now + timing.retry();
                return After::default();
            }
        };
        let is_same = |lease: &Lease| {
            (&found.owner, found.counter, found.progress, &found.pending)
                == (&lease.owner, lease.counter, lease.progress, &lease.pending)
        };
        let Some((kind, lease, sent)) = self.doubts.iter().find(|(_, lease, _)| is_same(lease)).cloned()
        else {
            return After::over();
        };
        self.moved_to(kind, lease, sent)
    }
}

impl After {
    fn over() -> Self {
        Self { is_over: true, ..Self::default() }
    }
}

#[cfg(test)]
#[path = "tests/held.rs"]
mod tests;
