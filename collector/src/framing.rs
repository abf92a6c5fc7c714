//! Where the body of a request ends (RFC 9112 6): only then can the next head begin.

/// How much body is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing(State);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Length(u64),
    /// In a chunk's size, so far.
    Size {
        size: u64,
        digits: u8,
    },
    /// After the size, until the end of the line.
    Extension(u64),
    /// In a chunk's bytes, its line end not counted.
    Data(u64),
    /// In the line end behind a chunk's bytes.
    DataEnd,
    /// In the lines behind the last chunk; whether the current one is empty so far.
    Trailer {
        empty: bool,
    },
    Done,
    Broken,
}

impl Framing {
    /// No body.
    pub fn none() -> Self {
        Self(State::Done)
    }

    /// So many bytes.
    pub fn length(n: u64) -> Self {
        Self(if n == 0 { State::Done } else { State::Length(n) })
    }

    /// Chunks.
    pub fn chunked() -> Self {
        Self(State::Size { size: 0, digits: 0 })
    }

    /// Whether the body has come whole.
    pub fn is_done(&self) -> bool {
        self.0 == State::Done
    }

    /// Whether the chunks are malformed: nothing behind them can be trusted.
    pub fn is_broken(&self) -> bool {
        self.0 == State::Broken
    }

    /// How many of these bytes belong to the body. When it is malformed, up to and with the byte that is wrong: whoever
    /// decodes it says so.
    pub fn advance(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while taken < bytes.len() {
            let rest = &bytes[taken..];
            match self.0 {
                State::Done | State::Broken => break,
                State::Length(n) => {
                    let step = n.min(rest.len() as u64);
                    self.0 = if step == n { State::Done } else { State::Length(n - step) };
                    taken += step as usize;
                }
                State::Data(n) => {
                    let step = n.min(rest.len() as u64);
                    self.0 = if step == n { State::DataEnd } else { State::Data(n - step) };
                    taken += step as usize;
                }
                small => {
                    self.0 = small.after(rest[0]);
                    taken += 1;
                }
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
            (Self::Size { size, .. }, b'\n') | (Self::Extension(size), b'\n') => match size {
                0 => Self::Trailer { empty: true },
                n => Self::Data(n),
            },
            (Self::Size { size, .. }, b';' | b' ' | b'\t' | b'\r') | (Self::Extension(size), _) => {
                Self::Extension(size)
            }
            (Self::DataEnd, b'\r') => Self::DataEnd,
            (Self::DataEnd, b'\n') => Self::Size { size: 0, digits: 0 },
            (Self::Trailer { empty: true }, b'\n') => Self::Done,
            (Self::Trailer { empty }, b'\r') => Self::Trailer { empty },
            (Self::Trailer { .. }, b) => Self::Trailer { empty: b == b'\n' },
            _ => Self::Broken,
        }
    }
}
