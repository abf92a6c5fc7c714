//! What the reading of a stream elsewhere says about itself, as metrics. Totals are those of this process.

use std::time::Duration;

use jiff::Timestamp;
use service::{
    clock,
    metric::{
        CONSUMER_BEHIND_SECONDS, CONSUMER_BYTES, CONSUMER_CALLS, CONSUMER_LAG_SECONDS, CONSUMER_LEASES,
        CONSUMER_LOST_LEASES, CONSUMER_RECORDS, CONSUMER_TAKEN_LEASES,
    },
    telemetry,
};
use stream::kinesis::consumer::{Facts, Observer};

/// From now on metrics say what the consumer `name` of a stream has seen.
pub(crate) fn show(stream: &str, name: &str, observer: Observer) {
    let (stream, name) = (stream.to_owned(), name.to_owned());
    telemetry::ask(move || facts(&stream, &name, &observer.facts(), clock::now()));
}

fn facts(stream: &str, name: &str, facts: &Facts, now: Timestamp) {
    let of = &[stream, name];
    CONSUMER_RECORDS.reach(facts.records, of);
    CONSUMER_BYTES.reach(facts.bytes, of);
    let age = |oldest: Timestamp| now.duration_since(oldest).as_secs_f64().max(0.0);
    CONSUMER_LAG_SECONDS.set(facts.oldest.map_or(0.0, age), of);
    let behind = facts.behind.values().max().copied().unwrap_or(Duration::ZERO);
    CONSUMER_BEHIND_SECONDS.set(behind.as_secs_f64(), of);
    CONSUMER_LEASES.set(facts.leases as f64, of);
    CONSUMER_TAKEN_LEASES.reach(facts.free_leases, &[stream, name, "free"]);
    CONSUMER_TAKEN_LEASES.reach(facts.stolen_leases, &[stream, name, "stolen"]);
    CONSUMER_LOST_LEASES.reach(facts.lost_leases, of);
    for ((operation, ending), calls) in &facts.calls {
        CONSUMER_CALLS.reach(*calls, &[stream, name, operation, ending.name()]);
    }
}

#[cfg(test)]
mod tests {
    use stream::kinesis::consumer::Ending;

    use super::*;

    #[test]
    fn facts_become_metrics() {
        let behind = [("a", 500), ("b", 2500)].map(|(shard, ms)| (shard.into(), Duration::from_millis(ms)));
        let seen = Facts {
            leases: 1,
            free_leases: 2,
            stolen_leases: 3,
            lost_leases: 4,
            records: 5,
            bytes: 6,
            calls: [(("Scan", Ending::Answered), 7), (("UpdateItem", Ending::Refused), 8)].into(),
            behind: behind.into(),
            oldest: Some(Timestamp::from_second(100).unwrap()),
        };
        facts("read", "me", &seen, Timestamp::from_second(130).unwrap());
        let rendered = service::telemetry::render();
        let mut told: Vec<_> = rendered.lines().filter(|line| line.contains("\"read\"")).collect();
        told.sort_unstable();
        let of = "stream=\"read\",consumer=\"me\"";
        let mut expected = [
            format!("piste_consumer_records_total{{{of}}} 5"),
            format!("piste_consumer_bytes_total{{{of}}} 6"),
            format!("piste_consumer_lag_seconds{{{of}}} 30"),
            format!("piste_consumer_behind_seconds{{{of}}} 2.5"),
            format!("piste_consumer_leases{{{of}}} 1"),
            format!("piste_consumer_taken_leases_total{{{of},how=\"free\"}} 2"),
            format!("piste_consumer_taken_leases_total{{{of},how=\"stolen\"}} 3"),
            format!("piste_consumer_lost_leases_total{{{of}}} 4"),
            format!("piste_consumer_calls_total{{{of},operation=\"Scan\",outcome=\"answered\"}} 7"),
            format!("piste_consumer_calls_total{{{of},operation=\"UpdateItem\",outcome=\"refused\"}} 8"),
        ];
        expected.sort_unstable();
        assert_eq!(told, expected);
    }
}
