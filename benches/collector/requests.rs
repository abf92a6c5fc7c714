//! What the clients of the benches send, and when an answer is whole.

const QUERY: &str = "stm=1704067190250&e=pv&url=https%3A%2F%2Fwww.example.com%2Fshop%2Fhats%3Futm_source%3Dnews%26utm_medium%3Demail&page=Shop%20-%20the%20best%20hats%20in%20town&refr=https%3A%2F%2Fwww.google.com%2F&tv=js-3.24.0&tna=sp1&aid=shop&p=web&cookie=1&cs=UTF-8&lang=en-GB&res=1920x1080&cd=24&tz=Europe%2FBerlin&dtm=1704067190000&vp=1280x720&ds=1263x3421&vid=3&sid=0d6c2c4c-9a4c-4a66-8f5b-0b7c1d2e3f40&duid=4f8a1c1e-7f4c-4a0d-9c3b-2d1e0f9a8b7c&eid=5b6c7d8e-9f00-4a1b-8c2d-3e4f5a6b7c8d&cx=eyJzY2hlbWEiOiJpZ2x1OmNvbS5zbm93cGxvd2FuYWx5dGljcy5zbm93cGxvdy9jb250ZXh0cy9qc29uc2NoZW1hLzEtMC0wIiwiZGF0YSI6W119";
const EVENT: &str = r#"{"e":"pv","url":"https://www.example.com/shop/hats?utm_source=news&utm_medium=email","page":"Shop - the best hats in town","refr":"https://www.google.com/","tv":"js-3.24.0","tna":"sp1","aid":"shop","p":"web","cookie":"1","cs":"UTF-8","lang":"en-GB","res":"1920x1080","cd":"24","tz":"Europe/Berlin","dtm":"1704067190000","vp":"1280x720","ds":"1263x3421","vid":"3","sid":"0d6c2c4c-9a4c-4a66-8f5b-0b7c1d2e3f40","duid":"4f8a1c1e-7f4c-4a0d-9c3b-2d1e0f9a8b7c","eid":"5b6c7d8e-9f00-4a1b-8c2d-3e4f5a6b7c8d","stm":"1704067190250","cx":"eyJzY2hlbWEiOiJpZ2x1OmNvbS5zbm93cGxvd2FuYWx5dGljcy5zbm93cGxvdy9jb250ZXh0cy9qc29uc2NoZW1hLzEtMC0wIiwiZGF0YSI6W3sic2NoZW1hIjoiaWdsdTpjb20uc25vd3Bsb3dhbmFseXRpY3Muc25vd3Bsb3cvd2ViX3BhZ2UvanNvbnNjaGVtYS8xLTAtMCIsImRhdGEiOnsiaWQiOiJiNWYyYTNjNC0wZDFlLTRmNjAtOGE3Yi05YzBkMWUyZjNhNGIifX1dfQ"}"#;
const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

/// Whether a response has come to its end; all servers here say how long the body is.
pub(crate) fn is_whole(response: &[u8]) -> bool {
    let Some(head) = response.windows(4).position(|w| w == b"\r\n\r\n") else { return false };
    let mut lengths = response[..head].split(|&b| b == b'\n').filter_map(|line| {
        let (name, value) = line.split_at_checked(16)?;
        let value = name.eq_ignore_ascii_case(b"content-length: ").then_some(value.trim_ascii())?;
        std::str::from_utf8(value).ok()?.parse::<usize>().ok()
    });
    response.len() >= head + 4 + lengths.next_back().unwrap_or(0)
}

/// A page view as a pixel asks for it.
pub(crate) fn get() -> String {
    format!(
        "GET /i?{QUERY} HTTP/1.1\r\nHost: collector.example.com\r\nUser-Agent: {AGENT}\r\n\
         Accept: image/avif,image/webp,*/*;q=0.8\r\nAccept-Language: en-GB,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\n\
         Referer: https://www.example.com/shop/hats\r\nX-Forwarded-For: 81.2.69.160\r\n\
         Cookie: sp=8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a\r\n\r\n"
    )
}

/// A page view as the JavaScript tracker posts it.
pub(crate) fn post() -> String {
    let schema = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4";
    let body = format!(r#"{{"schema":"{schema}","data":[{EVENT}]}}"#);
    format!(
        "POST /com.snowplowanalytics.snowplow/tp2 HTTP/1.1\r\nHost: collector.example.com\r\n\
         Content-Type: application/json; charset=UTF-8\r\nContent-Length: {}\r\nUser-Agent: {AGENT}\r\nAccept: */*\r\n\
         Accept-Language: en-GB,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\nOrigin: https://www.example.com\r\n\
         Referer: https://www.example.com/\r\nX-Forwarded-For: 81.2.69.160\r\n\
         Cookie: sp=8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a\r\n\r\n{body}",
        body.len()
    )
}
