//! The charsets a collector payload may name for its query string (`spec/enrich.md` 1.2).

/// A charset of the JVM that piste decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    Utf8,
    Latin1,
    Ascii,
    Windows1252,
    Utf16,
    Utf16Be,
    Utf16Le,
}

impl Charset {
    /// `Charset.forName`.
    ///
    /// # Errors
    /// The message of the Java exception: the name, or that there is none.
    pub(crate) fn named(name: Option<&str>) -> Result<Self, String> {
        let name = name.ok_or("Null charset name")?;
        if name == "UTF-8" {
            return Ok(Self::Utf8);
        }
        match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "unicode-1-1-utf-8" => Ok(Self::Utf8),
            "iso-8859-1" | "iso8859-1" | "iso8859_1" | "iso_8859-1" | "iso_8859_1" | "latin1" | "l1"
            | "cp819" | "ibm819" | "ibm-819" | "819" | "8859_1" | "iso-ir-100" | "csisolatin1"
            | "iso_8859-1:1987" => Ok(Self::Latin1),
            "us-ascii" | "ascii" | "ascii7" | "iso646-us" | "646" | "us" | "cp367" | "ibm367"
            | "iso-ir-6" | "iso_646.irv:1983" | "iso_646.irv:1991" | "ansi_x3.4-1968" | "ansi_x3.4-1986"
            | "csascii" | "default" => Ok(Self::Ascii),
            "windows-1252" | "cp1252" | "cp5348" | "ibm-1252" | "ibm1252" => Ok(Self::Windows1252),
            "utf-16" | "utf16" | "utf_16" | "unicode" | "unicodebig" => Ok(Self::Utf16),
            "utf-16be" | "utf_16be" | "unicodebigunmarked" | "iso-10646-ucs-2" | "x-utf-16be" => {
                Ok(Self::Utf16Be)
            }
            "utf-16le" | "utf_16le" | "unicodelittleunmarked" | "x-utf-16le" => Ok(Self::Utf16Le),
            _ => Err(name.to_owned()),
        }
    }

    /// The canonical name, as error texts print it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Latin1 => "ISO-8859-1",
            Self::Ascii => "US-ASCII",
            Self::Windows1252 => "windows-1252",
            Self::Utf16 => "UTF-16",
            Self::Utf16Be => "UTF-16BE",
            Self::Utf16Le => "UTF-16LE",
        }
    }

    /// Decodes bytes, broken ones as U+FFFD, appending to `out`.
    pub(crate) fn decode(self, bytes: &[u8], out: &mut String) {
        match self {
            Self::Utf8 => out.push_str(&event::utf8::decode(bytes)),
            Self::Latin1 => out.extend(bytes.iter().map(|b| char::from(*b))),
            Self::Ascii => {
                out.extend(
                    bytes
                        .iter()
                        .map(|b| if b.is_ascii() { char::from(*b) } else { char::REPLACEMENT_CHARACTER }),
                );
            }
            Self::Windows1252 => out.extend(bytes.iter().map(|b| match b {
                0x80..=0x9F => WINDOWS_1252[usize::from(b - 0x80)],
                b => char::from(*b),
            })),
            Self::Utf16 => match bytes {
                [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes, out),
                [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes, out),
                _ => utf16(bytes, u16::from_be_bytes, out),
            },
            Self::Utf16Be => utf16(bytes, u16::from_be_bytes, out),
            Self::Utf16Le => utf16(bytes, u16::from_le_bytes, out),
        }
    }
}

/// What windows-1252 has where ISO 8859-1 has control characters.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{FFFD}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{FFFD}', 'Ž', '\u{FFFD}',
    '\u{FFFD}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{FFFD}', 'ž', 'Ÿ',
];

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, out: &mut String) {
    let pairs = bytes.chunks_exact(2);
    let torn = !pairs.remainder().is_empty();
    let units = pairs.map(|pair| unit([pair[0], pair[1]]));
    out.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    if torn {
        out.push(char::REPLACEMENT_CHARACTER);
    }
}
