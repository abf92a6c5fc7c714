//! `ssl.redirect` on the plain port.

use crate::support::{
    Running,
    ask::{Answer, Asker},
    config,
};

/// A request on the connection, with these header lines behind `Host`.
async fn send(asker: &mut Asker, method: &str, target: &str, headers: &[&str], body: &str) -> Answer {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: c.example:8080\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    );
    asker.ask(request.as_bytes()).await.unwrap()
}

#[tokio::test]
async fn plain_requests_are_sent_to_https() {
    let get = "/i?e=pv&p=web";
    let post = "/com.snowplowanalytics.snowplow/tp2";
    for (line, for_post) in [("3", 308), ("2", 301)] {
        let text =
            format!("compatibility = \"{line}\", ssl {{ enable = true, redirect = true, port = 8443 }}");
        let running = Running::start(config(&format!("{text}, hsts.enable = true")));
        let mut asker = Asker::connect(running.address).await;
        let cases = [
            ("GET", get, 301),
            ("HEAD", get, 301),
            ("POST", post, for_post),
            ("PUT", "/a/b", for_post),
            ("GET", "/robots.txt", 301),
            ("GET", "/nothing", 301),
        ];
        for (method, target, status) in cases {
            let body = if method == "POST" { "{}" } else { "" };
            let answer = send(&mut asker, method, target, &["Origin: http://a.example"], body).await;
            let case = format!("{line}: {method} {target}");
            assert_eq!(answer.status, status, "{case}");
            let expect = format!("https://c.example:8443{target}");
            assert_eq!(answer.header("location"), Some(expect.as_str()), "{case}");
            assert_eq!(answer.header("access-control-allow-origin"), Some("http://a.example"), "{case}");
            assert_eq!(answer.header("access-control-allow-credentials"), Some("true"), "{case}");
            assert_eq!(answer.header("set-cookie"), None, "{case}");
            let hsts = "max-age=31536000; includeSubDomains";
            assert_eq!(answer.header("strict-transport-security"), Some(hsts), "{case}");
        }
        assert_eq!(running.payloads().len(), 0, "{line}: nothing is stored on the way");

        for (method, target) in [("GET", "/health"), ("GET", "/sink-health"), ("OPTIONS", post)] {
            let answer = send(&mut asker, method, target, &["X-Forwarded-Proto: http"], "").await;
            assert_eq!((answer.status, answer.header("location")), (200, None), "{line}: {method} {target}");
        }
        for (method, target) in [("GET", get), ("POST", post)] {
            let answer = send(&mut asker, method, target, &["X-Forwarded-Proto: https"], "").await;
            assert_eq!(answer.status, 200, "{line}: {method} {target} came over HTTPS");
        }
        assert_eq!(running.payloads().len(), 2, "{line}");
    }
}

#[tokio::test]
async fn behind_a_balancer_that_ends_tls_its_header_decides() {
    let running = Running::start(config("ssl { redirect = true, port = 8443 }"));
    let mut asker = Asker::connect(running.address).await;
    for (headers, status, location) in [
        (&[][..], 200, None),
        (&["X-Forwarded-Proto: https"], 200, None),
        (&["x-forwarded-proto: HTTP"], 301, Some("https://c.example/i?e=pv")),
    ] {
        let answer = send(&mut asker, "GET", "/i?e=pv", headers, "").await;
        assert_eq!((answer.status, answer.header("location")), (status, location), "{headers:?}");
    }
    assert_eq!(running.payloads().len(), 2);
}
