//! Which way appends go: straight to the stream, or behind what is spilled.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Which way appends go now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// To the stream. Nothing that was acknowledged is spilled.
    Direct,
    /// Into the spill.
    Spilling,
    /// They wait: the last few spilled records are being handed on, and then it is direct.
    Handover,
    /// Nowhere.
    Closed,
}

/// Lets appends through.
#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
    /// Goes up with every change that somebody may wait for.
    changes: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    mode: Mode,
    /// Appends that are being written into the spill.
    writing: usize,
}

/// The way of one append.
#[derive(Debug)]
pub(super) enum Way<'a> {
    Direct,
    Spill(Writing<'a>),
    Closed,
}

/// An append is being written into the spill while this lives.
#[derive(Debug)]
pub(super) struct Writing<'a>(&'a Gate);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.state().writing -= 1;
        self.0.changed();
    }
}

impl Gate {
    pub(super) fn new(mode: Mode) -> Self {
        Self { state: Mutex::new(State { mode, writing: 0 }), changes: watch::channel(0).0 }
    }

    pub(super) fn mode(&self) -> Mode {
        self.state().mode
    }

    /// The way of an append that begins now.
    pub(super) async fn way(&self) -> Way<'_> {
        loop {
            let mut changes = {
                let mut state = self.state();
                match state.mode {
                    Mode::Direct => return Way::Direct,
                    Mode::Closed => return Way::Closed,
                    Mode::Spilling => {
                        state.writing += 1;
                        return Way::Spill(Writing(self));
                    }
                    // Asked for under the lock: no change is missed.
                    Mode::Handover => self.changes.subscribe(),
                }
            };
            // The sender is ours.
            let _ = changes.changed().await;
        }
    }

    /// The stream did not take an append: it goes into the spill, and all that begin later follow it. Also tells whether it
    /// is the first one. `None` once closed.
    pub(super) fn spill(&self) -> Option<(Writing<'_>, bool)> {
        let mut state = self.state();
        let first = state.mode == Mode::Direct;
        if state.mode == Mode::Closed {
            return None;
        }
        state.mode = Mode::Spilling;
        state.writing += 1;
        drop(state);
        self.changed();
        Some((Writing(self), first))
    }

    /// What is left is little: let appends wait for it.
    pub(super) fn begin_handover(&self) {
        self.turn(Mode::Spilling, Mode::Handover);
    }

    /// The stream refuses again: nobody waits for it.
    pub(super) fn end_handover(&self) {
        self.turn(Mode::Handover, Mode::Spilling);
    }

    /// Direct from now on, if nothing is being written and `nothing_left` in the spill.
    pub(super) fn open(&self, nothing_left: impl FnOnce() -> bool) -> bool {
        let mut state = self.state();
        let spilling = matches!(state.mode, Mode::Spilling | Mode::Handover);
        if !spilling || state.writing > 0 || !nothing_left() {
            return false;
        }
        state.mode = Mode::Direct;
        drop(state);
        self.changed();
        true
    }

    /// Lets nobody through any more and waits for those who are writing.
    pub(super) async fn close(&self) {
        let mut changes = self.changes.subscribe();
        self.state().mode = Mode::Closed;
        self.changed();
        while self.state().writing > 0 {
            let _ = changes.changed().await;
        }
    }

    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn turn(&self, from: Mode, to: Mode) {
        let mut state = self.state();
        let turns = state.mode == from;
        if turns {
            state.mode = to;
        }
        drop(state);
        if turns {
            self.changed();
        }
    }

    fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics between changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::within_reason;

    #[tokio::test]
    async fn ways() {
        let gate = Gate::new(Mode::Direct);
        assert!(matches!(gate.way().await, Way::Direct));
        assert!(!gate.open(|| true), "it is open");
        let (writing, first) = gate.spill().unwrap();
        assert!(first && !gate.spill().unwrap().1);
        assert!(!gate.open(|| true), "somebody is writing");
        drop(writing);
        assert!(!gate.open(|| false), "something is left");
        let Way::Spill(behind) = gate.way().await else { panic!("it spills") };
        gate.begin_handover();
        assert!(!gate.open(|| true));
        drop(behind);
        let (way, ()) = tokio::join!(gate.way(), async { assert!(gate.open(|| true)) });
        assert!(matches!(way, Way::Direct));
        drop(gate.spill());
        gate.begin_handover();
        let (way, ()) = tokio::join!(gate.way(), async { gate.end_handover() });
        assert!(matches!(way, Way::Spill(_)));
        drop(way);
        gate.end_handover();
        assert_eq!(gate.mode(), Mode::Spilling);
        let (writing, _) = gate.spill().unwrap();
        let closing = async {
            within_reason(gate.close()).await;
            assert!(gate.spill().is_none() && matches!(gate.way().await, Way::Closed));
        };
        tokio::join!(closing, async { drop(writing) });
    }
}
