//! The Apache line, reasoned from the recorded requests and the published sources of its HTTP library: section 13 row by
//! row, and what the recorded cases (`tests/golden`) show of each kind.

use event::payload::CollectorPayload;

use super::{NUID, ZEROS, get, send};
use crate::support::{
    Running,
    ask::{Answer, ask},
    config,
};

pub(super) fn apache(more: &str) -> Running {
    Running::start(config(&format!("compatibility = \"2\"\n{more}")))
}

/// The value of a header in the payload of a request that carries it.
async fn printed(running: &Running, name: &str, value: &str) -> String {
    get(running.address, "/i", &[&format!("{name}: {value}")]).await;
    let headers = running.payloads().remove(0).headers.unwrap();
    let found = headers.iter().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    found.unwrap_or("absent").to_owned()
}

/// 4.3, 13: headers that the server knows are printed anew, others and broken ones stay as sent.
#[tokio::test]
async fn header_values() {
    let running = apache("");
    let cases = [
        (
            "Accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
            "text/html, application/xhtml+xml, application/xml;q=0.9, image/avif, */*;q=0.8",
        ),
        ("Accept", "Text/HTML;level=1;q=0.50", "text/html; level=1;q=0.5"),
        ("Accept", "*", "*/*"),
        ("Accept", "text/*;q=.3333", "text/*;q=0.333"),
        ("Accept", "text", "text"),
        ("Accept", "a/b;q=2", "a/b;q=2"),
        ("Accept-Language", "en-US,en;q=0.9, de;q=0", "en-US, en;q=0.9, de;q=0.0"),
        ("Accept-Language", "*", "*"),
        ("Accept-Language", "en_US", "en_US"),
        ("Accept-Encoding", "gzip,deflate,br", "gzip, deflate, br"),
        ("Accept-Encoding", "GZIP;q=1.0, *;q=0.5", "gzip, *;q=0.5"),
        ("Accept-Charset", "utf-8,x", "UTF-8, x"),
        ("Access-Control-Request-Headers", "content-type,sp-anonymous", "content-type, sp-anonymous"),
        ("Cache-Control", "no-cache,max-age=00", "no-cache, max-age=0"),
        ("Connection", "Keep-Alive,x", "Keep-Alive, x"),
        ("X-Forwarded-Host", "A.example:80", "a.example"),
        ("X-Forwarded-Proto", "HTTPS", "https"),
        (
            "User-Agent",
            "Mozilla/5.0  (X11;  Linux)  AppleWebKit/537.36 (KHTML, like Gecko)",
            "Mozilla/5.0 (X11;  Linux) AppleWebKit/537.36 (KHTML, like Gecko)",
        ),
        ("User-Agent", "a/1 (b (c) d)", "a/1 (b  (c)d)"),
        ("User-Agent", "a / 1 ()", "a/1"),
        ("User-Agent", "(only)", "(only)"),
        ("User-Agent", "a [b]", "a [b]"),
        ("User-Agent", "a (open", "a (open"),
        ("User-Agent", "a (((((((deep)))))))", "a (((((((deep)))))))"),
        ("Referer", "HTTP://Shop.Example:80/a/../b?x={1}&y=%7e", "http://shop.example/b?x=%7B1%7D&y=%7e"),
        ("Referer", "https://e.org/%41%2f%20é", "https://e.org/%41%2f%20é"),
        ("Referer", "https://e.org/%41%2f%20", "https://e.org/A%2F%20"),
        ("Referer", "https://e.org/#top", "https://e.org/#top"),
        ("Referer", "https://user@e.org/", "https://user@e.org/"),
        ("Referer", "https://e.org:8443", "https://e.org:8443"),
        ("Referer", "/relative?q", "/relative?q"),
        ("Referer", "android-app://com.google.android.gm/", "android-app://com.google.android.gm/"),
        ("Referer", "about:blank", "about:blank"),
        ("Origin", "HTTPS://Shop.Example:443", "https://shop.example:443"),
        ("Origin", "null", "null"),
        ("Origin", "https://a.example  https://b.example", "https://a.example  https://b.example"),
        ("Cookie", "a=b;  c = d ;e=\"f\"", "a=b; c=d; e=f"),
        ("Cookie", "a=b; bad cookie; c=d", "a=b; c=d"),
        ("Cookie", "bad cookie", "bad cookie"),
        ("X-Forwarded-For", "1.2.3.4,2001:DB8::1", "1.2.3.4, 2001:db8:0:0:0:0:0:1"),
        ("X-Forwarded-For", "1.2.3.4 , 5.6.7.8", "1.2.3.4 , 5.6.7.8"),
        ("X-Real-Ip", "::FFFF:1.2.3.4", "1.2.3.4"),
        ("X-Other", "kept,  as\tsent", "kept,  as sent"),
    ];
    for (name, value, expected) in cases {
        assert_eq!(printed(&running, name, value).await, expected, "{name}: {value}");
    }
}

/// 3.8: the first header that is well formed, then `X-Real-IP`, then the peer.
#[tokio::test]
async fn client_addresses() {
    let running = apache("");
    let cases: [(&[&str], &str); 10] = [
        (&["X-Forwarded-For: 1.2.3.4"], "1.2.3.4"),
        (&["X-Forwarded-For: 1.2.3.4:80"], "127.0.0.1"),
        (&["X-Forwarded-For: ,1.2.3.4"], "127.0.0.1"),
        (&["X-Forwarded-For: 1.2.3.4,"], "127.0.0.1"),
        (&["X-Forwarded-For: 01.2.3.4"], "127.0.0.1"),
        (&["X-Forwarded-For: Unknown"], "127.0.0.1"),
        (&["X-Forwarded-For: x", "X-Forwarded-For: 5.6.7.8"], "5.6.7.8"),
        (&["X-Forwarded-For: x", "X-Real-IP: 5.6.7.8"], "5.6.7.8"),
        (&["X-Forwarded-For: unknown", "X-Real-IP: 5.6.7.8"], "unknown"),
        (&["X-Forwarded-For: ::ffff:1.2.3.4"], "1.2.3.4"),
    ];
    for (headers, expected) in cases {
        get(running.address, "/i", headers).await;
        assert_eq!(running.payloads()[0].ip_address.as_deref(), Some(expected), "{headers:?}");
    }
}

/// 4.4 and 0.1, 6: a character set stays where the type has a choice.
#[tokio::test]
async fn content_types() {
    let running = apache("");
    let octets = "application/octet-stream";
    let cases = [
        ("application/json; charset=UTF-8", "application/json"),
        ("Application/JSON", "application/json"),
        ("application/x-www-form-urlencoded; charset=UTF-8", "application/x-www-form-urlencoded"),
        ("text/plain;charset=utf-8", "text/plain; charset=utf-8"),
        ("text/plain; charset=latin1", "text/plain; charset=iso-8859-1"),
        ("text/plain; charset=bogus", "text/plain; charset=bogus"),
        ("text/plain; b=\"x y\"; a=1", "text/plain; a=1; b=\"x y\""),
        ("multipart/form-data; boundary=AbC", "multipart/form-data; boundary=abc"),
        ("application/x-unheard-of; charset=utf-8", "application/x-unheard-of; charset=utf-8"),
        ("image/gif; charset=utf-8", "image/gif"),
        ("application/json;", octets),
        ("json", octets),
        ("application/json; charset", octets),
    ];
    for (sent, expected) in cases {
        send(running.address, "POST", "/a/b", &[&format!("Content-Type: {sent}")], "{}").await;
        let payload = running.payloads().remove(0);
        assert_eq!(payload.content_type.as_deref(), Some(expected), "{sent}");
        assert_eq!(payload.headers.unwrap().last().unwrap(), expected, "{sent}");
    }
    let json = Some("application/json");
    let lines: [(&[&str], &str, Option<&str>); 5] = [
        (&["Content-Type: application/json", "Content-Type: APPLICATION/json"], "{}", json),
        (&["Content-Type: json", "Content-Type: application/json"], "{}", json),
        (&[], "", Some("none/none")),
        (&["Content-Type: json"], "", Some("none/none")),
        (&["Transfer-Encoding: chunked"], "", Some(octets)),
    ];
    for (headers, body, expected) in lines {
        let mut request = format!("POST /a/b HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n", body.len());
        headers.iter().for_each(|line| request += &format!("{line}\r\n"));
        if headers.iter().any(|line| line.contains("chunked")) {
            request = request.replace("Content-Length: 0\r\n", "") + "\r\n0\r\n";
        }
        let answer = ask(running.address, format!("{request}\r\n{body}").as_bytes()).await.unwrap();
        assert_eq!(answer.status, 200, "{headers:?}");
        assert_eq!(running.payloads()[0].content_type.as_deref(), expected, "{headers:?}");
    }
}

/// 13: bodies are decoded with their character set and written as UTF-8.
#[tokio::test]
async fn bodies_are_text() {
    let running = apache("");
    let cases: [(&str, &[u8], &str); 9] = [
        ("application/json", "é".as_bytes(), "é"),
        ("application/json", b"\xe9\xff", "\u{FFFD}\u{FFFD}"),
        ("application/json; charset=latin1", "é".as_bytes(), "é"),
        ("text/plain; charset=iso-8859-1", b"\xe9", "é"),
        ("text/plain; charset=us-ascii", b"a\xe9", "a\u{FFFD}"),
        ("text/plain; charset=utf-16", b"\xff\xfea\0", "a"),
        ("text/plain; charset=utf-16be", b"\0a\0b", "ab"),
        ("application/octet-stream", b"\xed\xa0\x80", "\u{FFFD}"),
        ("text/plain; charset=windows-1252", b"abc", "abc"),
    ];
    for (content_type, body, expected) in cases {
        let mut request = format!(
            "POST /a/b HTTP/1.1\r\nHost: h\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        ask(running.address, &request).await.unwrap();
        let stored = running.payloads().remove(0).body.unwrap();
        assert_eq!(String::from_utf8_lossy(&stored), expected, "{content_type} {body:?}");
    }
}

/// 3.1, 3.2: pairs that are none are left out, and only what is set is read.
#[tokio::test]
async fn identity() {
    let running = apache("");
    let cases = [
        (format!("Cookie: bad cookie; sp={NUID}"), "/i", Some(NUID)),
        (format!("Cookie: sp = {NUID} "), "/i", Some(NUID)),
        (format!("Cookie: sp=\"{NUID}\""), "/i", Some(NUID)),
        (format!("Cookie: sp={NUID},x"), "/i", None),
        (format!("Cookie: sp={NUID}"), "/i?x=1;nuid=no", Some(NUID)),
        (format!("Cookie: sp={NUID}"), "/i?nuid=a&nuid=b", Some("a")),
        ("X: y".to_owned(), "/i?n3pc", Some("00000000-0000-4000-A000-000000000000")),
    ];
    for (cookie, target, expected) in &cases {
        get(running.address, target, &[cookie]).await;
        let nuid = running.payloads().remove(0).network_userid.unwrap();
        assert_eq!(expected.unwrap_or(&nuid), nuid, "{cookie} {target}");
        assert_eq!(
            expected.is_none(),
            !cookie.contains(&nuid) && !target.contains(&nuid) && !nuid.starts_with("0000")
        );
    }
    let off = apache("cookie { enabled = false }");
    let answer = get(off.address, "/i", &[&format!("Cookie: sp={NUID}")]).await;
    assert_ne!(off.payloads()[0].network_userid.as_deref(), Some(NUID));
    assert_eq!(answer.header("set-cookie"), None);
    let answer = get(running.address, "/i", &[&format!("Cookie: sp={NUID}"), "SP-Anonymous:"]).await;
    assert_eq!(
        (answer.header("set-cookie"), running.payloads()[0].network_userid.as_deref()),
        (None, Some(ZEROS))
    );
}

fn names(answer: &Answer) -> Vec<&str> {
    let names = answer.headers.iter().map(|(name, _)| name.as_str());
    names.filter(|n| !["Date", "Content-Length"].contains(n)).collect()
}

/// 2.4, 13: the order of headers, P3P, the pixel.
#[tokio::test]
async fn responses() {
    let running =
        apache("enableDefaultRedirect = true, crossDomain { enabled = true, domains = [a.com, b.com] }");
    let pixel = get(running.address, "/i", &[]).await;
    let cors = ["Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"];
    let mut expected = vec!["Set-Cookie", "Cache-Control", "P3P", cors[0], cors[1], "Content-Type"];
    assert_eq!(names(&pixel), expected);
    assert_eq!(pixel.body[21..23], [4, 1]);
    let redirect = get(running.address, "/r/x?u=http%3A%2F%2Fe.org", &[]).await;
    expected.insert(0, "Location");
    expected.pop();
    assert_eq!(names(&redirect), expected);
    let file = get(running.address, "/crossdomain.xml", &[]).await;
    let body = "<?xml version=\"1.0\"?>\n<cross-domain-policy>\n  <allow-access-from domain=\"a.com\" secure=\"true\" />\n  <allow-access-from domain=\"b.com\" secure=\"true\" />\n</cross-domain-policy>";
    assert_eq!(
        (file.body().as_str(), file.header("content-type")),
        (body, Some("text/xml; charset=ISO-8859-1"))
    );
    assert_eq!(get(running.address, "/health", &[]).await.body(), "OK");
    assert_eq!(get(running.address, "/nothing", &[]).await.body(), "404 not found");
    let none = apache("crossDomain { enabled = true, domains = [] }");
    let file = get(none.address, "/crossdomain.xml", &[]).await;
    assert_eq!(file.body(), "<?xml version=\"1.0\"?>\n<cross-domain-policy>\n\n</cross-domain-policy>");
}

/// 2.5 and 0.1, 8; 3.4.
#[tokio::test]
async fn origins() {
    let running = apache("cookie { domains = [acme.com] }");
    let cases = [
        ("https://Shop.Acme.com", "https://shop.acme.com", Some("acme.com")),
        ("https://x.org https://acme.com:8443", "https://x.org https://acme.com:8443", Some("acme.com")),
        ("https://acme.com x", "*", None),
        ("https://acme.com:70000", "*", None),
        ("null", "null", None),
        ("", "*", None),
        ("https://acme.com/", "*", None),
        ("https://[::1]:80", "https://[::1]:80", None),
        ("file://", "file://", None),
        ("null\r\nOrigin: https://acme.com", "null", None),
        ("x\r\nOrigin: https://acme.com", "https://acme.com", Some("acme.com")),
    ];
    for (origin, allowed, domain) in cases {
        let answer = get(running.address, "/i", &[&format!("Origin: {origin}")]).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(allowed), "{origin}");
        let cookie = answer.header("set-cookie").unwrap();
        let set = cookie.split("; ").find_map(|part| part.strip_prefix("Domain="));
        assert_eq!(set, domain, "{origin}");
    }
}

/// 3.7: absolute, and the parameters in the order of the original's map.
#[tokio::test]
async fn the_bounce() {
    let running = apache("cookieBounce { enabled = true, forwardedProtocolHeader = X-Forwarded-Proto }");
    let cases: [(&str, &[&str], &str); 12] = [
        ("/i?e=pv", &[], "http://collector.example/i?e=pv&n3pc=true"),
        ("/i?&&a=b", &[], "http://collector.example/i?&a=b&n3pc=true"),
        ("/i?a=b&", &[], "http://collector.example/i?a=b&&n3pc=true"),
        ("http://u@COLLECTOR.example/i", &[], "http://u@collector.example/i?n3pc=true"),
        ("/i", &[], "http://collector.example/i?n3pc=true"),
        ("/i?", &[], "http://collector.example/i?n3pc=true"),
        ("/i?e=pv", &["X-Forwarded-Proto: HTTPS"], "https://collector.example/i?e=pv&n3pc=true"),
        ("/i?e=pv", &["X-Forwarded-Proto: https, http"], "http://collector.example/i?e=pv&n3pc=true"),
        ("/i?a=x+y%20z&b&c=", &[], "http://collector.example/i?a=x+y+z&b&c=&n3pc=true"),
        ("/i?a=1&a=2;b", &[], "http://collector.example/i?a=2%3Bb&n3pc=true"),
        ("/i?a=/?:@{}%C3%A9", &[], "http://collector.example/i?a=/?:@%7B%7D%C3%A9&n3pc=true"),
        ("/c/../a/%41", &[], "http://collector.example/a/A?n3pc=true"),
    ];
    for (target, headers, expected) in cases {
        let answer = get(running.address, target, headers).await;
        assert_eq!((answer.status, answer.header("location")), (302, Some(expected)), "{target}");
        assert!(running.payloads().is_empty());
    }
    let many = get(running.address, "/i?e=1&p=2&tv=3&aid=4&url=5", &[]).await;
    let location = many.header("location").unwrap().split_once('?').unwrap().1;
    let mut got: Vec<&str> = location.split('&').collect();
    got.sort_unstable();
    assert_eq!(got, ["aid=4", "e=1", "n3pc=true", "p=2", "tv=3", "url=5"]);
    // The name of the mark in another parameter is no mark here.
    assert_eq!(get(running.address, "/i?x=n3pc", &[]).await.status, 302);
}

/// 2.6, 0.1 and 15.5: the macro, the last `u`, the list of hosts.
#[tokio::test]
async fn redirects() {
    let any = apache("enableDefaultRedirect = true");
    let some = apache(
        "enableDefaultRedirect = true, redirectDomains = [ok.example], redirectMacro { enabled = true, placeholder = \"[TOKEN]\" }",
    );
    let cases: [(&Running, &str, Option<&str>); 23] = [
        (&any, "u=http://a.org&u=http://b.org", Some("http://b.org")),
        (&any, "u=http://a.org;u=http://b.org", Some("http://a.org;u=http://b.org")),
        (&any, "u=", Some("")),
        (&any, "u", Some("")),
        (&any, "u=a+b", Some("a b")),
        (&any, "u=http://e.org/%C3%BC", Some("http://e.org/ü")),
        (&any, "u=http://e.org/%E2%82%AC%C3%BC", Some("http://e.org/%E2%82%AC%C3%BC")),
        (&any, "u=http://e.org/?id=${SP_NUID}", Some("http://e.org/?id=${SP_NUID}")),
        (&any, "u=http://e.org/a%253Db", Some("http://e.org/a%3Db")),
        (&any, "u=a%0d%0ab", None),
        (&any, "U=http://e.org", None),
        (&some, "u=http://ok.example/%5BTOKEN%5D", Some("http://ok.example/n1")),
        (&some, "u=https://ok.example:80/", Some("https://ok.example:80/")),
        (&some, "u=//ok.example/", None),
        (&some, "u=javascript://ok.example/", None),
        (&some, "u=http:ok.example", None),
        (&some, "u=http://a@b@ok.example", None),
        (&some, "u=/http://ok.example", None),
        (&some, "u=http://ok.example.evil", None),
        (&some, "u=http://[TOKEN]/", None),
        (&some, "u=http://[ok.example/", None),
        (&some, "u=http://[TOKEN]/&nuid=ok.example", None),
        (&some, "u=http://a[TOKEN]@ok.example/&nuid=//evil", None),
    ];
    for (running, query, location) in cases {
        let answer = get(running.address, &format!("/r/x?{query}"), &["Cookie: sp=n1"]).await;
        let status = if location.is_some() { 302 } else { 400 };
        assert_eq!((answer.status, answer.header("location")), (status, location), "{query}");
        assert_eq!(running.payloads().len(), 1, "{query}");
    }
}

/// 2.2, 2.3, 0.1, 5: what is a path, and 2.8: what is no target.
#[tokio::test]
async fn targets() {
    let running = apache("");
    let refused = |what: &str| (400, format!("Illegal request-target: {what}"));
    let cases = [
        ("/i/", (404, "404 not found".into())),
        ("//i", (404, "404 not found".into())),
        ("/r/", (404, "404 not found".into())),
        ("/r/x", (404, "redirects disabled".into())),
        ("/%72/x", (404, "redirects disabled".into())),
        ("/x/../r/y", (404, "redirects disabled".into())),
        ("foo", (404, "404 not found".into())),
        ("*", (404, "404 not found".into())),
        ("/i?a=%4", refused("Unexpected end of input, expected HEXDIG (line 1, column 8)")),
        ("/i#x", refused("Invalid input '#', expected pchar, '/', '?' or 'EOI' (line 1, column 3)")),
        ("/i?a=%zz b", refused("Invalid input 'z', expected HEXDIG (line 1, column 7)")),
        (
            "/i?a=b c",
            (505, "The server does not support the HTTP protocol version used in the request.".into()),
        ),
    ];
    for (target, (status, body)) in cases {
        let answer = get(running.address, target, &[]).await;
        assert_eq!((answer.status, answer.body()), (status, body), "{target}");
        assert!(running.payloads().is_empty(), "{target}");
    }
    for (target, path, query) in [
        ("/a%2Fb/c%20d?", "/a/b/c d", Some("")),
        ("/a/./b", "/a/b", None),
        ("/x/../i?e=pv?#".trim_end_matches('#'), "/i", Some("e=pv?")),
        ("/%69?[]|{}^`\\\"<>", "/i", Some("[]|{}^`\\\"<>")),
        ("http://collector.example/i?e=pv", "/i", Some("e=pv")),
        ("HTTP://COLLECTOR.example/i", "/i", None),
        ("/com.%FF/x", "/com.\u{FFFD}/x", None),
    ] {
        assert_eq!(get(running.address, target, &[]).await.status, 200, "{target}");
        let CollectorPayload { path: got, querystring, hostname, .. } = running.payloads().remove(0);
        assert_eq!((got.as_deref(), querystring.as_deref()), (Some(path), query), "{target}");
        assert_eq!(hostname.as_deref(), Some("collector.example"));
    }
    let heads = [
        (
            "GET /i HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            "HTTP message must not contain more than one Host header",
        ),
        (
            "GET /i HTTP/1.1\r\nHost:\r\n\r\n",
            "Cannot establish effective URI of request to `/i`, request has a relative URI and an empty `Host` header",
        ),
        ("GET /i HTTP/1.1\r\n\r\n", "Request is missing required `Host` header"),
    ];
    for (request, body) in heads {
        let answer = ask(running.address, request.as_bytes()).await.unwrap();
        assert_eq!((answer.status, answer.body().as_str()), (400, body), "{request}");
    }
}

/// 4.5: one key for a request, the address where it is asked for.
#[tokio::test]
async fn partition_keys() {
    let keys = async |settings: &str, headers: &[&str]| {
        let running = Running::start(config(settings));
        get(running.address, "/i", headers).await;
        String::from_utf8_lossy(&running.good.take()[0].key).into_owned()
    };
    let by_ip = "streams { useIpAddressAsPartitionKey = true }";
    let from = ["X-Forwarded-For: 2001:db8::1"];
    assert_eq!(keys(&format!("compatibility = 2, {by_ip}"), &from).await, "2001:db8:0:0:0:0:0:1");
    assert_eq!(keys(&format!("compatibility = 2, {by_ip}"), &["SP-Anonymous: *"]).await.len(), 36);
    assert_eq!(keys("compatibility = 2", &from).await.len(), 36);
    assert_eq!(keys(by_ip, &from).await.len(), 36, "the current line has no such key");
}
