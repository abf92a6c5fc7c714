//! S5 to S10, S21, S22, S32, C1 to C5: what payloads hold.

use super::{NUID, ZEROS, get, send};
use crate::support::{Running, ask::ask, config};

#[tokio::test]
async fn every_field() {
    let running = Running::start(config(""));
    let cookie = format!("Cookie: cookie=value; sp={NUID}");
    let headers = [
        "User-Agent: testUserAgent",
        "Referer: example.com",
        "CONTENT-type: Application/JSON;charset=UTF-8",
        "X-Forwarded-For: 192.0.2.3",
        &cookie,
    ];
    let answer = send(running.address, "POST", "http://Example.com/p3/p4?a=b", &headers, "b").await;
    assert_eq!(answer.status, 200);
    let p = running.payloads().remove(0);
    assert_eq!(p.schema, "iglu:com.snowplowanalytics.snowplow/CollectorPayload/thrift/1-0-0");
    assert_eq!(p.ip_address.as_deref(), Some("192.0.2.3"));
    assert_eq!(p.encoding.as_deref(), Some("UTF-8"));
    assert_eq!(p.collector.as_deref(), Some(concat!("ssc-", env!("CARGO_PKG_VERSION"), "-logsink")));
    assert_eq!(p.user_agent.as_deref(), Some("testUserAgent"));
    assert_eq!(p.referer_uri.as_deref(), Some("example.com"));
    assert_eq!(p.path.as_deref(), Some("/p3/p4"));
    assert_eq!(p.querystring.as_deref(), Some("a=b"));
    assert_eq!(p.body.as_deref(), Some(&b"b"[..]));
    assert_eq!(p.content_type.as_deref(), Some("application/json; charset=utf-8"));
    assert_eq!(p.hostname.as_deref(), Some("example.com"));
    assert_eq!(p.network_userid.as_deref(), Some(NUID));
    let expected = [
        "Host: collector.example",
        "User-Agent: testUserAgent",
        "Referer: example.com",
        "CONTENT-type: Application/JSON;charset=UTF-8",
        "X-Forwarded-For: 192.0.2.3",
        &format!("Cookie: cookie=value;sp={NUID}"),
        "Content-Length: 1",
        "application/json; charset=utf-8",
    ];
    assert_eq!(p.headers.unwrap(), expected);
}

#[tokio::test]
async fn nothing_but_what_is_always_there() {
    let running = Running::start(config(""));
    ask(running.address, b"GET /i HTTP/1.1\r\n\r\n").await.unwrap();
    let p = running.payloads().remove(0);
    assert_eq!(
        (p.user_agent, p.referer_uri, p.body, p.content_type, p.hostname),
        (None, None, None, None, None)
    );
    assert_eq!((p.querystring.as_deref(), p.headers), (Some(""), Some(Vec::new())));
    assert_eq!(p.ip_address.as_deref(), Some("127.0.0.1"));
}

#[tokio::test]
async fn bodies_are_kept_as_they_are() {
    let running = Running::start(config(""));
    ask(running.address, b"POST /a/b HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(running.payloads()[0].body.as_deref(), Some(&b""[..]));
    let mut request = b"POST /a/b HTTP/1.1\r\nContent-Type: nonsense\r\nContent-Length: 4\r\n\r\n".to_vec();
    request.extend([0, 0xff, 0xfe, b'\n']);
    ask(running.address, &request).await.unwrap();
    let p = running.payloads().remove(0);
    assert_eq!((p.body.as_deref(), p.content_type), (Some(&[0, 0xff, 0xfe, b'\n'][..]), None));
    // The body of a GET is ignored.
    send(running.address, "GET", "/p3/p4", &["Content-Type: text/plain"], "body").await;
    let p = running.payloads().remove(0);
    assert_eq!((p.body, p.content_type), (None, None));
}

#[tokio::test]
async fn anonymous_requests_carry_no_address_and_no_cookie() {
    let running = Running::start(config(""));
    let headers = [
        "User-Agent: a",
        "X-Forwarded-For: 9.9.9.9",
        "x-real-ip: 9.9.9.9",
        "Cookie: sp=x",
        "sp-anonymous: *",
    ];
    get(running.address, "/i", &headers).await;
    let p = running.payloads().remove(0);
    assert_eq!(p.headers.unwrap(), ["Host: collector.example", "User-Agent: a", "sp-anonymous: *"]);
    assert_eq!((p.ip_address.as_deref(), p.network_userid.as_deref()), (Some("unknown"), Some(ZEROS)));
}

#[tokio::test]
async fn client_addresses() {
    let running = Running::start(config(""));
    let cases = [
        ("192.0.2.4", "192.0.2.4"),
        ("1.2.3.4, 5.6.7.8", "1.2.3.4"),
        (",1.2.3.4,,", "1.2.3.4"),
        ("unknown", "unknown"),
        ("unknown, 1.2.3.4", "unknown"),
        ("2001:DB8::1", "[2001:db8::1]"),
        ("Unknown", "127.0.0.1"),
        ("1.2.3.4:80", "127.0.0.1"),
        ("[2001:db8::1]", "127.0.0.1"),
        ("1.2.3.4, host.example", "127.0.0.1"),
        ("", "127.0.0.1"),
    ];
    for (forwarded, expected) in cases {
        get(running.address, "/i", &[&format!("X-Forwarded-For: {forwarded}")]).await;
        assert_eq!(running.payloads()[0].ip_address.as_deref(), Some(expected), "{forwarded}");
    }
    get(running.address, "/i", &["X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 2.2.2.2"]).await;
    assert_eq!(running.payloads()[0].ip_address.as_deref(), Some("1.1.1.1"));
}

#[tokio::test]
async fn cookie_headers_are_cleaned() {
    let running = Running::start(config(""));
    let cases = [
        ("name=value", Some("name=value")),
        ("name1=value2; name2=value3", Some("name1=value2;name2=value3")),
        ("  name = value ; n = v w ", Some("name=value;n=vw")),
        ("{\"key\": \"value\"}; a=b", Some("a=b")),
        ("a=b; {\"key\": \"value\"}; c=d", Some("a=b;c=d")),
        ("{\"key\": \"value\"}", None),
        (";", None),
        (";;", None),
        ("name=\"value\"", Some("name=value")),
        ("name=\"\"", Some("name=")),
        ("name=\"value", None),
        ("name=va\\lue", None),
    ];
    for (cookie, expected) in cases {
        get(running.address, "/i", &[&format!("cookie: {cookie}")]).await;
        let headers = running.payloads().remove(0).headers.unwrap();
        let got = headers.iter().find_map(|h| h.strip_prefix("cookie: "));
        assert_eq!(got, expected, "{cookie}");
    }
}

#[tokio::test]
async fn content_types() {
    let running = Running::start(config(""));
    let cases = [
        ("application/json", Some("application/json")),
        ("APPLICATION/json; Charset=\"utf-8\"", Some("application/json; charset=utf-8")),
        ("application/json; charset=bogus", Some("application/json")),
        ("text/plain; format=flowed", Some("text/plain; format=\"flowed\"")),
        ("multipart/form-data; boundary=\"a;b\"", Some("multipart/form-data; boundary=\"a;b\"")),
        ("multipart/form-data; boundary=AbC", Some("multipart/form-data; boundary=\"abc\"")),
        ("text/plain; charset=Latin1; a=b", Some("text/plain; a=\"b\"; charset=iso-8859-1")),
        ("text/plain; charset=utf8", Some("text/plain; charset=utf-8")),
        ("application/json;", Some("application/json")),
        ("json", None),
        ("a/b c", None),
        ("a/b; c", None),
        ("a/b; c=\"d", None),
    ];
    for (sent, expected) in cases {
        send(running.address, "POST", "/a/b", &[&format!("Content-Type: {sent}")], "{}").await;
        let p = running.payloads().remove(0);
        assert_eq!(p.content_type.as_deref(), expected, "{sent}");
        assert_eq!(p.headers.unwrap().last().unwrap(), expected.unwrap_or("Content-Length: 2"), "{sent}");
    }
}
