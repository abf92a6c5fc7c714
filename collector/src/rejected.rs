//! Good records that their stream can never take, although they keep the configured limits: they become bad rows.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use event::{
    bad_row::{BadRow, Failure},
    payload::{
        CollectorPayload,
        frame::{Compression, Piece, pieces},
    },
};
use jiff::Timestamp;
use stream::record::Record;

use crate::{
    compatibility::Compatibility,
    split::{Limits, Violation, processor},
};

/// A `generic_error` with the reason and the whole record in Base64. Where that is too large for a bad row, a
/// `size_violation` with the beginning of each payload in it.
pub fn bad_rows(
    record: &Record,
    why: &str,
    limits: &Limits,
    compatibility: Compatibility,
    now: Timestamp,
) -> Vec<Record> {
    let whole = BadRow {
        processor: processor(),
        failure: Failure::GenericError {
            timestamp: now,
            errors: vec![why.to_owned()],
            payload: STANDARD.encode(&record.data),
        },
    };
    let whole = whole.to_json();
    if whole.len() <= limits.bad {
        return vec![Record::new(record.key.clone(), whole)];
    }
    let payloads = match Compression::sniff(&record.data) {
        None => vec![record.data.clone()],
        Some(compression) => pieces(&record.data, compression, u64::MAX)
            .filter_map(|piece| if let Piece::Payload(payload) = piece { Some(payload) } else { None })
            .collect(),
    };
    let row = |encoded: &bytes::Bytes| {
        let payload = &CollectorPayload::decode(encoded).ok()?;
        let violation = Violation { payload, compatibility, now, bad_max: limits.bad };
        Some(Record::new(record.key.clone(), violation.row(limits.good, encoded.len(), why)))
    };
    payloads.iter().filter_map(row).collect()
}
