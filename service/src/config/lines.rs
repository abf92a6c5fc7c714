//! Finds the places at which keys of a HOCON text are written. The HOCON library gives places for syntax errors only,
//! so this is a small scan of the text: nested keys are followed, comments and strings skipped; keys of included
//! files and keys that only a substitution brings in are not found.

/// A place in a text, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) line: usize,
    /// In characters.
    pub(super) column: usize,
}

/// Where each key is written, in order of appearance. A key written twice is listed twice.
pub(super) fn key_spots(text: &str) -> Vec<(Vec<String>, Spot)> {
    let mut scan = Scan::new(text);
    scan.object(&mut Vec::new());
    scan.found
}

/// A closing brace that closes nothing: the HOCON library takes it for the end and ignores what follows.
pub(super) fn stray_brace(text: &str) -> Option<Spot> {
    let mut scan = Scan::new(text);
    scan.object(&mut Vec::new());
    scan.closed.then_some(Spot { line: scan.at.line, column: scan.at.column.saturating_sub(1) })
}

/// The last place that writes `path`, which is the one that counts; else that of its nearest parent.
pub(super) fn spot_of(text: &str, path: &[String]) -> Option<Spot> {
    let spots = key_spots(text);
    let last = |fits: &dyn Fn(&[String]) -> bool| {
        spots.iter().rev().find(|(keys, _)| fits(keys)).map(|(_, spot)| *spot)
    };
    (1..=path.len()).rev().find_map(|length| {
        let parent = &path[..length];
        last(&|keys| keys == parent).or_else(|| last(&|keys| keys.starts_with(parent)))
    })
}

struct Scan<'a> {
    rest: &'a str,
    at: Spot,
    depth: usize,
    /// A brace closed the outermost level.
    closed: bool,
    found: Vec<(Vec<String>, Spot)>,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        let at = Spot { line: 1, column: 1 };
        Self { rest: text, at, depth: 0, closed: false, found: Vec::new() }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        let last = match taken.rsplit_once('\n') {
            Some((_, last)) => {
                self.at.line += taken.matches('\n').count();
                self.at.column = 1;
                last
            }
            None => taken,
        };
        self.at.column += last.chars().count();
        self.rest = rest;
        taken
    }

    fn comment(&mut self) -> bool {
        if self.rest.starts_with('#') || self.rest.starts_with("//") {
            self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
            return true;
        }
        false
    }

    /// A quoted string, its content without undoing escapes.
    fn string(&mut self) -> Option<&'a str> {
        if self.rest.starts_with("\"\"\"") {
            let end = self.rest[3..].find("\"\"\"").map_or(self.rest.len(), |at| at + 6);
            return Some(self.take(end).trim_matches('"'));
        }
        if !self.rest.starts_with('"') {
            return None;
        }
        let mut escaped = false;
        let end = self.rest[1..]
            .char_indices()
            .find(|(_, c)| {
                let closing = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                closing
            })
            .map_or(self.rest.len(), |(at, _)| at + 2);
        let text = self.take(end);
        Some(text[1..].strip_suffix('"').unwrap_or(&text[1..]))
    }

    /// Reads `key = value` pairs until the closing brace or the end.
    fn object(&mut self, path: &mut Vec<String>) {
        // Deeper than any configuration: stop rather than overflow the stack.
        self.depth += 1;
        if self.depth > 200 {
            self.rest = "";
        }
        self.fields(path);
        self.depth -= 1;
    }

    fn fields(&mut self, path: &mut Vec<String>) {
        let mut keys: Vec<String> = Vec::new();
        let mut word = String::new();
        let mut begin = self.at;
        loop {
            if self.comment() {
                continue;
            }
            let at = self.at;
            if let Some(text) = self.string() {
                if keys.is_empty() && word.is_empty() {
                    begin = at;
                }
                word.push_str(text);
                continue;
            }
            let Some(c) = self.peek() else { return };
            match c {
                '}' => {
                    self.take(1);
                    self.closed = self.depth == 1;
                    return;
                }
                '.' => {
                    self.take(1);
                    keys.push(std::mem::take(&mut word));
                }
                '=' | ':' | '{' | '+' => {
                    // A brace at the very start is the document's own.
                    if word.is_empty() && keys.is_empty() {
                        self.take(1);
                        if c == '{' {
                            self.object(path);
                        }
                        continue;
                    }
                    if c != '{' {
                        self.take(1);
                        if c == '+' && self.rest.starts_with('=') {
                            self.take(1);
                        }
                    }
                    keys.push(std::mem::take(&mut word));
                    let depth = path.len();
                    for key in keys.drain(..) {
                        path.push(key);
                    }
                    self.found.push((path.clone(), begin));
                    self.value(path);
                    path.truncate(depth);
                }
                c if c.is_whitespace() || c == ',' => {
                    self.take(c.len_utf8());
                    // `include "file"` ends at its line.
                    if c == '\n' || c == ',' {
                        word.clear();
                        keys.clear();
                    }
                }
                c => {
                    if keys.is_empty() && word.is_empty() {
                        begin = self.at;
                    }
                    word.push_str(self.take(c.len_utf8()));
                }
            }
        }
    }

    /// Skips a value up to the comma or line end that closes it; objects in it are read.
    fn value(&mut self, path: &mut Vec<String>) {
        let mut brackets = 0_usize;
        let mut begun = false;
        loop {
            if self.comment() {
                continue;
            }
            if self.string().is_some() {
                begun = true;
                continue;
            }
            let Some(c) = self.peek() else { return };
            if brackets == 0 && (c == '}' || c == ',' || (c == '\n' && begun)) {
                return;
            }
            if let Some(after) = self.rest.strip_prefix("${") {
                self.take(after.find('}').map_or(self.rest.len(), |end| end + 3));
                begun = true;
                continue;
            }
            self.take(c.len_utf8());
            match c {
                '{' if brackets == 0 => self.object(path),
                // What stands in a list belongs to the list's own key.
                '[' | '{' => brackets += 1,
                ']' | '}' => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            begun = begun || !c.is_whitespace();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[(&str, usize)]) {
        let found = key_spots(text);
        let found: Vec<(String, usize)> =
            found.into_iter().map(|(keys, spot)| (keys.join("."), spot.line)).collect();
        let expect: Vec<(String, usize)> =
            expect.iter().map(|(key, line)| ((*key).to_owned(), *line)).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn keys_are_found_at_their_lines() {
        check("a = 1\nb = 2", &[("a", 1), ("b", 2)]);
        check("{\n a: 1,\n \"b c\" = x # y = 3\n}", &[("a", 2), ("b c", 3)]);
        check(
            "a {\n  b.c = 1\n  d { e = 2, f = 3 }\n}\ng = 1",
            &[("a", 1), ("a.b.c", 2), ("a.d", 3), ("a.d.e", 3), ("a.d.f", 3), ("g", 5)],
        );
        check("// x = 1\na = [\n 1, {b = 2}\n 3\n]\nc += ${?X}\nd = 1", &[("a", 2), ("c", 6), ("d", 7)]);
        check("a = \"\"\"\nx = 1\n\"\"\"\nb = \"y=\\\"2\"\nc = 3", &[("a", 1), ("b", 4), ("c", 5)]);
        check(
            "include \"x.conf\"\na =\n  5\nb = x y z\nc = ${a} {\n d = 1 }",
            &[("a", 2), ("b", 4), ("c", 5), ("c.d", 6)],
        );
    }

    #[test]
    fn the_last_place_counts_and_a_parent_helps_out() {
        let text = "a { b = 1 }\na.b = 2\nc = 1";
        let path = |keys: &[&str]| keys.iter().map(|k| (*k).to_owned()).collect::<Vec<_>>();
        let line_of = |keys: &[&str]| spot_of(text, &path(keys)).map(|spot| spot.line);
        assert_eq!(line_of(&["a", "b"]), Some(2));
        assert_eq!(line_of(&["a", "x"]), Some(1));
        assert_eq!(line_of(&["z"]), None);
    }

    #[test]
    fn columns_are_where_keys_begin() {
        let check = |text: &str, expect: &[(usize, usize)]| {
            let found: Vec<_> = key_spots(text).iter().map(|(_, spot)| (spot.line, spot.column)).collect();
            assert_eq!(found, expect, "{text}");
        };
        check("a = 1, b = 2", &[(1, 1), (1, 8)]);
        check("a {\n  \"b c\".d = ü, e = 1\n}", &[(1, 1), (2, 3), (2, 16)]);
        check("# c\n  a = \"\"\"x\ny\"\"\", b = 1", &[(2, 3), (3, 7)]);
        assert_eq!(stray_brace("a = 1\n }"), Some(Spot { line: 2, column: 2 }));
    }

    #[test]
    fn broken_texts_do_not_break_the_scan() {
        for text in [
            "", "{", "}", "}}}", "\"", "\"\"\"", "a", "a=", "a={", "a=[", "${", "a=${", "=", "a.", "+",
            "é=ü\n", "a=\"\\",
        ] {
            key_spots(text);
        }
        key_spots(&"a{".repeat(100_000));
        key_spots(&"{".repeat(100_000));
    }
}
