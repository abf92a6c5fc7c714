//! Metrics in the words of the original, sent to a DogStatsD server over UDP (`spec/collector.md` 9.1, `spec/enrich.md`
//! 7.5, `spec/loaders-and-leases.md` 1.11).
//!
//! A role registers series and moves them without waiting; once a period [`Reporter`] sends what has come together. Counters
//! are deltas of the period. Of a distribution every value is sent on a line of its own; where there are more than 1024 in
//! a period an even choice of them is, with its sample rate.

mod datagrams;
mod reporter;
mod reservoir;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use cadence::{MetricBuilder, StatsdClient, prelude::*};

pub use self::reporter::Reporter;
use self::{datagrams::Datagrams, reservoir::Reservoir};

/// Where to send, and what every line has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Name or address of the server.
    pub hostname: String,
    /// Its port.
    pub port: u16,
    /// Stands before each name, with a dot between.
    pub prefix: String,
    /// Tags of each line.
    pub tags: BTreeMap<String, String>,
    /// Time between two reports.
    pub period: Duration,
}

/// All series of a process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Statsd(Arc<Registered>);

#[derive(Debug)]
struct Registered {
    settings: Settings,
    series: Mutex<Vec<Series>>,
}

#[derive(Debug)]
struct Series {
    name: &'static str,
    tags: Vec<(&'static str, String)>,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Count(Count, Zero),
    Gauge(Gauge),
    Peak(Peak),
    Distribution(Distribution),
}

/// Whether a counter that has not moved is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zero {
    /// As 0.
    Sent,
    /// No.
    LeftOut,
}

/// Counts what happens in a period (`|c`).
#[derive(Clone, Debug, Default)]
pub struct Count(Arc<AtomicU64>);

/// A level, sent each period (`|g`).
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicI64>);

/// The highest value of a period, sent when there was one (`|g`).
#[derive(Clone, Debug)]
pub struct Peak(Arc<AtomicI64>);

/// Values whose distribution is of interest (`|d`).
#[derive(Clone, Debug)]
pub struct Distribution(Arc<Reservoir>);

impl Statsd {
    /// No series yet. Nothing is sent before [`Self::start`].
    pub fn new(settings: Settings) -> Self {
        Self(Arc::new(Registered { settings, series: Mutex::default() }))
    }

    /// Registers a counter.
    pub fn count(&self, name: &'static str, tags: &[(&'static str, &str)], zero: Zero) -> Count {
        let count = Count::default();
        self.register(name, tags, Value::Count(count.clone(), zero));
        count
    }

    /// Registers a level.
    pub fn gauge(&self, name: &'static str, tags: &[(&'static str, &str)]) -> Gauge {
        let gauge = Gauge::default();
        self.register(name, tags, Value::Gauge(gauge.clone()));
        gauge
    }

    /// Registers a highest value.
    pub fn peak(&self, name: &'static str, tags: &[(&'static str, &str)]) -> Peak {
        let peak = Peak(Arc::new(AtomicI64::new(NO_PEAK)));
        self.register(name, tags, Value::Peak(peak.clone()));
        peak
    }

    /// Registers a distribution.
    pub fn distribution(&self, name: &'static str, tags: &[(&'static str, &str)]) -> Distribution {
        let distribution = Distribution(Arc::new(Reservoir::new()));
        self.register(name, tags, Value::Distribution(distribution.clone()));
        distribution
    }

    fn register(&self, name: &'static str, tags: &[(&'static str, &str)], value: Value) {
        let tags = tags.iter().map(|(key, value)| (*key, clean(value))).collect();
        let mut series = self.0.series.lock().unwrap_or_else(PoisonError::into_inner);
        series.push(Series { name, tags, value });
    }

    /// Ends the period: its lines in datagrams.
    fn drain(&self, client: &StatsdClient, datagrams: &Datagrams) -> Vec<Vec<u8>> {
        for series in &*self.0.series.lock().unwrap_or_else(PoisonError::into_inner) {
            series.write(client);
        }
        datagrams.take()
    }

    /// What writes lines into the datagrams.
    fn client(&self, datagrams: &Datagrams) -> StatsdClient {
        let Settings { prefix, tags, .. } = &self.0.settings;
        let mut builder = StatsdClient::builder(&clean(prefix), datagrams.clone());
        for (key, value) in tags {
            builder = builder.with_tag(clean(key), clean(value));
        }
        builder.build()
    }
}

impl Series {
    fn write(&self, client: &StatsdClient) {
        match &self.value {
            Value::Count(count, zero) => {
                let n = count.0.swap(0, Ordering::Relaxed);
                if n > 0 || *zero == Zero::Sent {
                    self.send(client.count_with_tags(self.name, n));
                }
            }
            Value::Gauge(gauge) => {
                let level = gauge.0.load(Ordering::Relaxed);
                self.send(client.gauge_with_tags(self.name, level as f64));
            }
            Value::Peak(peak) => {
                let highest = peak.0.swap(NO_PEAK, Ordering::Relaxed);
                if highest != NO_PEAK {
                    self.send(client.gauge_with_tags(self.name, highest as f64));
                }
            }
            Value::Distribution(distribution) => {
                let Some(taken) = distribution.0.take() else { return };
                for value in taken.values {
                    let thousandths = (f64::from(value) * 1e3).round() / 1e3;
                    let line = client.distribution_with_tags(self.name, thousandths);
                    self.send(if taken.share < 1.0 { line.with_sampling_rate(taken.share) } else { line });
                }
            }
        }
    }

    fn send<'m, T: cadence::Metric + From<String>>(&'m self, mut line: MetricBuilder<'m, '_, T>) {
        for (key, value) in &self.tags {
            line = line.with_tag(key, value);
        }
        line.send();
    }
}

impl Count {
    /// Counts `n` more.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }
}

impl Gauge {
    /// Sets the level.
    pub fn set(&self, level: i64) {
        self.0.store(level, Ordering::Relaxed);
    }

    /// Moves the level.
    pub fn change(&self, by: i64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }
}

/// What a [`Peak`] holds in a period without a value.
const NO_PEAK: i64 = i64::MIN;

impl Peak {
    /// Sees a value.
    pub fn see(&self, value: i64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }
}

impl Distribution {
    /// Takes a value; it is sent with three decimals at most.
    pub fn record(&self, value: f64) {
        self.0.put(value as f32);
    }
}

/// Without the characters that end a part of a line.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || ",|#@".contains(c) { '_' } else { c }).collect()
}
