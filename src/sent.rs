//! What streams and queues elsewhere say about themselves, as metrics. Totals are those of this process.

use service::metric::{
    SINK_BYTES, SINK_CALLS, SINK_CALLS_IN_FLIGHT, SINK_GIVEN_UP_RECORDS, SINK_RECORDS, SINK_REFUSED_RECORDS,
    SINK_REJECTED_RECORDS, SINK_WAITING_BYTES, SINK_WAITING_RECORDS, SINK_WELL,
};
use stream::outbox;

/// A stream or queue that records are sent to.
pub(crate) fn outbox(facts: &outbox::Facts) {
    let outbox::Facts { stream, counts, waiting_records, waiting_bytes, calls_in_flight, health } = facts;
    let of = &[stream.as_str()];
    SINK_RECORDS.reach(counts.taken_records, of);
    SINK_BYTES.reach(counts.taken_bytes, of);
    SINK_CALLS.reach(counts.calls - counts.failed_calls, &[stream, "answered"]);
    SINK_CALLS.reach(counts.failed_calls, &[stream, "failed"]);
    SINK_REFUSED_RECORDS.reach(counts.throttled_records, &[stream, "throttled"]);
    SINK_REFUSED_RECORDS.reach(counts.refused_records - counts.throttled_records, &[stream, "other"]);
    SINK_GIVEN_UP_RECORDS.reach(counts.given_up_records, of);
    SINK_WAITING_RECORDS.set(*waiting_records as f64, of);
    SINK_WAITING_BYTES.set(*waiting_bytes as f64, of);
    SINK_CALLS_IN_FLIGHT.set(*calls_in_flight as f64, of);
    SINK_WELL.set(f64::from(u8::from(health.is_well())), of);
}

/// What a stream rejected and became bad rows.
pub(crate) fn fallback(stream: &str, turned: u64) {
    SINK_REJECTED_RECORDS.reach(turned, &[stream]);
}

#[cfg(test)]
mod tests {
    use stream::{health::Health, outbox::Counts};

    use super::*;

    #[test]
    fn facts_become_metrics() {
        let counts = Counts {
            taken_records: 1,
            taken_bytes: 2,
            calls: 7,
            failed_calls: 3,
            refused_records: 9,
            throttled_records: 5,
            given_up_records: 6,
        };
        outbox(&outbox::Facts {
            stream: "sent".into(),
            counts,
            waiting_records: 7,
            waiting_bytes: 8,
            calls_in_flight: 9,
            health: Health::Well,
        });
        fallback("sent", 12);
        let rendered = service::telemetry::render();
        let mut told: Vec<_> = rendered.lines().filter(|line| line.contains("\"sent\"")).collect();
        told.sort_unstable();
        let mut expected = [
            "piste_sink_records_total{stream=\"sent\"} 1",
            "piste_sink_bytes_total{stream=\"sent\"} 2",
            "piste_sink_calls_total{stream=\"sent\",outcome=\"answered\"} 4",
            "piste_sink_calls_total{stream=\"sent\",outcome=\"failed\"} 3",
            "piste_sink_refused_records_total{stream=\"sent\",reason=\"throttled\"} 5",
            "piste_sink_refused_records_total{stream=\"sent\",reason=\"other\"} 4",
            "piste_sink_given_up_records_total{stream=\"sent\"} 6",
            "piste_sink_waiting_records{stream=\"sent\"} 7",
            "piste_sink_waiting_bytes{stream=\"sent\"} 8",
            "piste_sink_calls_in_flight{stream=\"sent\"} 9",
            "piste_sink_well{stream=\"sent\"} 1",
            "piste_sink_rejected_records_total{stream=\"sent\"} 12",
        ];
        expected.sort_unstable();
        assert_eq!(told, expected);
    }
}
