//! Reading the struct, with libthrift 0.15's verdicts.

use bytes::Bytes;

use super::{CollectorPayload, encode as id, text};
use crate::utf8;

/// Deepest unknown value that is skipped; the original overflows its stack much later.
const MAX_SKIP_DEPTH: u32 = 64;

/// libthrift's default cap of a message, in bytes.
const MAX_MESSAGE_SIZE: i64 = 100 * 1024 * 1024;

/// Why bytes are no payload. The text is what follows `error deserializing raw event: ` in bad rows of the current line;
/// [`DecodeError::apache_text`] is that of the Apache line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside the struct.
    #[error("Reached end of bytes when parsing as thrift format")]
    EndOfBytes {
        /// How many bytes were to be read.
        wanted: usize,
        /// How many there were.
        found: usize,
    },
    /// A type that the protocol does not have.
    #[error("Unrecognized type {}", *.0 as i8)]
    UnrecognizedType(u8),
    /// A text, list, set or map of negative size.
    #[error("Negative length: {0}")]
    NegativeLength(i32),
    /// A size beyond 100 MiB.
    #[error("MaxMessageSize reached")]
    MaxMessageSize,
    /// Unknown values nested too deep.
    #[error("Maximum skip depth exceeded")]
    TooDeep,
    /// A container whose items have no known type.
    #[error("unrecognized type code")]
    UnrecognizedTypeCode,
    /// No field 31337. Holds the textual form of what was read.
    #[error("Required field 'schema' was not present! Struct: {0}")]
    NoSchema(String),
}

impl DecodeError {
    /// The text of the Apache line (enrich 3.x).
    pub fn apache_text(&self) -> String {
        match self {
            Self::EndOfBytes { wanted, found } => format!(
                "Cannot read. Remote side has closed. Tried to read {wanted} bytes, but only got {found} bytes. (This is \
                 often indicative of an internal error on the server side. Please check your server logs.)"
            ),
            other => other.to_string(),
        }
    }
}

pub(super) fn decode(record: &Bytes) -> Result<CollectorPayload, DecodeError> {
    let mut reader = Reader { bytes: record, at: 0 };
    let mut payload = CollectorPayload::default();
    let mut has_schema = false;
    loop {
        let kind = reader.byte()?;
        if kind == STOP {
            break;
        }
        let id = i16::from_be_bytes(reader.array()?);
        let text = match (id, kind) {
            (id::IP_ADDRESS, id::STRING) => &mut payload.ip_address,
            (id::ENCODING, id::STRING) => &mut payload.encoding,
            (id::COLLECTOR, id::STRING) => &mut payload.collector,
            (id::USER_AGENT, id::STRING) => &mut payload.user_agent,
            (id::REFERER_URI, id::STRING) => &mut payload.referer_uri,
            (id::PATH, id::STRING) => &mut payload.path,
            (id::QUERYSTRING, id::STRING) => &mut payload.querystring,
            (id::CONTENT_TYPE, id::STRING) => &mut payload.content_type,
            (id::HOSTNAME, id::STRING) => &mut payload.hostname,
            (id::NETWORK_USERID, id::STRING) => &mut payload.network_userid,
            (id::SCHEMA, id::STRING) => {
                payload.schema = reader.text()?;
                has_schema = true;
                continue;
            }
            (id::TIMESTAMP, id::I64) => {
                payload.timestamp = i64::from_be_bytes(reader.array()?);
                continue;
            }
            (id::BODY, id::STRING) => {
                let body = reader.sized()?;
                payload.body = Some(record.slice_ref(body));
                continue;
            }
            (id::HEADERS, id::LIST) => {
                payload.headers = Some(reader.texts()?);
                continue;
            }
            _ => {
                reader.skip(kind, 0)?;
                continue;
            }
        };
        *text = Some(reader.text()?);
    }
    if has_schema {
        Ok(payload)
    } else {
        Err(DecodeError::NoSchema(text::to_text(&payload, text::Body::NoSchema, usize::MAX)))
    }
}

const STOP: u8 = 0;
const VOID: u8 = 1;
const BOOL: u8 = 2;
const BYTE: u8 = 3;
const DOUBLE: u8 = 4;
const I16: u8 = 6;
const I32: u8 = 8;
const STRUCT: u8 = 12;
const MAP: u8 = 13;
const SET: u8 = 14;

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let rest = &self.bytes[self.at..];
        match rest.split_at_checked(count) {
            Some((taken, _)) => {
                self.at += count;
                Ok(taken)
            }
            None => Err(DecodeError::EndOfBytes { wanted: count, found: rest.len() }),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let rest = &self.bytes[self.at..];
        match rest.first_chunk::<N>() {
            Some(chunk) => {
                self.at += N;
                Ok(*chunk)
            }
            None => Err(DecodeError::EndOfBytes { wanted: N, found: rest.len() }),
        }
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        self.array().map(|[byte]| byte)
    }

    /// A size of items that take at least `least` bytes each.
    fn size(&mut self, least: i64) -> Result<usize, DecodeError> {
        let size = i32::from_be_bytes(self.array()?);
        if i64::from(size) * least > MAX_MESSAGE_SIZE {
            return Err(DecodeError::MaxMessageSize);
        }
        usize::try_from(size).map_err(|_| DecodeError::NegativeLength(size))
    }

    fn sized(&mut self) -> Result<&'a [u8], DecodeError> {
        let size = self.size(1)?;
        self.take(size)
    }

    fn text(&mut self) -> Result<String, DecodeError> {
        self.sized().map(|bytes| utf8::decode(bytes).into_owned())
    }

    /// A list whose items are read as texts, whatever type the list names.
    fn texts(&mut self) -> Result<Vec<String>, DecodeError> {
        let kind = self.byte()?;
        let count = self.size(least_size(kind)?)?;
        // Each text takes at least the four bytes of its length.
        let mut texts = Vec::with_capacity(count.min((self.bytes.len() - self.at) / 4));
        for _ in 0..count {
            texts.push(self.text()?);
        }
        Ok(texts)
    }

    fn skip(&mut self, kind: u8, depth: u32) -> Result<(), DecodeError> {
        if depth >= MAX_SKIP_DEPTH {
            return Err(DecodeError::TooDeep);
        }
        let fixed = match kind {
            BOOL | BYTE => 1,
            I16 => 2,
            I32 => 4,
            id::I64 | DOUBLE => 8,
            id::STRING => return self.sized().map(drop),
            STRUCT => loop {
                let kind = self.byte()?;
                if kind == STOP {
                    return Ok(());
                }
                self.take(2)?;
                self.skip(kind, depth + 1)?;
            },
            MAP => {
                let (key, value) = (self.byte()?, self.byte()?);
                let count = self.size(least_size(key)? + least_size(value)?)?;
                for _ in 0..count {
                    self.skip(key, depth + 1)?;
                    self.skip(value, depth + 1)?;
                }
                return Ok(());
            }
            SET | id::LIST => {
                let kind = self.byte()?;
                let count = self.size(least_size(kind)?)?;
                for _ in 0..count {
                    self.skip(kind, depth + 1)?;
                }
                return Ok(());
            }
            _ => return Err(DecodeError::UnrecognizedType(kind)),
        };
        self.take(fixed).map(drop)
    }
}

/// Bytes that an item of a container takes at least, as libthrift counts them.
fn least_size(kind: u8) -> Result<i64, DecodeError> {
    match kind {
        STOP | VOID | STRUCT => Ok(0),
        BOOL | BYTE => Ok(1),
        I16 => Ok(2),
        I32 | id::STRING | MAP | SET | id::LIST => Ok(4),
        id::I64 | DOUBLE => Ok(8),
        _ => Err(DecodeError::UnrecognizedTypeCode),
    }
}
