//! The collector payload, in Thrift's binary protocol (`spec/collector.md` 4, `spec/enrich.md` 1.2).

mod decode;
mod encode;
pub mod frame;
mod text;

use bytes::Bytes;

pub use decode::DecodeError;
pub use encode::PayloadRef;

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

impl CollectorPayload {
    /// Thrift bytes, fields in ascending order of their ids, appended to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let payload = self.as_ref();
        out.reserve(payload.encoded_len());
        payload.encode_into(out);
    }

    /// How many bytes [`CollectorPayload::encode`] appends.
    pub fn encoded_len(&self) -> usize {
        self.as_ref().encoded_len()
    }

    /// Reads Thrift bytes: fields in any order, unknown ones and those of another type skipped, the last of a repeated one
    /// kept, texts that are not UTF-8 decoded as Java does. What follows the struct is ignored. The body shares the record's
    /// memory; nothing larger than the record is ever allocated.
    ///
    /// # Errors
    /// The text of the original (`spec/enrich.md` 1.2).
    pub fn decode(bytes: &Bytes) -> Result<Self, DecodeError> {
        decode::decode(bytes)
    }

    /// The textual form that size violations of the current line carry (`spec/collector.md` 5.2), with the body as hex
    /// pairs, cut after `max_chars` UTF-16 units.
    pub fn to_text(&self, max_chars: usize) -> String {
        text::to_text(self, text::Body::Hex, max_chars)
    }

    /// The same as the Apache line prints it: the body as text.
    pub fn to_plain_text(&self, max_chars: usize) -> String {
        text::to_text(self, text::Body::Plain, max_chars)
    }

    /// The fields, borrowed.
    pub fn as_ref(&self) -> PayloadRef<'_> {
        PayloadRef {
            schema: &self.schema,
            ip_address: self.ip_address.as_deref(),
            timestamp: self.timestamp,
            encoding: self.encoding.as_deref(),
            collector: self.collector.as_deref(),
            user_agent: self.user_agent.as_deref(),
            referer_uri: self.referer_uri.as_deref(),
            path: self.path.as_deref(),
            querystring: self.querystring.as_deref(),
            body: self.body.as_deref(),
            headers: self.headers.as_deref(),
            content_type: self.content_type.as_deref(),
            hostname: self.hostname.as_deref(),
            network_userid: self.network_userid.as_deref(),
        }
    }
}
