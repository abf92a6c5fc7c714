//! S1 to S4, S15 to S19, S30 to S33, S35 to S39, S43 to S46: cookies and who a visitor is.

use super::{NUID, ZEROS, get, send};
use crate::support::{Running, ask::Answer, config};

fn cookies(answer: &Answer) -> Vec<String> {
    let set = answer.headers.iter().filter(|(name, _)| name == "Set-Cookie");
    set.map(|(_, cookie)| {
        let parts = cookie.split("; ").filter(|part| !part.starts_with("Expires="));
        parts.collect::<Vec<_>>().join("; ")
    })
    .collect()
}

#[tokio::test]
async fn the_network_user_id() {
    let running = Running::start(config(""));
    let cookie = format!("Cookie: sp={NUID}");
    let anonymous = "SP-Anonymous: *";
    // target, headers, in the payload (None: a new one), in the cookie (None: no cookie set)
    let set = |value: &str| Some(format!("sp={value}"));
    let cases = vec![
        ("/i", vec![cookie.as_str()], Some(NUID), set(NUID)),
        ("/i?nuid=foo", vec![&cookie], Some("foo"), set("foo")),
        ("/i?x=1&nuid=foo&nuid=bar", vec![], Some("foo"), set("foo")),
        ("/i?%6euid=foo", vec![], Some("foo"), set("foo")),
        ("/i?nuid=", vec![&cookie], Some(""), set("")),
        ("/i?nuid=a%20b", vec![&cookie], Some("a b"), set(NUID)),
        ("/i?nuid=a%3B%20Domain%3Devil", vec![&cookie], Some("a; Domain=evil"), set(NUID)),
        ("/i", vec![&cookie, anonymous], Some(ZEROS), set("")),
        ("/i?nuid=foo", vec![&cookie, anonymous], Some(ZEROS), set("")),
        ("/i", vec![anonymous], Some(ZEROS), None),
        ("/i", vec!["SP-Anonymous:"], Some(ZEROS), None),
        ("/i", vec!["Cookie: a=b", &cookie], Some(NUID), set(NUID)),
        ("/i?x=1;nuid=foo", vec![&cookie], Some("foo"), set("foo")),
        ("/i", vec!["Cookie: sp=a b\"c,d"], Some("a b\"c,d"), set("a b\"c,d")),
        ("/i", vec!["Cookie: sp=\u{e9}"], Some("\u{c3}\u{a9}"), set("\u{c3}\u{a9}")),
    ];
    for (target, headers, nuid, cookie) in cases {
        let answer = get(running.address, target, &headers).await;
        let payload = running.payloads().remove(0);
        assert_eq!(payload.network_userid.as_deref(), nuid, "{target} {headers:?}");
        let got = cookies(&answer).first().map(|c| c.split(';').next().unwrap().to_owned());
        assert_eq!(got, cookie, "{target} {headers:?}");
    }
}

#[tokio::test]
async fn a_visitor_without_id_gets_one() {
    let running = Running::start(config(""));
    for headers in [vec![], vec!["Cookie: SP=other"], vec!["Cookie: sp"], vec!["Cookie: bad pair; sp=x"]] {
        let answer = get(running.address, "/i", &headers).await;
        let id = running.payloads().remove(0).network_userid.unwrap();
        assert_eq!((id.len(), &id[14..15]), (36, "4"), "{headers:?}: {id}");
        assert_eq!(cookies(&answer), [format!("sp={id}; Path=/; SameSite=None; Secure; HttpOnly")]);
    }
}

#[tokio::test]
async fn attributes_follow_the_configuration() {
    let check = async |text: &str, headers: &[&str], expected: &[&str]| {
        let running = Running::start(config(text));
        let answer = get(running.address, "/i?nuid=x", headers).await;
        assert_eq!(cookies(&answer), expected, "{text} {headers:?}");
    };
    let rest = "Path=/; SameSite=None; Secure; HttpOnly";
    check("cookie { enabled = false }", &[], &[]).await;
    check(
        "cookie { name = greatName, sameSite = strict, secure = false }",
        &[],
        &["greatName=x; Path=/; SameSite=Strict; HttpOnly"],
    )
    .await;
    check("cookie { secure = false, httpOnly = false }", &[], &["sp=x; Path=/; SameSite=None; Secure"]).await;
    check("cookie { sameSite = null, secure = false }", &[], &["sp=x; Path=/; HttpOnly"]).await;
    check(
        "cookie { clientCookieName = spc }",
        &[],
        &["sp=x; Path=/; SameSite=None; Secure; HttpOnly", "spc=x; Path=/; SameSite=None; Secure"],
    )
    .await;
    check(
        "cookie { clientCookieName = spc }",
        &["SP-Anonymous: *", "Cookie: sp=y"],
        &["sp=; Path=/; SameSite=None; Secure; HttpOnly", "spc=; Path=/; SameSite=None; Secure"],
    )
    .await;
    check("cookie { clientCookieName = spc }", &["SP-Anonymous: *"], &[]).await;
    check("cookie { clientCookieName = spc, enabled = false }", &[], &[]).await;

    let domains = "cookie { domains = [domain.com, otherdomain.com], fallbackDomain = fallback.com }";
    let with = |domain: &str| format!("sp=x; Domain={domain}; {rest}");
    check(domains, &["Origin: http://www.domain.com"], &[&with("domain.com")]).await;
    check(domains, &["Origin: https://domain.com:8080"], &[&with("domain.com")]).await;
    check(domains, &["Origin: http://www.otherdomain.com http://domain.com"], &[&with("domain.com")]).await;
    check(domains, &["Origin: http://notdomain.com"], &[&with("fallback.com")]).await;
    check(domains, &["Origin: http://domain.com.evil.com"], &[&with("fallback.com")]).await;
    check(domains, &[], &[&with("fallback.com")]).await;
    check("cookie { domains = [domain.com] }", &["Origin: http://other.com"], &[&format!("sp=x; {rest}")])
        .await;
}

#[tokio::test]
async fn expiry_is_counted_from_now() {
    let running = Running::start(config("cookie { expiration = 42 days }"));
    let expires = async |headers: &[&str]| {
        let answer = get(running.address, "/i?nuid=x", headers).await;
        let cookie = answer.header("set-cookie").unwrap().to_owned();
        let date = cookie.split("; ").find_map(|part| part.strip_prefix("Expires=")).unwrap().to_owned();
        let date = jiff::fmt::rfc2822::parse(&date).unwrap().timestamp();
        date.as_second() - running.payloads().remove(0).timestamp / 1000
    };
    assert_eq!(expires(&[]).await, 42 * 86_400);
    assert_eq!(expires(&["SP-Anonymous: *", "Cookie: sp=y"]).await, -42 * 86_400);
}

#[tokio::test]
async fn do_not_track() {
    let check = async |value: &str, cookie: &str, stored: bool| {
        let text = format!("doNotTrackCookie {{ enabled = true, name = do-not-track, value = \"{value}\" }}");
        let running = Running::start(config(&text));
        for method in ["GET", "POST"] {
            let answer = send(running.address, method, "/a/b", &[&format!("Cookie: {cookie}")], "").await;
            assert_eq!(answer.status, 200);
            assert_eq!(running.payloads().len(), usize::from(stored), "{value} {cookie}");
            assert_eq!(answer.header("set-cookie").is_some(), stored, "{value} {cookie}");
        }
    };
    check("^snowplow-(.*)$", "do-not-track=lorem-1p5uM", true).await;
    check("^snowplow-(.*)$", "do-not-track=snowplow-yes", false).await;
    check("^(.*)$", "other=lorem-1p5uM", true).await;
    check("^(.*)$", "do-not-track=lorem-1p5uM", false).await;
    check("yes", "do-not-track=yes2", true).await;
}

#[tokio::test]
async fn the_bounce() {
    let running = Running::start(config("cookieBounce { enabled = true }"));
    let first = get(running.address, "/i?e=pv", &[]).await;
    assert_eq!((first.status, first.header("location")), (302, Some("/i?e=pv&n3pc=true")));
    assert!(first.header("set-cookie").is_some() && running.payloads().is_empty());

    let bare = get(running.address, "/i", &[]).await;
    assert_eq!(bare.header("location"), Some("/i?n3pc=true"));
    let absolute = get(running.address, "http://example.com/i?e=pv", &[]).await;
    assert_eq!(absolute.header("location"), Some("//example.com/i?e=pv&n3pc=true"));

    let back = get(running.address, "/i?e=pv&n3pc=true", &[]).await;
    assert_eq!(back.status, 200);
    let payload = running.payloads().remove(0);
    assert_eq!(payload.network_userid.as_deref(), Some("00000000-0000-4000-A000-000000000000"));
    assert_eq!(payload.querystring.as_deref(), Some("e=pv&n3pc=true"));

    for (target, headers) in
        [("/i?nuid=x", vec![]), ("/i", vec!["Cookie: sp=x"]), ("/i", vec!["SP-Anonymous: *"])]
    {
        assert_eq!(get(running.address, target, &headers).await.status, 200, "{target} {headers:?}");
    }
    assert_eq!(send(running.address, "POST", "/a/b", &[], "{}").await.status, 200);
}
