//! The client's address (`spec/collector.md` 3.8).

use std::{
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
pub fn client_ip(head: &Head, peer: IpAddr, compatibility: Compatibility) -> String {
    if let Some(list) = head.first(Name::XForwardedFor) {
        match forwarded(list) {
            Some(Some(ip)) => return render(ip, compatibility),
            Some(None) => return UNKNOWN.into(),
            None => {}
        }
    }
    if compatibility.is_v2()
        && let Some(ip) = head.first(Name::XRealIp).and_then(address)
    {
        return render(ip, compatibility);
    }
    render(peer.to_canonical(), compatibility)
}

/// The current line puts IPv6 into brackets, the Apache line writes all eight groups.
pub fn render(ip: IpAddr, compatibility: Compatibility) -> String {
    match (ip, compatibility) {
        (IpAddr::V4(v4), _) => v4.to_string(),
        (IpAddr::V6(v6), Compatibility::V3) => format!("[{v6}]"),
        (IpAddr::V6(v6), Compatibility::V2) => full(v6),
    }
}

/// All addresses of a list, rendered as the Apache line renders the header; `None` unless all are addresses.
pub fn render_list(list: &[u8]) -> Option<String> {
    let mut out = String::new();
    for item in list.split(|&b| b == b',').map(<[u8]>::trim_ascii) {
        if !out.is_empty() {
            out.push_str(", ");
        }
        match item {
            b"unknown" => out.push_str(UNKNOWN),
            item => out.push_str(&render(address(item)?, Compatibility::V2)),
        }
    }
    Some(out)
}

/// `None`: malformed. `Some(None)`: the first item is `unknown`. Empty items are skipped.
fn forwarded(list: &[u8]) -> Option<Option<IpAddr>> {
    let mut first = None;
    for item in list.split(|&b| b == b',').map(<[u8]>::trim_ascii).filter(|i| !i.is_empty()) {
        let item = if item == b"unknown" { None } else { Some(address(item)?) };
        first = first.or(Some(item));
    }
    first
}

fn address(item: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(item).ok()?.parse().ok()
}

fn full(ip: Ipv6Addr) -> String {
    let mut out = String::with_capacity(40);
    for (i, group) in ip.segments().iter().enumerate() {
        let separator = if i == 0 { "" } else { ":" };
        write!(out, "{separator}{group:x}").expect("writing to a String cannot fail");
    }
    out
}
