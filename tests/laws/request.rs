//! Any bytes on the collector's socket: cut into the same requests however they arrive, within their caps; each request gets
//! an answer, and what is stored can be read back.

use std::{collections::VecDeque, net::Ipv4Addr, sync::Arc};

use bytes::Bytes;
use collector::{
    collect::{Collector, Condition, Request},
    compatibility::Compatibility,
    config::CollectorConfig,
    head::Head,
    ids::Ids,
    intake::{Arrival, Caps, Intake},
};
use event::payload::CollectorPayload;
use jiff::Timestamp;
use uuid::Uuid;

/// Asserts the law for these bytes; the first one says in what pieces the rest arrives.
pub fn law(data: &[u8]) {
    let Some((piece, bytes)) = data.split_first() else { return };
    for compatibility in [Compatibility::V3, Compatibility::V2] {
        let caps = Caps { request_line: 300, headers: 600, compatibility };
        let whole = take_in(caps, bytes, bytes.len().max(1));
        let pieces = take_in(caps, bytes, usize::from(*piece % 17) + 1);
        assert_eq!(whole.shown, pieces.shown, "requests");
        // Behind malformed chunks nothing is read any more, and what has come by then is handed on for the answer.
        let same = whole.handed.len().min(pieces.handed.len());
        assert_eq!(whole.handed[..same], pieces.handed[..same], "bytes handed on");
        assert!(whole.is_broken || whole.handed.len() == pieces.handed.len(), "all bytes handed on");
        assert_eq!(whole.is_broken, pieces.is_broken);
        whole.heads.iter().for_each(|head| answer(head, compatibility));
    }
}

struct TakenIn {
    /// Heads and refusals in words.
    shown: Vec<String>,
    heads: Vec<Head>,
    handed: Vec<u8>,
    is_broken: bool,
}

fn take_in(caps: Caps, bytes: &[u8], piece: usize) -> TakenIn {
    let mut intake = Intake::new(caps);
    let (mut arrivals, mut handed, mut left) = (VecDeque::new(), Vec::new(), bytes);
    loop {
        while let Some(next) = intake.next(piece, &mut arrivals, &mut Head::default()) {
            handed.extend_from_slice(next);
        }
        if intake.is_refused() || left.is_empty() {
            break;
        }
        let space = intake.space();
        assert!(!space.is_empty());
        let count = piece.min(left.len()).min(space.len());
        space[..count].copy_from_slice(&left[..count]);
        intake.filled(count);
        left = &left[count..];
    }
    let shown = arrivals.iter().map(|arrival| match arrival {
        Arrival::Request(head) => format!("{head:?}"),
        // Of two faults in one head, which is seen first may depend on the pieces.
        Arrival::Refused(_) => "refused".to_owned(),
    });
    let shown: Vec<String> = shown.collect();
    let heads = arrivals.into_iter().filter_map(|arrival| match arrival {
        Arrival::Request(head) => Some(head),
        Arrival::Refused(_) => None,
    });
    let heads: Vec<Head> = heads.collect();
    assert!(handed.len() <= bytes.len() + 256 * (heads.len() + 1), "{} bytes of {}", handed.len(), bytes.len());
    let is_broken = intake.is_refused() && shown.len() == heads.len();
    TakenIn { shown, heads, handed, is_broken }
}

struct Counted(u128);

impl Ids for Counted {
    fn next(&mut self) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(self.0)
    }
}

fn answer(head: &Head, compatibility: Compatibility) {
    let config = CollectorConfig { compatibility, ..CollectorConfig::default() };
    let collector = Collector::new(Arc::new(config), 1_000_000, 1_000_000);
    let body = Bytes::from_static(b"{\"schema\":1}");
    let request = Request { head, body, peer: Ipv4Addr::LOCALHOST.into(), secure: false };
    let condition = Condition { ready: true, sinks: true };
    let outcome = collector.answer(request, condition, Timestamp::UNIX_EPOCH, &mut Counted(0));
    let status = outcome.response.status().as_u16();
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
