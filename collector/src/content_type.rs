//! The content type as payloads carry it (`spec/collector.md` 4.4), and the text of a body in the Apache line.

mod charset;
mod media_type;

use bytes::Bytes;

use self::media_type::MediaType;
use crate::compatibility::Compatibility;

pub use self::charset::canonical as canonical_charset;

/// Renders a media type in lower case; `None` where the header does not parse as one. In the Apache line what has no type is
/// bytes, and a type has a character set only where one can be chosen for it (section 0.1, 6).
pub fn normalised(value: Option<&[u8]>, compatibility: Compatibility) -> Option<String> {
    // What browsers and trackers send nearly always.
    if let (Some(value), Compatibility::V3) = (value, compatibility)
        && value.eq_ignore_ascii_case(b"application/json; charset=utf-8")
    {
        return Some("application/json; charset=utf-8".into());
    }
    let media_type = value.and_then(|v| MediaType::parse(v, compatibility));
    match (media_type, compatibility) {
        (Some(media_type), _) => Some(media_type.print(compatibility)),
        (None, Compatibility::V2) => Some("application/octet-stream".into()),
        (None, Compatibility::V3) => None,
    }
}

/// Whether a header parses as a media type.
pub fn is_valid(value: &[u8], compatibility: Compatibility) -> bool {
    MediaType::parse(value, compatibility).is_some()
}

/// A body in the Apache line, which decodes it and writes it as UTF-8: bytes that are no text become U+FFFD. Character sets
/// other than UTF-8, UTF-16, Latin-1 and ASCII are left alone.
pub fn body_v2(body: Bytes, content_type: Option<&[u8]>) -> Bytes {
    let media_type = content_type.and_then(|v| MediaType::parse(v, Compatibility::V2));
    charset::to_utf8(body, media_type.as_ref().and_then(MediaType::charset_of_body))
}
