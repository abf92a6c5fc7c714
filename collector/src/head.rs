//! The head of a request, read leniently from its raw bytes: names keep their spelling and their order.

use memchr::{memchr, memchr_iter, memchr2, memrchr};

use crate::{
    compatibility::Compatibility,
    config::CollectorConfig,
    http1::framing::{Chunks, Framing},
    refusal::Refusal,
    strict,
};

/// What a client asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `POST`
    Post,
    /// `OPTIONS`
    Options,
    /// `PUT`, `DELETE`, `PATCH`, `TRACE`, `CONNECT`
    OtherKnown,
    /// A token that is no method we know of.
    #[default]
    Unknown,
}

impl Method {
    /// The method of that name.
    pub fn parse(name: &[u8]) -> Self {
        match name {
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"POST" => Self::Post,
            b"OPTIONS" => Self::Options,
            b"PUT" | b"DELETE" | b"PATCH" | b"TRACE" | b"CONNECT" => Self::OtherKnown,
            _ => Self::Unknown,
        }
    }

    /// Its name in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Options => "OPTIONS",
            Self::OtherKnown | Self::Unknown => "other",
        }
    }
}

/// Caps on a head.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Bytes of the request line.
    pub request_line: usize,
    /// Bytes of all fields.
    pub headers: usize,
    /// How strict it is read.
    pub compatibility: Compatibility,
    /// Whether a connection may begin as HTTP/2 begins.
    pub http2: bool,
}

/// A request head. Its bytes stay in one buffer that the connection uses again.
#[derive(Debug, Default)]
pub struct Head {
    raw: Vec<u8>,
    method: Method,
    is_connect: bool,
    target: Span,
    http_11: bool,
    fields: Vec<Field>,
    known: Known,
}

#[derive(Clone, Copy, Debug)]
struct Field {
    name: Span,
    value: Span,
    known: Option<Name>,
}

/// The first field of each name that the collector looks at, as an index plus one.
#[derive(Clone, Copy, Debug, Default)]
struct Known([u16; NAMES]);

/// Names looked up by [`Head::first`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the headers")]
pub enum Name {
    Connection,
    ContentLength,
    ContentType,
    Cookie,
    Expect,
    Host,
    Origin,
    Referer,
    SpAnonymous,
    TransferEncoding,
    UserAgent,
    XForwardedFor,
    XRealIp,
}

/// How many names there are.
const NAMES: usize = Name::XRealIp as usize + 1;

/// Room for the Apache line's longest URI, a method and a version.
const V2_REQUEST_LINE: usize = strict::MAX_URI + 64;

#[derive(Clone, Copy, Debug, Default)]
struct Span(u32, u32);

impl Caps {
    /// As configured.
    pub fn new(config: &CollectorConfig) -> Self {
        let (networking, compatibility) = (&config.networking, config.compatibility);
        let request_line = match compatibility.is_v2() {
            // It limits the URI instead.
            true => networking.max_request_line_length.max(V2_REQUEST_LINE),
            false => networking.max_request_line_length,
        };
        Self { request_line, headers: networking.max_headers_length, compatibility, http2: networking.http2 }
    }

    /// The refusal of a longer request line.
    pub fn line_too_long(&self) -> Refusal {
        let limit = if self.compatibility.is_v2() { strict::MAX_URI } else { self.request_line };
        Refusal::RequestLineTooLong { limit }
    }
}

impl Head {
    /// Reads a head: request line, fields and the empty line after them. `folded` says that a line begins with a blank: it
    /// continues the one before (obsolete line folding).
    ///
    /// # Errors
    /// The refusal to answer with; the connection cannot go on after it.
    pub fn read(&mut self, bytes: &[u8], folded: bool, compatibility: Compatibility) -> Result<(), Refusal> {
        let mut unfolded = Vec::new();
        if folded {
            unfold(bytes, &mut unfolded);
        }
        let bytes = if folded { &unfolded } else { bytes };
        let ends: Vec<u32> = memchr_iter(b'\n', bytes).map(|end| end as u32).collect();
        self.read_lines(bytes, &ends, compatibility)
    }

    /// As [`Self::read`] without folded lines, when it is known where each line ends.
    ///
    /// # Errors
    /// The refusal to answer with; the connection cannot go on after it.
    pub fn read_lines(
        &mut self,
        bytes: &[u8],
        ends: &[u32],
        compatibility: Compatibility,
    ) -> Result<(), Refusal> {
        self.raw.clear();
        self.raw.extend_from_slice(bytes);
        self.fields.clear();
        self.known = Known::default();
        let line_end = ends.first().map_or(bytes.len(), |&end| end as usize);
        if compatibility.is_v2() {
            strict::check_request_line(trim_end(&self.raw[..line_end]))?;
        }
        self.read_request_line(line_end)?;
        self.read_fields(ends, compatibility)
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Whether the method is `CONNECT`.
    pub fn is_connect(&self) -> bool {
        self.is_connect
    }

    /// The request target as it came.
    pub fn target(&self) -> &[u8] {
        self.at(self.target)
    }

    /// Whether it is HTTP/1.1 (else HTTP/1.0).
    pub fn is_http_11(&self) -> bool {
        self.http_11
    }

    /// Bytes of it.
    pub fn size(&self) -> usize {
        self.raw.len()
    }

    /// Whether another request may come on the connection.
    pub fn keeps_alive(&self) -> bool {
        let asked = |option: &[u8]| {
            let mut options = self.all(Name::Connection).flat_map(|v| v.split(|&b| b == b','));
            options.any(|o| o.trim_ascii().eq_ignore_ascii_case(option))
        };
        match self.http_11 {
            _ if self.first(Name::Connection).is_none() => self.http_11,
            true => !asked(b"close"),
            false => asked(b"keep-alive"),
        }
    }

    /// All fields in the order they came, values without surrounding blanks.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|field| (self.at(field.name), self.at(field.value)))
    }

    /// Each of [`Head::fields`] as `Name: value`, where it came like this.
    pub fn lines(&self) -> impl Iterator<Item = Option<&[u8]>> {
        self.fields.iter().map(|Field { name, value, .. }| {
            let usual = value.0 == name.1 + 2 && self.raw[name.1 as usize + 1] == b' ';
            usual.then(|| self.at(Span(name.0, value.1)))
        })
    }

    /// Which of the known names each of [`Head::fields`] has.
    pub fn names(&self) -> impl Iterator<Item = Option<Name>> {
        self.fields.iter().map(|field| field.known)
    }

    /// The value of the first field of that name.
    pub fn first(&self, name: Name) -> Option<&[u8]> {
        let index = usize::from(self.known.0[name as usize]).checked_sub(1)?;
        Some(self.at(self.fields[index].value))
    }

    /// The values of all fields of that name.
    pub fn all(&self, name: Name) -> impl Iterator<Item = &[u8]> {
        let from = usize::from(self.known.0[name as usize]).checked_sub(1).unwrap_or(self.fields.len());
        let fields = self.fields[from..].iter().filter(move |field| field.known == Some(name));
        fields.map(|field| self.at(field.value))
    }

    /// The value of the first field of any name.
    pub fn first_named(&self, name: &str) -> Option<&[u8]> {
        self.fields().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// How long the body is.
    ///
    /// # Errors
    /// Lengths that contradict each other: the next request cannot be told from the body.
    pub fn framing(&self) -> Result<Framing, Refusal> {
        if let Some(coding) = self.first(Name::TransferEncoding) {
            if self.all(Name::TransferEncoding).count() > 1 || coding.contains(&b',') {
                return Err(Refusal::Malformed("Multiple Transfer-Encoding entries not supported"));
            }
            if !coding.eq_ignore_ascii_case(b"chunked") || !self.http_11 {
                return Err(Refusal::Strict(format!(
                    "Unsupported Transfer-Encoding '{}'",
                    String::from_utf8_lossy(coding)
                )));
            }
            if self.first(Name::ContentLength).is_some() {
                return Err(Refusal::Malformed("A chunked request must not contain a Content-Length header"));
            }
            return Ok(Framing::Chunked(Chunks::default()));
        }
        let Some(length) = self.first(Name::ContentLength) else { return Ok(Framing::Length(0)) };
        if self.all(Name::ContentLength).any(|other| other != length) {
            return Err(Refusal::Malformed(
                "HTTP message must not contain more than one Content-Length header",
            ));
        }
        if length.is_empty() || !length.iter().all(u8::is_ascii_digit) {
            return Err(Refusal::Malformed("Illegal `Content-Length` header value"));
        }
        if length.len() > 18 {
            let why = "`Content-Length` header value must not exceed 63-bit integer range";
            return Err(Refusal::Malformed(why));
        }
        Ok(Framing::Length(length.iter().fold(0, |n, d| n * 10 + u64::from(d - b'0'))))
    }

    fn at(&self, span: Span) -> &[u8] {
        &self.raw[span.0 as usize..span.1 as usize]
    }

    /// `GET /i?a=b HTTP/1.1`: the target is all between the first and the last blank, whatever it holds but control
    /// characters.
    fn read_request_line(&mut self, end: usize) -> Result<(), Refusal> {
        let line = trim_end(&self.raw[..end]);
        let method_end = memchr(b' ', line).ok_or(Refusal::Malformed("Illegal request line"))?;
        let version_at = memrchr(b' ', line).ok_or(Refusal::Malformed("Illegal request line"))?;
        if method_end == 0 || !line[..method_end].iter().all(|&b| is_token(b)) {
            return Err(Refusal::Malformed("Unsupported HTTP method"));
        }
        self.http_11 = match &line[version_at + 1..] {
            b"HTTP/1.1" => true,
            b"HTTP/1.0" => false,
            _ => return Err(Refusal::UnsupportedVersion),
        };
        let target = line.get(method_end + 1..version_at).unwrap_or_default();
        if target.is_empty() || has_any(target, |b| (b < b' ') | (b == 0x7f)) {
            return Err(Refusal::Malformed("Illegal request-target"));
        }
        (self.method, self.is_connect) = (Method::parse(&line[..method_end]), line.starts_with(b"CONNECT "));
        self.target = Span(method_end as u32 + 1, version_at as u32);
        Ok(())
    }

    fn read_fields(&mut self, ends: &[u32], compatibility: Compatibility) -> Result<(), Refusal> {
        // What is in no value of nearly any head is looked for once, not in each.
        let fields = ends.first().map_or(&[][..], |&end| &self.raw[end as usize..]);
        let suspicious = memchr(0, fields).is_some() || self.has_bare_return(fields, ends);
        let last = self.raw.len() as u32;
        for (&before, &end) in ends.iter().zip(ends[1.min(ends.len())..].iter().chain([&last])) {
            let (at, end) = (before as usize + 1, end as usize);
            if at >= self.raw.len() {
                break;
            }
            let line = trim_end(&self.raw[at..end]);
            if line.is_empty() {
                break;
            }
            if compatibility.is_v2() {
                strict::check_field(line)?;
            }
            // A line without colon is a field without value.
            let name_end = line.iter().position(|&b| !is_token(b)).unwrap_or(line.len());
            let after = line.get(name_end + 1..).unwrap_or_default();
            let value = after.trim_ascii_start();
            let value_at = at + line.len() - value.len();
            let value = value.trim_ascii_end();
            if name_end == 0 || line.get(name_end).is_some_and(|&end| end != b':') {
                return Err(Refusal::Malformed("Illegal character in header name"));
            }
            if suspicious && memchr2(0, b'\r', value).is_some() {
                return Err(Refusal::Malformed("Illegal character in header value"));
            }
            let value = Span(value_at as u32, (value_at + value.len()) as u32);
            let name = Span(at as u32, (at + name_end) as u32);
            let known = self.note(name);
            self.fields.push(Field { name, value, known });
        }
        Ok(())
    }

    /// Remembers the index of the field about to be pushed if it is the first of its name.
    fn note(&mut self, name: Span) -> Option<Name> {
        let known = Name::of(self.at(name))?;
        let slot = &mut self.known.0[known as usize];
        if *slot == 0 {
            *slot = u16::try_from(self.fields.len() + 1).unwrap_or_default();
        }
        Some(known)
    }

    /// Whether there is a CR in these fields that ends no line.
    fn has_bare_return(&self, fields: &[u8], ends: &[u32]) -> bool {
        let at_ends = ends.iter().skip(1).filter(|&&end| self.raw[end as usize - 1] == b'\r').count();
        memchr_iter(b'\r', fields).count() > at_ends
    }
}

impl Name {
    /// The name that these bytes are, in any case.
    fn of(bytes: &[u8]) -> Option<Self> {
        let candidates: &[Self] = match bytes.len() {
            4 => &[Self::Host],
            6 => &[Self::Cookie, Self::Origin, Self::Expect],
            7 => &[Self::Referer],
            9 => &[Self::XRealIp],
            10 => &[Self::UserAgent, Self::Connection],
            12 => &[Self::ContentType, Self::SpAnonymous],
            14 => &[Self::ContentLength],
            15 => &[Self::XForwardedFor],
            17 => &[Self::TransferEncoding],
            _ => return None,
        };
        candidates.iter().copied().find(|name| {
            let usual = name.as_bytes();
            bytes == usual || bytes.eq_ignore_ascii_case(usual)
        })
    }

    /// As most clients write it.
    const fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Connection => b"Connection",
            Self::ContentLength => b"Content-Length",
            Self::ContentType => b"Content-Type",
            Self::Cookie => b"Cookie",
            Self::Expect => b"Expect",
            Self::Host => b"Host",
            Self::Origin => b"Origin",
            Self::Referer => b"Referer",
            Self::SpAnonymous => b"SP-Anonymous",
            Self::TransferEncoding => b"Transfer-Encoding",
            Self::UserAgent => b"User-Agent",
            Self::XForwardedFor => b"X-Forwarded-For",
            Self::XRealIp => b"X-Real-IP",
        }
    }
}

/// RFC 9110's token characters.
pub fn is_token(byte: u8) -> bool {
    const TOKEN: [bool; 256] = {
        let (mut table, mut byte) = ([false; 256], 0);
        while byte < 128 {
            table[byte] = matches!(byte as u8, b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'|' | b'~' | b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.');
            byte += 1;
        }
        table
    };
    TOKEN[usize::from(byte)]
}

/// Whether one of the bytes is such a one. Without an early end the compiler looks at many bytes at once.
fn has_any(bytes: &[u8], such: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(false, |found, &b| found | such(b))
}

fn trim_end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn unfold(raw: &[u8], out: &mut Vec<u8>) {
    out.reserve(raw.len());
    let mut rest = raw;
    while let Some(end) = memchr(b'\n', rest) {
        let (line, after) = rest.split_at(end + 1);
        if matches!(after.first(), Some(b' ' | b'\t')) {
            out.extend_from_slice(trim_end(&line[..end]));
            out.push(b' ');
            rest = &after[1..];
        } else {
            out.extend_from_slice(line);
            rest = after;
        }
    }
    out.extend_from_slice(rest);
}
