//! The source of Amazon Web Services, from the keys of the original.

use std::{thread::available_parallelism, time::Duration};

use service::{
    clock,
    config::sections::{PositionKind, Reading, RetrievalKind},
    exit::RunError,
};
use stream::{
    aws::{Connection, Times},
    backoff::Backoff,
    consumer::{Consumer, Start},
    kinesis::{
        consumer::{Settings, open},
        lease::{shards::Beginning, taking::Limits},
    },
};

use super::Source;
use crate::consumed;

/// A Kinesis stream, shared with all workers of the application.
pub(super) async fn kinesis(reading: &Reading) -> Result<Source, RunError> {
    let unavailable = |error| RunError::unavailable(format!("input: {error}"));
    let consumer = open(settings(reading)).await.map_err(unavailable)?;
    consumed::show(consumer.stream(), &reading.application, consumer.observer());
    let released = Box::pin(consumer.released());
    Ok(Source { consumer: Box::new(consumer), released })
}

fn settings(reading: &Reading) -> Settings {
    let times = Times { call: reading.attempt_timeout, ..Times::default() };
    let at = |endpoint: &Option<String>| Connection {
        region: reading.region.clone(),
        endpoint: endpoint.clone(),
        times,
        ..Connection::default()
    };
    let Reading { stream, application, endpoint, dynamodb_endpoint, .. } = reading;
    let mut settings = Settings::new(stream, application, &worker(reading), at(endpoint), Start::Newest);
    settings.dynamodb = at(dynamodb_endpoint);
    settings.beginning = match (reading.position, reading.since) {
        (PositionKind::TrimHorizon, _) => Beginning::TrimHorizon,
        (PositionKind::AtTimestamp, Some(time)) => Beginning::AtTimestamp(time),
        _ => Beginning::Latest,
    };
    settings.timing.failover = reading.lease_duration.max(Duration::from_secs(1));
    settings.timing.debounce = reading.debounce;
    settings.timing.throttled = Backoff { min: reading.pauses.min_backoff, max: reading.pauses.max_backoff };
    let cores = available_parallelism().map_or(1, usize::from);
    settings.limits = Limits { steals: reading.leases_to_steal(cores), ..Limits::default() };
    settings.call_records = i32::try_from(reading.max_records).unwrap_or(i32::MAX);
    settings.idle = reading.idle;
    settings.fan_out = reading.retrieval == RetrievalKind::FanOut;
    settings
}

/// The name of the host unless another is set: a pod that is started again goes on with its shards at once.
fn worker(reading: &Reading) -> String {
    let set = reading.worker.clone();
    set.or_else(|| std::env::var("HOSTNAME").ok()).filter(|name| !name.trim().is_empty()).unwrap_or_else(
        || {
            // No two processes without a name may take each other's shards.
            format!("piste-{}", clock::random_id())
        },
    )
}

#[cfg(test)]
mod tests {
    use service::config::sections::{Keys, SourceKind, Usual};

    use super::*;

    fn of(text: &str) -> Settings {
        let usual = Usual {
            stream: "raw",
            application: "snowplow-role",
            consumer: "role",
            position: PositionKind::Latest,
            max_records: 750,
            idle: Duration::from_millis(200),
        };
        settings(&serde_json::from_str::<Keys>(text).unwrap().reading(SourceKind::Kinesis, usual))
    }

    #[test]
    fn keys_become_settings() {
        let settings = of(r#"{
                "streamName": "raw", "region": "eu-west-1", "appName": "mine", "workerIdentifier": "me",
                "initialPosition": {"type": "AT_TIMESTAMP", "timestamp": "1970-01-01T00:00:00Z"},
                "retrievalMode": {"type": "Polling", "maxRecords": 500, "idleTimeBetweenReads": "2 seconds"},
                "leaseDuration": "30 seconds", "debounceCheckpoints": "1 second",
                "checkpointThrottledBackoffPolicy": {"maxBackoff": "3 seconds"}, "maxLeasesToStealAtOneTimeFactor": 0.001,
                "customEndpoint": "http://k", "dynamodbCustomEndpoint": "http://d", "apiCallAttemptTimeout": "4 seconds"
            }"#);
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
        assert_eq!(settings.timing.debounce, Duration::from_secs(1));
        let throttled = Backoff { min: Duration::from_millis(100), max: Duration::from_secs(3) };
        assert_eq!(settings.timing.throttled, throttled);
    }

    #[test]
    fn what_is_not_set_is_as_in_the_original() {
        let usual = of(r#"{"streamName": "raw", "workerIdentifier": "me"}"#);
        assert_eq!((&*usual.application, usual.beginning), ("snowplow-role", Beginning::Latest));
        assert_eq!((usual.call_records, usual.idle), (750, Duration::from_millis(200)));
        assert_eq!(
            (usual.timing.failover, usual.timing.debounce),
            (Duration::from_secs(10), Duration::from_secs(10))
        );
        let oldest = of(r#"{"streamName": "raw", "initialPosition": {"type": "TRIM_HORIZON"}}"#);
        assert_eq!(oldest.beginning, Beginning::TrimHorizon);
        let pushed = of(r#"{"streamName": "raw", "retrievalMode": {"type": "FanOut"}}"#);
        assert_eq!([oldest.fan_out, pushed.fan_out], [false, true]);
    }
}
