//! Any bytes in `X-Forwarded-For` and `X-Real-IP`: the client's address is one, or unknown, and what is printed of the
//! headers names the same client.

use std::net::{IpAddr, Ipv4Addr};

use collector::{client_ip, compatibility::Compatibility, head::Head};

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// Asserts the law for these bytes: two headers with a line end between them.
pub fn law(data: &[u8]) {
    let mut lines = data.splitn(2, |&b| b == b'\n');
    let (list, single) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    for compatibility in [Compatibility::V2, Compatibility::V3] {
        let Some(ip) = of_client(list, single, compatibility) else { continue };
        let bare = match compatibility {
            Compatibility::V2 => ip.as_str(),
            Compatibility::V3 => ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(&ip),
        };
        assert!(ip == client_ip::UNKNOWN || bare.parse::<IpAddr>().is_ok(), "{ip}");
    }
    let Some(printed) = client_ip::render_list(list.trim_ascii()) else { return };
    assert_eq!(client_ip::render_list(printed.as_bytes()).as_ref(), Some(&printed));
    let first = printed.split(", ").next().map(str::to_owned);
    for list in [list, printed.as_bytes()] {
        if let Some(ip) = of_client(list, single, Compatibility::V2) {
            assert_eq!(Some(ip), first);
        }
    }
}

fn of_client(list: &[u8], single: &[u8], compatibility: Compatibility) -> Option<String> {
    let fields: [&[u8]; 5] =
        [b"GET /i HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: ", list, b"\r\nX-Real-IP: ", single, b"\r\n\r\n"];
    let mut head = Head::default();
    head.read(&fields.concat(), false, compatibility).ok().filter(|()| head.fields().count() == 3)?;
    Some(client_ip::client_ip(&head, PEER, compatibility).into_owned())
}
