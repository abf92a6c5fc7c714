//! What comes in on a connection, cut into heads and bodies under caps.
//!
//! No library does it: they refuse targets that real trackers send, and forget the spelling and order of header names, which
//! payloads carry.

use bytes::{Buf as _, Bytes, BytesMut};
use memchr::memchr;

use super::framing::Framing;
use crate::{
    head::{self, Caps, Head, Name},
    refusal::Refusal,
    target,
};

/// Bytes on their way to be a request.
#[derive(Debug)]
pub struct Intake {
    caps: Caps,
    /// Received and not used yet.
    buffer: BytesMut,
    /// Where the search for the end of the head goes on, and where the line it is in began.
    scanned: usize,
    line_start: usize,
    /// Where its lines end, so far.
    ends: Vec<u32>,
    /// Where the fields begin: behind the request line, once that has come.
    fields_start: Option<usize>,
    /// Whether a line of the head continues the one before.
    folded: bool,
    /// Of the request whose head came last.
    head: Head,
    /// How its body comes, until it has come.
    body: Option<Framing>,
    /// Its chunks so far.
    gathered: Vec<u8>,
    /// Whether nothing has been cut off the connection yet.
    fresh: bool,
    /// Whether memory is held only while there is something in it.
    resting: bool,
}

/// What has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// Not enough to say.
    Part,
    /// A head.
    Head,
    /// The preface of HTTP/2, which is still unread.
    Http2,
}

/// Bytes read at once while nothing large is coming.
const READ_SIZE: usize = 8192;
/// And while a body is that did not fit.
const BODY_READ_SIZE: usize = 65_536;

/// What a client of HTTP/2 begins with (RFC 9113 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

impl Intake {
    /// For a new connection.
    pub fn new(caps: Caps) -> Self {
        Self {
            caps,
            buffer: BytesMut::new(),
            scanned: 0,
            line_start: 0,
            ends: Vec::new(),
            fields_start: None,
            folded: false,
            head: Head::default(),
            body: None,
            gathered: Vec::new(),
            fresh: true,
            resting: false,
        }
    }

    /// Where to append what is read. Grows with heads and bodies only, and never beyond their caps by more than one read.
    pub fn room(&mut self) -> &mut BytesMut {
        let more = match self.body {
            Some(_) if self.buffer.len() >= READ_SIZE => BODY_READ_SIZE,
            _ => READ_SIZE,
        };
        if self.buffer.capacity() - self.buffer.len() < more / 4 {
            self.buffer.reserve(more);
        }
        &mut self.buffer
    }

    /// Gives the memory back until the next head, if nothing is coming.
    pub fn rest(&mut self) {
        if self.is_idle() {
            *self = Self { fresh: self.fresh, resting: true, ..Self::new(self.caps) };
        }
    }

    /// Nothing could be read into [`Self::room`] now.
    pub fn pause(&mut self) {
        if self.resting || self.buffer.capacity() > BODY_READ_SIZE {
            self.rest();
        }
    }

    /// Whether the connection stands between two requests with no byte of the next.
    pub fn is_idle(&self) -> bool {
        self.buffer.is_empty() && self.body.is_none()
    }

    /// Bytes in memory.
    pub fn size(&self) -> usize {
        self.buffer.len() + self.gathered.len()
    }

    /// What nobody has read, for whoever goes on with the connection.
    pub fn into_unread(self) -> Bytes {
        self.buffer.freeze()
    }

    /// The head that came last. Whoever takes it may give it back, so that its memory is used again.
    pub fn head(&mut self) -> &mut Head {
        &mut self.head
    }

    /// Whether the client of this head waits to be asked for its body: it is not asked for what has begun to come.
    pub fn asks_for_body(&self, head: &Head) -> bool {
        let waits = head.first(Name::Expect).is_some_and(|v| v.eq_ignore_ascii_case(b"100-continue"));
        waits && head.is_http_11() && self.body.is_some() && self.size() == 0
    }

    /// Looks for the next head. Behind one comes its body: [`Self::take_body`].
    ///
    /// # Errors
    /// Why the head is refused; nothing behind it is looked at.
    pub fn take_head(&mut self) -> Result<Came, Refusal> {
        if self.fresh && self.caps.http2 && !self.buffer.is_empty() {
            if self.buffer.starts_with(PREFACE) {
                return Ok(Came::Http2);
            }
            if PREFACE.starts_with(&self.buffer) {
                return Ok(Came::Part);
            }
        }
        let Some(end) = self.find_end()? else { return Ok(Came::Part) };
        let (bytes, compatibility) = (&self.buffer[..end], self.caps.compatibility);
        match self.folded {
            true => self.head.read(bytes, true, compatibility)?,
            false => self.head.read_lines(bytes, &self.ends, compatibility)?,
        }
        target::check(&self.head, self.caps.compatibility)?;
        self.body = Some(self.head.framing()?);
        self.buffer.advance(end);
        (self.fresh, self.resting) = (false, false);
        (self.scanned, self.line_start, self.fields_start, self.folded) = (0, 0, None, false);
        self.ends.clear();
        Ok(Came::Head)
    }

    /// The body of the head that came last, once it has come whole; it may have `cap` bytes.
    ///
    /// # Errors
    /// Why the request is refused; nothing behind it can be read.
    pub fn take_body(&mut self, cap: usize) -> Result<Option<Bytes>, Refusal> {
        let whole = match &mut self.body {
            None => Bytes::new(),
            Some(Framing::Length(length)) => {
                // What is announced does not count, what comes does.
                let come = usize::try_from(*length).map_or(self.buffer.len(), |n| n.min(self.buffer.len()));
                if come > cap {
                    return Err(Refusal::BodyTooLarge);
                }
                if (come as u64) < *length {
                    return Ok(None);
                }
                match come {
                    0 => Bytes::new(),
                    come => self.buffer.split_to(come).freeze(),
                }
            }
            Some(Framing::Chunked(chunks)) => {
                let taken = chunks.decode(&self.buffer, &mut self.gathered, cap);
                self.buffer.advance(taken);
                if self.gathered.len() > cap {
                    return Err(Refusal::BodyTooLarge);
                }
                if chunks.is_broken() {
                    return Err(Refusal::BodyMalformed);
                }
                if !chunks.is_done() {
                    return Ok(None);
                }
                Bytes::from(std::mem::take(&mut self.gathered))
            }
        };
        self.body = None;
        Ok(Some(whole))
    }

    /// The end of the head, behind its empty line.
    fn find_end(&mut self) -> Result<Option<usize>, Refusal> {
        while let Some(at) = memchr(b'\n', &self.buffer[self.scanned..]) {
            let end = self.scanned + at;
            let line = &self.buffer[self.line_start..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            match (line.first(), self.fields_start) {
                // Empty lines before a request are skipped.
                (None, None) => {
                    self.buffer.advance(end + 1);
                    (self.scanned, self.line_start, self.fresh) = (0, 0, false);
                    continue;
                }
                (None, Some(fields)) => {
                    self.check_fields(end + 1 - fields)?;
                    self.ends.push(end as u32);
                    return Ok(Some(end + 1));
                }
                (Some(_), None) => {
                    self.check_request_line(line.len())?;
                    self.fields_start = Some(end + 1);
                }
                (Some(first), Some(_)) => self.folded |= matches!(first, b' ' | b'\t'),
            }
            self.ends.push(end as u32);
            (self.scanned, self.line_start) = (end + 1, end + 1);
        }
        self.scanned = self.buffer.len();
        match self.fields_start {
            Some(fields) => self.check_fields(self.buffer.len() - fields)?,
            None => self.check_request_line(self.buffer.len())?,
        }
        Ok(None)
    }

    fn check_fields(&self, length: usize) -> Result<(), Refusal> {
        if length > self.caps.headers + 2 {
            return Err(Refusal::HeadersTooLong { limit: self.caps.headers });
        }
        Ok(())
    }

    /// Looks at the part of the request line that has come: what is no method will not become one.
    fn check_request_line(&self, length: usize) -> Result<(), Refusal> {
        // First the method: which of two faults is seen must not depend on the pieces that came.
        let line = &self.buffer[..length.min(32)];
        let method = &line[..memchr(b' ', line).unwrap_or(line.len())];
        let method = method.strip_suffix(b"\r").unwrap_or(method);
        // The Apache line has another answer to a method nobody knows, once it is whole.
        let whole = self.caps.compatibility.is_v2() && method.len() < line.len();
        if method.len() == 32 || !whole && !method.iter().all(|&b| head::is_token(b)) {
            return Err(Refusal::Malformed("Unsupported HTTP method"));
        }
        if length > self.caps.request_line {
            return Err(self.caps.line_too_long());
        }
        Ok(())
    }
}
