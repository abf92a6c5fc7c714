//! What buffers and spills of sinks elsewhere say about themselves, as metrics. Totals are those of this process.

use jiff::Timestamp;
use service::metric::{
    SINK_DIVERTED_BYTES, SINK_DIVERTED_RECORDS, SPILL_BYTES, SPILL_HANDED_ON_RECORDS, SPILL_LIMIT_BYTES,
    SPILL_OLDEST_SECONDS, SPILL_PUT_ASIDE_RECORDS, SPILL_RECORDS, SPILL_WAITING_RECORDS,
};
use stream::{overflow::Diverted, spill::SpillFacts};

/// What went from a stream to its buffer.
pub(super) fn overflow(stream: &str, diverted: Diverted) {
    SINK_DIVERTED_RECORDS.reach(diverted.records, &[stream]);
    SINK_DIVERTED_BYTES.reach(diverted.bytes, &[stream]);
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
    use stream::spill::Left;

    use super::*;

    #[test]
    fn facts_become_metrics() {
        overflow("told", Diverted { records: 10, bytes: 11 });
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
            "piste_sink_diverted_records_total{stream=\"told\"} 10",
            "piste_sink_diverted_bytes_total{stream=\"told\"} 11",
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
