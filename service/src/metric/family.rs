//! Handles of metrics, kept by label values so that moving one costs a short scan and an atomic addition.

use std::sync::Arc;

use super::Distribution;
use crate::{slots::Slots, telemetry};

/// What a metric is.
#[derive(Debug)]
pub struct Definition {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Names of its labels.
    pub labels: &'static [&'static str],
    /// One line about it.
    pub help: &'static str,
}

impl Definition {
    /// What its number counts: `seconds`, `bytes`, or `count` of what the name says.
    pub fn unit(&self) -> &'static str {
        let name = self.name.trim_end_matches("_total");
        ["seconds", "bytes"].into_iter().find(|unit| name.ends_with(&format!("_{unit}"))).unwrap_or("count")
    }
}

/// How a metric moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only up.
    Counter,
    /// Up and down.
    Gauge,
    /// Counted in buckets.
    Histogram,
}

impl Kind {
    /// Its name in Prometheus' text format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A number that only grows.
#[derive(Debug)]
pub struct Counter {
    /// What it is.
    pub definition: Definition,
    handles: Handles<metrics::Counter>,
}

/// A number that goes up and down.
#[derive(Debug)]
pub struct Gauge {
    /// What it is.
    pub definition: Definition,
    handles: Handles<metrics::Gauge>,
}

/// A distribution.
#[derive(Debug)]
pub struct Histogram {
    /// What it is.
    pub definition: Definition,
    handles: Handles<Arc<Distribution>>,
    buckets: &'static [f64],
}

/// Handles by their label values; few, so a scan beats hashing.
type Handles<H> = Slots<Values, H>;

/// Values of labels.
type Values = Box<[Box<str>]>;

impl Counter {
    pub(super) const fn new(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Self {
        let definition = Definition { name, kind: Kind::Counter, labels, help };
        Self { definition, handles: Slots::new() }
    }

    /// Adds one. `values`: one value a label, in the order of the table.
    pub fn increment(&self, values: &[&str]) {
        self.add(1, values);
    }

    /// Raises it to a total that is counted elsewhere.
    pub fn reach(&self, total: u64, values: &[&str]) {
        let register = || telemetry::register_counter(&self.definition, values);
        with(&self.handles, values, register, |counter| counter.absolute(total));
    }

    /// Adds `amount`.
    pub fn add(&self, amount: u64, values: &[&str]) {
        let register = || telemetry::register_counter(&self.definition, values);
        with(&self.handles, values, register, |counter| counter.increment(amount));
    }
}

impl Gauge {
    pub(super) const fn new(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Self {
        let definition = Definition { name, kind: Kind::Gauge, labels, help };
        Self { definition, handles: Slots::new() }
    }

    /// Sets the value.
    pub fn set(&self, value: f64, values: &[&str]) {
        let register = || telemetry::register_gauge(&self.definition, values);
        with(&self.handles, values, register, |gauge| gauge.set(value));
    }

    /// Changes the value by `difference`.
    pub fn change(&self, difference: f64, values: &[&str]) {
        let register = || telemetry::register_gauge(&self.definition, values);
        with(&self.handles, values, register, |gauge| gauge.increment(difference));
    }
}

impl Histogram {
    pub(super) const fn new(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
        buckets: &'static [f64],
    ) -> Self {
        let definition = Definition { name, kind: Kind::Histogram, labels, help };
        Self { definition, handles: Slots::new(), buckets }
    }

    /// Counts one observation.
    pub fn record(&self, value: f64, values: &[&str]) {
        let register = || telemetry::register_histogram(&self.definition, values, self.buckets);
        with(&self.handles, values, register, |distribution| distribution.record(value));
    }
}

fn with<H>(handles: &Handles<H>, values: &[&str], register: impl Fn() -> H, act: impl Fn(&H)) {
    let same = |known: &Values| known.iter().map(AsRef::as_ref).eq(values.iter().copied());
    let make = || (values.iter().map(|value| Box::from(*value)).collect(), register());
    handles.with(same, make, act);
}
