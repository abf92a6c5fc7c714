//! The client's address (`spec/collector.md` 3.8).

use std::{
    borrow::Cow,
    fmt::Write as _,
    net::{IpAddr, Ipv6Addr},
};

use crate::{
    compatibility::Compatibility,
    head::{Head, Name},
};

/// The text of an absent address.
pub const UNKNOWN: &str = "unknown";

/// The address as payloads carry it: of the first `X-Forwarded-For` header where all of it is addresses, else of the peer.
pub fn client_ip(head: &Head, peer: IpAddr, compatibility: Compatibility) -> Cow<'_, str> {
    let forwarded = match compatibility {
        Compatibility::V3 => match head.first(Name::XForwardedFor).and_then(forwarded) {
            // The parser takes IPv4 in no other form than the one in which it is written.
            Some((item, Some(IpAddr::V4(_)))) => return item.into(),
            forwarded => forwarded.map(|(_, ip)| ip),
        },
        // The Apache line takes the first header that is well formed, and `X-Real-IP` next.
        Compatibility::V2 => {
            let mut lists = head.all(Name::XForwardedFor);
            let first = lists.find_map(|list| items_v2(list).map(|items| items[0]));
            first.or_else(|| head.all(Name::XRealIp).find_map(address).map(Some))
        }
    };
    match forwarded {
        Some(Some(ip)) => render(ip, compatibility).into(),
        Some(None) => UNKNOWN.into(),
        None => render(peer.to_canonical(), compatibility).into(),
    }
}

/// The current line puts IPv6 into brackets, the Apache line writes all eight groups, and IPv4 that is written as IPv6 as
/// what it is.
pub fn render(ip: IpAddr, compatibility: Compatibility) -> String {
    let ip = if compatibility.is_v2() { ip.to_canonical() } else { ip };
    match (ip, compatibility) {
        (IpAddr::V4(v4), _) => v4.to_string(),
        (IpAddr::V6(v6), Compatibility::V3) => format!("[{v6}]"),
        (IpAddr::V6(v6), Compatibility::V2) => full(v6),
    }
}

/// All addresses of a list, rendered as the Apache line renders the header; `None` unless all are addresses.
pub fn render_list(list: &[u8]) -> Option<String> {
    let render = |item: Option<IpAddr>| item.map_or(UNKNOWN.into(), |ip| render(ip, Compatibility::V2));
    Some(items_v2(list)?.into_iter().map(render).collect::<Vec<_>>().join(", "))
}

/// An address and nothing else.
pub fn address(item: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(item).ok()?.parse().ok()
}

/// The Apache line takes blanks behind a comma and not before it, and no empty items. There is at least one.
fn items_v2(list: &[u8]) -> Option<Vec<Option<IpAddr>>> {
    list.split(|&b| b == b',')
        .map(|item| match item.trim_ascii_start() {
            b"unknown" => Some(None),
            item => address(item).map(Some),
        })
        .collect()
}

/// The first item and the address it is, or none if it is `unknown`. `None`: the list is malformed. Empty items are skipped.
fn forwarded(list: &[u8]) -> Option<(&str, Option<IpAddr>)> {
    let mut first = None;
    let items = std::str::from_utf8(list).ok()?.split(',').map(str::trim_ascii);
    for item in items.filter(|item| !item.is_empty()) {
        let ip = if item == "unknown" { None } else { Some(item.parse().ok()?) };
        first = first.or(Some((item, ip)));
    }
    first
}

fn full(ip: Ipv6Addr) -> String {
    let mut out = String::with_capacity(40);
    for (i, group) in ip.segments().iter().enumerate() {
        let separator = if i == 0 { "" } else { ":" };
        write!(out, "{separator}{group:x}").expect("writing to a String cannot fail");
    }
    out
}
