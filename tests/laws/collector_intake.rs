//! The collector's cutting of a connection into requests: however the bytes arrive in pieces, the same requests come out, and
//! no more is held than the caps allow.

use collector::{
    compatibility::Compatibility,
    head::{Caps, Head},
    http1::intake::{Came, Intake},
    refusal::Refusal,
};

const CAPS: Caps = Caps { request_line: 200, headers: 400, compatibility: Compatibility::V3, http2: true };
const BODY_CAP: usize = 300;

/// The same requests come out, whatever the pieces.
pub fn law(data: &[u8]) {
    let whole = shown(data, data.len().max(1));
    assert_eq!(whole, shown(data, 1));
    assert_eq!(whole, shown(data, 7));
}

fn shown(data: &[u8], piece: usize) -> Vec<String> {
    let shown = |(head, body): &(Head, Vec<u8>)| {
        let fields: Vec<_> = head.fields().collect();
        format!("{:?} {:?} {fields:?} {body:?}", head.method(), head.target())
    };
    let (requests, end) = cut(CAPS, BODY_CAP, data, piece);
    requests.iter().map(shown).chain([end]).collect()
}

/// The requests, and how it ended: in a refusal, in HTTP/2, or in the middle of something.
pub fn cut(caps: Caps, body_cap: usize, data: &[u8], piece: usize) -> (Vec<(Head, Vec<u8>)>, String) {
    let (mut intake, mut requests, mut head) = (Intake::new(caps), Vec::new(), None);
    let mut take = |intake: &mut Intake| -> Result<Came, Refusal> {
        loop {
            if head.is_some() {
                let Some(body) = intake.take_body(body_cap)? else { return Ok(Came::Part) };
                requests.extend(head.take().map(|head| (head, body.to_vec())));
            }
            match intake.take_head()? {
                Came::Head => head = Some(std::mem::take(intake.head())),
                came => return Ok(came),
            }
        }
    };
    let mut end = "nothing".to_owned();
    for piece in data.chunks(piece) {
        intake.room().extend_from_slice(piece);
        match take(&mut intake) {
            Ok(Came::Http2) => {
                end = "HTTP/2".to_owned();
                break;
            }
            Ok(_) => end = format!("idle: {}", intake.is_idle()),
            Err(refusal) => {
                end = refusal.to_string();
                break;
            }
        }
        let most = caps.request_line + caps.headers + 4 + body_cap + piece.len();
        assert!(intake.size() <= most, "{} bytes held", intake.size());
        intake.rest();
    }
    (requests, end)
}
