//! Keeps the open batches of all shards together within bounds.

use service::exit::RunError;

use super::Loader;
use crate::parquet::gather::PLAIN;

impl Loader {
    /// Compresses the largest batches while all of them together hold more lines as they came than one may: memory does not
    /// grow with the number of shards.
    pub(super) async fn pack(&mut self) -> Result<(), RunError> {
        loop {
            let sizes = self.shards.iter().map(|(shard, state)| (state.buffer.plain_bytes(), shard));
            let (all, largest) =
                sizes.fold((0, None), |(all, largest), next| (all + next.0, largest.max(Some(next))));
            let Some((_, shard)) = largest.filter(|_| all > PLAIN) else { return Ok(()) };
            let shard = shard.clone();
            self.compress(&shard).await?;
        }
    }

    /// Closes the largest batches while all of them together are larger than one may be in the line 3.x, for the same reason.
    pub(super) async fn make_room(&mut self) -> Result<(), RunError> {
        let limit = self.config.limits.compressed_bytes;
        loop {
            let open = self.shards.iter().filter(|(_, state)| state.declared.is_none());
            let sizes = open.map(|(shard, state)| (state.buffer.compressed_bytes(), shard));
            let (all, largest) =
                sizes.fold((0, None), |(all, largest), next| (all + next.0, largest.max(Some(next))));
            match largest {
                Some((_, shard)) if all >= limit => {
                    let shard = shard.clone();
                    self.close(&shard).await?;
                }
                _ => return Ok(()),
            }
        }
    }
}
