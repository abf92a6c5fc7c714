//! Enhanced fan-out: a consumer that is registered at a stream has a throughput of its own, and records come as soon as they are
//! there (`spec/loaders-and-leases.md` 6.12).

use std::time::Duration;

use aws_sdk_kinesis::{
    error::{ProvideErrorMetadata, SdkError},
    primitives::event_stream::EventReceiver,
    types::{
        ConsumerStatus, StartingPosition, SubscribeToShardEvent, SubscribeToShardEventStream,
        error::SubscribeToShardEventStreamError,
    },
};
use tokio::time::{sleep, timeout};

use super::client::{Client, answer, code, failure, starting_point, trouble};
use crate::{
    kinesis::reading::{Answer, From, Trouble},
    record::ShardId,
};

/// How often it is asked whether a consumer that is being registered is active.
const POLLS: u32 = 60;

/// Events come every few seconds, with or without records. After this time without one the connection counts as broken.
const SILENCE: Duration = Duration::from_secs(30);

/// Records of a shard, as they come. It ends after five minutes, and is begun anew then.
pub(super) struct Subscription {
    events: EventReceiver<SubscribeToShardEventStream, SubscribeToShardEventStreamError>,
}

impl Client {
    /// Finds the consumer of this name at the stream, or registers it; its ARN. The error is for people.
    pub(super) async fn register(&self, stream: &str, name: &str) -> Result<String, String> {
        for _ in 0..POLLS {
            let describe = self.kinesis.describe_stream_consumer().stream_arn(stream).consumer_name(name);
            match describe.send().await {
                Ok(found) => {
                    let consumer = found.consumer_description();
                    let status = consumer.map(|consumer| consumer.consumer_status());
                    if let (Some(consumer), Some(ConsumerStatus::Active)) = (consumer, status) {
                        return Ok(consumer.consumer_arn().to_owned());
                    }
                }
                Err(error) if code(&error) == "ResourceNotFoundException" => {
                    let register =
                        self.kinesis.register_stream_consumer().stream_arn(stream).consumer_name(name);
                    match register.send().await {
                        Ok(_) => tracing::info!(stream, name, "registered for fan-out"),
                        // Another worker was faster.
                        Err(error) if code(&error) == "ResourceInUseException" => {}
                        Err(error) => {
                            return Err(failure(&self.stream_place, "RegisterStreamConsumer", &error).text);
                        }
                    }
                    continue;
                }
                Err(error) => {
                    return Err(failure(&self.stream_place, "DescribeStreamConsumer", &error).text);
                }
            }
            sleep(Duration::from_millis(500)).await;
        }
        Err(format!("{}: its consumer `{name}` does not become active", self.stream_place))
    }

    /// Begins to receive a shard from a place on. Nobody else may receive it under the same name.
    pub(super) async fn subscribe(
        &self,
        consumer: &str,
        shard: &ShardId,
        from: From,
    ) -> Result<Subscription, Trouble> {
        let (kind, sequence, time) = starting_point(from);
        let place =
            StartingPosition::builder().r#type(kind).set_sequence_number(sequence).set_timestamp(time);
        let place = place.build().expect("the type, all it needs, is set");
        let call = self.kinesis.subscribe_to_shard().consumer_arn(consumer).shard_id(shard.as_str());
        let answer = call.starting_position(place).send().await;
        let answer = self.told(&self.stream_place, "SubscribeToShard", answer);
        let answer = answer.map_err(|error| trouble(&error))?;
        Ok(Subscription { events: answer.event_stream })
    }
}

impl Subscription {
    /// What comes next; `None`: it has ended in good order.
    pub(super) async fn next(&mut self, shard: &ShardId) -> Result<Option<Answer>, Trouble> {
        let broken = |why: String| {
            tracing::warn!(%shard, why, "a subscription has broken off");
            Trouble::Iterator
        };
        loop {
            let received = match timeout(SILENCE, self.events.recv()).await {
                Ok(Ok(received)) => received,
                Ok(Err(SdkError::ServiceError(error))) => {
                    return Err(broken(error.err().code().unwrap_or("unknown").to_owned()));
                }
                Ok(Err(error)) => return Err(broken(error.to_string())),
                Err(_) => return Err(broken(format!("no event for {} s", SILENCE.as_secs()))),
            };
            match received {
                Some(SubscribeToShardEventStream::SubscribeToShardEvent(event)) => {
                    return match brought(event) {
                        Some(answer) => Ok(Some(answer)),
                        None => Err(broken("a record has no sequence number".to_owned())),
                    };
                }
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }
}

fn brought(event: SubscribeToShardEvent) -> Option<Answer> {
    let place = event.continuation_sequence_number.parse().ok();
    // A closed shard has been received whole when there is no place to go on from.
    let is_end = !event.child_shards().is_empty() && (place.is_none() || event.records.is_empty());
    let children = if is_end { event.child_shards() } else { &[] }.to_vec();
    let next = (!is_end).then(String::new);
    answer(event.records, next, event.millis_behind_latest, &children)
        .map(|answer| Answer { place, ..answer })
}
