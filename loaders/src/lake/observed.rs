//! The original's own metrics for a StatsD server (`spec/loaders-and-leases.md` 1.11).

use jiff::Timestamp;
use service::statsd::{Count, Peak, Reporter, Statsd, Zero};

use super::config::{LakeConfig, Purpose};

/// Who is told of batches beside the metrics of piste.
#[derive(Debug, Default)]
pub(super) struct Observer(Option<Reports>);

#[derive(Debug)]
struct Reports {
    statsd: Statsd,
    count: Count,
    /// From the stream's taking a record to its being taken up, and from the collector's time to the file's being written;
    /// in the line 3.x.
    latencies: Option<(Peak, Peak)>,
    /// The latter in seconds.
    to_load: Peak,
}

impl Observer {
    /// One that reports to a server, if there is one. The line 2.x only tells of events.
    pub(super) fn new(config: &LakeConfig) -> Self {
        let is_current = config.rejects.is_some();
        let tells = is_current || config.purpose == Purpose::EnrichedEvents;
        let settings = config.statsd.clone().filter(|_| tells);
        Self(settings.map(|settings| {
            let statsd = Statsd::new(settings);
            let peak = |name| statsd.peak(name, &[]);
            Reports {
                count: statsd.count("count", &[], Zero::Sent),
                latencies: is_current.then(|| (peak("latency_millis"), peak("e2e_latency_millis"))),
                to_load: peak("latency_collector_to_load"),
                statsd,
            }
        }))
    }

    /// Begins to report.
    pub(super) fn start(&self) -> Option<Reporter> {
        self.0.as_ref().map(|reports| reports.statsd.start())
    }

    /// A record that came at `arrival` is taken up at `now`.
    pub(super) fn taken(&self, arrival: Timestamp, now: Timestamp) {
        if let Some(Reports { latencies: Some((latency, _)), .. }) = &self.0 {
            latency.see(millis(arrival, now));
        }
    }

    /// So many records, the earliest collected at this time, are in files at `now`.
    pub(super) fn written(&self, records: u64, collected: Option<Timestamp>, now: Timestamp) {
        let Some(reports) = &self.0 else { return };
        reports.count.add(records);
        if let Some(collected) = collected {
            let millis = millis(collected, now);
            reports.to_load.see(millis / 1000);
            if let Some((_, latency)) = &reports.latencies {
                latency.see(millis);
            }
        }
    }
}

fn millis(from: Timestamp, to: Timestamp) -> i64 {
    to.as_millisecond() - from.as_millisecond()
}
