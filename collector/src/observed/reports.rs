//! The metrics that the original sends to a DogStatsD server (`spec/collector.md` 9.1), with its names and tags. Those of the
//! Apache line are its HTTP library's.

use std::time::Duration;

use service::{
    slots::Slots,
    statsd::{Count, Distribution, Gauge, Statsd, Zero},
};

use super::{Refused, RequestAnswered};
use crate::{compatibility::Compatibility, head::Method};

/// What is reported of requests.
#[derive(Debug)]
pub(super) struct Reports {
    statsd: Statsd,
    names: Names,
    /// By method, where the line tells methods apart.
    active: Slots<Option<Method>, Gauge>,
    begun: Slots<Option<Method>, Begun>,
    answered: Slots<(Option<Method>, u16), Answered>,
    abnormal: Slots<(Option<Method>, Termination), Abnormal>,
    connections: Option<(Count, Gauge)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    /// `requests_count`, `requests_latency` ...
    Current,
    /// `responses_count`, `responses_duration` ...
    Apache,
}

/// Moved for every request that is answered, by method.
#[derive(Debug)]
struct Begun {
    requests: Option<Count>,
    bytes: Option<Distribution>,
    headers_time: Option<Distribution>,
}

/// Moved for every request that is answered, by method and status.
#[derive(Debug)]
struct Answered {
    count: Count,
    errors: Option<Count>,
    latency: Distribution,
    bytes: Option<Distribution>,
}

#[derive(Debug)]
struct Abnormal {
    count: Count,
    latency: Option<Distribution>,
}

/// How a request ended that did not end well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Termination {
    /// The client went away before the answer.
    Canceled,
    /// The client went away before its body had come whole.
    Abnormal,
    /// The sink did not take the event in time.
    Timeout,
}

impl Termination {
    fn tag(self) -> &'static str {
        match self {
            Self::Canceled => "canceled",
            Self::Abnormal => "abnormal",
            Self::Timeout => "timeout",
        }
    }
}

impl Reports {
    pub(super) fn new(statsd: Statsd, compatibility: Compatibility) -> Self {
        let names = if compatibility.is_v2() { Names::Apache } else { Names::Current };
        let connections = (names == Names::Apache).then(|| {
            (statsd.count("connections_count", &[], Zero::LeftOut), statsd.gauge("connections_active", &[]))
        });
        let reports = Self {
            statsd,
            names,
            active: Slots::new(),
            begun: Slots::new(),
            answered: Slots::new(),
            abnormal: Slots::new(),
            connections,
        };
        if names == Names::Current {
            // Known from the start, so that it is reported while nothing comes.
            reports.active(None, 0);
        }
        reports
    }

    pub(super) fn statsd(&self) -> &Statsd {
        &self.statsd
    }

    /// So many more requests are served.
    pub(super) fn active(&self, method: Option<Method>, by: i64) {
        let method = method.filter(|_| self.names == Names::Apache);
        let make = || match (self.names, method) {
            (Names::Current, _) => (None, self.statsd.gauge("active_requests", &[])),
            (Names::Apache, method) => {
                (method, self.statsd.gauge("requests_active", &[("method", name(method))]))
            }
        };
        self.active.with(|known| *known == method, make, |gauge| gauge.change(by));
    }

    /// A request was answered.
    pub(super) fn answered(&self, request: &RequestAnswered) {
        let (method, status) = (request.method, request.status.as_u16());
        let ms = request.took.map(milliseconds);
        let make = || (method, self.begun(method));
        self.begun.with(|known| *known == method, make, |begun| begun.moved(request.bytes, ms));
        let make = || ((method, status), self.of_status(method, status));
        self.answered.with(
            |known| *known == (method, status),
            make,
            |answered| answered.moved(request.answer_bytes, ms),
        );
        let termination = match request.refused {
            Some(Refused::SinkTimeout) => Termination::Timeout,
            Some(Refused::Body) => Termination::Abnormal,
            _ => return,
        };
        if self.names == Names::Current {
            self.terminated(method, termination, request.took.unwrap_or_default());
        }
    }

    /// A request did not end well.
    pub(super) fn terminated(&self, method: Option<Method>, termination: Termination, took: Duration) {
        let key = match self.names {
            Names::Current => (None, termination),
            Names::Apache => (method, Termination::Canceled),
        };
        let make = || (key, self.abnormal(key));
        self.abnormal.with(
            |known| *known == key,
            make,
            |abnormal| {
                abnormal.count.add(1);
                if let Some(latency) = &abnormal.latency {
                    latency.record(milliseconds(took));
                }
            },
        );
    }

    /// A connection was opened.
    pub(super) fn connected(&self) {
        if let Some((count, active)) = &self.connections {
            count.add(1);
            active.change(1);
        }
    }

    /// A connection was closed.
    pub(super) fn disconnected(&self) {
        if let Some((_, active)) = &self.connections {
            active.change(-1);
        }
    }

    fn begun(&self, method: Option<Method>) -> Begun {
        let tags = [("method", name(method))];
        match self.names {
            Names::Current => Begun {
                requests: None,
                bytes: None,
                headers_time: Some(self.statsd.distribution("headers_time", &tags)),
            },
            Names::Apache => Begun {
                requests: Some(self.statsd.count("requests_count", &tags, Zero::LeftOut)),
                bytes: Some(self.statsd.distribution("requests_bytes", &tags)),
                headers_time: None,
            },
        }
    }

    fn of_status(&self, method: Option<Method>, status: u16) -> Answered {
        let (bucket, code) = (format!("{}xx", status / 100), status.to_string());
        let statsd = &self.statsd;
        match self.names {
            Names::Current => {
                let tags = [("method", name(method)), ("status_bucket", &bucket), ("status_code", &code)];
                Answered {
                    count: statsd.count("requests_count", &tags, Zero::LeftOut),
                    errors: None,
                    latency: statsd.distribution("requests_latency", &tags),
                    bytes: None,
                }
            }
            Names::Apache => {
                let tags = [("method", name(method)), ("status", bucket.as_str())];
                let errors =
                    (status >= 500).then(|| statsd.count("responses_errors_count", &tags, Zero::LeftOut));
                Answered {
                    count: statsd.count("responses_count", &tags, Zero::LeftOut),
                    errors,
                    latency: statsd.distribution("responses_duration", &tags),
                    bytes: Some(statsd.distribution("responses_bytes", &tags)),
                }
            }
        }
    }

    fn abnormal(&self, (method, termination): (Option<Method>, Termination)) -> Abnormal {
        match self.names {
            Names::Current => {
                let tags = [("termination_type", termination.tag())];
                Abnormal {
                    count: self.statsd.count("abnormal_count", &tags, Zero::LeftOut),
                    latency: Some(self.statsd.distribution("abnormal_latency", &tags)),
                }
            }
            Names::Apache => Abnormal {
                count: self.statsd.count(
                    "requests_failures_count",
                    &[("method", name(method))],
                    Zero::LeftOut,
                ),
                latency: None,
            },
        }
    }
}

impl Begun {
    fn moved(&self, bytes: usize, ms: Option<f64>) {
        if let Some(requests) = &self.requests {
            requests.add(1);
        }
        if let Some(distribution) = &self.bytes {
            distribution.record(bytes as f64);
        }
        if let (Some(distribution), Some(ms)) = (&self.headers_time, ms) {
            distribution.record(ms);
        }
    }
}

impl Answered {
    fn moved(&self, bytes: usize, ms: Option<f64>) {
        self.count.add(1);
        if let Some(errors) = &self.errors {
            errors.add(1);
        }
        if let Some(ms) = ms {
            self.latency.record(ms);
        }
        if let Some(distribution) = &self.bytes {
            distribution.record(bytes as f64);
        }
    }
}

fn name(method: Option<Method>) -> &'static str {
    method.map_or("none", Method::name)
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}
