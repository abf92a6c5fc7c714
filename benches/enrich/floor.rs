//! The least that anybody has to do for an event: decode the payload, take its parameters apart, write 131 columns. No
//! conversion, no check, no schema.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use event::{atomic::COUNT, payload::CollectorPayload};
use serde::Deserialize;

/// Parameters, and the column that each goes to as it is.
const COLUMNS: [(&str, usize); 24] = [
    ("aid", 0),
    ("p", 1),
    ("dtm", 4),
    ("e", 5),
    ("eid", 6),
    ("tna", 8),
    ("tv", 9),
    ("duid", 15),
    ("vid", 16),
    ("url", 29),
    ("page", 30),
    ("refr", 31),
    ("cx", 52),
    ("ue_px", 58),
    ("pp_mix", 73),
    ("pp_max", 74),
    ("lang", 83),
    ("cookie", 93),
    ("cd", 94),
    ("tz", 100),
    ("cs", 105),
    ("res", 103),
    ("stm", 119),
    ("sid", 123),
];

#[derive(Deserialize)]
struct Body<'b> {
    #[serde(borrow)]
    data: Vec<BTreeMap<Cow<'b, str>, Cow<'b, str>>>,
}

/// The lines of a record.
pub(crate) fn lines(record: &Bytes) -> Vec<Vec<u8>> {
    let payload = CollectorPayload::decode(record).expect("the mix is sound");
    match &payload.body {
        None => {
            let query = payload.querystring.as_deref().unwrap_or("");
            let pairs: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
            let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| (name, unescaped(value))).collect();
            vec![line(&payload, pairs.iter().map(|(name, value)| (*name, &**value)))]
        }
        Some(body) => {
            let body: Body<'_> = serde_json::from_slice(body).expect("the mix is sound");
            let events = body.data.iter();
            events
                .map(|event| line(&payload, event.iter().map(|(name, value)| (&**name, &**value))))
                .collect()
        }
    }
}

fn unescaped(value: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(value).decode_utf8_lossy()
}

fn line<'p>(payload: &'p CollectorPayload, pairs: impl Iterator<Item = (&'p str, &'p str)>) -> Vec<u8> {
    let mut columns = [""; COUNT];
    columns[10] = payload.collector.as_deref().unwrap_or("");
    columns[13] = payload.ip_address.as_deref().unwrap_or("");
    columns[17] = payload.network_userid.as_deref().unwrap_or("");
    columns[77] = payload.user_agent.as_deref().unwrap_or("");
    for (name, value) in pairs {
        if let Some((_, at)) = COLUMNS.iter().find(|(known, _)| *known == name) {
            columns[*at] = value;
        }
    }
    let mut line = Vec::with_capacity(columns.iter().map(|column| column.len() + 1).sum());
    for (n, column) in columns.iter().enumerate() {
        if n > 0 {
            line.push(b'\t');
        }
        line.extend_from_slice(column.as_bytes());
    }
    line
}
