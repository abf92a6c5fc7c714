//! How long the body of a request is (RFC 9112 6): only behind it can the next head begin.

/// How a body is told from what comes behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked(Chunks),
}

/// A body in chunks, as far as it has come. Line ends are strict: where a proxy in front sees another end of the body than we
/// do, one request can be smuggled inside another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunks {
    state: State,
    /// Bytes of extensions and trailers so far.
    aside: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a chunk's size, so far.
    Size {
        size: u64,
        digits: u8,
    },
    /// Blanks between the size and what may come behind it.
    Blank(u64),
    /// Behind the size, until the end of the line.
    Extension(u64),
    /// The second byte of the line end behind the size.
    SizeEnd(u64),
    /// In a chunk's bytes.
    Data(u64),
    /// The line end behind a chunk's bytes: its first and its second byte.
    DataEnd,
    DataEndSecond,
    /// In the lines behind the last chunk: at the beginning of one, within, and in its end.
    Trailer,
    TrailerLine,
    TrailerEnd,
    /// The second byte of the empty line that ends it all.
    LastEnd,
    Done,
    Broken,
}

/// Bytes of extensions and trailers at most: nobody needs them.
const MAX_ASIDE: usize = 16_384;

impl Default for Chunks {
    fn default() -> Self {
        Self { state: State::Size { size: 0, digits: 0 }, aside: 0 }
    }
}

impl Chunks {
    /// Whether the body has come whole.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether it is malformed: nothing behind it can be trusted.
    pub fn is_broken(&self) -> bool {
        self.state == State::Broken
    }

    /// Appends the data in these bytes to `body`, and says how many bytes belong to the body with all that is around the data.
    /// Goes no further than one piece of data that makes `body` longer than `cap`.
    pub fn decode(&mut self, bytes: &[u8], body: &mut Vec<u8>, cap: usize) -> usize {
        let mut taken = 0;
        while let Some(&byte) = bytes.get(taken)
            && body.len() <= cap
            && !self.is_done()
            && !self.is_broken()
        {
            if let State::Data(left) = self.state {
                let rest = &bytes[taken..];
                let step = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                let fitting = step.min(cap.saturating_sub(body.len()) + 1);
                body.extend_from_slice(&rest[..fitting]);
                let left = left - step as u64;
                self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                taken += step;
            } else {
                self.state = self.state.after(byte);
                if matches!(self.state, State::Blank(_) | State::Extension(_) | State::TrailerLine) {
                    self.aside += 1;
                    if self.aside > MAX_ASIDE {
                        self.state = State::Broken;
                    }
                }
                taken += 1;
            }
        }
        taken
    }
}

impl State {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Size { size, digits }, b) if b.is_ascii_hexdigit() && digits < 15 => {
                let digit = (b as char).to_digit(16).map_or(0, u64::from);
                Self::Size { size: size * 16 + digit, digits: digits + 1 }
            }
            (Self::Size { digits: 0, .. }, _) => Self::Broken,
            (Self::Size { size, .. } | Self::Blank(size), b' ' | b'\t') => Self::Blank(size),
            (Self::Size { size, .. } | Self::Blank(size), b';') => Self::Extension(size),
            (Self::Size { size, .. } | Self::Blank(size) | Self::Extension(size), b'\r') => {
                Self::SizeEnd(size)
            }
            (Self::Extension(size), b) if b != b'\n' => Self::Extension(size),
            (Self::SizeEnd(0), b'\n') => Self::Trailer,
            (Self::SizeEnd(size), b'\n') => Self::Data(size),
            (Self::DataEnd, b'\r') => Self::DataEndSecond,
            (Self::DataEndSecond, b'\n') => Self::Size { size: 0, digits: 0 },
            (Self::Trailer, b'\r') => Self::LastEnd,
            (Self::TrailerLine, b'\r') => Self::TrailerEnd,
            (Self::TrailerEnd, b'\n') => Self::Trailer,
            (Self::LastEnd, b'\n') => Self::Done,
            (Self::Trailer | Self::TrailerLine, b) if b != b'\n' => Self::TrailerLine,
            _ => Self::Broken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Body and how much of the bytes is taken; `None` where it is broken, and whether it is done.
    fn check(bytes: &[u8], body: &[u8], left: usize, done: Option<bool>) {
        let shown = String::from_utf8_lossy(bytes).into_owned();
        let (mut chunks, mut got) = (Chunks::default(), Vec::new());
        let taken = chunks.decode(bytes, &mut got, 1000);
        assert_eq!((got.as_slice(), bytes.len() - taken), (body, left), "{shown}");
        assert_eq!(done, (!chunks.is_broken()).then_some(chunks.is_done()), "{shown}");
        let (mut chunks, mut single) = (Chunks::default(), Vec::new());
        for byte in bytes {
            chunks.decode(&[*byte], &mut single, 1000);
        }
        assert_eq!(single, got, "{shown}");
    }

    #[test]
    fn chunks_end_where_they_say() {
        check(b"3\r\nabc\r\n0\r\n\r\nGET", b"abc", 3, Some(true));
        check(b"1;x=y\r\na\r\n02 \t;z\r\nbc\r\n000\r\nTrailer: t\r\n\r\n", b"abc", 0, Some(true));
        check(b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789", 0, Some(true));
        check(b"5\r\nab", b"ab", 0, Some(false));
        check(b"", b"", 0, Some(false));
    }

    #[test]
    fn what_is_not_strict_is_broken() {
        check(b"x", b"", 0, None);
        check(b"\r\n", b"", 1, None);
        check(b"3\nabc", b"", 3, None);
        check(b"3;a\nabc", b"", 3, None);
        check(b"3\r\nabcd", b"abc", 0, None);
        check(b"3\r\nabc\n0\r\n\r\n", b"abc", 5, None);
        check(b"0\r\n\n", b"", 0, None);
        check(b"0\r\na: b\n\r\n", b"", 2, None);
        check(b"1 2\r\n", b"", 2, None);
        check(b"1111111111111111\r\n", b"", 2, None);
    }

    #[test]
    fn nobody_needs_long_extensions() {
        let long = [&b"1;"[..], &[b'x'; MAX_ASIDE + 1]].concat();
        let mut chunks = Chunks::default();
        chunks.decode(&long, &mut Vec::new(), 1000);
        assert!(chunks.is_broken());
    }

    #[test]
    fn one_byte_beyond_the_cap_is_enough() {
        let (mut chunks, mut body) = (Chunks::default(), Vec::new());
        chunks.decode(b"8\r\n01234567\r\n0\r\n\r\n", &mut body, 4);
        assert_eq!(body, b"01234");
    }
}
