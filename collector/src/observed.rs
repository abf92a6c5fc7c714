//! What can be observed of requests: one struct a fact, whose `emit` writes the log line and moves the metrics together.
//!
//! Nothing here holds what a client sent: methods, routes and reasons are those of a fixed list.

use std::time::Duration;

use http::StatusCode;
use service::metric;

use crate::{config::Monitoring, head::Method, refusal::Refusal, route::Class};

/// Who is told of requests beside the metrics.
#[derive(Clone, Copy, Debug)]
pub struct Observer {
    request_log: bool,
}

/// A request that is being served. Dropped without [`Self::answered`]: the client went away before its answer.
#[derive(Debug)]
#[must_use = "it counts as in flight until it is dropped"]
pub struct RequestInFlight<'a> {
    observer: &'a Observer,
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

/// Why a request was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Its head is not HTTP, or more of HTTP than is spoken here.
    Head,
    /// Its head is too long.
    HeadTooLong,
    /// Its head did not come in time.
    HeadTimeout,
    /// Its body is malformed or did not come whole.
    Body,
    /// Its body is too large.
    BodyTooLarge,
    /// Its body did not come in time.
    BodyTimeout,
    /// A sink refused the records.
    Full,
    /// A sink did not take the records in time.
    SinkTimeout,
}

impl Observer {
    /// As configured.
    pub fn new(config: &Monitoring) -> Self {
        Self { request_log: config.request_log.enabled }
    }

    /// A request's head has come.
    pub fn request(&self) -> RequestInFlight<'_> {
        metric::COLLECTOR_REQUESTS_IN_FLIGHT.change(1.0, &[]);
        RequestInFlight { observer: self }
    }
}

impl RequestInFlight<'_> {
    /// The answer is about to be sent.
    pub fn answered(self, answered: &RequestAnswered) {
        answered.emit(self.observer);
    }
}

impl Drop for RequestInFlight<'_> {
    fn drop(&mut self) {
        metric::COLLECTOR_REQUESTS_IN_FLIGHT.change(-1.0, &[]);
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
            metric::COLLECTOR_REFUSED.increment(&[refused.reason()]);
        }
        if observer.request_log {
            self.log();
        }
    }

    fn log(&self) {
        tracing::info!(
            target: "collector::request",
            method = self.method.map_or("none", Method::name),
            route = self.route.map_or("none", Class::name),
            status = self.status.as_u16(),
            ms = self.took.map(|took| took.as_micros() as f64 / 1e3),
            bytes = self.bytes,
            payloads = self.stored.good,
            bad_rows = self.stored.bad,
            refused = self.refused.map(Refused::reason),
            "request"
        );
    }
}

impl Refused {
    /// Its name in metrics and logs.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::HeadTooLong => "head_too_long",
            Self::HeadTimeout => "head_timeout",
            Self::Body => "body",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyTimeout => "body_timeout",
            Self::Full => "full",
            Self::SinkTimeout => "sink_timeout",
        }
    }
}

impl From<&Refusal> for Refused {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::HeadTimeout => Self::HeadTimeout,
            Refusal::RequestLineTooLong { .. }
            | Refusal::HeadersTooLong { .. }
            | Refusal::TooManyFields
            | Refusal::ValueTooLong => Self::HeadTooLong,
            Refusal::Malformed(_)
            | Refusal::Strict(_)
            | Refusal::UnsupportedMethod
            | Refusal::UnsupportedVersion => Self::Head,
        }
    }
}
