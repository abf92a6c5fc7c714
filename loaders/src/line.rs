//! An enriched line as its 131 columns, borrowed.

use event::atomic::{COUNT, Field};

/// The columns of one line. An empty column is an absent field.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    text: &'a str,
    /// Where each column ends.
    ends: [usize; COUNT],
}

impl<'a> Line<'a> {
    /// Splits a line; `None` when it has not 131 columns.
    pub fn split(line: &'a str) -> Option<Self> {
        let mut ends = [line.len(); COUNT];
        let mut next = 0;
        tabs(line).try_for_each(|tab| {
            *ends.get_mut(next)? = tab;
            next += 1;
            Some(())
        })?;
        (next + 1 == COUNT).then_some(Self { text: line, ends })
    }

    /// The field's text, empty when absent.
    pub fn get(&self, field: Field) -> &'a str {
        let column = field as usize;
        let start = column.checked_sub(1).map_or(0, |before| self.ends[before] + 1);
        &self.text[start..self.ends[column]]
    }
}

/// Where the tabs of a text are. Most columns are short or empty, so that eight bytes at a time are quicker than a search for
/// each next tab.
pub fn tabs(text: &str) -> impl Iterator<Item = usize> {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let behind = words.len() * 8;
    let in_words = words.iter().enumerate().flat_map(|(number, word)| {
        let mut found = tabs_in(u64::from_le_bytes(*word));
        std::iter::from_fn(move || {
            let at = (found != 0).then(|| found.trailing_zeros() as usize / 8)?;
            found &= found - 1;
            Some(number * 8 + at)
        })
    });
    let in_rest = rest.iter().enumerate().filter(|(_, byte)| **byte == b'\t');
    in_words.chain(in_rest.map(move |(at, _)| behind + at))
}

/// The highest bit of each byte that is a tab.
fn tabs_in(word: u64) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let other = word ^ 0x0909_0909_0909_0909;
    !(((other & LOW) + LOW) | other | LOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_are_found_at_every_place() {
        for text in
            ["", "\t", "\t\t\t\t\t\t\t\t\t", "é\t\u{80}\u{89}\tß\n\u{8}\u{a}\t", "abcdefgh\tijklmnopq\t"]
        {
            for shift in 0..9 {
                let text = format!("{}{text}", "x".repeat(shift));
                let expect: Vec<usize> = memchr::memchr_iter(b'\t', text.as_bytes()).collect();
                assert_eq!(tabs(&text).collect::<Vec<_>>(), expect, "{text:?}");
            }
        }
        for byte in 0..=255_u64 {
            let expect = if byte == 9 { 0x8000 } else { 0 };
            assert_eq!(tabs_in(byte << 8 | 0x0100_0000_0000_00ff), expect, "{byte}");
        }
    }

    #[test]
    fn only_131_columns_are_a_line() {
        for (tabs, is_line) in [(0, false), (129, false), (130, true), (131, false), (500, false)] {
            assert_eq!(Line::split(&"\t".repeat(tabs)).is_some(), is_line, "{tabs}");
        }
        let line = format!("app\tweb{}last", "\t".repeat(129));
        let line = Line::split(&line).unwrap();
        assert_eq!(
            (line.get(Field::AppId), line.get(Field::Platform), line.get(Field::TrueTstamp)),
            ("app", "web", "last")
        );
    }
}
