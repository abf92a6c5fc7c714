//! Storing what requests became. Its seam is [`Store::store`]: records in, and back comes what is durable or why it is not.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;
use stream::{
    producer::{AppendError, Producer, Route},
    record::Record,
};

use crate::{
    compression::run::{Fate, GatherError, Gatherer},
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
    compressed: Option<Compressed>,
}

/// Good records go through a gatherer, and what fits no record becomes a bad row.
struct Compressed {
    gatherer: Gatherer,
    bad_row: Box<dyn Fn(&Bytes) -> Record + Send + Sync>,
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
        Self { good, bad, sinks, now, compressed: None }
    }

    /// The same, with good records in compressed ones. `bad_row` makes the bad row of a payload that fits none.
    pub fn with_compression(
        self,
        gatherer: Gatherer,
        bad_row: impl Fn(&Bytes) -> Record + Send + Sync + 'static,
    ) -> Self {
        Self { compressed: Some(Compressed { gatherer, bad_row: Box::new(bad_row) }), ..self }
    }

    /// What the sinks say about themselves.
    pub fn sinks(&self) -> &Sinks {
        &self.sinks
    }

    /// Returns once all records of a request are durable, with what time it is then. `begun`: what time it is now.
    ///
    /// # Errors
    /// [`NotStored`]; the reason has been logged, and stands in [`Store::sinks`].
    pub async fn store(
        &self,
        good: Vec<Record>,
        mut bad: Vec<Record>,
        begun: Timestamp,
    ) -> Result<(Stored, Timestamp), NotStored> {
        let (mut stored, mut at) = (Stored::default(), begun);
        if let Some(compressed) = &self.compressed {
            // Without splitting a request has one payload at most: there is nothing to do at the same time.
            for record in good {
                let payload = record.data.clone();
                match compressed.gatherer.gather(record).await {
                    Ok(Fate::Stored) => stored.good += 1,
                    Ok(Fate::TooLarge) => bad.push((compressed.bad_row)(&payload)),
                    Err(error) => return Err(self.not_gathered(&error)),
                }
            }
            at = (self.now)();
        } else {
            stored.good = good.len();
            at = self.append(Which::Good, good, at).await?;
        }
        stored.bad = bad.len();
        at = self.append(Which::Bad, bad, at).await?;
        Ok((stored, at))
    }

    fn not_gathered(&self, error: &GatherError) -> NotStored {
        match error {
            GatherError::Append(error) => self.refused(Which::Good, error),
            GatherError::Compress => tracing::debug!(%error, "a payload was not stored"),
        }
        NotStored { which: Which::Good }
    }

    async fn append(
        &self,
        which: Which,
        records: Vec<Record>,
        begun: Timestamp,
    ) -> Result<Timestamp, NotStored> {
        if records.is_empty() {
            return Ok(begun);
        }
        let producer = match which {
            Which::Good => &self.good,
            Which::Bad => &self.bad,
        };
        let count = records.len();
        match producer.append(records, Route::ByKey).await {
            Ok(_) => {
                let at = (self.now)();
                let took = at.duration_since(begun).try_into().unwrap_or_default();
                RecordsStored { which, count, took }.emit();
                Ok(at)
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
