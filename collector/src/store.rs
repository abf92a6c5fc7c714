//! Storing what requests became. Its seam is [`Store::store`]: records in, and back comes what is durable or why it is not.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use stream::{
    producer::{AppendError, Producer, Route},
    record::Record,
};

use crate::{
    observed::{RecordsStored, Stored},
    sinks::{Sinks, Which},
};

/// The two streams of a collector. Shared by all its connections.
pub struct Store {
    good: Arc<dyn Producer>,
    bad: Arc<dyn Producer>,
    sinks: Sinks,
    /// What time it is.
    now: fn() -> Timestamp,
}

/// A sink refused records; whoever sent them should try again. What went to the other sink before may be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stream `{}` refuses records", .which.stream())]
pub struct NotStored {
    /// The sink that refused.
    pub which: Which,
}

impl Store {
    /// A store that appends to these streams. `now` says what time it is.
    pub fn new(good: Arc<dyn Producer>, bad: Arc<dyn Producer>, now: fn() -> Timestamp) -> Self {
        let sinks = Sinks::of(&*good, &*bad);
        Self { good, bad, sinks, now }
    }

    /// What the sinks say about themselves.
    pub fn sinks(&self) -> &Sinks {
        &self.sinks
    }

    /// Returns once all records of a request are durable.
    ///
    /// # Errors
    /// [`NotStored`]; the reason has been logged, and stands in [`Store::sinks`].
    pub async fn store(&self, good: Vec<Record>, bad: Vec<Record>) -> Result<Stored, NotStored> {
        let stored = Stored { good: good.len(), bad: bad.len() };
        self.append(Which::Good, good).await?;
        self.append(Which::Bad, bad).await?;
        Ok(stored)
    }

    async fn append(&self, which: Which, records: Vec<Record>) -> Result<(), NotStored> {
        if records.is_empty() {
            return Ok(());
        }
        let producer = match which {
            Which::Good => &self.good,
            Which::Bad => &self.bad,
        };
        let (count, begun) = (records.len(), (self.now)());
        match producer.append(records, Route::ByKey).await {
            Ok(_) => {
                let took = (self.now)().duration_since(begun).try_into().unwrap_or_default();
                RecordsStored { which, count, took }.emit();
                Ok(())
            }
            Err(error) => {
                self.refused(which, &error);
                Err(NotStored { which })
            }
        }
    }

    fn refused(&self, which: Which, error: &AppendError) {
        // A sink that says that it is not well has been warned about; one line per request would be too many.
        if self.sinks.are_well() {
            tracing::warn!(stream = which.stream(), %error, "records are refused: clients are told to try again");
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("sinks", &self.sinks).finish_non_exhaustive()
    }
}
