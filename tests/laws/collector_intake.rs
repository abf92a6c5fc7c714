//! The collector's cutting of a connection into requests: however the bytes arrive in pieces, the same requests come out, and
//! no more is held than the caps allow.

use std::collections::VecDeque;

use collector::{
    compatibility::Compatibility,
    head::Head,
    intake::{Arrival, Caps, Intake},
};

const CAPS: Caps = Caps { request_line: 200, headers: 400, compatibility: Compatibility::V3 };

/// The same requests come out, whatever the pieces.
pub fn law(data: &[u8]) {
    let whole = cut(data, data.len().max(1));
    assert_eq!(whole, cut(data, 1));
    assert_eq!(whole, cut(data, 7));
}

/// What hyper is handed, and the heads beside it.
fn cut(data: &[u8], piece: usize) -> (String, Vec<String>) {
    let mut intake = Intake::new(CAPS);
    let (mut arrivals, mut spare) = (VecDeque::new(), Head::default());
    let mut handed = Vec::new();
    let mut take = |intake: &mut Intake, arrivals: &mut VecDeque<Arrival>| {
        while let Some(bytes) = intake.next(50, arrivals, &mut spare) {
            assert!(!bytes.is_empty() && bytes.len() <= 50);
            handed.extend_from_slice(bytes);
        }
    };
    for piece in data.chunks(piece) {
        let mut rest = piece;
        while !rest.is_empty() && !intake.is_refused() {
            let space = intake.space();
            let n = rest.len().min(space.len());
            space[..n].copy_from_slice(&rest[..n]);
            intake.filled(n);
            rest = &rest[n..];
            take(&mut intake, &mut arrivals);
        }
    }
    let heads = arrivals.iter().map(|arrival| match arrival {
        Arrival::Request(head) => {
            let fields: Vec<_> = head.fields().collect();
            format!("{:?} {:?} {fields:?}", head.method(), head.target())
        }
        Arrival::Refused(refusal) => refusal.to_string(),
    });
    let heads = heads.collect();
    // The client is asked for a body only where it has not begun to come.
    let handed = String::from_utf8_lossy(&handed).replace("expect: 100-continue\r\n", "");
    (handed, heads)
}
