//! Reading a header value from left to right.

use std::borrow::Cow;

use crate::head;

/// What is left of a value. Each read also takes the blanks behind what it read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan<'a>(&'a str);

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self(text)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn next_is(&self, c: char) -> bool {
        self.0.starts_with(c)
    }

    /// One character.
    pub(super) fn expect(&mut self, c: char) -> Option<()> {
        self.0 = self.0.strip_prefix(c)?;
        self.skip_blanks();
        Some(())
    }

    /// One character of any kind, and no blanks behind it.
    pub(super) fn any(&mut self) -> Option<char> {
        let c = self.0.chars().next()?;
        self.0 = &self.0[c.len_utf8()..];
        Some(c)
    }

    pub(super) fn token(&mut self) -> Option<&'a str> {
        self.run(head::is_token)
    }

    /// As many bytes of a kind as there are, at least one.
    pub(super) fn run(&mut self, kind: impl Fn(u8) -> bool) -> Option<&'a str> {
        let end = self.0.bytes().position(|b| !kind(b)).unwrap_or(self.0.len());
        let run = self.exact_run(end)?;
        self.skip_blanks();
        Some(run)
    }

    /// A token or a quoted text.
    pub(super) fn word(&mut self) -> Option<Cow<'a, str>> {
        if !self.next_is('"') {
            return self.token().map(Cow::Borrowed);
        }
        self.any();
        let mut out = String::new();
        loop {
            match self.any()? {
                '"' => break,
                '\\' => out.push(self.any()?),
                c => out.push(c),
            }
        }
        self.skip_blanks();
        Some(Cow::Owned(out))
    }

    fn exact_run(&mut self, end: usize) -> Option<&'a str> {
        let (run, rest) = self.0.split_at(end);
        self.0 = rest;
        (!run.is_empty()).then_some(run)
    }

    fn skip_blanks(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }
}

/// A text as a token, or in quotes where it is none.
pub(super) fn push_word(text: &str, out: &mut String) {
    if !text.is_empty() && text.bytes().all(head::is_token) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        if matches!(c, '\\' | '"') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}
