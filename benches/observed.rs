//! What it costs to observe a request: metrics for Prometheus alone, and with those for a DogStatsD server.

use std::hint::black_box;

use collector::{
    config::CollectorConfig,
    head::Method,
    observed::{Observer, RequestAnswered, Stored},
    route::Class,
};
use criterion::{Criterion, criterion_group, criterion_main};
use hyper::StatusCode;
use jiff::Timestamp;
use service::{clock, metric};

fn answered() -> RequestAnswered {
    RequestAnswered {
        route: Some(Class::Event),
        bytes: 1200,
        answer_bytes: 2,
        stored: Stored { good: 1, bad: 0 },
        ..RequestAnswered::default()
    }
}

fn observe(observer: &Observer, status: StatusCode) {
    // The clock is asked outside: what that costs is not looked for here.
    let now = Timestamp::UNIX_EPOCH;
    let request = observer.request(Method::Post, now);
    request.answered(RequestAnswered { status, ..answered() }, now);
}

fn requests(c: &mut Criterion) {
    let observers = [("prometheus", false, "3"), ("statsd", true, "3"), ("statsd_apache", true, "2")];
    for (name, enabled, compatibility) in observers {
        let mut config = CollectorConfig::default();
        config.monitoring.metrics.statsd.enabled = enabled;
        if compatibility == "2" {
            config.compatibility = collector::compatibility::Compatibility::V2;
        }
        let observer = Observer::new(&config, clock::now);
        // Statuses that came before are looked at first.
        for status in [StatusCode::NOT_FOUND, StatusCode::SERVICE_UNAVAILABLE] {
            observe(&observer, status);
        }
        c.bench_function(&format!("observed/{name}"), |b| {
            b.iter(|| observe(black_box(&observer), StatusCode::OK))
        });
    }
    c.bench_function("observed/clock", |b| b.iter(clock::now));
    c.bench_function("metric/counter", |b| b.iter(|| metric::COLLECTOR_PAYLOADS.add(1, black_box(&["raw"]))));
    c.bench_function("metric/gauge", |b| {
        b.iter(|| metric::COLLECTOR_REQUESTS_IN_FLIGHT.change(black_box(1.0), &[]));
    });
    c.bench_function("metric/histogram", |b| {
        b.iter(|| metric::COLLECTOR_REQUEST_SECONDS.record(black_box(0.002), &[]));
    });
}

criterion_group!(benches, requests);
criterion_main!(benches);
