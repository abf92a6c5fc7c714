//! What can be observed of batches: metrics, and the original's own for a StatsD server (`spec/enrich.md` 7.5).

use jiff::Timestamp;
use service::{
    metric,
    statsd::{Count, Peak, Reporter, Settings, Statsd, Zero},
};
use stream::record::ShardId;

use crate::{batch::Records, compatibility::Compatibility, output::Tally};

/// Who is told of batches beside the metrics.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    reports: Option<Reports>,
}

/// The original's metrics, with its names.
#[derive(Debug)]
struct Reports {
    statsd: Statsd,
    raw: Count,
    good: Count,
    good_bytes: Option<Count>,
    failed: Option<Count>,
    bad: Count,
    invalid: Count,
    dropped: Option<Count>,
    /// From the stream's taking a record to its being taken up.
    queued: Option<Peak>,
    /// From the collector's time to the event's being written.
    latency: Peak,
}

/// What became of raw records is in all streams.
#[derive(Debug)]
pub(crate) struct BatchWritten {
    begun: Option<Timestamp>,
    tally: Tally,
    good: u64,
    good_bytes: u64,
    failed: u64,
    bad: Vec<&'static str>,
}

impl Observer {
    /// One that reports to a server, if there is one.
    pub(crate) fn new(statsd: Option<Settings>, compatibility: Compatibility) -> Self {
        Self { reports: statsd.map(|settings| Reports::new(Statsd::new(settings), compatibility)) }
    }

    /// Begins to report.
    pub(crate) fn start(&self) -> Option<Reporter> {
        self.reports.as_ref().map(|reports| reports.statsd.start())
    }

    /// A batch whose oldest record is from `arrival` was taken up.
    pub(crate) fn begun(&self, arrival: Timestamp, begun: Timestamp) {
        let queued = begun.duration_since(arrival);
        metric::ENRICH_QUEUED_SECONDS.record(queued.as_secs_f64().max(0.0), &[]);
        if let Some(peak) = self.reports.as_ref().and_then(|reports| reports.queued.as_ref()) {
            peak.see(millis(queued));
        }
    }
}

impl Reports {
    fn new(statsd: Statsd, compatibility: Compatibility) -> Self {
        let count = |name| statsd.count(name, &[], Zero::Sent);
        let peak = |name| statsd.peak(name, &[]);
        let is_current = !compatibility.is_apache();
        Self {
            dropped: is_current.then(|| count("dropped")),
            raw: count("raw"),
            good: count("good"),
            good_bytes: is_current.then(|| count("good_bytes")),
            failed: is_current.then(|| count("failed")),
            bad: count("bad"),
            invalid: count("invalid_enriched"),
            queued: is_current.then(|| peak("latency_millis")),
            latency: peak(if is_current { "e2e_latency_millis" } else { "latency" }),
            statsd,
        }
    }

    fn written(&self, written: &BatchWritten, latency: Option<i64>) {
        self.raw.add(written.tally.payloads);
        self.good.add(written.good);
        self.bad.add(written.bad.len() as u64);
        self.invalid.add(written.tally.invalid);
        for (count, n) in [
            (&self.dropped, written.tally.dropped),
            (&self.good_bytes, written.good_bytes),
            (&self.failed, written.failed),
        ] {
            if let Some(count) = count {
                count.add(n);
            }
        }
        if let Some(latency) = latency {
            self.latency.see(latency);
        }
    }
}

impl BatchWritten {
    /// What is about to be written.
    pub(crate) fn of(records: &Records, begun: Option<Timestamp>) -> Self {
        Self {
            begun,
            tally: records.tally,
            good: records.good.len() as u64,
            good_bytes: records.good.iter().map(|record| record.data.len() as u64).sum(),
            failed: records.failed.len() as u64,
            bad: records.bad_kinds.clone(),
        }
    }

    /// It is written, at `now`.
    pub(crate) fn emit(&self, observer: &Observer, shard: &ShardId, now: Timestamp) {
        metric::ENRICH_RAW.add(self.tally.payloads, &[]);
        metric::ENRICH_GOOD.add(self.good, &[]);
        metric::ENRICH_GOOD_BYTES.add(self.good_bytes, &[]);
        metric::ENRICH_FAILED.add(self.failed, &[]);
        metric::ENRICH_INVALID.add(self.tally.invalid, &[]);
        for kind in &self.bad {
            metric::ENRICH_BAD.increment(&[kind]);
        }
        let latency = self.tally.collected.map(|collected| now.as_millisecond() - collected);
        if let Some(latency) = latency {
            metric::ENRICH_LATENCY_SECONDS.record(latency.max(0) as f64 / 1e3, &[]);
        }
        if let Some(begun) = self.begun {
            metric::ENRICH_BATCH_SECONDS.record(now.duration_since(begun).as_secs_f64().max(0.0), &[]);
        }
        if let Some(reports) = &observer.reports {
            reports.written(self, latency);
        }
        let Self { good, failed, .. } = self;
        tracing::debug!(%shard, good, failed, bad = self.bad.len(), "written");
    }
}

fn millis(duration: jiff::SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
