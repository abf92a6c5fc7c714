//! A line of CloudFront's access log (`spec/enrichments-and-adapters.md` 3.6).

use std::borrow::Cow;

use event::{bad_row::Message, number};
use serde_json::{Map, Number, Value};

use super::{Adapter, Context, Emit, input, unstruct, webhook_schemas::Table};
use crate::{
    java::{form_decoder, integer, joda},
    parameters::Parameters,
    raw::request::Request,
};

pub(super) const ADAPTER: Adapter = Adapter {
    vendor: "com.amazon.aws.cloudfront",
    version: "wd_access_log",
    is_tracker_protocol: false,
    read,
};

pub(super) static TABLE: Table = Table {
    section: "cloudfrontAccessLog",
    rows: &[
        ("", "with_12_fields", "iglu:com.amazon.aws.cloudfront/wd_access_log/jsonschema/1-0-0"),
        ("", "with_15_fields", "iglu:com.amazon.aws.cloudfront/wd_access_log/jsonschema/1-0-1"),
        ("", "with_18_fields", "iglu:com.amazon.aws.cloudfront/wd_access_log/jsonschema/1-0-2"),
        ("", "with_19_fields", "iglu:com.amazon.aws.cloudfront/wd_access_log/jsonschema/1-0-3"),
        ("", "with_23_fields", "iglu:com.amazon.aws.cloudfront/wd_access_log/jsonschema/1-0-4"),
        ("", "with_24_fields", "iglu:com.amazon.aws.cloudfront/wd_access_log/jsonschema/1-0-5"),
        ("", "with_26_fields", "iglu:com.amazon.aws.cloudfront/wd_access_log/jsonschema/1-0-6"),
    ],
    apache: None,
};

/// The fields of a line, the first two of which make the first one here.
const NAMES: [&str; 25] = [
    "dateTime",
    "xEdgeLocation",
    "scBytes",
    "cIp",
    "csMethod",
    "csHost",
    "csUriStem",
    "scStatus",
    "csReferer",
    "csUserAgent",
    "csUriQuery",
    "csCookie",
    "xEdgeResultType",
    "xEdgeRequestId",
    "xHostHeader",
    "csProtocol",
    "csBytes",
    "timeTaken",
    "xForwardedFor",
    "sslProtocol",
    "sslCipher",
    "xEdgeResponseResultType",
    "csProtocolVersion",
    "fleStatus",
    "fleEncryptedFields",
];

const CLIENT_ADDRESS: usize = 3;
const REFERER: usize = 8;
const USER_AGENT: usize = 9;

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    let body = request.body().ok_or_else(|| vec![input("body", None, "empty body")])?;
    let found = body.split('\t').count();
    let key = match found {
        12 => "with_12_fields",
        15 => "with_15_fields",
        18 => "with_18_fields",
        19 => "with_19_fields",
        23 => "with_23_fields",
        24 => "with_24_fields",
        26 => "with_26_fields",
        _ => {
            let why = format!("access log contained {found} fields, expected 12, 15, 18, 19, 23, 24 or 26");
            return Err(vec![input("body", Some(body.into_owned()), &why)]);
        }
    };
    let mut parts = body.split('\t');
    let (date, time) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let mut fields = vec![Cow::Owned(format!("{date}T{time}Z"))];
    fields.extend(parts.map(Cow::Borrowed));
    let mut messages = Vec::new();
    let timestamp = joda::iso(&format!("{date}T{time}+00:00")).map_err(|why| {
        let why = format!("could not convert access log timestamp: {why}");
        messages.push(input("dateTime", Some(format!("{date} {time}")), &why));
    });
    let mut data = Map::new();
    let mut wrong = Vec::new();
    for (name, text) in NAMES.into_iter().zip(&fields) {
        match value(name, text) {
            Ok(value) => drop(data.insert(name.to_owned(), value)),
            Err(why) => wrong.push(input(name, Some(text.clone().into_owned()), &why)),
        }
    }
    // The last field comes first.
    messages.extend(wrong.into_iter().rev());
    let Ok(timestamp) = timestamp else { return Err(messages) };
    if !messages.is_empty() {
        return Err(messages);
    }
    let given = |at: usize| Some(&*fields[at]).filter(|text| !text.is_empty());
    let mut request = request.clone();
    request.payload.timestamp = timestamp;
    request.client_address = given(CLIENT_ADDRESS).map(str::to_owned);
    request.payload.user_agent = given(USER_AGENT).map(|text| encoded_once(text).into_owned());
    request.payload.referer_uri = None;
    request.payload.headers = None;
    request.network_userid = None;
    let mut query = Parameters::default();
    if let Some(referer) = given(REFERER) {
        query.insert("url".into(), Some(Cow::Borrowed(referer)));
    }
    let schema = context.schemas.kinds(&TABLE).key(key);
    let version = "com.amazon.aws.cloudfront/wd_access_log";
    emit(unstruct::event(version, "srv", &query, schema, &Value::Object(data)), &request);
    Ok(())
}

/// A field as the schema wants it.
fn value(name: &str, text: &str) -> Result<Value, String> {
    Ok(match (name, text) {
        (_, "") => Value::Null,
        ("timeTaken", text) => {
            let time = number::parse_double(text).filter(|time| time.is_finite());
            let time = time.ok_or("cannot be converted to Double")?;
            Value::Number(Number::from_string_unchecked(number::double(time)))
        }
        ("scBytes" | "csBytes", text) => integer::parse_int(text).ok_or("cannot be converted to Int")?.into(),
        ("csReferer" | "csUserAgent", text) => {
            let decoded = form_decoder::decode(&encoded_once(text))
                .map_err(|why| format!("exception URL-decoding (encoding UTF-8): {why}"))?;
            Value::String(decoded.replace(['\r', '\n'], "").replace('\t', "    "))
        }
        ("csUriQuery", text) => Value::String(encoded_once(text).into_owned()),
        (_, text) => Value::String(text.to_owned()),
    })
}

/// CloudFront encodes the percent signs of what is already encoded: `%25XX` is `%XX`.
fn encoded_once(text: &str) -> Cow<'_, str> {
    const TWICE: &str = "%25";
    if !text.contains(TWICE) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(TWICE) {
        let behind = &rest[at + TWICE.len()..];
        out.push_str(&rest[..at]);
        let is_twice = behind.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
        // What was looked at is not looked at again.
        let taken = if is_twice { 2 } else { 0 };
        out.push_str(if is_twice { "%" } else { TWICE });
        out.push_str(&behind[..taken]);
        rest = &behind[taken..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs() {
        let table = [
            ("a%20b", "a%20b"),
            ("a%2520b", "a%20b"),
            ("30%2525 complete", "30%25 complete"),
            ("%252525", "%2525"),
            ("%25%2541", "%25%41"),
            ("%25", "%25"),
            ("%25é%25zz", "%25é%25zz"),
        ];
        for (text, expect) in table {
            assert_eq!(encoded_once(text), expect);
        }
    }

    #[test]
    fn values() {
        let table = [
            ("timeTaken", "0.042", Ok("0.042")),
            ("timeTaken", "1e-5", Ok("1.0E-5")),
            ("timeTaken", "7", Ok("7.0")),
            ("timeTaken", "NaN", Err("cannot be converted to Double")),
            ("scBytes", "2147483648", Err("cannot be converted to Int")),
            ("csReferer", "a+b%2509c%250Ad", Ok("\"a b    cd\"")),
            (
                "csUserAgent",
                "%zz",
                Err(
                    "exception URL-decoding (encoding UTF-8): URLDecoder: Illegal hex characters in escape (%) pattern - Error at index 0 in: \"zz\"",
                ),
            ),
            ("csCookie", "-", Ok("\"-\"")),
            ("csCookie", "", Ok("null")),
        ];
        for (name, text, expect) in table {
            let found = value(name, text).map(|value| event::json::to_compact(&value));
            assert_eq!(found.as_deref().map_err(String::as_str), expect, "{name}={text}");
        }
    }
}
