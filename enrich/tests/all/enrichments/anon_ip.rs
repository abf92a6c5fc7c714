//! `anon_ip`.

use event::atomic::Field;
use serde_json::json;

use super::{Enricher, SNOWPLOW, configuration, escaped};
use crate::samples::{encoded, get, payload};

#[test]
fn masks() {
    let table = [
        ("0.23.0.20", 1, Some(1), "0.23.0.x"),
        ("94.15.213.171", 4, Some(4), "x.x.x.x"),
        ("94.15.213.171", 3, None, "94.x.x.x"),
        ("777.2", 1, Some(1), "777.2"),
        ("777.2.23", 4, Some(4), "x.x.x"),
        ("999.aaa.bbb.c", 3, Some(3), "999.x.x.x"),
        ("01.2.3.4", 2, None, "01.2.x.x"),
        ("1.2.3.4:8080", 1, None, "1.2.3.x"),
        ("1.2.3.", 1, None, "1.2.3"),
        ("hello;goodbye", 3, Some(3), "hello;goodbye"),
        (":::::::::::::::", 3, Some(3), "x:x:x:x:x:x:x:x"),
        ("::1", 3, Some(3), "0:0:0:0:0:x:x:x"),
        ("::1", 2, None, "0:0:0:0:0:0:x:x"),
        ("::1", 1, Some(8), "x:x:x:x:x:x:x:x"),
        ("4b0c::880c:99a8:4b0:4411", 2, Some(2), "4b0c:0:0:0:880c:99a8:x:x"),
        ("2605:2700:0:3::4713:93e3", 4, Some(6), "2605:2700:x:x:x:x:x:x"),
        ("2605:2700:0:3::4713:93E3", 4, Some(1), "2605:2700:0:3:0:0:4713:x"),
        ("2700:zzzz::gggg", 4, Some(6), "2700:zzzz:x:x:x:x:x:x"),
        ("f334::40cb:152.16.24.142", 4, Some(2), "f334:0:0:0:0:40cb:x:x"),
        ("::192.168.0.1", 4, Some(1), "0:0:0:0:0:0:c0a8:x"),
        ("::FFFF:152.16.24.123", 2, Some(4), "::FFFF:152.16.x.x"),
        ("::FFFF:152.16.24.123", 4, Some(4), "::FFFF:x.x.x.x"),
        ("::ffff:152.16.24.123", 1, Some(1), "::ffff:152.16.24.x"),
        ("::ffff:152.16.24.123", 4, Some(4), "x.x.x.x"),
        // What the original leaves readable.
        ("0:0:0:0:0:ffff:9810:187b", 2, Some(2), "152.16.x.x"),
        ("fe80::1%eth0", 1, Some(2), "fe80:0:0:0:0:0:x:x"),
    ];
    for (address, octets, segments, expect) in table {
        let mut parameters = json!({"anonOctets": octets});
        if let Some(segments) = segments {
            parameters["anonSegments"] = json!(segments);
        }
        let enricher = Enricher::with(&[configuration(SNOWPLOW, "anon_ip/1-0-1", parameters)], &[]);
        let event = enricher.event(&get(&format!("e=pv&p=web&ip={}", escaped(address))));
        assert_eq!(event.get(Field::UserIpaddress), Some(expect), "{address} {octets} {segments:?}");
    }
}

#[test]
fn nothing_is_made_of_nothing() {
    let enricher = Enricher::with(&[configuration(SNOWPLOW, "anon_ip/1-0-0", json!({"anonOctets": 4}))], &[]);
    let mut request = payload();
    request.querystring = Some("e=pv&p=web".into());
    request.ip_address = None;
    assert_eq!(enricher.event(&encoded(&request)).get(Field::UserIpaddress), None);
}
