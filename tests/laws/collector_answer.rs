//! What a client says never reaches further than it should: whatever stands in target, cookies, forwarded addresses, origins
//! and types, each request has an answer whose headers hold what they must, and a payload that can be read back.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use bytes::Bytes;
use collector::{
    collect::{Collector, Condition, Outcome, Request},
    compatibility::Compatibility,
    config::CollectorConfig,
    content_type,
    head::Head,
    ids::Ids,
    server_rendered, target,
};
use event::payload::CollectorPayload;
use jiff::Timestamp;
use uuid::Uuid;

/// The first byte chooses method, path and settings; lines are target, cookies, forwarded addresses, origin, type and more
/// fields as they are, until one that is empty; the rest is the body.
pub fn law(data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else { return };
    let split = data.windows(2).position(|w| w == b"\n\n").unwrap_or(data.len());
    let (lines, body) = (&data[..split], data.get(split + 2..).unwrap_or_default());
    let mut lines = lines.split(|&b| b == b'\n');
    let mut request = [&b"GET"[..], b"HEAD", b"POST"][usize::from(choice % 3)].to_vec();
    request.extend_from_slice([&b" /i?"[..], b" /a/b?", b" /r/x?u=", b" "][usize::from(choice >> 2 & 3)]);
    request.extend_from_slice(lines.next().unwrap_or_default());
    request.extend_from_slice(b" HTTP/1.1\r\nHost: collector.example");
    let mut names = ["Cookie: ", "X-Forwarded-For: ", "Origin: ", "Content-Type: "].into_iter();
    for line in lines {
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(names.next().unwrap_or_default().as_bytes());
        request.extend_from_slice(line);
    }
    request.extend_from_slice(b"\r\n\r\n");
    for compatibility in [Compatibility::V2, Compatibility::V3] {
        let mut head = Head::default();
        if head.read(&request, false, compatibility).is_err() {
            continue;
        }
        if target::check(&head, compatibility).is_ok() {
            check(&head, body, choice & 32 != 0, compatibility);
        }
    }
}

struct Counting(u128);

impl Ids for Counting {
    fn next(&mut self) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(self.0)
    }
}

fn check(head: &Head, body: &[u8], bounces: bool, compatibility: Compatibility) {
    let mut config = CollectorConfig { compatibility, enable_default_redirect: true, ..Default::default() };
    config.redirect_domains = vec!["ok.example".into()];
    config.redirect_macro.enabled = true;
    config.cookie.domains = vec!["shop.example".into()];
    config.cookie_bounce.enabled = bounces;
    config.streams.good.max_bytes = Some(600);
    let collector = Collector::new(Arc::new(config), 4000, 4000);
    let request = Request {
        head,
        body: Bytes::copy_from_slice(body),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        secure: false,
    };
    let condition = Condition { ready: true, sinks: &|| true, room: true };
    let Outcome { response, good, bad, .. } =
        collector.answer(request, condition, Timestamp::UNIX_EPOCH, &mut Counting(0));
    let header = |wanted: &str| response.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    for (_, cookie) in response.headers.iter().filter(|(name, _)| *name == "set-cookie") {
        let cookie: String = cookie.as_bytes().iter().map(|&b| b as char).collect();
        assert!(cookie.starts_with("sp="), "{cookie}");
        let attributes = cookie.split(';').skip(1).map(|a| a.trim_start().split('=').next().unwrap());
        let known = match compatibility {
            Compatibility::V2 => ["Expires", "Domain", "Path", "Secure", "HttpOnly", "SameSite"],
            Compatibility::V3 => ["Expires", "Domain", "Path", "SameSite", "Secure", "HttpOnly"],
        };
        let expected = known.iter().filter(|&&a| a != "Domain" || cookie.contains("; Domain=shop.example;"));
        assert!(attributes.eq(expected.copied()), "{cookie}");
    }
    if let Some(location) = header("location") {
        assert_eq!(response.status, 302);
        let location: String = location.as_bytes().iter().map(|&b| b as char).collect();
        let mark = location.ends_with("n3pc=true") || location.contains("n3pc=true&");
        let stays = stays(&location, &String::from_utf8_lossy(head.target()));
        assert!(leads_to(&location, "ok.example") || (bounces && mark && stays), "{location}");
    }
    // What was bounced comes back; everything else is kept.
    let stored = !good.is_empty() || !bad.is_empty();
    let is_event = header("access-control-allow-origin").is_some();
    assert!(stored || response.status == 302 || !is_event, "an event is lost");
    for record in good {
        let payload = CollectorPayload::decode(&record.data).unwrap();
        let mut again = Vec::new();
        payload.encode(&mut again);
        assert_eq!(again, record.data);
        // One more than the limit: of a batch's separators the original counts one too few.
        assert!(again.len() <= 601);
        check_payload(&payload, compatibility);
    }
    for record in bad {
        let row: serde_json::Value = serde_json::from_slice(&record.data).unwrap();
        assert!(row["data"]["failure"]["expectation"].as_str().unwrap().starts_with("oversized collector payload: "));
    }
    for (name, value) in head.fields() {
        assert!(server_rendered::value(name, value).len() <= 4 * value.len() + 64);
    }
}

/// Whether a browser would go there, and to no other host.
fn leads_to(location: &str, host: &str) -> bool {
    if location.contains(['\\', '\t', '\n', '\r', ' ']) {
        return false;
    }
    let rest = location.split_once("//").map_or("", |(_, rest)| rest);
    let before = &location[..location.len() - rest.len()];
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let without_user = authority.rsplit('@').next().unwrap_or_default();
    (before == "//" || before.ends_with("://"))
        && !before[..before.len() - 2].contains(['/', '?', '#'])
        && without_user.split(':').next() == Some(host)
}

/// Whether a bounce leads back to the collector, by the name that the client used for it.
fn stays(location: &str, target: &str) -> bool {
    if target.contains("://") && !target.starts_with('/') {
        return location.contains("//");
    }
    let own = ["http://", "https://"].iter().any(|scheme| {
        location.strip_prefix(scheme).is_some_and(|rest| rest.starts_with("collector.example/"))
    });
    own || (location.starts_with('/') && !location.starts_with("//"))
}

fn check_payload(payload: &CollectorPayload, compatibility: Compatibility) {
    let ip = payload.ip_address.as_deref().unwrap();
    let bare = match compatibility {
        Compatibility::V2 => ip,
        Compatibility::V3 => ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip),
    };
    assert!(ip == "unknown" || bare.parse::<IpAddr>().is_ok(), "{ip}");
    if let Some(printed) = &payload.content_type {
        let again = content_type::normalised(printed.as_bytes(), compatibility);
        assert_eq!(again.as_deref(), Some(printed.as_str()), "a printed type is printed the same");
    }
}
