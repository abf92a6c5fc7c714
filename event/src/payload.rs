//! The collector payload, in Thrift's binary protocol (`spec/collector.md` 4, `spec/enrich.md` 1.2).

use bytes::Bytes;

/// The schema every payload names.
pub const SCHEMA: &str = "iglu:com.snowplowanalytics.snowplow/CollectorPayload/thrift/1-0-0";

/// One HTTP request as the collector stored it. Texts are `None` where the field is absent, which differs from empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectorPayload {
    /// Field 31337, [`SCHEMA`] when written by us.
    pub schema: String,
    /// Field 100: client address or `unknown`.
    pub ip_address: Option<String>,
    /// Field 200: milliseconds since the epoch.
    pub timestamp: i64,
    /// Field 210: charset of the query string, `UTF-8`.
    pub encoding: Option<String>,
    /// Field 220: who collected it, becomes `v_collector`.
    pub collector: Option<String>,
    /// Field 300.
    pub user_agent: Option<String>,
    /// Field 310.
    pub referer_uri: Option<String>,
    /// Field 320.
    pub path: Option<String>,
    /// Field 330: raw text behind `?`.
    pub querystring: Option<String>,
    /// Field 340: bytes as received.
    pub body: Option<Bytes>,
    /// Field 350: `Name: value` lines.
    pub headers: Option<Vec<String>>,
    /// Field 360.
    pub content_type: Option<String>,
    /// Field 400.
    pub hostname: Option<String>,
    /// Field 410.
    pub network_userid: Option<String>,
}

/// Why bytes are no payload; the text is what follows `error deserializing raw event: ` in bad rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(pub String);

impl CollectorPayload {
    /// Thrift bytes, fields in ascending order of their ids, appended to `out`.
    pub fn encode(&self, _out: &mut Vec<u8>) {
        todo!()
    }

    /// Reads Thrift bytes: fields in any order, unknown ones skipped.
    ///
    /// # Errors
    /// The text of the original (`spec/enrich.md` 1.2).
    pub fn decode(_bytes: &Bytes) -> Result<Self, DecodeError> {
        todo!()
    }

    /// The textual form that size violations carry (`spec/collector.md` 5.2), cut after `max_chars`.
    pub fn to_text(&self, _max_chars: usize) -> String {
        todo!()
    }
}
