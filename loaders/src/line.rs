//! An enriched line as its 131 columns, borrowed.

use event::atomic::{COUNT, Field};

/// The columns of one line. An empty column is an absent field.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    columns: [&'a str; COUNT],
}

impl<'a> Line<'a> {
    /// Splits a line; `None` when it has not 131 columns.
    pub fn split(line: &'a str) -> Option<Self> {
        let mut columns = [""; COUNT];
        let mut next = 0;
        let mut start = 0;
        for tab in memchr::memchr_iter(b'\t', line.as_bytes()) {
            *columns.get_mut(next)? = &line[start..tab];
            next += 1;
            start = tab + 1;
        }
        if next + 1 != COUNT {
            return None;
        }
        columns[next] = &line[start..];
        Some(Self { columns })
    }

    /// The field's text, empty when absent.
    pub fn get(&self, field: Field) -> &'a str {
        self.columns[field as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
