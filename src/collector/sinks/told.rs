//! What sinks elsewhere say about themselves, as metrics. Totals are those of this process.

use jiff::Timestamp;
use service::metric::{
    SINK_BYTES, SINK_CALLS, SINK_CALLS_IN_FLIGHT, SINK_DIVERTED_BYTES, SINK_DIVERTED_RECORDS,
    SINK_GIVEN_UP_RECORDS, SINK_RECORDS, SINK_REFUSED_RECORDS, SINK_REJECTED_RECORDS, SINK_WAITING_BYTES,
    SINK_WAITING_RECORDS, SINK_WELL, SPILL_BYTES, SPILL_HANDED_ON_RECORDS, SPILL_LIMIT_BYTES,
    SPILL_OLDEST_SECONDS, SPILL_PUT_ASIDE_RECORDS, SPILL_RECORDS, SPILL_WAITING_RECORDS,
};
use stream::{outbox, overflow::Diverted, spill::SpillFacts};

/// A stream or queue that records are sent to.
pub(super) fn outbox(facts: &outbox::Facts) {
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

/// What went from a stream to its buffer.
pub(super) fn overflow(stream: &str, diverted: Diverted) {
    SINK_DIVERTED_RECORDS.reach(diverted.records, &[stream]);
    SINK_DIVERTED_BYTES.reach(diverted.bytes, &[stream]);
}

/// What a stream rejected and became bad rows.
pub(super) fn fallback(stream: &str, turned: u64) {
    SINK_REJECTED_RECORDS.reach(turned, &[stream]);
}

/// What is kept on the local disk.
pub(super) fn spill(facts: &SpillFacts, now: Timestamp) {
    let of = &[facts.stream.as_str()];
    let age = facts.oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64().max(0.0));
    SPILL_RECORDS.reach(facts.spilled, of);
    SPILL_HANDED_ON_RECORDS.reach(facts.replayed, of);
    SPILL_WAITING_RECORDS.set(facts.waiting.records as f64, of);
    SPILL_PUT_ASIDE_RECORDS.set(facts.refused as f64, of);
    SPILL_BYTES.set(facts.waiting.bytes as f64, of);
    SPILL_LIMIT_BYTES.set(facts.limit as f64, of);
    SPILL_OLDEST_SECONDS.set(age, of);
}

#[cfg(test)]
mod tests {
    use stream::{health::Health, outbox::Counts, spill::Left};

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
            stream: "told".into(),
            counts,
            waiting_records: 7,
            waiting_bytes: 8,
            calls_in_flight: 9,
            health: Health::Well,
        });
        overflow("told", Diverted { records: 10, bytes: 11 });
        fallback("told", 12);
        let facts = |spilled, age| SpillFacts {
            stream: "told".into(),
            folder: "spill".into(),
            spilling: true,
            waiting: Left { records: 13, bytes: 14 },
            limit: 15,
            oldest: age,
            refused: 16,
            spilled,
            replayed: 18,
            trouble: None,
            full: None,
        };
        spill(
            &facts(17, Some("2026-01-01T00:00:00Z".parse().unwrap())),
            "2026-01-01T00:00:19.5Z".parse().unwrap(),
        );
        let rendered = service::telemetry::render();
        let told: Vec<_> = rendered.lines().filter(|line| line.contains("\"told\"")).collect();
        let mut expected = [
            "piste_sink_records_total{stream=\"told\"} 1",
            "piste_sink_bytes_total{stream=\"told\"} 2",
            "piste_sink_calls_total{stream=\"told\",outcome=\"answered\"} 4",
            "piste_sink_calls_total{stream=\"told\",outcome=\"failed\"} 3",
            "piste_sink_refused_records_total{stream=\"told\",reason=\"throttled\"} 5",
            "piste_sink_refused_records_total{stream=\"told\",reason=\"other\"} 4",
            "piste_sink_given_up_records_total{stream=\"told\"} 6",
            "piste_sink_waiting_records{stream=\"told\"} 7",
            "piste_sink_waiting_bytes{stream=\"told\"} 8",
            "piste_sink_calls_in_flight{stream=\"told\"} 9",
            "piste_sink_well{stream=\"told\"} 1",
            "piste_sink_diverted_records_total{stream=\"told\"} 10",
            "piste_sink_diverted_bytes_total{stream=\"told\"} 11",
            "piste_sink_rejected_records_total{stream=\"told\"} 12",
            "piste_spill_waiting_records{stream=\"told\"} 13",
            "piste_spill_bytes{stream=\"told\"} 14",
            "piste_spill_limit_bytes{stream=\"told\"} 15",
            "piste_spill_put_aside_records{stream=\"told\"} 16",
            "piste_spill_records_total{stream=\"told\"} 17",
            "piste_spill_handed_on_records_total{stream=\"told\"} 18",
            "piste_spill_oldest_seconds{stream=\"told\"} 19.5",
        ];
        expected.sort_unstable();
        let mut sorted = told;
        sorted.sort_unstable();
        assert_eq!(sorted, expected);
    }
}
