//! Whether a stream takes records, as its engine knows it from what happened: never from a configuration.

use std::{fmt, sync::Arc};

use tokio::sync::watch;

/// What an engine knows about the way of records into its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// The stream has not been reached since the process started.
    Unreached {
        /// What is waited for or what went wrong, in one line without a full stop.
        why: Arc<str>,
    },
    /// The last thing heard of the stream is that it takes records.
    Well,
    /// The last thing heard is a refusal or a failure. The engine keeps asking by itself: this ends without anybody appending.
    Refusing {
        /// Who refused what, in one line without a full stop.
        why: Arc<str>,
    },
}

impl Health {
    /// Not reached yet, because of `why`.
    pub fn unreached(why: impl Into<Arc<str>>) -> Self {
        Self::Unreached { why: why.into() }
    }

    /// Refusing, because of `why`.
    pub fn refusing(why: impl Into<Arc<str>>) -> Self {
        Self::Refusing { why: why.into() }
    }

    /// Whether records are taken.
    pub fn is_well(&self) -> bool {
        *self == Self::Well
    }

    /// What is wrong, if something is.
    pub fn trouble(&self) -> Option<&Arc<str>> {
        match self {
            Self::Well => None,
            Self::Unreached { why } | Self::Refusing { why } => Some(why),
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Well => f.write_str("well"),
            Self::Unreached { why } => write!(f, "not reached yet: {why}"),
            Self::Refusing { why } => f.write_str(why),
        }
    }
}

/// The engine's end of a watch on its health. Stating the same again wakes nobody.
#[derive(Debug)]
pub struct HealthState(watch::Sender<Health>);

impl HealthState {
    /// Begins with `health`.
    pub fn new(health: Health) -> Self {
        Self(watch::channel(health).0)
    }

    /// States what is known now.
    pub fn state(&self, health: Health) {
        self.0.send_if_modified(|known| {
            let changed = *known != health;
            if changed {
                *known = health;
            }
            changed
        });
    }

    /// What was stated last.
    pub fn now(&self) -> Health {
        self.0.borrow().clone()
    }

    /// A watch on it: `borrow` for the state, `changed` to wait for another one.
    pub fn watch(&self) -> watch::Receiver<Health> {
        self.0.subscribe()
    }
}

/// What [`Producer::health`](crate::producer::Producer::health) returns.
pub type HealthWatch = watch::Receiver<Health>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_again_wakes_nobody() {
        let state = HealthState::new(Health::unreached("no answer"));
        let mut watch = state.watch();
        assert_eq!(watch.borrow_and_update().to_string(), "not reached yet: no answer");
        for (stated, wakes) in [
            (Health::Well, true),
            (Health::Well, false),
            (Health::refusing("full"), true),
            (Health::refusing("full"), false),
            (Health::refusing("fuller"), true),
        ] {
            state.state(stated.clone());
            assert_eq!(watch.has_changed().unwrap(), wakes, "{stated}");
            assert_eq!(*watch.borrow_and_update(), stated);
            assert_eq!(stated.is_well(), stated.trouble().is_none());
        }
    }
}
