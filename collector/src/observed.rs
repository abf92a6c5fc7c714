//! What can be observed of requests: one struct a fact, whose `emit` writes the log line and moves the metrics together.
//!
//! Nothing here holds what a client sent: methods, routes and reasons are those of a fixed list.

mod handshake;
mod refused;
mod reports;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use http::StatusCode;
use jiff::Timestamp;
use service::{
    metric,
    statsd::{Reporter, Statsd},
};

pub use self::refused::Refused;
use self::reports::{Reports, Termination};
use crate::{config::CollectorConfig, head::Method, route::Class, sinks::Which};

/// Who is told of requests beside the metrics.
#[derive(Debug)]
pub struct Observer {
    request_log: bool,
    reports: Option<Reports>,
    /// Requests refused since that was last said, by [`Refused`].
    refused: [AtomicU64; Refused::ALL.len()],
    /// What time it is.
    now: fn() -> Timestamp,
}

/// A connection that is open.
#[derive(Debug)]
#[must_use = "it counts as open until it is dropped"]
pub struct ConnectionOpen<'a> {
    observer: &'a Observer,
}

/// A request that is being served. Dropped without [`Self::answered`]: the client went away before its answer.
#[derive(Debug)]
#[must_use = "it counts as in flight until it is dropped"]
pub struct RequestInFlight<'a> {
    observer: &'a Observer,
    method: Method,
    since: Timestamp,
    answered: bool,
}

/// A request was answered. Filled while it is served.
#[derive(Clone, Debug, Default)]
pub struct RequestAnswered {
    /// Its method; `None` where the head could not be read.
    pub method: Option<Method>,
    /// Where it led; `None` where it was refused before that was known.
    pub route: Option<Class>,
    /// The answer's status.
    pub status: StatusCode,
    /// Time from the end of its head to its answer; `None` where the head did not end.
    pub took: Option<Duration>,
    /// Bytes of its target and body.
    pub bytes: usize,
    /// Bytes of the answer's body.
    pub answer_bytes: usize,
    /// Payloads and bad rows that were stored.
    pub stored: Stored,
    /// Why it was not taken; `None` when it was.
    pub refused: Option<Refused>,
}

/// Records that a request became.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Payloads.
    pub good: usize,
    /// Bad rows.
    pub bad: usize,
}

/// A sink has taken the records of a request.
#[derive(Clone, Copy, Debug)]
pub struct RecordsStored {
    /// The sink.
    pub which: Which,
    /// How many.
    pub count: usize,
    /// Time from the request to the sink to its answer.
    pub took: Duration,
}

/// A sink took a compressed record.
#[derive(Clone, Copy, Debug)]
pub struct FrameStored {
    /// Payloads in it.
    pub payloads: usize,
    /// Their bytes.
    pub plain_bytes: usize,
    /// Its own bytes.
    pub bytes: usize,
    /// Time from the request to the sink to its answer.
    pub took: Duration,
}

/// Of log lines about requests.
const TARGET: &str = "collector::request";

impl Observer {
    /// As configured. `now` says what time it is.
    pub fn new(config: &CollectorConfig, now: fn() -> Timestamp) -> Self {
        let settings = config.monitoring.metrics.statsd.settings();
        let reports = settings.map(|settings| Reports::new(Statsd::new(settings), config.compatibility));
        let request_log = config.monitoring.request_log.enabled;
        Self { request_log, reports, refused: [const { AtomicU64::new(0) }; _], now }
    }

    /// Begins to report to the DogStatsD server, where there is one.
    pub fn start(&self) -> Option<Reporter> {
        self.reports.as_ref().map(|reports| reports.statsd().start())
    }

    /// A connection was opened.
    pub fn connection(&self) -> ConnectionOpen<'_> {
        metric::COLLECTOR_CONNECTIONS.change(1.0, &[]);
        if let Some(reports) = &self.reports {
            reports.connected();
        }
        ConnectionOpen { observer: self }
    }

    /// A request's head has come, now.
    pub fn request(&self, method: Method, now: Timestamp) -> RequestInFlight<'_> {
        metric::COLLECTOR_REQUESTS_IN_FLIGHT.change(1.0, &[]);
        if let Some(reports) = &self.reports {
            reports.active(Some(method), 1);
        }
        RequestInFlight { observer: self, method, since: now, answered: false }
    }

    /// A connection ended before anything could be asked on it.
    pub fn handshake_failed(&self, error: &std::io::Error) {
        let reason = handshake::reason(error);
        tracing::debug!(target: TARGET, reason, %error, "TLS handshake failed");
        metric::COLLECTOR_FAILED_HANDSHAKES.increment(&[reason]);
        self.refuse(Refused::Tls);
    }

    fn refuse(&self, refused: Refused) {
        metric::COLLECTOR_REFUSED.increment(&[refused.reason()]);
        self.refused[refused as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Says how many requests were refused since this was last called, one line a reason: a flood of requests makes no
    /// flood of lines.
    pub fn tell_refused(&self) {
        for &refused in Refused::ALL {
            let requests = self.refused[refused as usize].swap(0, Ordering::Relaxed);
            let reason = refused.reason();
            match (requests, refused.is_ours()) {
                (0, _) => {}
                (_, true) => tracing::warn!(target: TARGET, requests, reason, "requests refused"),
                (_, false) => tracing::info!(target: TARGET, requests, reason, "requests refused"),
            }
        }
    }
}

impl RecordsStored {
    /// Counts them.
    pub fn emit(&self) {
        let stream = [self.which.stream()];
        metric::COLLECTOR_PAYLOADS.add(self.count as u64, &stream);
        metric::COLLECTOR_STORE_SECONDS.record(self.took.as_secs_f64(), &stream);
    }
}

impl FrameStored {
    /// Counts it.
    pub fn emit(&self) {
        RecordsStored { which: Which::Good, count: self.payloads, took: self.took }.emit();
        metric::COLLECTOR_FRAMES.increment(&[]);
        metric::COLLECTOR_FRAME_PAYLOADS.record(self.payloads as f64, &[]);
        metric::COLLECTOR_FRAME_BYTES.add(self.plain_bytes as u64, &["plain"]);
        metric::COLLECTOR_FRAME_BYTES.add(self.bytes as u64, &["compressed"]);
    }
}

impl Drop for ConnectionOpen<'_> {
    fn drop(&mut self) {
        metric::COLLECTOR_CONNECTIONS.change(-1.0, &[]);
        if let Some(reports) = &self.observer.reports {
            reports.disconnected();
        }
    }
}

impl RequestInFlight<'_> {
    /// The answer is about to be sent, now. Method and time are filled in.
    pub fn answered(mut self, mut answered: RequestAnswered, now: Timestamp) {
        self.answered = true;
        answered.method = Some(self.method);
        answered.took = Some(self.took(now));
        answered.emit(self.observer);
    }

    fn took(&self, now: Timestamp) -> Duration {
        // The clock may have been set back.
        now.duration_since(self.since).try_into().unwrap_or_default()
    }
}

impl Drop for RequestInFlight<'_> {
    fn drop(&mut self) {
        metric::COLLECTOR_REQUESTS_IN_FLIGHT.change(-1.0, &[]);
        if !self.answered {
            metric::COLLECTOR_ABANDONED.increment(&[]);
        }
        let Some(reports) = &self.observer.reports else { return };
        reports.active(Some(self.method), -1);
        if !self.answered {
            reports.terminated(Some(self.method), Termination::Canceled, self.took((self.observer.now)()));
        }
    }
}

impl RequestAnswered {
    /// Counts it, and writes its line where the request log is on.
    pub fn emit(&self, observer: &Observer) {
        let (method, status) = (self.method.map_or("none", Method::name), self.status.as_str());
        metric::COLLECTOR_REQUESTS.increment(&[method, status]);
        if let Some(took) = self.took {
            metric::COLLECTOR_REQUEST_SECONDS.record(took.as_secs_f64(), &[]);
        }
        if self.bytes > 0 {
            metric::COLLECTOR_REQUEST_BYTES.add(self.bytes as u64, &[]);
        }
        if let Some(refused) = self.refused {
            observer.refuse(refused);
        }
        if let Some(reports) = &observer.reports {
            reports.answered(self);
        }
        if observer.request_log {
            self.log();
        }
    }

    fn log(&self) {
        tracing::info!(
            target: TARGET,
            method = self.method.map_or("none", Method::name),
            route = self.route.map_or("none", Class::name),
            status = self.status.as_u16(),
            ms = self.took.map(|took| took.as_micros() as f64 / 1e3),
            bytes = self.bytes,
            answer_bytes = self.answer_bytes,
            payloads = self.stored.good,
            bad_rows = self.stored.bad,
            refused = self.refused.map(Refused::reason),
            "request"
        );
    }
}
