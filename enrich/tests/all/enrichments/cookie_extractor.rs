//! `cookie_extractor_config`.

use serde_json::json;

use super::{Enricher, SNOWPLOW, configuration};
use crate::samples::{encoded, payload};

fn record(headers: &[&str]) -> Vec<u8> {
    let mut request = payload();
    request.querystring = Some("e=pv&p=web".into());
    request.headers = Some(headers.iter().map(|header| (*header).to_owned()).collect());
    encoded(&request)
}

fn enricher(names: &[&str]) -> Enricher {
    Enricher::with(
        &[configuration(SNOWPLOW, "cookie_extractor_config/1-0-0", json!({"cookies": names}))],
        &[],
    )
}

#[test]
fn cookies_of_all_headers() {
    let enricher = enricher(&["ck1", "", "ck3", "ck4", "ck5"]);
    const NONE: &str = "null";
    type Cookies = &'static [(&'static str, &'static str)];
    let table: [(&[&str], Cookies); 14] = [
        (
            &["cookie: ck1;=cv2;ck3=", "Cookie:ck4=cv4;ck5=\"cv5\""],
            &[("ck1", NONE), ("", "\"cv2\""), ("ck3", "\"\""), ("ck4", "\"cv4\""), ("ck5", "\"cv5\"")],
        ),
        (&["COOKIE: ck1=a"], &[("ck1", "\"a\"")]),
        (&["Cookie : ck1=a", " Cookie: ck1=b", "X-Cookie: ck1=c", "Cookie"], &[]),
        (&["Cookie: CK1=a; ck10=b"], &[]),
        (&["Cookie: ck1=a; ck1=b", "Cookie: ck1=c"], &[("ck1", "\"a\""), ("ck1", "\"b\""), ("ck1", "\"c\"")]),
        (&["Cookie: ck1=a, ck3=b", "Cookie: ck4=c"], &[("ck1", "\"a\""), ("ck4", "\"c\"")]),
        (&["Cookie: ck1=\"a, b; c\"; ck3=d"], &[("ck1", "\"a, b; c\""), ("ck3", "\"d\"")]),
        (&[r#"Cookie: ck1="a\"b\\c\d""#], &[("ck1", r#""a\"b\\c\\d""#)]),
        (&["Cookie:  ck1  =  a \t b  ; ck3=c"], &[("ck1", "\"a b\""), ("ck3", "\"c\"")]),
        (&["Cookie: ck1=a=b; ck3=%20+"], &[("ck1", "\"a=b\""), ("ck3", "\"%20+\"")]),
        (&["Cookie: ck1=\"open; ck3=b"], &[("ck1", "\"open; ck3=b\"")]),
        (&["Cookie: é=1; ck1=é😀"], &[("ck1", "\"é😀\"")]),
        (&["Cookie: ;;"], &[("", NONE), ("", NONE)]),
        (&["Cookie:", "Cookie: "], &[("", NONE)]),
    ];
    for (headers, cookies) in table {
        let entity = |(name, value): &(&str, &str)| {
            format!(r#"org.ietf/http_cookie/1-0-0 {{"name":"{name}","value":{value}}}"#)
        };
        let expect: Vec<_> = cookies.iter().map(entity).collect();
        assert_eq!(enricher.derived(&record(headers)), expect, "{headers:?}");
    }
}

/// The schema of the entity has a limit.
#[test]
fn long_cookies() {
    let enricher = enricher(&["a"]);
    let with = |n: usize| record(&[&format!("Cookie: a={}", "x".repeat(n))]);
    assert_eq!(enricher.derived(&with(4096)).len(), 1);
    let row = enricher.bad(&with(4097));
    let message = &row["data"]["failure"]["messages"][0];
    assert_eq!(message["schemaKey"], "iglu:org.ietf/http_cookie/jsonschema/1-0-0");
    assert_eq!(message["error"]["dataReports"][0]["keyword"], "maxLength");
}

#[test]
fn requests_without_headers() {
    let mut request = payload();
    request.querystring = Some("e=pv&p=web".into());
    assert_eq!(enricher(&["a"]).derived(&encoded(&request)), [""; 0]);
    assert_eq!(enricher(&[]).derived(&record(&["Cookie: a=b"])), [""; 0]);
}
