//! Where in a text of JSON a key is.

/// The line, from 1, of a key such as `data.parameters.inputs[0].key`, or of the last of those above it that is there.
/// `None`: not even the first is, or the text is no JSON.
pub(super) fn line_of(text: &str, key: &str) -> Option<usize> {
    let mut path = Vec::new();
    for part in key.split('.') {
        let mut pieces = part.split('[');
        path.push(Step::Member(pieces.next().unwrap_or_default()));
        path.extend(pieces.filter_map(|n| n.trim_end_matches(']').parse().ok()).map(Step::Element));
    }
    let at = Reader { text: text.as_bytes(), at: 0 }.find(&path)?;
    Some(1 + text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count())
}

enum Step<'k> {
    Member(&'k str),
    Element(usize),
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    /// Where the end of the path is, as far as it goes.
    fn find(&mut self, path: &[Step<'_>]) -> Option<usize> {
        let (step, rest) = path.split_first()?;
        let mut number = 0;
        let close = match step {
            Step::Member(_) => self.take(b'{').then_some(b'}')?,
            Step::Element(_) => self.take(b'[').then_some(b']')?,
        };
        while !self.take(close) {
            self.blanks();
            let begin = self.at;
            let is_it = match step {
                Step::Member(name) => {
                    let key = self.string()?;
                    self.take(b':').then_some(())?;
                    key == *name
                }
                Step::Element(wanted) => *wanted == number,
            };
            if is_it {
                return Some(self.find(rest).unwrap_or(begin));
            }
            self.skip()?;
            number += 1;
            if !self.take(b',') {
                return None;
            }
        }
        None
    }

    fn blanks(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    /// Goes behind a character, if it comes next.
    fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        let is_next = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// A text without a look at its escapes.
    fn string(&mut self) -> Option<String> {
        self.take(b'"').then_some(())?;
        let begin = self.at;
        while *self.text.get(self.at)? != b'"' {
            self.at += if self.text[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        Some(String::from_utf8_lossy(&self.text[begin..self.at - 1]).into_owned())
    }

    /// Goes behind a value.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            self.blanks();
            match *self.text.get(self.at)? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => return Some(()),
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' if depth == 0 => return Some(()),
                _ => self.at += 1,
            }
            if depth == 0 {
                self.blanks();
                if matches!(self.text.get(self.at), Some(b',' | b'}' | b']')) {
                    return Some(());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_keys() {
        let text = "{\n\"a\": \"{\\\"b\\\"\",\n\"data\": {\"x\": [\n{\"k\": 1}, [2],\n{\"k\":\n3}\n], \"y\":\ntrue}}";
        let check = |key: &str, expect: Option<usize>| assert_eq!(line_of(text, key), expect, "{key}");
        check("a", Some(2));
        check("data", Some(3));
        check("data.x[0].k", Some(4));
        check("data.x[2].k", Some(5));
        check("data.x[9]", Some(3));
        check("data.y", Some(7));
        check("data.z", Some(3));
        check("z", None);
        for damaged in
            ["", "{", "{\"data\"", "{\"data\":", "data { x = 1 }", "{\"a\": \"", "{\"a\": [1", "[1]"]
        {
            assert!(line_of(damaged, "z.y[1]").is_none(), "{damaged}");
        }
    }
}
