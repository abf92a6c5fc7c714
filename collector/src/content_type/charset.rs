//! Character sets by their names.

use bytes::Bytes;
use event::utf8;

/// Canonical names, and by which others they are known.
const KNOWN: [(&str, &[&str]); 29] = [
    ("UTF-8", &["utf8"]),
    ("US-ASCII", &["ascii", "iso646-us", "us", "ansi_x3.4-1968", "cp367", "csascii"]),
    ("ISO-8859-1", &["latin1", "l1", "iso_8859-1", "iso8859_1", "cp819", "ibm819", "csisolatin1"]),
    ("UTF-16", &["utf16"]),
    ("UTF-16BE", &[]),
    ("UTF-16LE", &[]),
    ("UTF-32", &["utf32"]),
    ("UTF-32BE", &[]),
    ("UTF-32LE", &[]),
    ("ISO-8859-2", &["latin2", "l2", "iso_8859-2"]),
    ("ISO-8859-3", &["latin3", "l3", "iso_8859-3"]),
    ("ISO-8859-4", &["latin4", "l4", "iso_8859-4"]),
    ("ISO-8859-5", &["cyrillic", "iso_8859-5"]),
    ("ISO-8859-6", &["arabic", "iso_8859-6"]),
    ("ISO-8859-7", &["greek", "iso_8859-7"]),
    ("ISO-8859-8", &["hebrew", "iso_8859-8"]),
    ("ISO-8859-9", &["latin5", "l5", "iso_8859-9"]),
    ("ISO-8859-15", &["latin9", "latin-9", "iso_8859-15"]),
    ("windows-1250", &["cp1250"]),
    ("windows-1251", &["cp1251"]),
    ("windows-1252", &["cp1252"]),
    ("windows-1253", &["cp1253"]),
    ("windows-1254", &["cp1254"]),
    ("windows-1257", &["cp1257"]),
    ("Shift_JIS", &["sjis", "shift-jis", "ms_kanji"]),
    ("EUC-JP", &["eucjp"]),
    ("GBK", &["cp936", "windows-936"]),
    ("GB18030", &["gb18030-2022"]),
    ("Big5", &["csbig5"]),
];

/// The canonical name of a character set; `None` for one that is not known.
pub fn canonical(name: &str) -> Option<&'static str> {
    let is = |other: &&str| other.eq_ignore_ascii_case(name);
    KNOWN.iter().find(|(canonical, aliases)| is(canonical) || aliases.iter().any(is)).map(|(name, _)| *name)
}

/// Text in a character set as UTF-8, as Java decodes it; `None` is UTF-8 as well, and what is not known.
pub(super) fn to_utf8(body: Bytes, charset: Option<&str>) -> Bytes {
    let name = charset.and_then(canonical).unwrap_or("UTF-8");
    if body.is_ascii() && !name.starts_with("UTF-16") {
        return body;
    }
    let text: String = match name {
        "UTF-8" => match utf8::decode(&body) {
            std::borrow::Cow::Borrowed(_) => return body,
            std::borrow::Cow::Owned(text) => text,
        },
        "US-ASCII" => body.iter().map(|&b| if b.is_ascii() { b as char } else { '\u{FFFD}' }).collect(),
        "ISO-8859-1" => body.iter().map(|&b| b as char).collect(),
        "UTF-16" => match *body {
            [0xFF, 0xFE, ref rest @ ..] => utf16(rest, u16::from_le_bytes),
            [0xFE, 0xFF, ref rest @ ..] => utf16(rest, u16::from_be_bytes),
            ref bytes => utf16(bytes, u16::from_be_bytes),
        },
        "UTF-16BE" => utf16(&body, u16::from_be_bytes),
        "UTF-16LE" => utf16(&body, u16::from_le_bytes),
        _ => return body,
    };
    text.into()
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let decoded = char::decode_utf16(pairs.iter().map(|&pair| unit(pair)));
    let mut out: String = decoded.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    if !rest.is_empty() {
        out.push(char::REPLACEMENT_CHARACTER);
    }
    out
}
