//! What the two sinks say about themselves: `/sink-health` is 200 only while both take records (`spec/collector.md` 2.2, 7.2).

use stream::{health::HealthWatch, producer::Producer};

/// Watches on the health of both sinks.
#[derive(Clone, Debug)]
pub struct Sinks {
    /// Of payloads.
    pub good: HealthWatch,
    /// Of bad rows.
    pub bad: HealthWatch,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Payloads.
    Good,
    /// Bad rows.
    Bad,
}

impl Which {
    /// The stream, as metrics call it.
    pub fn stream(self) -> &'static str {
        match self {
            Self::Good => "raw",
            Self::Bad => "bad",
        }
    }
}

impl Sinks {
    /// The sinks behind these producers.
    pub fn of(good: &dyn Producer, bad: &dyn Producer) -> Self {
        Self { good: good.health(), bad: bad.health() }
    }

    /// Whether both take records now. A sink that has not been reached yet, and one whose records have to wait elsewhere,
    /// is not well.
    pub fn are_well(&self) -> bool {
        self.good.borrow().is_well() && self.bad.borrow().is_well()
    }

    /// What is wrong with them, in one line; `None` while both are well.
    pub fn trouble(&self) -> Option<String> {
        let (good, bad) = (self.good.borrow(), self.bad.borrow());
        let wrong = [(Which::Good, good), (Which::Bad, bad)];
        let wrong: Vec<String> = wrong
            .iter()
            .filter(|(_, health)| !health.is_well())
            .map(|(which, health)| format!("{}: {}", which.stream(), **health))
            .collect();
        (!wrong.is_empty()).then(|| wrong.join("; "))
    }
}
