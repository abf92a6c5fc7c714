//! What comes in on a connection, cut into heads and bodies under caps.
//!
//! hyper frames, times and answers requests, but it refuses targets that real trackers send, and it forgets the spelling
//! and order of header names, which payloads carry. So each head is read here ([`Head`]), and hyper is handed a minimal
//! one that says only how the body is framed and whether the connection goes on.

use std::collections::VecDeque;

use memchr::memchr;

use crate::{
    compatibility::Compatibility,
    framing::Framing,
    head::{self, Head, Method, Name},
    refusal::Refusal,
    target,
};

/// A head that came in, in the order of the minimal ones.
#[derive(Debug)]
pub enum Arrival {
    /// One to serve.
    Request(Head),
    /// One to refuse; nothing comes behind it.
    Refused(Refusal),
}

/// Caps on a head.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Bytes of the request line.
    pub request_line: usize,
    /// Bytes of all fields.
    pub headers: usize,
    /// How strict the target is read.
    pub compatibility: Compatibility,
}

/// Bytes on their way to hyper.
#[derive(Debug)]
pub struct Intake {
    caps: Caps,
    /// Bytes received are `buffer[start..end]`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Where the search for the end of the head goes on, and where the line it is in began.
    scanned: usize,
    line_start: usize,
    request_line_seen: bool,
    /// A minimal head and how much of it has been handed on.
    minimal: Vec<u8>,
    handed: usize,
    body: Framing,
    refused: bool,
    heads: u64,
}

/// Bytes read at once while nothing large is coming.
const READ_SIZE: usize = 8192;
/// And while a body is that did not fit.
const BODY_READ_SIZE: usize = 65_536;

impl Intake {
    /// For a new connection.
    pub fn new(caps: Caps) -> Self {
        Self {
            caps,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            scanned: 0,
            line_start: 0,
            request_line_seen: false,
            minimal: Vec::with_capacity(128),
            handed: 0,
            body: Framing::none(),
            refused: false,
            heads: 0,
        }
    }

    /// Room to read into; never empty. Grows with heads only, and never beyond their caps by more than one read.
    pub fn space(&mut self) -> &mut [u8] {
        if self.start > 0 && (self.start == self.end || self.end == self.buffer.len()) {
            self.buffer.copy_within(self.start..self.end, 0);
            self.scanned -= self.start;
            self.line_start -= self.start;
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            let more =
                if self.buffer.len() >= READ_SIZE && self.is_in_body() { BODY_READ_SIZE } else { READ_SIZE };
            self.buffer.resize(self.end + more, 0);
        }
        &mut self.buffer[self.end..]
    }

    /// So many bytes were read into [`Self::space`].
    pub fn filled(&mut self, n: usize) {
        self.end += n;
    }

    /// Gives the buffer back while nothing is coming.
    pub fn rest(&mut self) {
        if self.is_idle() && self.buffer.len() > READ_SIZE {
            *self = Self { heads: self.heads, ..Self::new(self.caps) };
        }
    }

    /// Whether the connection stands between two requests with no byte of the next.
    pub fn is_idle(&self) -> bool {
        self.start == self.end && self.body.is_done() && self.handed == self.minimal.len() && !self.refused
    }

    /// Whether a body is still to come.
    pub fn is_in_body(&self) -> bool {
        !self.body.is_done()
    }

    /// How many heads have come.
    pub fn heads(&self) -> u64 {
        self.heads
    }

    /// Whether a head was refused: what comes in is not looked at any more.
    pub fn is_refused(&self) -> bool {
        self.refused
    }

    /// The next bytes for hyper, at most `max`; `None` when more must be read first. Heads are put into `arrivals` when
    /// the first byte of their minimal form is handed on; `spare` gives buffers for them.
    pub fn next(&mut self, max: usize, arrivals: &mut VecDeque<Arrival>, spare: &mut Head) -> Option<&[u8]> {
        if self.handed == self.minimal.len() && self.body.is_done() && !self.refused {
            match self.cut_head(spare) {
                Ok(Some((head, body))) => {
                    self.write_minimal(&head, body);
                    self.body = body;
                    self.heads += 1;
                    arrivals.push_back(Arrival::Request(head));
                }
                Ok(None) => {}
                Err(refusal) => self.refuse(refusal, arrivals),
            }
        }
        if self.handed < self.minimal.len() {
            let from = self.handed;
            self.handed = self.minimal.len().min(from + max);
            return Some(&self.minimal[from..self.handed]);
        }
        if self.refused || self.body.is_done() || self.start == self.end {
            return None;
        }
        let available = self.end.min(self.start + max);
        let from = self.start;
        let taken = self.body.advance(&self.buffer[from..available]);
        self.start += taken;
        self.begin_head();
        // Malformed chunks: hyper says so, and closes.
        self.refused |= self.body.is_broken();
        Some(&self.buffer[from..from + taken])
    }

    /// Gives up on the head that is coming in.
    pub fn refuse(&mut self, refusal: Refusal, arrivals: &mut VecDeque<Arrival>) {
        self.refused = true;
        self.handed = 0;
        self.minimal.clear();
        self.minimal.extend_from_slice(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
        arrivals.push_back(Arrival::Refused(refusal));
    }

    fn begin_head(&mut self) {
        self.scanned = self.start;
        self.line_start = self.start;
        self.request_line_seen = false;
    }

    /// Takes a whole head off the buffer.
    fn cut_head(&mut self, spare: &mut Head) -> Result<Option<(Head, Framing)>, Refusal> {
        let Some(end) = self.find_end()? else { return Ok(None) };
        let head = Head::read(&self.buffer[self.start..end], spare, self.caps.compatibility)?;
        target::check(&head, self.caps.compatibility)?;
        let body = head.framing()?;
        self.start = end;
        self.begin_head();
        Ok(Some((head, body)))
    }

    /// The end of the head, behind its empty line.
    fn find_end(&mut self) -> Result<Option<usize>, Refusal> {
        while let Some(i) = memchr(b'\n', &self.buffer[self.scanned..self.end]) {
            let line_end = self.scanned + i;
            let line = &self.buffer[self.line_start..line_end];
            let line_length = line.strip_suffix(b"\r").unwrap_or(line).len();
            self.scanned = line_end + 1;
            self.line_start = line_end + 1;
            match (line_length, self.request_line_seen) {
                // Empty lines before a request are skipped.
                (0, false) => self.start = line_end + 1,
                (0, true) => return self.check_lengths(line_end + 1).map(|()| Some(line_end + 1)),
                (_, false) => {
                    self.check_request_line(line_length)?;
                    self.request_line_seen = true;
                }
                (_, true) => {}
            }
        }
        self.scanned = self.end;
        if self.request_line_seen {
            self.check_lengths(self.end)?;
        } else {
            self.check_request_line(self.end - self.start)?;
        }
        Ok(None)
    }

    fn check_lengths(&self, end: usize) -> Result<(), Refusal> {
        let line = memchr(b'\n', &self.buffer[self.start..end]).map_or(end, |i| self.start + i + 1);
        if end - line > self.caps.headers + 2 {
            return Err(Refusal::HeadersTooLong { limit: self.caps.headers });
        }
        Ok(())
    }

    /// Looks at the part of the request line that has come: what is no method will not become one.
    fn check_request_line(&self, length: usize) -> Result<(), Refusal> {
        // First the method: which of two faults is seen must not depend on the pieces that came.
        let line = &self.buffer[self.start..self.start + length.min(32)];
        let method = &line[..memchr(b' ', line).unwrap_or(line.len())];
        let method = method.strip_suffix(b"\r").unwrap_or(method);
        if !method.iter().all(|&b| head::is_token(b)) || method.len() == 32 {
            return Err(Refusal::Malformed("Unsupported HTTP method"));
        }
        if length > self.caps.request_line {
            return Err(Refusal::RequestLineTooLong { limit: self.caps.request_line });
        }
        Ok(())
    }

    fn write_minimal(&mut self, head: &Head, body: Framing) {
        let out = &mut self.minimal;
        out.clear();
        self.handed = 0;
        out.extend_from_slice(if head.method() == Method::Head {
            b"HEAD / HTTP/1."
        } else {
            b"GET / HTTP/1."
        });
        out.extend_from_slice(if head.is_http_11() { b"1\r\n" } else { b"0\r\n" });
        let mut field = |name: &[u8], value: &[u8]| {
            out.extend_from_slice(name);
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        };
        match (head.keeps_alive(), head.is_http_11()) {
            (false, true) => field(b"connection: ", b"close"),
            (true, false) => field(b"connection: ", b"keep-alive"),
            _ => {}
        }
        if !body.is_done() {
            match head.first(Name::ContentLength) {
                Some(length) => field(b"content-length: ", length),
                None => field(b"transfer-encoding: ", b"chunked"),
            }
            // The body is asked for only where it has not begun to come.
            let waits = head.first(Name::Expect).is_some_and(|v| v.eq_ignore_ascii_case(b"100-continue"));
            if waits && self.start == self.end {
                field(b"expect: ", b"100-continue");
            }
        }
        out.extend_from_slice(b"\r\n");
    }
}
