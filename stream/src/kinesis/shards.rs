//! How many shards a stream has, and how their number is changed (`spec/deploy.md` 3.9).

use aws_sdk_kinesis::{
    Client,
    types::{ScalingType, StreamMode, StreamStatus},
};
use jiff::Timestamp;

use super::producer::{client, failure};
use crate::{
    aws::{Connection, Place},
    outbox::carrier::Failure,
};

/// The shards of a stream of Kinesis.
#[derive(Clone, Debug)]
pub struct Shards {
    client: Client,
    place: Place,
    stream: String,
}

/// What a stream is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Shards that take records.
    pub open: u32,
    /// Whether the stream is at rest: its shards can be changed. They cannot while they are being changed.
    pub at_rest: bool,
    /// Whether Kinesis changes the number itself.
    pub on_demand: bool,
    /// When the stream was made, if Kinesis tells.
    pub made: Option<Timestamp>,
}

impl Shards {
    /// Those of this stream. Calls nothing yet.
    pub async fn open(stream: impl Into<String>, connection: &Connection) -> Self {
        let (stream, loaded) = (stream.into(), connection.load().await);
        let place = Place::new(format!("Kinesis stream `{stream}`"), "kinesis", &loaded);
        Self { client: client(connection, &loaded), place, stream }
    }

    /// Asks how many there are.
    ///
    /// # Errors
    ///
    /// Kinesis does not answer, or not as hoped.
    pub async fn summary(&self) -> Result<Summary, Failure> {
        const ACTION: &str = "DescribeStreamSummary";
        let call = self.client.describe_stream_summary().stream_name(&self.stream);
        let answer = call.send().await.map_err(|error| failure(&self.place, ACTION, &error))?;
        let found = answer.stream_description_summary().ok_or_else(|| self.place.not_ready("unknown"))?;
        let mode = found.stream_mode_details().map(|details| details.stream_mode());
        Ok(Summary {
            open: u32::try_from(found.open_shard_count()).unwrap_or_default(),
            at_rest: *found.stream_status() == StreamStatus::Active,
            on_demand: mode == Some(&StreamMode::OnDemand),
            made: Timestamp::from_second(found.stream_creation_timestamp().secs()).ok(),
        })
    }

    /// Asks for so many shards, each of the same share of keys. Kinesis takes at least half and at most twice the number of now,
    /// and ten changes in 24 hours; the stream takes and gives records meanwhile.
    ///
    /// # Errors
    ///
    /// Kinesis does not answer, or refuses.
    pub async fn change(&self, to: u32) -> Result<(), Failure> {
        let to = i32::try_from(to).unwrap_or(i32::MAX);
        let call = self.client.update_shard_count().stream_name(&self.stream).target_shard_count(to);
        let call = call.scaling_type(ScalingType::UniformScaling);
        call.send().await.map_err(|error| failure(&self.place, "UpdateShardCount", &error))?;
        Ok(())
    }
}
