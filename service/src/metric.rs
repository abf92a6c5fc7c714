//! The one table of metrics. Roles move them only through these statics; names are `piste_<role>_<what>_<unit>`.
//!
//! A label never holds an IP address, a user id, a cookie or anything else that a client sends, and has few values.
//! Moving a metric does not allocate once its label values have been seen.

mod distribution;
mod family;

pub(crate) use distribution::Distribution;
pub use family::{Counter, Definition, Gauge, Histogram, Kind};

/// Upper bounds of the buckets of times, in seconds.
pub const SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
];

/// Upper bounds of the buckets of counts.
pub const COUNTS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 5000.0];

macro_rules! metrics {
    ($($ident:ident: $kind:ident($name:literal, [$($label:literal),*], $help:literal $(, $buckets:expr)?);)*) => {
        $(
            #[doc = $help]
            pub static $ident: $kind = $kind::new($name, &[$($label),*], $help $(, $buckets)?);
        )*

        /// Every metric, for the exporter and the documentation.
        pub static ALL: &[&Definition] = &[$(&$ident.definition),*];
    };
}

metrics! {
    COLLECTOR_REQUESTS: Counter("piste_collector_requests_total", ["method", "status"], "Requests answered, by method and HTTP status");
    COLLECTOR_REQUESTS_IN_FLIGHT: Gauge("piste_collector_requests_in_flight", [], "Requests whose head has come and whose answer has not gone");
    COLLECTOR_REQUEST_BYTES: Counter("piste_collector_request_bytes_total", [], "Bytes of request bodies and query strings taken");
    COLLECTOR_REQUEST_SECONDS: Histogram("piste_collector_request_seconds", [], "Time from the end of a request's head to its answer", SECONDS);
    COLLECTOR_PAYLOADS: Counter("piste_collector_payloads_total", ["stream"], "Payloads and bad rows made durable, by stream (raw, bad)");
    COLLECTOR_STORE_SECONDS: Histogram("piste_collector_store_seconds", ["stream"], "Time until a sink had taken the records of a request", SECONDS);
    COLLECTOR_FRAMES: Counter("piste_collector_frames_total", [], "Compressed records made durable");
    COLLECTOR_FRAME_PAYLOADS: Histogram("piste_collector_frame_payloads", [], "Payloads in one compressed record", COUNTS);
    COLLECTOR_FRAME_BYTES: Counter("piste_collector_frame_bytes_total", ["form"], "Bytes of payloads in compressed records, before compression (plain) and after it (compressed)");
    COLLECTOR_REFUSED: Counter("piste_collector_refused_total", ["reason"], "Requests not taken, by reason (tls, head, head_too_long, head_timeout, body, body_too_large, body_timeout, overload, full, sink_timeout)");
    COLLECTOR_FAILED_HANDSHAKES: Counter("piste_collector_failed_handshakes_total", ["reason"], "TLS handshakes that failed, by reason (timeout, closed, version, nothing_in_common, refused, not_tls, other); refused is the client, for example of the certificate");
    COLLECTOR_ABANDONED: Counter("piste_collector_abandoned_total", [], "Requests whose client went away before the answer");
    COLLECTOR_CONNECTIONS: Gauge("piste_collector_connections", [], "Open connections");

    SINK_RECORDS: Counter("piste_sink_records_total", ["stream"], "Records that a stream or queue elsewhere has taken");
    SINK_BYTES: Counter("piste_sink_bytes_total", ["stream"], "Bytes of those records");
    SINK_CALLS: Counter("piste_sink_calls_total", ["stream", "outcome"], "Calls to a stream or queue elsewhere, by outcome (answered, failed)");
    SINK_REFUSED_RECORDS: Counter("piste_sink_refused_records_total", ["stream", "reason"], "Times that a record was sent and not taken, by reason (throttled, other)");
    SINK_GIVEN_UP_RECORDS: Counter("piste_sink_given_up_records_total", ["stream"], "Records that were sent no more: their client is told to try again, or they go elsewhere");
    SINK_WAITING_RECORDS: Gauge("piste_sink_waiting_records", ["stream"], "Records that wait for a stream or queue elsewhere, or are under way");
    SINK_WAITING_BYTES: Gauge("piste_sink_waiting_bytes", ["stream"], "Room that those records take");
    SINK_CALLS_IN_FLIGHT: Gauge("piste_sink_calls_in_flight", ["stream"], "Calls to a stream or queue elsewhere that have no answer yet");
    SINK_WELL: Gauge("piste_sink_well", ["stream"], "Whether a stream or queue elsewhere takes records: 1, else 0");
    SINK_DIVERTED_RECORDS: Counter("piste_sink_diverted_records_total", ["stream"], "Records that went to the buffer in SQS of a stream");
    SINK_DIVERTED_BYTES: Counter("piste_sink_diverted_bytes_total", ["stream"], "Bytes of those records");
    SINK_REJECTED_RECORDS: Counter("piste_sink_rejected_records_total", ["stream"], "Records that a stream elsewhere can never take and that became bad rows");
    SPILL_RECORDS: Counter("piste_spill_records_total", ["stream"], "Records that were kept on the local disk because their stream did not take them");
    SPILL_HANDED_ON_RECORDS: Counter("piste_spill_handed_on_records_total", ["stream"], "Records that were handed on from there");
    SPILL_WAITING_RECORDS: Gauge("piste_spill_waiting_records", ["stream"], "Records that wait there");
    SPILL_PUT_ASIDE_RECORDS: Gauge("piste_spill_put_aside_records", ["stream"], "Records that were put aside there because nothing can take them");
    SPILL_BYTES: Gauge("piste_spill_bytes", ["stream"], "Bytes on the local disk; what was handed on stays a little longer");
    SPILL_LIMIT_BYTES: Gauge("piste_spill_limit_bytes", ["stream"], "Bytes that there may be");
    SPILL_OLDEST_SECONDS: Gauge("piste_spill_oldest_seconds", ["stream"], "Age of the oldest record that waits there; 0 when none does");

    LOG_APPENDED_RECORDS: Counter("piste_log_appended_records_total", ["stream"], "Records made durable in the embedded log");
    LOG_APPENDED_BYTES: Counter("piste_log_appended_bytes_total", ["stream"], "Bytes written to the embedded log");
    LOG_GROUPS: Counter("piste_log_groups_total", ["stream"], "Group commits of the embedded log");
    LOG_SYNC_SECONDS: Histogram("piste_log_sync_seconds", [], "Time of one fdatasync of the embedded log", SECONDS);
    LOG_GROUP_RECORDS: Histogram("piste_log_group_records", [], "Records in one group commit", COUNTS);
    LOG_STORED_BYTES: Gauge("piste_log_stored_bytes", ["stream"], "Bytes the embedded log holds on disk");
    LOG_REFUSED: Counter("piste_log_refused_total", ["stream"], "Batches refused because the log or the disk is full");

    ENRICH_RAW: Counter("piste_enrich_raw_total", [], "Payloads taken up, and pieces of raw records that were none");
    ENRICH_GOOD: Counter("piste_enrich_good_total", [], "Enriched events written");
    ENRICH_GOOD_BYTES: Counter("piste_enrich_good_bytes_total", [], "Bytes of enriched events written");
    ENRICH_INVALID: Counter("piste_enrich_invalid_total", [], "Enriched events written although fields are too long");
    ENRICH_BAD: Counter("piste_enrich_bad_total", ["kind"], "Bad rows written, by kind");
    ENRICH_FAILED: Counter("piste_enrich_failed_total", [], "Failed events written");
    ENRICH_QUEUED_SECONDS: Histogram("piste_enrich_queued_seconds", [], "From the stream's taking a raw record to its being taken up", SECONDS);
    ENRICH_LATENCY_SECONDS: Histogram("piste_enrich_latency_seconds", [], "From the collector's time stamp to the event being written", SECONDS);
    ENRICH_WAITING_RECORDS: Gauge("piste_enrich_waiting_records", [], "Raw records that wait for a schema which a registry has not decided about");
    ENRICH_UNDECIDED_SCHEMAS: Gauge("piste_enrich_undecided_schemas", [], "Schemas that are asked for again because a registry does not answer");
    ENRICH_ASSETS: Counter("piste_enrich_assets_total", ["outcome"], "Looks whether a file of an enrichment has changed, by outcome (same, taken, failed)");
    ENRICH_LOOKUPS: Counter("piste_enrich_lookups_total", ["enrichment", "outcome"], "Questions to the services of enrichments, by enrichment and outcome (answered, failed)");
    ENRICH_LOOKUP_SECONDS: Histogram("piste_enrich_lookup_seconds", ["enrichment"], "Time until a service of an enrichment had answered, or not", SECONDS);
    ENRICH_BATCH_SECONDS: Histogram("piste_enrich_batch_seconds", [], "Time to enrich and write one batch", SECONDS);

    LAKE_READ: Counter("piste_lake_read_records_total", ["stream"], "Records taken up for files");
    LAKE_LAG_SECONDS: Gauge("piste_lake_lag_seconds", ["stream"], "Age of the oldest record that was taken up and is in no file yet; 0 when none is");
    LAKE_OBJECTS: Counter("piste_lake_objects_total", ["stream"], "Objects put");
    LAKE_RECORDS: Counter("piste_lake_records_total", ["stream"], "Records in objects put");
    LAKE_BYTES: Counter("piste_lake_bytes_total", ["stream"], "Compressed bytes of objects put");
    LAKE_BAD: Counter("piste_lake_bad_total", ["stream"], "Records that could not be written to files and became bad rows");
    LAKE_FAILED_PUTS: Counter("piste_lake_failed_puts_total", ["stream"], "Puts that failed and were tried again");

    POSTGRES_READ: Counter("piste_postgres_read_events_total", [], "Events taken up");
    POSTGRES_ROWS: Counter("piste_postgres_rows_total", [], "Rows committed, all tables");
    POSTGRES_EVENTS: Counter("piste_postgres_events_total", [], "Events committed");
    POSTGRES_BATCHES: Counter("piste_postgres_batches_total", ["outcome"], "Transactions, by outcome (committed, failed)");
    POSTGRES_BATCH_SECONDS: Histogram("piste_postgres_batch_seconds", [], "Time of one committed transaction", SECONDS);
    POSTGRES_ERRORS: Counter("piste_postgres_errors_total", ["sqlstate"], "Errors of the database, by SQLSTATE, or connection where it broke");
    POSTGRES_CHANGES: Counter("piste_postgres_changes_total", ["change"], "Changes of tables, by kind (create, add, widen, relax, comment)");
    POSTGRES_BAD: Counter("piste_postgres_bad_total", ["kind"], "Events that could not be loaded and became bad rows, by kind");

    CONSUMER_RECORDS: Counter("piste_consumer_records_total", ["stream", "consumer"], "Records read from a stream elsewhere");
    CONSUMER_BYTES: Counter("piste_consumer_bytes_total", ["stream", "consumer"], "Bytes of those records");
    CONSUMER_LAG_SECONDS: Gauge("piste_consumer_lag_seconds", ["stream", "consumer"], "Age of the oldest record that is read and not acknowledged; 0 when none is");
    CONSUMER_BEHIND_SECONDS: Gauge("piste_consumer_behind_seconds", ["stream", "consumer"], "How far the reading is behind the newest record, in the shard where it is farthest");
    CONSUMER_LEASES: Gauge("piste_consumer_leases", ["stream", "consumer"], "Leases that this process holds");
    CONSUMER_TAKEN_LEASES: Counter("piste_consumer_taken_leases_total", ["stream", "consumer", "how"], "Leases taken: nobody had them, or a worker that gave no sign of life (free), or a worker had more than its share (stolen)");
    CONSUMER_LOST_LEASES: Counter("piste_consumer_lost_leases_total", ["stream", "consumer"], "Leases that this process held until another took them or they expired");
    CONSUMER_CALLS: Counter("piste_consumer_calls_total", ["stream", "consumer", "operation", "outcome"], "Calls to the stream and the table of leases, by outcome (answered, refused, throttled, failed); refused is a write that another worker has been faster with");

    IGLU_REQUESTS: Counter("piste_iglu_requests_total", ["method", "status"], "Requests that the Iglu server answered, by method and HTTP status");
    IGLU_REQUEST_SECONDS: Histogram("piste_iglu_request_seconds", [], "Time from the end of such a request's head to its answer", SECONDS);
    IGLU_CONNECTIONS: Gauge("piste_iglu_connections", [], "Open connections of the Iglu server");
    IGLU_PUBLISHED: Counter("piste_iglu_published_total", ["change"], "Schemas published, by what that was (created, updated)");
    IGLU_WEBHOOKS: Counter("piste_iglu_webhooks_total", ["outcome"], "Webhooks that were to be told of it, by outcome (told, given_up)");

    TLS_CERTIFICATE_EXPIRY_SECONDS: Gauge("piste_tls_certificate_expiry_seconds", ["server"], "When the certificate in use expires, in seconds since 1970");
    TLS_RELOADS: Counter("piste_tls_reloads_total", ["server", "outcome"], "Changed certificates, by outcome (taken, refused)");

    STATSD_DROPPED: Counter("piste_statsd_dropped_total", [], "Datagrams for the StatsD server that could not be sent");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rule() {
        let mut seen = std::collections::HashSet::new();
        for metric in ALL {
            let name = metric.name;
            assert!(seen.insert(name), "{name} twice");
            assert!(name.starts_with("piste_") && name.split('_').count() >= 3, "{name}");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
            assert_eq!(
                name.ends_with("_total"),
                metric.kind == Kind::Counter,
                "{name}: counters end in _total"
            );
            assert!(!metric.help.is_empty() && !metric.help.ends_with('.'), "{name}");
            for label in metric.labels {
                assert!(!["ip", "user", "cookie", "path", "url", "host"].contains(label), "{name}: {label}");
            }
        }
    }

    #[test]
    fn a_moved_metric_is_rendered() {
        LAKE_OBJECTS.increment(&["test-a"]);
        LAKE_OBJECTS.add(2, &["test-a"]);
        LAKE_OBJECTS.increment(&["test-b"]);
        CONSUMER_LAG_SECONDS.set(1.5, &["test-a", "lake"]);
        LOG_GROUP_RECORDS.record(3.0, &[]);
        let text = crate::telemetry::render();
        for line in [
            "# TYPE piste_lake_objects_total counter",
            "# HELP piste_lake_objects_total Objects put",
            "piste_lake_objects_total{stream=\"test-a\"} 3",
            "piste_lake_objects_total{stream=\"test-b\"} 1",
            "piste_consumer_lag_seconds{stream=\"test-a\",consumer=\"lake\"} 1.5",
            "piste_log_group_records_bucket{le=\"5\"} 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
    }
}
