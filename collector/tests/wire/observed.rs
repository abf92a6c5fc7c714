//! What a DogStatsD server is told of requests.

use std::{net::UdpSocket, time::Duration};

use crate::support::{
    Running,
    ask::{Asker, ask},
    config,
};

/// How long a datagram may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that comes until `last` does, each line without the value of a distribution.
fn told(server: &UdpSocket, last: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    loop {
        let mut bytes = [0; 2048];
        let n = server.recv(&mut bytes).expect("a datagram");
        let text = String::from_utf8(bytes[..n].to_vec()).unwrap();
        lines.extend(text.lines().map(|line| match line.split_once("|d") {
            Some((metric, tags)) => {
                let (name, value) = metric.split_once(':').unwrap();
                assert!(value.parse::<f64>().is_ok_and(|v| v >= 0.0), "{line}");
                format!("{name}|d{tags}")
            }
            None => line.to_owned(),
        }));
        if lines.iter().any(|line| line.contains(last)) {
            return lines;
        }
    }
}

async fn check(more: &str, requests: &[(&str, u16)], last: &str, expect: &[&str]) {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let port = server.local_addr().unwrap().port();
    // One report: at the end.
    let running = Running::start(config(&format!(
        "monitoring.metrics.statsd {{ enabled = true, hostname = 127.0.0.1, port = {port}, period = 1 hour }}
         networking.dropPayloadSize = 100\n{more}"
    )));
    for (request, status) in requests {
        let answer = ask(running.address, request.as_bytes()).await.unwrap();
        assert_eq!(answer.status, *status, "{request}");
    }
    running.context.drain.request();
    running.task.await.unwrap().unwrap();
    let lines = tokio::task::block_in_place(|| told(&server, last));
    let lines: Vec<&str> = lines.iter().map(|l| l.strip_prefix("snowplow.collector.").unwrap()).collect();
    let (mut lines, mut expect) = (lines, expect.to_vec());
    lines.sort_unstable();
    expect.sort_unstable();
    assert_eq!(lines, expect);
}

const GET: &str = "GET /i?e=pv HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &str =
    "POST /com.snowplowanalytics.snowplow/tp2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
const LARGE: &str = "POST /a/b HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n";
const HEALTH: &str = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
const NO_HTTP: &str = "GET\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_current_line_has_its_names() {
    let large = format!("{LARGE}{}", "x".repeat(101));
    check(
        "",
        &[(GET, 200), (GET, 200), (POST, 200), (&large, 413), (HEALTH, 200), (NO_HTTP, 400)],
        "status_code:400",
        &[
            "active_requests:0|g",
            "headers_time|d|#method:GET",
            "headers_time|d|#method:GET",
            "headers_time|d|#method:GET",
            "headers_time|d|#method:POST",
            "headers_time|d|#method:POST",
            "requests_count:1|c|#method:POST,status_bucket:2xx,status_code:200",
            "requests_count:1|c|#method:POST,status_bucket:4xx,status_code:413",
            "requests_count:1|c|#method:none,status_bucket:4xx,status_code:400",
            "requests_count:3|c|#method:GET,status_bucket:2xx,status_code:200",
            "requests_latency|d|#method:GET,status_bucket:2xx,status_code:200",
            "requests_latency|d|#method:GET,status_bucket:2xx,status_code:200",
            "requests_latency|d|#method:GET,status_bucket:2xx,status_code:200",
            "requests_latency|d|#method:POST,status_bucket:2xx,status_code:200",
            "requests_latency|d|#method:POST,status_bucket:4xx,status_code:413",
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_apache_line_has_its_own() {
    check(
        "compatibility = \"2\"",
        &[(GET, 200), (POST, 200)],
        "responses_bytes|d|#method:POST",
        &[
            "connections_active:0|g",
            "connections_count:2|c",
            "requests_active:0|g|#method:GET",
            "requests_active:0|g|#method:POST",
            "requests_bytes|d|#method:GET",
            "requests_bytes|d|#method:POST",
            "requests_count:1|c|#method:GET",
            "requests_count:1|c|#method:POST",
            "responses_bytes|d|#method:GET,status:2xx",
            "responses_bytes|d|#method:POST,status:2xx",
            "responses_count:1|c|#method:GET,status:2xx",
            "responses_count:1|c|#method:POST,status:2xx",
            "responses_duration|d|#method:GET,status:2xx",
            "responses_duration|d|#method:POST,status:2xx",
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sink_does_not_take_in_time_is_abnormal() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let port = server.local_addr().unwrap().port();
    let running = Running::start(config(&format!(
        "monitoring.metrics.statsd {{ enabled = true, hostname = 127.0.0.1, port = {port}, period = 10 ms }}
         monitoring.metrics.statsd.tags {{ env = test }}
         networking.responseHeaderTimeout = 10 ms"
    )));
    running.good.gate.forget_permits(usize::MAX >> 3);
    assert_eq!(ask(running.address, GET.as_bytes()).await.unwrap().status, 408);
    let lines = tokio::task::block_in_place(|| told(&server, "abnormal_latency"));
    for expect in [
        "abnormal_count:1|c|#env:test,termination_type:timeout",
        "abnormal_latency|d|#env:test,termination_type:timeout",
        "requests_count:1|c|#env:test,method:GET,status_bucket:4xx,status_code:408",
    ] {
        assert!(lines.iter().any(|l| l.ends_with(expect)), "{expect} is not in\n{}", lines.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_flight_are_a_level() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let port = server.local_addr().unwrap().port();
    let running = Running::start(config(&format!(
        "monitoring.metrics.statsd {{ enabled = true, hostname = 127.0.0.1, port = {port}, period = 10 ms }}"
    )));
    running.good.gate.forget_permits(usize::MAX >> 3);
    let mut busy = Asker::connect(running.address).await;
    busy.send(GET.as_bytes()).await;
    tokio::task::block_in_place(|| told(&server, "active_requests:1|g"));
    running.good.gate.add_permits(1);
    assert_eq!(busy.answer(false).await.unwrap().status, 200);
    tokio::task::block_in_place(|| told(&server, "active_requests:0|g"));
}
