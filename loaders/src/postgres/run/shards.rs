//! The shards: where each begins, and their records.

use service::metric;
use stream::{
    consumer::{Batch as Delivery, ConsumeError},
    record::{Position, ShardId},
};

use super::{
    super::{client::SessionError, encode::Encoder},
    Loader, Stop,
};

impl Loader {
    /// The database knows best how far a shard is loaded. Without a row there the stream's own checkpoint counts, and so it
    /// does where it is ahead because somebody else has loaded the shard since.
    pub(super) async fn assigned(&mut self, shard: ShardId, noted: Option<Position>) -> Result<(), Stop> {
        self.settle().await?;
        self.forget(&shard);
        self.unsaved.remove(&shard);
        let mut loaded = self.loaded(&shard).await?;
        if self.config.shares_stream && loaded.is_some() && noted > loaded {
            tracing::warn!(%shard, "somebody else has loaded more of this shard: going on from there");
            loaded = self.catch_up(&shard, loaded, noted).await?;
        }
        if let Some(position) = loaded {
            self.read_on(&shard, Some(position)).await?;
        }
        self.shards.insert(shard, loaded);
        self.encode().await
    }

    /// Moves the row of a shard that somebody else has loaded; how far it is then.
    async fn catch_up(
        &mut self,
        shard: &ShardId,
        mut loaded: Option<Position>,
        noted: Option<Position>,
    ) -> Result<Option<Position>, Stop> {
        let stream = self.stream.clone();
        let mut attempt = 0;
        while let Some(to) = noted.filter(|_| loaded < noted) {
            match self.ready().await?.advance(&stream, shard, loaded, to).await {
                Ok(()) => return Ok(noted),
                Err(SessionError::Moved { .. }) => {}
                Err(error) => self.lose_session(&mut attempt, &error).await?,
            }
            loaded = self.loaded(shard).await?;
        }
        Ok(loaded)
    }

    pub(super) async fn records(&mut self, delivery: Delivery) -> Result<(), Stop> {
        let Delivery { shard, records } = delivery;
        let Some(committed) = self.shards.get(&shard) else { return Ok(()) };
        let committing = || self.flight.as_ref().and_then(|flight| flight.batch.end_of(&shard));
        let have = self.batch.end_of(&shard).or_else(committing).or(*committed);
        metric::POSTGRES_READ.add(records.len() as u64, &[]);
        for delivered in records {
            // Read ahead before a seek: loaded already.
            if have.is_none_or(|have| delivered.position > have) {
                self.batch.push(delivered.record.data, shard.clone(), delivered.position, delivered.arrival);
            }
        }
        self.encode().await?;
        if self.batch.len() >= self.config.max_records || self.batch.bytes() >= self.config.max_bytes {
            self.flush().await?;
        }
        Ok(())
    }

    /// Reads a shard on after a position, unless it was lost meanwhile: the event that says so comes next.
    pub(super) async fn read_on(&mut self, shard: &ShardId, after: Option<Position>) -> Result<(), Stop> {
        match self.source.seek(shard, after).await {
            Err(ConsumeError::NotOwner { .. }) => Ok(()),
            sought => Ok(sought?),
        }
    }

    pub(super) fn forget(&mut self, shard: &ShardId) {
        if self.batch.end_of(shard).is_some() {
            self.batch.forget(shard);
            self.encoder.iter_mut().for_each(Encoder::discard);
        }
    }

    /// How far a shard is loaded, by the database.
    pub(super) async fn loaded(&mut self, shard: &ShardId) -> Result<Option<Position>, Stop> {
        let mut attempt = 0;
        loop {
            let stream = self.stream.clone();
            match self.ready().await?.checkpoint(&stream, shard).await {
                Ok(position) => return Ok(position),
                Err(error) => self.lose_session(&mut attempt, &error).await?,
            }
        }
    }
}
