//! The source of Amazon Web Services, from the keys of the original.

use std::{thread::available_parallelism, time::Duration};

use ::enrich::config::{Keys, PositionKind};
use service::{clock, exit::RunError};
use stream::{
    aws::{Connection, Times},
    consumer::Start,
    kinesis::{
        consumer::{Settings, open},
        lease::{shards::Beginning, taking::Limits},
    },
};

use super::Source;

/// A Kinesis stream, shared with all workers of the application.
pub(super) async fn kinesis(keys: &Keys) -> Result<Source, RunError> {
    let unavailable = |error| RunError::unavailable(format!("input: {error}"));
    let consumer = open(settings(keys)).await.map_err(unavailable)?;
    let released = Box::pin(consumer.released());
    Ok(Source { consumer: Box::new(consumer), released })
}

fn settings(keys: &Keys) -> Settings {
    let times = Times { call: keys.attempt_timeout(), ..Times::default() };
    let at = |endpoint: &Option<String>| Connection {
        region: keys.region.clone(),
        endpoint: endpoint.clone(),
        times,
        ..Connection::default()
    };
    let stream = keys.stream_name.as_deref().unwrap_or_default();
    let mut settings =
        Settings::new(stream, keys.app_name(), &worker(keys), at(&keys.custom_endpoint), Start::Newest);
    settings.dynamodb = at(&keys.dynamodb_custom_endpoint);
    let position = keys.initial_position.as_ref();
    let time = position.and_then(|position| position.timestamp.as_deref()?.parse().ok());
    settings.beginning = match (keys.position(), time) {
        (Some(PositionKind::TrimHorizon), _) => Beginning::TrimHorizon,
        (Some(PositionKind::AtTimestamp), Some(time)) => Beginning::AtTimestamp(time),
        _ => Beginning::Latest,
    };
    settings.timing.failover = keys.lease_duration().max(Duration::from_secs(1));
    let cores = available_parallelism().map_or(1, usize::from);
    settings.limits = Limits { steals: keys.leases_to_steal(cores), ..Limits::default() };
    let retrieval = keys.retrieval_mode.clone().unwrap_or_default();
    settings.call_records = i32::try_from(retrieval.max_records()).unwrap_or(i32::MAX);
    settings.idle = retrieval.idle_time_between_reads();
    settings
}

/// The name of the host unless another is set: a pod that is started again goes on with its shards at once.
fn worker(keys: &Keys) -> String {
    let set = keys.worker_identifier.clone();
    set.or_else(|| std::env::var("HOSTNAME").ok()).filter(|name| !name.trim().is_empty()).unwrap_or_else(
        || {
            // No two processes without a name may take each other's shards.
            format!("piste-{}", clock::random_id())
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Keys {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn keys_become_settings() {
        let settings = settings(&keys(
            r#"{
                "streamName": "raw", "region": "eu-west-1", "appName": "mine", "workerIdentifier": "me",
                "initialPosition": {"type": "AT_TIMESTAMP", "timestamp": "1970-01-01T00:00:00Z"},
                "retrievalMode": {"type": "Polling", "maxRecords": 500, "idleTimeBetweenReads": "2 seconds"},
                "leaseDuration": "30 seconds", "maxLeasesToStealAtOneTimeFactor": 0.001,
                "customEndpoint": "http://k", "dynamodbCustomEndpoint": "http://d", "apiCallAttemptTimeout": "4 seconds"
            }"#,
        ));
        assert_eq!((&*settings.stream, &*settings.application, &*settings.worker), ("raw", "mine", "me"));
        let endpoints =
            [&settings.kinesis, &settings.dynamodb].map(|connection| connection.endpoint.as_deref());
        assert_eq!(endpoints, [Some("http://k"), Some("http://d")]);
        for connection in [&settings.kinesis, &settings.dynamodb] {
            assert_eq!(connection.region.as_deref(), Some("eu-west-1"));
            assert_eq!(connection.times.call, Duration::from_secs(4));
        }
        assert_eq!(settings.beginning, Beginning::AtTimestamp("1970-01-01T00:00:00Z".parse().unwrap()));
        assert_eq!((settings.call_records, settings.idle), (500, Duration::from_secs(2)));
        assert_eq!((settings.timing.failover, settings.limits.steals), (Duration::from_secs(30), 1));
    }

    #[test]
    fn what_is_not_set_is_as_in_the_original() {
        let usual = settings(&keys(r#"{"streamName": "raw", "workerIdentifier": "me"}"#));
        assert_eq!((&*usual.application, usual.beginning), ("snowplow-enrich", Beginning::Latest));
        assert_eq!((usual.call_records, usual.idle), (750, Duration::from_millis(200)));
        assert_eq!(usual.timing.failover, Duration::from_secs(10));
        let oldest = keys(r#"{"streamName": "raw", "initialPosition": {"type": "TRIM_HORIZON"}}"#);
        assert_eq!(settings(&oldest).beginning, Beginning::TrimHorizon);
    }
}
