//! The content type as payloads carry it (`spec/collector.md` 4.4), and the text of a body in the Apache line.

mod charset;
mod media_type;

use std::borrow::Cow;

use bytes::Bytes;

use self::media_type::MediaType;
use crate::{
    compatibility::Compatibility,
    head::{Head, Name},
};

pub use self::charset::canonical as canonical_charset;

/// The media type of a POST; `None` where its header does not parse as one. In the Apache line the first header that parses
/// counts, and what has no type is bytes, or nothing at all where there is no body.
pub fn of_post(head: &Head, body: &[u8], compatibility: Compatibility) -> Option<Cow<'static, str>> {
    match compatibility {
        Compatibility::V3 => normalised(head.first(Name::ContentType)?, compatibility),
        Compatibility::V2 => {
            let sent = head.all(Name::ContentType).find_map(|v| normalised(v, compatibility));
            let empty = body.is_empty() && head.first(Name::TransferEncoding).is_none();
            sent.or_else(|| Some(if empty { "none/none" } else { "application/octet-stream" }.into()))
        }
    }
}

/// Renders a media type in lower case; `None` where the header does not parse as one. In the Apache line a type has a
/// character set only where one can be chosen for it (section 0.1, 6).
pub fn normalised(value: &[u8], compatibility: Compatibility) -> Option<Cow<'static, str>> {
    // What browsers and trackers send nearly always.
    if compatibility == Compatibility::V3 && value.eq_ignore_ascii_case(b"application/json; charset=utf-8") {
        return Some("application/json; charset=utf-8".into());
    }
    Some(MediaType::parse(value, compatibility)?.print(compatibility).into())
}

/// Whether a header parses as a media type.
pub fn is_valid(value: &[u8], compatibility: Compatibility) -> bool {
    MediaType::parse(value, compatibility).is_some()
}

/// A body in the Apache line, which decodes it and writes it as UTF-8: bytes that are no text become U+FFFD. Character sets
/// other than UTF-8, UTF-16, Latin-1 and ASCII are left alone.
pub fn body_v2(body: Bytes, head: &Head) -> Bytes {
    let media_type = head.all(Name::ContentType).find_map(|v| MediaType::parse(v, Compatibility::V2));
    charset::to_utf8(body, media_type.as_ref().and_then(MediaType::charset_of_body))
}
