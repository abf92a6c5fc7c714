//! Any bytes on the collector's socket: cut into the same requests however they arrive, within their caps; each request gets
//! an answer, and what is stored can be read back.

use std::{net::Ipv4Addr, sync::Arc};

use bytes::Bytes;
use collector::{
    collect::{Collector, Condition, Request},
    compatibility::Compatibility,
    config::CollectorConfig,
    head::{Caps, Head},
    ids::Ids,
};
use event::payload::CollectorPayload;
use jiff::Timestamp;
use uuid::Uuid;

use super::collector_intake::cut;

/// Asserts the law for these bytes; the first one says in what pieces the rest arrives.
pub fn law(data: &[u8]) {
    let Some((piece, bytes)) = data.split_first() else { return };
    for compatibility in [Compatibility::V3, Compatibility::V2] {
        let caps = Caps { request_line: 300, headers: 600, compatibility, http2: true };
        let whole = take_in(caps, bytes, bytes.len().max(1));
        let pieces = take_in(caps, bytes, usize::from(*piece % 17) + 1);
        assert_eq!(whole.1, pieces.1, "requests");
        whole.0.iter().for_each(|(head, body)| answer(head, body, compatibility));
    }
}

/// Requests, and the same in words.
fn take_in(caps: Caps, bytes: &[u8], piece: usize) -> (Vec<(Head, Vec<u8>)>, String) {
    let (requests, _) = cut(caps, 1000, bytes, piece);
    // Of two faults in one head, which is seen first may depend on the pieces.
    let shown = format!("{requests:?}");
    (requests, shown)
}

struct Counted(u128);

impl Ids for Counted {
    fn next(&mut self) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(self.0)
    }
}

fn answer(head: &Head, body: &[u8], compatibility: Compatibility) {
    let config = CollectorConfig { compatibility, ..CollectorConfig::default() };
    let collector = Collector::new(Arc::new(config), 1_000_000, 1_000_000);
    let body = Bytes::copy_from_slice(body);
    let request = Request { head, body, peer: Ipv4Addr::LOCALHOST.into(), secure: false };
    let condition = Condition { ready: true, sinks: &|| true, room: true };
    let outcome = collector.answer(request, condition, Timestamp::UNIX_EPOCH, &mut Counted(0));
    let status = outcome.response.status.as_u16();
    assert!([200, 302, 400, 404].contains(&status), "{status}");
    for record in &outcome.good {
        let payload = CollectorPayload::decode(&record.data).expect("what is stored can be read back");
        let mut again = Vec::new();
        payload.encode(&mut again);
        assert_eq!(again, record.data);
    }
    if status == 404 {
        assert!(outcome.good.is_empty() && outcome.bad.is_empty(), "a refusal stores nothing");
    }
}
