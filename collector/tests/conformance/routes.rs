//! R1 to R11, H2, H3, S11 to S14, S20, S25 to S28, S34, S41, S42.

use super::{BASE, get, send};
use crate::support::{Running, config};

#[tokio::test]
async fn statuses_and_bodies() {
    let running = Running::start(config(BASE));
    let robots = "User-agent: *\nDisallow: /\n\nUser-agent: Googlebot\nDisallow: /\n\nUser-agent: AdsBot-Google\nDisallow: /";
    let plain = Some("text/plain; charset=UTF-8");
    let cases = [
        ("GET", "/health", 200, "ok", plain),
        ("GET", "/sink-health", 200, "ok", plain),
        ("GET", "/robots.txt", 200, robots, plain),
        ("GET", "/", 404, "Not found", plain),
        ("GET", "/crossdomain.xml", 404, "Not found", plain),
        ("GET", "/nothing", 404, "Not found", plain),
        ("GET", "/a/b/", 404, "Not found", plain),
        ("GET", "/a/b/c", 404, "Not found", plain),
        ("POST", "/i", 404, "Not found", plain),
        ("PUT", "/a/b", 404, "Not found", plain),
        ("DELETE", "/a/b", 404, "Not found", plain),
        ("FROB", "/a/b", 404, "Not found", plain),
        ("HEAD", "/health", 404, "", plain),
        ("HEAD", "/robots.txt", 404, "", plain),
        ("GET", "/r/abc?u=https%3A%2F%2Facme.com", 404, "redirects disabled", plain),
        ("POST", "/r/abc", 404, "redirects disabled", plain),
        ("OPTIONS", "/r/abc", 404, "redirects disabled", plain),
        ("GET", "/r/", 404, "redirects disabled", plain),
        ("GET", "/%72/x?u=https%3A%2F%2Facme.com", 404, "redirects disabled", plain),
        ("GET", "/r/x/y", 404, "Not found", plain),
        ("GET", "/%68ealth", 200, "ok", plain),
        ("GET", "foo", 404, "Not found", plain),
        ("OPTIONS", "/a/b/c/d", 200, "", None),
        ("OPTIONS", "foo:80", 200, "", None),
        ("POST", "/p3/p4", 200, "ok", Some("text/plain")),
        ("OPTIONS", "/i", 200, "", None),
        ("OPTIONS", "/health", 200, "", None),
        ("OPTIONS", "*", 200, "", None),
    ];
    for (method, target, status, body, content_type) in cases {
        let answer = send(running.address, method, target, &[], "").await;
        let got = (answer.status, answer.body(), answer.header("content-type"));
        assert_eq!(got, (status, body.to_owned(), content_type), "{method} {target}");
    }
}

#[tokio::test]
async fn pixels_are_not_cached() {
    let running = Running::start(config(BASE));
    for target in ["/i?e=pv", "/ice.png", "/p3/p4", "/i/", "/health/"] {
        let answer = get(running.address, target, &[]).await;
        assert_eq!(
            (answer.status, answer.body.len(), answer.body[21..23].to_vec()),
            (200, 43, vec![4, 5]),
            "{target}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-cache, no-store, must-revalidate"), "{target}");
        let head = send(running.address, "HEAD", target, &[], "").await;
        assert_eq!((head.status, head.header("content-length")), (200, None), "{target}");
    }
    let posted = send(running.address, "POST", "/p3/p4", &[], "{}").await;
    assert_eq!(posted.header("cache-control"), None);
}

#[tokio::test]
async fn paths_in_payloads() {
    let running = Running::start(config(BASE));
    let cases = [
        ("GET", "/i?e=pv", "/i"),
        ("HEAD", "/ice.png", "/ice.png"),
        ("GET", "/i/", "/i/"),
        ("POST", "/p3/p4?x", "/p3/p4"),
        ("GET", "/com.%C3%BC/%E2%82%AC", "/com.ü/€"),
        ("GET", "/a%zz/b", "/a%zz/b"),
        ("GET", "/a%2Fb/c", "/a/b/c"),
        ("GET", "/%69", "/i"),
        ("POST", "/com.acme/tr%61ck", "/com.snowplowanalytics.snowplow/tp2"),
        ("POST", "/com.acme/track", "/com.snowplowanalytics.snowplow/tp2"),
        ("POST", "/com.acme/iglu?schema=x", "/com.snowplowanalytics.iglu/v1"),
        ("POST", "/com.acme/redirect", "/r/tp2"),
    ];
    for (method, target, path) in cases {
        send(running.address, method, target, &[], "").await;
        let payloads = running.payloads();
        assert_eq!(payloads.len(), 1, "{method} {target}");
        assert_eq!(payloads[0].path.as_deref(), Some(path), "{method} {target}");
        assert_eq!(payloads[0].body.is_some(), method == "POST", "{method} {target}");
    }
}

#[tokio::test]
async fn what_is_sent_raw_in_a_query_is_kept() {
    let running = Running::start(config(""));
    for query in [
        "a=b|c",
        "a={\"b\":1}",
        "a=<x>",
        "a=b^`",
        "a=\\x",
        "a=%zz",
        "a=%",
        "a=b c",
        "a=é",
        "e=pv#top",
        "a=[1]",
    ] {
        let answer = get(running.address, &format!("/i?{query}"), &[]).await;
        assert_eq!(answer.status, 200, "{query}");
        assert_eq!(running.payloads()[0].querystring.as_deref(), Some(query));
    }
}

#[tokio::test]
async fn cross_origin_headers() {
    let running = Running::start(config(""));
    let cases = [
        (None, "*"),
        (Some("http://origin.com"), "http://origin.com"),
        (Some("http://origin.com http://otherorigin.com:8080"), "http://origin.com"),
        (Some("http://otherorigin.com:8080"), "http://otherorigin.com:8080"),
        (Some("null"), "*"),
        (Some("garbage"), "*"),
    ];
    for (origin, expected) in cases {
        let header = origin.map(|o| format!("Origin: {o}"));
        let headers: Vec<&str> = header.as_deref().into_iter().collect();
        for method in ["GET", "OPTIONS"] {
            let answer = send(running.address, method, "/i", &headers, "").await;
            assert_eq!(answer.header("access-control-allow-origin"), Some(expected), "{method} {origin:?}");
            assert_eq!(
                answer.header("access-control-allow-credentials"),
                Some("true"),
                "{method} {origin:?}"
            );
        }
    }
    let preflight = send(running.address, "OPTIONS", "/a/b", &[], "").await;
    assert_eq!(preflight.header("access-control-allow-headers"), Some("Content-Type, SP-Anonymous"));
    assert_eq!(preflight.header("access-control-max-age"), Some("3600"));
    assert_eq!(preflight.header("set-cookie"), None);
    assert_eq!(get(running.address, "/health", &[]).await.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn strict_transport_security_is_on_everything() {
    let on = Running::start(config("hsts { enable = true, maxAge = 180 days }"));
    let off = Running::start(config(""));
    for target in ["/i", "/health", "/give-me-404"] {
        let answer = get(on.address, target, &[]).await;
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=15552000; includeSubDomains"));
        assert_eq!(get(off.address, target, &[]).await.header("strict-transport-security"), None);
    }
}

#[tokio::test]
async fn root_and_cross_domain_file() {
    let running = Running::start(config(
        r#"rootResponse { enabled = true, statusCode = 301, headers { Location = "https://acme.com/" }, body = moved }
           crossDomain { enabled = true, domains = ["*.acme.com", "example.org"], secure = false }"#,
    ));
    let root = get(running.address, "/", &[]).await;
    assert_eq!(
        (root.status, root.header("location"), root.body().as_str()),
        (301, Some("https://acme.com/"), "moved")
    );
    let file = get(running.address, "/crossdomain.xml", &[]).await;
    let expected = "<?xml version=\"1.0\"?>\n<cross-domain-policy>\n\
        <allow-access-from domain=\"*.acme.com\" secure=\"false\" />\n\
        <allow-access-from domain=\"example.org\" secure=\"false\" />\n</cross-domain-policy>";
    assert_eq!((file.body().as_str(), file.header("content-type")), (expected, Some("text/xml")));
    assert!(running.payloads().is_empty());
}

#[tokio::test]
async fn redirects() {
    let any = Running::start(config("enableDefaultRedirect = true"));
    let some = Running::start(config(
        "enableDefaultRedirect = true, redirectDomains = [snowplow.acme.com, example1.com]",
    ));
    let cases = [
        (&any, "u=https%3A%2F%2Fsnowplow.acme.com%2F12", Some("https://snowplow.acme.com/12")),
        (&any, "u=https://snowplow.acme.com/12", Some("https://snowplow.acme.com/12")),
        (&any, "x=1&u=http%3A%2F%2Fa.org&u=http%3A%2F%2Fb.org", Some("http://a.org")),
        (&any, "u=http%3A%2F%2Fa.org%2F%3Fq%3D1%26r%3D2", Some("http://a.org/?q=1&r=2")),
        (&any, "u=%2Frelative", Some("/relative")),
        (&any, "", None),
        (&any, "x=1", None),
        (&any, "u=", None),
        (&any, "u=not%20a%20url", None),
        (&any, "u=https%3A%2F%2Fe.org%2F%0d%0aX-Injected%3A1", None),
        (&some, "u=https%3A%2F%2Fexample1.com%2F12", Some("https://example1.com/12")),
        (&some, "u=https%3A%2F%2Fexample1.com%3A8080%2F", Some("https://example1.com:8080/")),
        (&some, "u=https%3A%2F%2Finvalidexample1.com%2F12", None),
        (&some, "u=https%3A%2F%2Fsub.example1.com", None),
        (&some, "u=http%3A%2F%2Fexample1.com%40bad.example%2F", None),
        (&some, "u=http%3A%2F%2Fbad.example%5C%40example1.com", None),
        (&some, "u=%2Frelative", None),
        (&some, "u=%2F%2Fexample1.com/x", Some("//example1.com/x")),
        (&some, "u=javascript:alert(1)//example1.com/", None),
        (&some, "u=/x//example1.com/", None),
        (&some, "u=x?y=http://example1.com/", None),
        (&some, "u=http:example1.com", None),
        (&some, "u=http://a@b@example1.com/", None),
        (&some, "u=http://EXAMPLE1.com/", None),
        (&any, "u=http://e.org;u=x", Some("http://e.org")),
        (&any, "u=http%3A%2F%2F[bad%2F", None),
        (&any, "u=http%3A%2F%2F[::1]:8080%2F", Some("http://[::1]:8080/")),
        (&any, "u=http%3A%2F%2Fe.org%3Ax%2F", None),
        (&any, "u=1%3Ax", None),
        (&any, "u=http%3A%2F%2Fe.org%2F%5Bx%5D", None),
        (&any, "u=http%3A%2F%2Fe.org%2F%3F%5Bx%5D", Some("http://e.org/?[x]")),
        (&any, "u=http%3A%2F%2Fe.org%2F%25zz", None),
        (&any, "u=http%3A%2F%2Fe.org%2F%C3%BC", None),
    ];
    for (running, query, location) in cases {
        for method in ["GET", "POST"] {
            let answer = send(running.address, method, &format!("/r/example?{query}"), &[], "").await;
            let status = if location.is_some() { 302 } else { 400 };
            assert_eq!((answer.status, answer.header("location")), (status, location), "{method} {query}");
            assert!(answer.header("set-cookie").is_some() && answer.body.is_empty(), "{method} {query}");
            assert_eq!(running.payloads().len(), 1, "{method} {query}: the event is stored either way");
        }
    }
}
