//! What a StatsD server receives.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::BTreeMap,
    net::{SocketAddr, UdpSocket},
    time::Duration,
};

use service::statsd::{Settings, Statsd, Zero};

/// How long a datagram may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

struct Server(UdpSocket);

impl Server {
    fn start() -> (Self, SocketAddr) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let address = socket.local_addr().unwrap();
        (Self(socket), address)
    }

    fn datagram(&self) -> String {
        let mut bytes = [0; 65_536];
        let n = self.0.recv(&mut bytes).expect("a datagram");
        String::from_utf8(bytes[..n].to_vec()).unwrap()
    }

    fn lines(&self, n: usize) -> Vec<String> {
        let mut lines = Vec::new();
        while lines.len() < n {
            lines.extend(self.datagram().lines().map(String::from));
        }
        lines
    }
}

fn settings(server: SocketAddr) -> Settings {
    Settings {
        hostname: server.ip().to_string(),
        port: server.port(),
        prefix: "snowplow.collector".into(),
        tags: BTreeMap::new(),
        period: Duration::from_secs(3600),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_has_its_line() {
    let (server, address) = Server::start();
    let tags = [("env", "prod"), ("bad", "a,b|c\nd")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    let statsd = Statsd::new(Settings { tags: tags.into(), ..settings(address) });
    let count = statsd.count("requests_count", &[("method", "GET"), ("status_code", "200")], Zero::LeftOut);
    let unmoved = [Zero::LeftOut, Zero::Sent].map(|zero| statsd.count("unmoved", &[], zero));
    let (gauge, peak) = (statsd.gauge("active_requests", &[]), statsd.peak("latency_millis", &[]));
    let no_peak = statsd.peak("e2e_latency_millis", &[]);
    let distribution = statsd.distribution("requests_latency", &[("method", "POST")]);
    count.add(1);
    count.add(2);
    gauge.set(5);
    gauge.change(-2);
    for (highest, value) in [(3, 0.4126), (9, 12.0)] {
        peak.see(highest);
        distribution.record(value);
    }
    peak.see(4);
    // Nothing is sent before the end of the period, and then once.
    statsd.start().finish().await;
    let datagram = server.datagram();
    let tags = "bad:a_b_c_d,env:prod";
    let expected = [
        format!("snowplow.collector.requests_count:3|c|#{tags},method:GET,status_code:200"),
        format!("snowplow.collector.unmoved:0|c|#{tags}"),
        format!("snowplow.collector.active_requests:3|g|#{tags}"),
        format!("snowplow.collector.latency_millis:9|g|#{tags}"),
        format!("snowplow.collector.requests_latency:0.413|d|#{tags},method:POST"),
        format!("snowplow.collector.requests_latency:12|d|#{tags},method:POST"),
    ];
    assert_eq!(datagram.lines().collect::<Vec<_>>(), expected);
    drop((unmoved, no_peak));
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_are_deltas_and_periods_follow_each_other() {
    let (server, address) = Server::start();
    let statsd = Statsd::new(Settings { period: Duration::from_millis(10), ..settings(address) });
    let count = statsd.count("good", &[], Zero::LeftOut);
    let reporter = statsd.start();
    for n in [30, 7, 1] {
        count.add(n);
        assert_eq!(server.lines(1), [format!("snowplow.collector.good:{n}|c")]);
    }
    reporter.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_packed_and_many_values_sampled() {
    let (server, address) = Server::start();
    let statsd = Statsd::new(settings(address));
    let distribution = statsd.distribution("requests_latency", &[]);
    (0..4096).for_each(|n| distribution.record(f64::from(n)));
    statsd.start().finish().await;
    let mut lines = Vec::new();
    while lines.len() < 1024 {
        let datagram = server.datagram();
        assert!(datagram.len() <= 1432, "{} bytes", datagram.len());
        lines.extend(datagram.lines().map(String::from));
        assert!(lines.len() == 1024 || datagram.len() > 1300, "{} bytes", datagram.len());
    }
    for line in lines {
        let value = line.strip_prefix("snowplow.collector.requests_latency:").unwrap();
        let value = value.strip_suffix("|d|@0.25").unwrap();
        assert!(value.parse::<u32>().unwrap() < 4096, "{value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_nowhere_holds_up_nobody() {
    // `.invalid` is nobody's, by RFC 6761.
    let (_, address) = Server::start();
    let statsd = Statsd::new(Settings { hostname: "statsd.invalid".into(), ..settings(address) });
    let count = statsd.count("good", &[], Zero::LeftOut);
    let reporter = statsd.start();
    count.add(1);
    reporter.finish().await;
    let dropped = |line: &&str| line.starts_with("piste_statsd_dropped_total ");
    let text = service::telemetry::render();
    assert_eq!(text.lines().find(dropped), Some("piste_statsd_dropped_total 1"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_is_found() {
    let (server, address) = Server::start();
    drop(server);
    let statsd = Statsd::new(Settings { period: Duration::from_millis(10), ..settings(address) });
    let gauge = statsd.gauge("active_requests", &[]);
    gauge.set(1);
    let reporter = statsd.start();
    let socket = UdpSocket::bind(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(Server(socket).datagram(), "snowplow.collector.active_requests:1|g");
    reporter.finish().await;
}
