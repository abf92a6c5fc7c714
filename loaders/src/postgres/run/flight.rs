//! A batch on its way: while it is being committed, the next one is read and encoded. There is never more than one, so that
//! batches are committed in order, each from where the one before has ended.

use std::future::pending;

use service::metric;
use stream::producer::BoxFuture;

use super::{
    super::{
        batch::Batch,
        client::{Session, SessionError},
        encode::Encoder,
        refusal::Meaning,
    },
    Instant, LoadError, Loader, Stop, Task, moment,
    transaction::commit,
};

/// A batch on its way. Dropping it breaks the connection, and with it the transaction.
pub(super) struct Flight {
    /// Its lines.
    pub(super) batch: Batch,
    started: Instant,
    work: Task<Arrival>,
}

/// What came of it: the session, and the number of rows.
pub(super) type Arrival = (Session, Result<u64, SessionError>);

/// Waits for the end of the transaction, if there is one.
pub(super) async fn arrival(flight: &mut Option<Flight>) -> Result<Arrival, LoadError> {
    match flight {
        Some(flight) => flight.work.end().await,
        None => pending().await,
    }
}

impl Loader {
    /// Sends the batch on its way, after the one before.
    pub(super) async fn flush(&mut self) -> Result<(), Stop> {
        self.settle().await?;
        self.ready().await?;
        self.encode().await?;
        if self.batch.is_empty() {
            return Ok(());
        }
        let Some(mut session) = self.session.take() else { return self.commit_now().await };
        let rows = self.seal();
        self.report(&[]).await?;
        let (stream, moves, started) = (self.stream.clone(), self.moves(), moment());
        let batch = std::mem::take(&mut self.batch);
        let work = Task::start(async move {
            let outcome = commit(&mut session, &stream, &rows, &moves).await;
            (session, outcome)
        });
        self.flight = Some(Flight { batch, started, work });
        Ok(())
    }

    /// Commits all that was read.
    pub(super) async fn flush_all(&mut self) -> Result<(), Stop> {
        self.flush().await?;
        self.settle().await
    }

    /// Waits for the batch that is on its way.
    pub(super) async fn settle(&mut self) -> Result<(), Stop> {
        if self.flight.is_some() {
            let arrival = arrival(&mut self.flight).await;
            self.arrived(arrival).await?;
        }
        Ok(())
    }

    /// What has to be done after a transaction.
    pub(super) async fn arrived(&mut self, arrival: Result<Arrival, LoadError>) -> Result<(), Stop> {
        let (session, outcome) = arrival?;
        let Some(Flight { batch, started, .. }) = self.flight.take() else { return Ok(()) };
        self.session = Some(session);
        match outcome {
            Ok(rows) => {
                Self::committed_within(started, rows);
                self.landed(&batch).await
            }
            Err(error) => self.failed(batch, error).await,
        }
    }

    /// Does a batch again whose transaction failed, together with what was read since: everything is encoded anew.
    fn failed(&mut self, batch: Batch, error: SessionError) -> BoxFuture<'_, Result<(), Stop>> {
        Box::pin(async move {
            metric::POSTGRES_BATCHES.increment(&["failed"]);
            metric::POSTGRES_ERRORS.increment(&[error.code()]);
            let (ends, length) = (batch.ends(), batch.len());
            let next = std::mem::replace(&mut self.batch, batch);
            self.batch.append(next);
            self.encoder.iter_mut().for_each(Encoder::discard);
            match error.meaning() {
                // The transaction is rolled back, the session as good as before.
                Meaning::Row | Meaning::Duplicate => {}
                Meaning::TableChanged => {
                    tracing::warn!(%error, "a table is not as it was: look again");
                    self.encoder = None;
                    self.session = None;
                    self.ready().await?;
                }
                Meaning::Wait => {
                    self.lose_session(&mut 0, &error).await?;
                    if self.resolve(ends).await? {
                        let next = self.batch.split_off(length);
                        self.committed().await?;
                        self.batch = next;
                    }
                }
            }
            self.commit_now().await
        })
    }
}
