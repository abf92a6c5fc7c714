//! The enriched event: 131 texts, exactly as the TSV carries them (`spec/enrich.md` 3).

mod analytics;
mod column;

use std::fmt::{self, Write as _};

use crate::atomic::{COUNT, FIELDS, Field};

pub use analytics::Sdk;
pub use column::Column;

/// An event under construction or as read. An absent field and an empty text are the same thing, but for bad rows: see
/// [`EnrichedEvent::set_empty`].
///
/// One buffer holds all texts: setting a field appends to it, reading a line copies it once. No text holds a TAB, so a
/// written line has 131 columns always.
#[derive(Clone)]
pub struct EnrichedEvent {
    text: String,
    spans: [Span; COUNT],
    /// Bytes of `text` that a span refers to.
    live: usize,
}

#[derive(Clone, Copy, Default)]
struct Span {
    start: u32,
    len: u32,
}

/// Why a line is no enriched event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not 131 columns.
    #[error("{found} columns instead of 131")]
    Columns {
        /// How many there are.
        found: usize,
    },
    /// Columns that must be there are empty, or their texts are not of their kind. At least one, in TSV order.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Fields(Vec<FieldError>),
}

/// What is wrong with one column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", field.name())]
pub struct FieldError {
    /// The column.
    pub field: Field,
    /// Its text.
    pub value: String,
    /// What is wrong with it, as the Analytics SDK says it.
    pub message: String,
}

/// Bytes reserved for the first text: what a page view comes to.
const FIRST_BUFFER: usize = 1024;

/// Buffers below this size are never compacted.
const COMPACT_ABOVE: usize = 16 * 1024;

impl EnrichedEvent {
    /// The field's text; `None` when absent.
    pub fn get(&self, field: Field) -> Option<&str> {
        let Span { start, len } = self.spans[field as usize];
        (len > 0).then(|| &self.text[start as usize..(start + len) as usize])
    }

    /// Sets the text; a TAB or line break in it becomes a space. Empty removes the field.
    pub fn set(&mut self, field: Field, text: &str) {
        self.set_with(field, |out| out.push_str(text));
    }

    /// Sets the text to what a value prints.
    pub fn set_display(&mut self, field: Field, value: impl fmt::Display) {
        self.set_with(field, |out| {
            // Writing to a String cannot fail, and a value that refuses to print has no text.
            let _ = write!(out, "{value}");
        });
    }

    /// Sets the text to what `write` appends to the buffer it is given (it must not shorten it).
    pub fn set_with(&mut self, field: Field, write: impl FnOnce(&mut String)) {
        self.clear(field);
        if self.text.len() > COMPACT_ABOVE && self.live < self.text.len() / 2 {
            self.compact();
        }
        if self.text.capacity() == 0 {
            self.text.reserve(FIRST_BUFFER);
        }
        let start = self.text.len();
        write(&mut self.text);
        if breaks_line(&self.text.as_bytes()[start..]) {
            let clean = self.text[start..].replace(['\t', '\n', '\r'], " ");
            self.text.truncate(start);
            self.text.push_str(&clean);
        }
        self.spans[field as usize] = Span::new(start, self.text.len());
        self.live += self.text.len() - start;
    }

    /// Removes the field.
    pub fn clear(&mut self, field: Field) {
        self.live -= self.spans[field as usize].len as usize;
        self.spans[field as usize] = Span::default();
    }

    /// Gives the field an empty text. A line cannot tell it from an absent one, and neither does [`EnrichedEvent::get`]; a bad
    /// row shows `""` instead of null.
    pub fn set_empty(&mut self, field: Field) {
        self.clear(field);
        self.spans[field as usize] = Span::EMPTY;
    }

    /// Whether the field was given an empty text by [`EnrichedEvent::set_empty`].
    pub fn is_empty(&self, field: Field) -> bool {
        self.spans[field as usize].start == Span::EMPTY.start
    }

    /// The fields that are there, in TSV order.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &str)> {
        FIELDS.into_iter().filter_map(|field| self.get(field).map(|text| (field, text)))
    }

    /// Bytes that the event holds for its texts, those of overwritten fields included.
    pub fn buffered(&self) -> usize {
        self.text.capacity()
    }

    /// How many bytes [`EnrichedEvent::write_tsv`] appends.
    pub fn tsv_len(&self) -> usize {
        self.live + COUNT - 1
    }

    /// Appends the 131 columns, joined by TAB, without newline.
    pub fn write_tsv(&self, out: &mut Vec<u8>) {
        // A line of TABs first, then the texts between them: most columns are empty.
        let mut at = out.len();
        out.resize(at + self.tsv_len(), b'\t');
        let text = self.text.as_bytes();
        for Span { start, len } in &self.spans {
            let len = *len as usize;
            if len > 0 {
                let start = *start as usize;
                out[at..at + len].copy_from_slice(&text[start..start + len]);
            }
            at += len + 1;
        }
    }

    /// Splits a line without looking into the columns: `write_tsv` of the result is the line again.
    ///
    /// # Errors
    /// Only [`ParseError::Columns`].
    pub fn split_tsv(line: &str) -> Result<Self, ParseError> {
        let mut event = Self::default();
        let (mut column, mut start) = (0, 0);
        each_tab(line.as_bytes(), |tab| {
            if column < COUNT {
                event.spans[column] = Span::new(start, tab);
            }
            column += 1;
            start = tab + 1;
        });
        if column + 1 != COUNT {
            return Err(ParseError::Columns { found: column + 1 });
        }
        event.spans[column] = Span::new(start, line.len());
        event.live = line.len() - column;
        event.text = line.to_owned();
        Ok(event)
    }

    /// Drops the texts that no field refers to any more.
    fn compact(&mut self) {
        let mut text = String::with_capacity(2 * self.live);
        for span in self.spans.iter_mut().filter(|span| span.len > 0) {
            let start = text.len();
            text.push_str(&self.text[span.start as usize..(span.start + span.len) as usize]);
            *span = Span::new(start, text.len());
        }
        self.text = text;
    }
}

/// Whether there is a TAB or a line break.
fn breaks_line(text: &[u8]) -> bool {
    // Most texts are shorter than it takes to get a search under way.
    if text.len() < 32 {
        text.iter().any(|b| matches!(b, b'\t' | b'\n' | b'\r'))
    } else {
        memchr::memchr3(b'\t', b'\n', b'\r', text).is_some()
    }
}

/// Calls `found` with the position of every TAB, in order. Every fifth byte of a line may be one, which is why eight bytes
/// are looked at together here, rather than searching from TAB to TAB.
fn each_tab(bytes: &[u8], mut found: impl FnMut(usize)) {
    const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;
    let (chunks, rest) = bytes.as_chunks::<8>();
    for (i, chunk) in chunks.iter().enumerate() {
        let other = u64::from_le_bytes(*chunk) ^ 0x0909_0909_0909_0909;
        // The high bit of each byte that is zero, which no carry reaches.
        let mut tabs = !(((other & LOW) + LOW) | other | LOW);
        while tabs != 0 {
            found(8 * i + (tabs.trailing_zeros() / 8) as usize);
            tabs &= tabs - 1;
        }
    }
    let behind = bytes.len() - rest.len();
    for (i, byte) in rest.iter().enumerate() {
        if *byte == b'\t' {
            found(behind + i);
        }
    }
}

impl Span {
    /// Of an empty text that is told from an absent one. No text begins so far behind.
    const EMPTY: Self = Self { start: u32::MAX, len: 0 };

    fn new(start: usize, end: usize) -> Self {
        let fit = |n: usize| {
            u32::try_from(n).expect("records are capped far below 4 GiB, and so are the texts of an event")
        };
        Self { start: fit(start), len: fit(end - start) }
    }
}

impl Default for EnrichedEvent {
    fn default() -> Self {
        Self { text: String::new(), spans: [Span::default(); COUNT], live: 0 }
    }
}

impl PartialEq for EnrichedEvent {
    fn eq(&self, other: &Self) -> bool {
        FIELDS.into_iter().all(|field| self.get(field) == other.get(field))
    }
}

impl Eq for EnrichedEvent {}

impl fmt::Debug for EnrichedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(field, text)| (field.name(), text))).finish()
    }
}
