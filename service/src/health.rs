//! Health from facts: each part of the process states what it knows, and the process is healthy when all do.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

/// All facts of the process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<Vec<Stated>>>);

/// One part's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// Who states it: `collector.sink`, `enrich`, `lake`, `postgres` ...
    pub name: Cow<'static, str>,
    /// `None` when all is well, else what is wrong in one line.
    pub trouble: Option<String>,
    /// Whether all has been well at least once.
    pub reached: bool,
    /// Arrival of the oldest work taken but not finished, where the part knows it.
    pub oldest_unacknowledged: Option<Timestamp>,
}

/// One part's handle to state its fact.
#[derive(Clone, Debug)]
pub struct Fact {
    health: Health,
    index: usize,
}

impl Health {
    /// Registers a part; it counts as in trouble until it says otherwise.
    pub fn fact(&self, name: impl Into<Cow<'static, str>>) -> Fact {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = Some("not reached yet".into());
        all.push(Stated { name: name.into(), trouble, reached: false, oldest_unacknowledged: None });
        Fact { health: self.clone(), index: all.len() - 1 }
    }

    /// What every part states now.
    pub fn statements(&self) -> Vec<Stated> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether no part is in trouble.
    pub fn is_healthy(&self) -> bool {
        self.statements().iter().all(|s| s.trouble.is_none())
    }
}

impl Fact {
    /// All is well.
    pub fn well(&self) {
        self.state(|s| {
            s.trouble = None;
            s.reached = true;
        });
    }

    /// Something is wrong; the next `well` ends it.
    pub fn trouble(&self, what: impl Into<String>) {
        let what = what.into();
        self.state(|s| s.trouble = Some(what));
    }

    /// The arrival of the oldest work that is not finished yet.
    pub fn oldest_unacknowledged(&self, since: Option<Timestamp>) {
        self.state(|s| s.oldest_unacknowledged = since);
    }

    fn state(&self, change: impl FnOnce(&mut Stated)) {
        let mut all = self.health.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut all[self.index]);
    }
}
