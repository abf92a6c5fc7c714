//! Line after line.

use std::io::{self, BufRead};

/// Longest line in bytes; nothing that the pipeline writes comes near.
pub const MAX_LINE: usize = 64 << 20;

/// Lines of an input, without their ends.
pub struct Lines<R> {
    input: R,
    number: u64,
    bytes: u64,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Its bytes; `None`: there are more than [`MAX_LINE`], and they were passed over.
    pub bytes: Option<Vec<u8>>,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `input`.
    pub fn of(input: R) -> Self {
        Self { input, number: 0, bytes: 0 }
    }

    /// Bytes read so far, ends of lines included.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line; `None`: there is no more.
    ///
    /// # Errors
    /// Those of the input, and what is packed wrongly.
    pub fn next_line(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let read = io::Read::take(&mut self.input, MAX_LINE as u64 + 1).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        self.bytes += read as u64;
        self.number += 1;
        let number = self.number;
        if bytes.pop_if(|last| *last == b'\n').is_none() && bytes.len() > MAX_LINE {
            self.bytes += self.input.skip_until(b'\n')? as u64;
            return Ok(Some(Line { number, bytes: None }));
        }
        Ok(Some(Line { number, bytes: Some(bytes) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_any_length() {
        let text = [b"a\n\nb".to_vec(), vec![b'x'; MAX_LINE + 5], b"\nc".to_vec()].concat();
        let mut lines = Lines::of(io::Cursor::new(text));
        let next = |lines: &mut Lines<_>| lines.next_line().unwrap().map(|line| (line.number, line.bytes));
        assert_eq!(next(&mut lines), Some((1, Some(b"a".to_vec()))));
        assert_eq!(next(&mut lines), Some((2, Some(Vec::new()))));
        assert_eq!(next(&mut lines), Some((3, None)));
        assert_eq!(next(&mut lines), Some((4, Some(b"c".to_vec()))));
        assert_eq!(next(&mut lines), None);
        assert_eq!(lines.bytes(), MAX_LINE as u64 + 11);
    }
}
