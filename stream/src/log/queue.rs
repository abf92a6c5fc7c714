//! What callers want written, and when a group of it is closed.
//!
//! A stream's group is closed as soon as
//! * it is full (`group_bytes`), or another one has been begun behind it, or
//! * a quarter of the appends are in it that could come while a group is written, or
//! * all appends that are expected are in it, or
//! * its first append has waited for the window.
//!
//! On a disk that syncs quickly callers so form several groups, which are answered and come back while others are written; on
//! a slow one they form a single group (`benches/collector`: 64 clients on a disk that takes 3 ms a sync are served nearly twice
//! as often as in groups of a third of them, which a disk of 0.15 ms wants). Expected are as many as the groups before had, since callers that were answered together come back together: one for
//! a lone caller, who is therefore never kept waiting, sixty-four for a collector with that many connections. A window
//! that ran out lowers the number, a group that grew beyond it while the disk was busy raises it, and so does an
//! occasional group that is held open a little longer to see whether more would come.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{frame::Encoder, ticket::Ticket};
use crate::record::Record;

/// A group is closed with the `SHARE`th part of what could come while one is written: they come in waves, and a group that
/// waited for all of a wave would leave the processor idle while it is written.
const SHARE: u32 = 4;

/// Groups between two that are held open a little longer.
const PROBE_EVERY: u32 = 64;

/// Buffers of written frames that are kept for later ones.
const SPARE: usize = 2;

/// What a group has for one shard. Whoever appends puts its records here itself: the writer's thread has only to write.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) shard: u32,
    pub(super) encoder: Encoder,
    /// Appends that have records in it.
    pub(super) appends: usize,
}

/// Appends that are written together.
#[derive(Debug)]
pub(super) struct Group {
    /// In the order in which the shards appeared.
    pub(super) frames: Vec<Frame>,
    pub(super) ticket: Arc<Ticket>,
    appends: usize,
    bytes: usize,
    opened: Instant,
    /// When the last append came.
    last: Instant,
}

/// What a caller holds: its group's ticket and, per shard, the index of its last record in the shard's frame.
#[derive(Debug)]
pub(super) struct Receipt {
    pub(super) ticket: Arc<Ticket>,
    pub(super) ends: Ends,
}

/// Shards, each with the index of a record. Most appends have a single one, which takes no memory of its own.
#[derive(Debug, Default)]
pub(super) struct Ends {
    first: Option<(u32, u32)>,
    others: Vec<(u32, u32)>,
}

/// A group that was written, and whose buffers can be used again.
#[derive(Debug)]
pub(super) struct Written {
    /// Index of the stream.
    pub(super) stream: usize,
    pub(super) frames: Vec<Frame>,
}

/// What the writer has to do next.
#[derive(Debug)]
pub(super) enum Work {
    /// Write this group of the stream with this index.
    Group(usize, Group),
    /// Nothing to write for a while: time for housekeeping.
    Idle,
    /// Somebody waits for housekeeping now.
    Chore(Vec<Arc<Ticket>>),
    /// Everything is written and no more will come.
    Closed,
}

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    window: Duration,
    group_bytes: usize,
}

#[derive(Debug)]
struct State {
    streams: Vec<Pending>,
    writer: Writer,
    closed: bool,
    /// Those who wait for housekeeping.
    chores: Vec<Arc<Ticket>>,
    /// The stream that is looked at first.
    turn: usize,
    /// Empty.
    spare: Vec<Encoder>,
}

/// What the writer is doing, as far as somebody who appends must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    /// It will look at the queue anyway.
    Busy,
    /// It waits for anything.
    Idle,
    /// It waits until the window of an open group runs out.
    Window,
}

#[derive(Debug)]
struct Pending {
    groups: VecDeque<Group>,
    /// How many appends a group is expected to get.
    expected: usize,
    until_probe: u32,
    /// When the last group was begun to be written, and when it was done.
    taken: Instant,
    done: Instant,
    /// How long groups took to be written lately, on average.
    writing: Duration,
    /// Time between two appends of a group lately, on average.
    between: Duration,
}

impl Queue {
    pub(super) fn new(streams: usize, window: Duration, group_bytes: usize) -> Self {
        let pending = || Pending::new(Instant::now());
        let state = State {
            streams: std::iter::repeat_with(pending).take(streams).collect(),
            writer: Writer::Busy,
            closed: false,
            chores: Vec::new(),
            turn: 0,
            spare: Vec::new(),
        };
        Self { state: Mutex::new(state), wake: Condvar::new(), window, group_bytes }
    }

    /// Hands an append over to the writer: all records, each with its shard, go into the same group, where they take so many
    /// `bytes`. `None` after closing.
    pub(super) fn submit<'a>(
        &self,
        stream: usize,
        records: impl IntoIterator<Item = (u32, &'a Record)>,
        bytes: usize,
    ) -> Option<Receipt> {
        let now = Instant::now();
        let mut state = self.state();
        if state.closed {
            return None;
        }
        let State { streams, writer, spare, .. } = &mut *state;
        let (writer, pending) = (*writer, &mut streams[stream]);
        let group = pending.open(now, bytes, self.group_bytes, self.window);
        let mut ends = Ends::default();
        for (shard, record) in records {
            let frame = group.frame(shard, spare);
            frame.encoder.push(record);
            frame.appends += usize::from(ends.set(shard, frame.encoder.count() - 1));
        }
        group.appends += 1;
        group.bytes += bytes;
        group.last = now;
        let ticket = group.ticket.clone();
        let wanted = match writer {
            Writer::Busy => false,
            Writer::Idle => true,
            Writer::Window => pending.is_ready(self.group_bytes),
        };
        if wanted {
            // Once is enough until it has looked.
            state.writer = Writer::Busy;
        }
        drop(state);
        if wanted {
            self.wake.notify_one();
        }
        Some(Receipt { ticket, ends })
    }

    /// Asks for housekeeping; the ticket is completed when it is done. `None` after closing.
    pub(super) fn submit_chore(&self) -> Option<Arc<Ticket>> {
        let mut state = self.state();
        if state.closed {
            return None;
        }
        let ticket = Arc::<Ticket>::default();
        state.chores.push(ticket.clone());
        drop(state);
        self.wake.notify_one();
        Some(ticket)
    }

    /// The next thing to do; waits at most `idle` while there is nothing. `done` is the group that was just written.
    pub(super) fn next(&self, mut done: Option<Written>, idle: Duration) -> Work {
        let frames = done.iter_mut().flat_map(|written| &mut written.frames);
        frames.for_each(|frame| frame.encoder.clear());
        let mut state = self.state();
        let mut now = Instant::now();
        if let Some(Written { stream, frames }) = done {
            state.streams[stream].written(now);
            state.spare.extend(frames.into_iter().map(|frame| frame.encoder));
            state.spare.truncate(SPARE);
        }
        loop {
            if let Some((stream, group)) = state.take(now, self.window, self.group_bytes) {
                return Work::Group(stream, group);
            }
            if !state.chores.is_empty() {
                return Work::Chore(std::mem::take(&mut state.chores));
            }
            let first = state.streams.iter().filter_map(|pending| Some(pending.groups.front()?.opened)).min();
            if state.closed {
                return Work::Closed;
            }
            let wait = first.map_or(idle, |opened| (opened + self.window).saturating_duration_since(now));
            state.writer = if first.is_some() { Writer::Window } else { Writer::Idle };
            let woken = self.wake.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner);
            state = woken.0;
            state.writer = Writer::Busy;
            now = Instant::now();
            let nothing = first.is_none() && state.chores.is_empty() && !state.closed;
            if woken.1.timed_out() && nothing && state.streams.iter().all(|p| p.groups.is_empty()) {
                return Work::Idle;
            }
        }
    }

    /// No more appends; the writer is told to write the rest and stop.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.wake.notify_all();
    }

    /// What is left when the writer ends, however it does: nobody waits for it any longer.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        state.closed = true;
        let left: Vec<Group> =
            state.streams.iter_mut().flat_map(|pending| pending.groups.drain(..)).collect();
        drop(state);
        drop(left);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics between changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A group that is ready, streams taking turns.
    fn take(&mut self, now: Instant, window: Duration, group_bytes: usize) -> Option<(usize, Group)> {
        let count = self.streams.len();
        for stream in (self.turn..self.turn + count).map(|index| index % count) {
            let pending = &mut self.streams[stream];
            let Some(front) = pending.groups.front() else { continue };
            let ready = pending.is_ready(group_bytes);
            if ready || self.closed || now.saturating_duration_since(front.opened) >= window {
                self.turn = stream + 1;
                return Some((stream, pending.take_front(now, ready)?));
            }
        }
        None
    }
}

/// Nobody waits for a group that is gone.
impl Drop for Group {
    fn drop(&mut self) {
        self.ticket.abandon();
    }
}

impl Group {
    /// What there is for a shard so far.
    fn frame(&mut self, shard: u32, spare: &mut Vec<Encoder>) -> &mut Frame {
        let known = self.frames.iter().position(|frame| frame.shard == shard);
        let index = known.unwrap_or_else(|| {
            self.frames.push(Frame { shard, encoder: spare.pop().unwrap_or_default(), appends: 0 });
            self.frames.len() - 1
        });
        &mut self.frames[index]
    }
}

impl Ends {
    /// Notes the index of a shard's last record; whether it is the first of that shard.
    fn set(&mut self, shard: u32, index: u32) -> bool {
        let mut known = self.first.iter_mut().chain(&mut self.others);
        if let Some((_, known)) = known.find(|(other, _)| *other == shard) {
            *known = index;
            return false;
        }
        match self.first {
            None => self.first = Some((shard, index)),
            Some(_) => self.others.push((shard, index)),
        }
        true
    }

    /// Shards in order of appearance, each with the index of its last record.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.first.iter().chain(&self.others).copied()
    }
}

impl Pending {
    fn new(now: Instant) -> Self {
        Self {
            groups: VecDeque::new(),
            expected: 1,
            until_probe: PROBE_EVERY,
            taken: now,
            done: now,
            writing: Duration::ZERO,
            between: Duration::ZERO,
        }
    }

    /// The group that the next append of so many bytes goes into.
    fn open(&mut self, now: Instant, bytes: usize, group_bytes: usize, window: Duration) -> &mut Group {
        let fits = |group: &Group| group.bytes + bytes <= group_bytes;
        if !self.groups.back().is_some_and(fits) {
            if self.groups.is_empty() && now.saturating_duration_since(self.done) > window {
                // Nobody has come back since: this one is alone until shown otherwise.
                self.expected = 1;
            }
            self.groups.push_back(Group {
                frames: Vec::new(),
                ticket: Arc::default(),
                appends: 0,
                bytes: 0,
                opened: now,
                last: now,
            });
        }
        self.groups.back_mut().expect("pushed if there was none")
    }

    fn is_ready(&self, group_bytes: usize) -> bool {
        let full = |group: &Group| {
            group.bytes >= group_bytes
                || group.appends >= self.expected
                || self.between * SHARE * group.appends as u32 >= self.writing
        };
        self.groups.len() > 1 || self.groups.front().is_some_and(full)
    }

    fn take_front(&mut self, now: Instant, ready: bool) -> Option<Group> {
        let group = self.groups.pop_front()?;
        self.taken = now;
        if let Some(gaps) = group.appends.checked_sub(1).filter(|gaps| *gaps > 0) {
            let between = group.last.saturating_duration_since(group.opened) / gaps as u32;
            self.between = average(self.between, between);
        }
        if !ready {
            self.expected = (self.expected + group.appends) / 2;
        } else if group.appends > self.expected {
            self.expected = group.appends;
        }
        self.until_probe -= 1;
        if self.until_probe == 0 {
            self.until_probe = PROBE_EVERY;
            if self.expected > 1 {
                self.expected += self.expected / 8 + 1;
            }
        }
        Some(group)
    }

    /// The group that was taken last is written.
    fn written(&mut self, now: Instant) {
        self.done = now;
        self.writing = average(self.writing, now.saturating_duration_since(self.taken));
    }
}

/// A running average that forgets within some ten values.
fn average(known: Duration, new: Duration) -> Duration {
    (known * 7 + new) / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_millis(2);
    const GROUP_BYTES: usize = 1000;

    fn queue() -> Queue {
        Queue::new(2, WINDOW, GROUP_BYTES)
    }

    fn submit(queue: &Queue, stream: usize, bytes: usize) -> Receipt {
        let record = Record::default();
        queue.submit(stream, [0, 1, 0, 1].map(|shard| (shard, &record)), bytes).unwrap()
    }

    /// The group that is ready at a time: stream and number of appends.
    fn take(queue: &Queue, now: Instant) -> Option<(usize, usize)> {
        let taken = queue.state().take(now, WINDOW, GROUP_BYTES);
        taken.map(|(stream, group)| (stream, group.appends))
    }

    /// What a stream expects, and with how many appends its groups are closed before.
    fn expect(queue: &Queue, appends: usize, meanwhile: u32) {
        let pending = &mut queue.state().streams[0];
        pending.expected = appends;
        pending.between = Duration::from_micros(100);
        pending.writing = pending.between * SHARE * meanwhile;
    }

    /// The writer has just answered: callers may come back any moment.
    fn answered(queue: &Queue) {
        queue.state().streams.iter_mut().for_each(|pending| pending.done = Instant::now() + WINDOW);
    }

    #[test]
    fn a_lone_append_is_ready_at_once() {
        let queue = queue();
        submit(&queue, 0, 1);
        assert_eq!(take(&queue, Instant::now()), Some((0, 1)));
        assert_eq!(take(&queue, Instant::now()), None);
    }

    #[test]
    fn a_group_waits_for_those_who_were_there_before_but_not_beyond_the_window() {
        let queue = queue();
        answered(&queue);
        expect(&queue, 3, 100);
        submit(&queue, 0, 1);
        submit(&queue, 0, 1);
        let opened = queue.state().streams[0].groups[0].opened;
        assert_eq!(take(&queue, opened), None);
        submit(&queue, 0, 1);
        assert_eq!(take(&queue, opened), Some((0, 3)));
        expect(&queue, 9, 100);
        submit(&queue, 0, 1);
        let opened = queue.state().streams[0].groups[0].opened;
        assert_eq!(take(&queue, opened + WINDOW / 2), None);
        assert_eq!(take(&queue, opened + WINDOW), Some((0, 1)));
        // The others did not come: fewer are expected, and soon only one.
        assert_eq!(queue.state().streams[0].expected, 5);
    }

    #[test]
    fn a_group_waits_for_a_part_of_what_comes_while_one_is_written() {
        let queue = queue();
        answered(&queue);
        for (meanwhile, together) in [(1, 1), (4, 4), (100, 9)] {
            expect(&queue, 9, meanwhile);
            for _ in 1..together {
                submit(&queue, 0, 1);
                let opened = queue.state().streams[0].groups[0].opened;
                assert_eq!(take(&queue, opened), None);
            }
            submit(&queue, 0, 1);
            let opened = queue.state().streams[0].groups[0].opened;
            assert_eq!(take(&queue, opened), Some((0, together)));
        }
        // The disk becomes slower.
        expect(&queue, 64, 2);
        for together in [3, 4] {
            let pending = &mut queue.state().streams[0];
            let taken = pending.taken;
            pending.written(taken + Duration::from_millis(4));
            let fits = (1..).find(|n| pending.between * SHARE * *n >= pending.writing);
            assert_eq!(fits, Some(together));
        }
    }

    #[test]
    fn after_a_pause_nobody_is_expected() {
        let queue = queue();
        expect(&queue, 64, 64);
        queue.state().streams[0].done = Instant::now() - WINDOW * 2;
        submit(&queue, 0, 1);
        assert_eq!(take(&queue, Instant::now()), Some((0, 1)));
    }

    #[test]
    fn those_who_came_while_the_disk_was_busy_are_expected_again() {
        let queue = queue();
        for _ in 0..20 {
            submit(&queue, 0, 1);
        }
        assert_eq!(take(&queue, Instant::now()), Some((0, 20)));
        assert_eq!(queue.state().streams[0].expected, 20);
    }

    #[test]
    fn a_full_group_is_ready_and_the_rest_goes_into_the_next_one() {
        let queue = queue();
        answered(&queue);
        expect(&queue, 64, 64);
        for _ in 0..3 {
            submit(&queue, 0, 400);
        }
        let now = queue.state().streams[0].groups[0].opened;
        assert_eq!(take(&queue, now), Some((0, 2)));
        assert_eq!(take(&queue, now), None);
        // Larger than a group may be: alone in one of its own.
        submit(&queue, 0, 5000);
        assert_eq!(take(&queue, now), Some((0, 1)));
        assert_eq!(take(&queue, now), Some((0, 1)));
    }

    #[test]
    fn streams_take_turns_and_do_not_mix() {
        let queue = queue();
        for stream in [0, 0, 1] {
            submit(&queue, stream, GROUP_BYTES);
        }
        let now = Instant::now();
        let order: Vec<_> = std::iter::from_fn(|| take(&queue, now)).collect();
        assert_eq!(order, [(0, 1), (1, 1), (0, 1)]);
    }

    #[test]
    fn receipts_say_where_in_the_frame() {
        let queue = queue();
        let ends = |stream, bytes| submit(&queue, stream, bytes).ends.iter().collect::<Vec<_>>();
        assert_eq!(ends(0, 1), [(0, 1), (1, 1)]);
        assert_eq!(ends(0, 1), [(0, 3), (1, 3)]);
        assert_eq!(ends(1, 1), [(0, 1), (1, 1)]);
        assert_eq!(ends(0, GROUP_BYTES), [(0, 1), (1, 1)]);
    }

    #[test]
    fn buffers_are_used_again_and_no_more_are_kept_than_are_needed() {
        let queue = queue();
        for _ in 0..3 {
            submit(&queue, 0, GROUP_BYTES);
        }
        let mut done = None;
        for spare in [0, SPARE, SPARE] {
            let Work::Group(stream, mut group) = queue.next(done.take(), WINDOW) else { panic!("a group") };
            assert_eq!(queue.state().spare.len(), spare);
            let frames = std::mem::take(&mut group.frames);
            let held = frames.iter().map(|frame| (frame.shard, frame.encoder.count(), frame.appends));
            assert_eq!(held.collect::<Vec<_>>(), [(0, 2, 1), (1, 2, 1)]);
            done = Some(Written { stream, frames });
        }
        submit(&queue, 0, 1);
        assert_eq!(queue.state().spare.len(), 0);
    }

    #[test]
    fn closing_lets_the_rest_be_written_and_takes_no_more() {
        let queue = queue();
        answered(&queue);
        expect(&queue, 64, 64);
        submit(&queue, 0, 1);
        queue.close();
        assert!(queue.submit(0, [], 0).is_none());
        assert!(matches!(queue.next(None, WINDOW), Work::Group(0, _)));
        let written = Written { stream: 0, frames: Vec::new() };
        assert!(matches!(queue.next(Some(written), WINDOW), Work::Closed));
    }

    #[tokio::test]
    async fn nobody_waits_for_a_writer_that_is_gone() {
        let queue = queue();
        let waiting = submit(&queue, 0, 1).ticket.wait();
        queue.abandon();
        assert!(waiting.await.is_empty());
    }
}
