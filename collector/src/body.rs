//! The body of a request as it is stored: as it came, or inflated where `networking.gzipRequestBodies` is on.

use std::io::Read;

use bytes::Bytes;

use crate::{
    head::{Head, Method},
    header_list::Lines,
};

/// A body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Its bytes.
    pub bytes: Bytes,
    /// Whether the client sent them compressed.
    pub was_compressed: bool,
}

/// An inflated body has more bytes than a body may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the inflated body is too large")]
pub struct TooLarge;

/// A coding that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
}

const CONTENT_ENCODING: &str = "content-encoding";
const CONTENT_LENGTH: &str = "content-length";

/// Room that is made before anything has been inflated, in bytes.
const FIRST_ROOM: usize = 16 * 1024;

impl Body {
    /// As it came.
    pub fn as_sent(bytes: Bytes) -> Self {
        Self { bytes, was_compressed: false }
    }

    /// Inflates what was sent in one POST with `Content-Encoding: gzip`, `x-gzip` or `deflate`. What has another coding, or
    /// several, or is damaged, stays as it came: enrich will tell. Never holds more than `cap` bytes of it.
    ///
    /// # Errors
    /// [`TooLarge`]: there are more than `cap` bytes.
    pub fn inflated(head: &Head, bytes: Bytes, cap: usize) -> Result<Self, TooLarge> {
        let coding = if head.method() == Method::Post && !bytes.is_empty() { coding(head) } else { None };
        let Some(coding) = coding else { return Ok(Self::as_sent(bytes)) };
        let plain = match coding {
            Coding::Gzip => read(flate2::read::MultiGzDecoder::new(&bytes[..]), cap),
            // RFC 9110 means the zlib format, but some send the bare stream.
            Coding::Deflate if has_zlib_header(&bytes) => {
                read(flate2::read::ZlibDecoder::new(&bytes[..]), cap)
            }
            Coding::Deflate => read(flate2::read::DeflateDecoder::new(&bytes[..]), cap),
        }?;
        Ok(match plain {
            Some(plain) => Self { bytes: plain.into(), was_compressed: true },
            None => Self::as_sent(bytes),
        })
    }

    /// The header list of this body. When it was inflated: without its coding, and with its length. So enrich, and whoever
    /// sends the payload again, sees a request that agrees with itself.
    pub fn headers<'a>(&self, sent: Lines<'a>) -> Lines<'a> {
        if !self.was_compressed {
            return sent;
        }
        let mut lines = Lines::default();
        for line in sent.as_slice() {
            let name = line.split(|&b| b == b':').next().unwrap_or_default();
            if name.eq_ignore_ascii_case(CONTENT_LENGTH.as_bytes()) {
                lines.push([name, b": ", self.bytes.len().to_string().as_bytes()].concat());
            } else if !name.eq_ignore_ascii_case(CONTENT_ENCODING.as_bytes()) {
                lines.push(line.clone());
            }
        }
        lines
    }
}

/// The one coding of a body that is known.
fn coding(head: &Head) -> Option<Coding> {
    let mut found = None;
    let values = head.fields().filter(|(name, _)| name.eq_ignore_ascii_case(CONTENT_ENCODING.as_bytes()));
    for token in values.flat_map(|(_, value)| value.split(|&b| b == b',')) {
        let token = token.trim_ascii();
        let is = |name: &[u8]| token.eq_ignore_ascii_case(name);
        let coding = if token.is_empty() || is(b"identity") {
            continue;
        } else if is(b"gzip") || is(b"x-gzip") {
            Coding::Gzip
        } else if is(b"deflate") {
            Coding::Deflate
        } else {
            return None;
        };
        if found.replace(coding).is_some() {
            return None;
        }
    }
    found
}

/// RFC 1950: deflate, and a check of both bytes.
fn has_zlib_header(bytes: &[u8]) -> bool {
    matches!(bytes, [cmf, flags, ..] if cmf & 0x0F == 8 && u16::from_be_bytes([*cmf, *flags]) % 31 == 0)
}

/// Reads to the end; `None` where it is damaged.
fn read(source: impl Read, cap: usize) -> Result<Option<Vec<u8>>, TooLarge> {
    let mut plain = Vec::with_capacity(cap.min(FIRST_ROOM));
    let whole = source.take(cap as u64 + 1).read_to_end(&mut plain).is_ok();
    match whole {
        _ if plain.len() > cap => Err(TooLarge),
        true => Ok(Some(plain)),
        false => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write};

    use super::*;
    use crate::compatibility::Compatibility;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = write::GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(plain: &[u8]) -> Vec<u8> {
        let mut encoder = write::ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(plain: &[u8]) -> Vec<u8> {
        let mut encoder = write::DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn head(method: &str, fields: &str) -> Head {
        let text = format!("{method} /com.acme/track HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
        let mut head = Head::default();
        head.read(text.as_bytes(), false, Compatibility::V3).unwrap();
        head
    }

    const PLAIN: &[u8] = br#"{"e":"pv"}"#;

    #[test]
    fn known_codings_are_inflated() {
        let check = |fields: &str, sent: Vec<u8>, expect: Option<&[u8]>| {
            let body = Body::inflated(&head("POST", fields), sent.clone().into(), 1000).unwrap();
            assert_eq!(body.was_compressed, expect.is_some(), "{fields}");
            assert_eq!(body.bytes, expect.unwrap_or(&sent), "{fields}");
        };
        check("Content-Encoding: gzip\r\n", gzip(PLAIN), Some(PLAIN));
        check("content-encoding:  GZip \r\n", gzip(PLAIN), Some(PLAIN));
        check("Content-Encoding: x-gzip\r\n", gzip(PLAIN), Some(PLAIN));
        check("Content-Encoding: identity, gzip\r\n", gzip(PLAIN), Some(PLAIN));
        check("Content-Encoding: deflate\r\n", zlib(PLAIN), Some(PLAIN));
        check("Content-Encoding: deflate\r\n", deflate(PLAIN), Some(PLAIN));
        check("Content-Encoding: gzip\r\n", gzip(b""), Some(b""));
        check("Content-Encoding: gzip\r\n", [gzip(b"ab"), gzip(b"c")].concat(), Some(b"abc"));
        // As it came: not asked for, unknown, or compressed twice.
        check("", gzip(PLAIN), None);
        check("Content-Encoding: identity\r\n", gzip(PLAIN), None);
        check("Content-Encoding: br\r\n", gzip(PLAIN), None);
        check("Content-Encoding: gzip, br\r\n", gzip(PLAIN), None);
        check("Content-Encoding: gzip, gzip\r\n", gzip(&gzip(PLAIN)), None);
        check("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", gzip(&gzip(PLAIN)), None);
        // Damaged.
        check("Content-Encoding: gzip\r\n", vec![], None);
        check("Content-Encoding: gzip\r\n", PLAIN.to_vec(), None);
        check("Content-Encoding: gzip\r\n", gzip(PLAIN)[..20].to_vec(), None);
        check("Content-Encoding: gzip\r\n", [gzip(PLAIN), b"rest".to_vec()].concat(), None);
        check("Content-Encoding: deflate\r\n", zlib(PLAIN)[..8].to_vec(), None);
    }

    #[test]
    fn only_posts_have_bodies() {
        let body = Body::inflated(&head("GET", "Content-Encoding: gzip\r\n"), gzip(PLAIN).into(), 1000);
        assert_eq!(body, Ok(Body::as_sent(gzip(PLAIN).into())));
    }

    #[test]
    fn the_inflated_size_is_capped() {
        let check = |plain: usize, cap: usize, fits: bool| {
            for (coding, sent) in [("gzip", gzip(&vec![b'a'; plain])), ("deflate", zlib(&vec![b'a'; plain]))]
            {
                let head = head("POST", &format!("Content-Encoding: {coding}\r\n"));
                let body = Body::inflated(&head, sent.into(), cap);
                assert_eq!(body.map(|body| body.bytes.len()), if fits { Ok(plain) } else { Err(TooLarge) });
            }
        };
        check(1000, 1000, true);
        check(1001, 1000, false);
        check(50_000_000, 1000, false);
        check(0, 0, true);
        check(1, 0, false);
    }

    #[test]
    fn the_header_list_agrees_with_the_body() {
        let check = |was_compressed: bool, sent: &[&str], expect: &[&str]| {
            let mut lines = Lines::default();
            sent.iter().for_each(|line| lines.push(line.as_bytes()));
            let body = Body { bytes: Bytes::from_static(PLAIN), was_compressed };
            let shown = body.headers(lines);
            let shown: Vec<&str> = shown.iter().map(|line| std::str::from_utf8(line).unwrap()).collect();
            assert_eq!(shown, expect);
        };
        let sent = [
            "Host: h",
            "content-encoding: gzip",
            "CONTENT-LENGTH: 30",
            "Content-Encoding: identity",
            "application/json",
        ];
        check(false, &sent, &sent);
        check(true, &sent, &["Host: h", "CONTENT-LENGTH: 10", "application/json"]);
        check(true, &["Transfer-Encoding: chunked"], &["Transfer-Encoding: chunked"]);
    }
}
