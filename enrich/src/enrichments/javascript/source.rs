//! The source of a script: its `throw` statements marked, so that a failure can say where a text was thrown that carries no
//! trace, and places in what was marked told as places of what was written.

/// A script that is ready to be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// With marks.
    pub(crate) marked: String,
    /// Bytes of marks, by line from 1 and column from 0 in what was written.
    marks: Vec<(u32, u32, u32)>,
}

impl Source {
    /// Marks every `throw`: `throw x` becomes `throw __thrown(line,column),x`, which throws the same.
    pub(crate) fn marked(text: &str) -> Self {
        let mut marked = String::with_capacity(text.len() + 64);
        let mut marks = Vec::new();
        let (mut from, mut line, mut line_start) = (0, 1, 0);
        for at in throws(text) {
            let before = &text[from..at];
            if let Some(last) = before.rfind('\n') {
                line += before.matches('\n').count() as u32;
                line_start = from + last + 1;
            }
            let column = text[line_start..at].chars().count() as u32;
            let mark = format!(" __thrown({line},{column}),");
            marked.push_str(before);
            marked.push_str("throw");
            marked.push_str(&mark);
            marks.push((line, column, mark.len() as u32));
            from = at + "throw".len();
        }
        marked.push_str(&text[from..]);
        Self { marked, marks }
    }

    /// Without marks.
    pub(crate) fn plain(text: &str) -> Self {
        Self { marked: text.to_owned(), marks: Vec::new() }
    }

    /// The column as it was written, of one in what was marked.
    pub(crate) fn column(&self, line: u32, column: u32) -> u32 {
        let mut written = column;
        for (_, at, length) in self.marks.iter().filter(|(marked, _, _)| *marked == line) {
            if written > *at + "throw".len() as u32 {
                written = written.saturating_sub(*length).max(at + "throw".len() as u32);
            }
        }
        written
    }
}

/// Where `throw` begins a statement: not in texts, comments, regular expressions, nor as the name of a member.
fn throws(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    // Braces that are open; `true`: one of a template, behind which its text goes on.
    let mut braces = Vec::new();
    let mut at = 0;
    // Whether a slash here would begin a regular expression.
    let mut value_may_begin = true;
    let mut before = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let next = bytes.get(at + 1).copied();
        match byte {
            b'/' if next == Some(b'/') => {
                at = text[at..].find('\n').map_or(bytes.len(), |end| at + end);
                continue;
            }
            b'/' if next == Some(b'*') => {
                at = text[at + 2..].find("*/").map_or(bytes.len(), |end| at + end + 4);
                continue;
            }
            b'/' if value_may_begin => {
                at = behind_pattern(bytes, at);
                (value_may_begin, before) = (false, b'/');
                continue;
            }
            b'"' | b'\'' => {
                at = behind_quote(bytes, at);
                (value_may_begin, before) = (false, byte);
                continue;
            }
            b'`' => {
                at = behind_template(bytes, at + 1, &mut braces);
                (value_may_begin, before) = (bytes.get(at - 1) == Some(&b'{'), b'`');
                continue;
            }
            b'{' => braces.push(false),
            b'}' if braces.pop() == Some(true) => {
                at = behind_template(bytes, at + 1, &mut braces);
                (value_may_begin, before) = (bytes.get(at - 1) == Some(&b'{'), b'`');
                continue;
            }
            _ if is_word(byte) => {
                let length = bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
                let word = &text[at..at + length];
                let behind = text[at + length..].trim_start_matches([' ', '\t']).as_bytes().first();
                let is_member = before == b'.' || behind == Some(&b':');
                if word == "throw" && !is_member && !matches!(behind, None | Some(b'\n' | b'\r')) {
                    found.push(at);
                }
                let operators =
                    ["throw", "return", "typeof", "case", "in", "of", "delete", "void", "new", "else"];
                value_may_begin = !is_member && operators.contains(&word);
                before = byte;
                at += length;
                continue;
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            value_may_begin = !matches!(byte, b')' | b']' | b'}');
            before = byte;
        }
        at += 1;
    }
    found
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || !byte.is_ascii()
}

fn behind_quote(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != bytes[at] && bytes[end] != b'\n' {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    (end + 1).min(bytes.len())
}

fn behind_pattern(bytes: &[u8], at: usize) -> usize {
    let (mut end, mut in_class) = (at + 1, false);
    while end < bytes.len() && bytes[end] != b'\n' && (in_class || bytes[end] != b'/') {
        match bytes[end] {
            b'\\' => end += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            _ => {}
        }
        end += 1;
    }
    (end + 1).min(bytes.len())
}

/// Behind the end of a template's text, or behind the `${` in it.
fn behind_template(bytes: &[u8], mut at: usize, braces: &mut Vec<bool>) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'`' => return at + 1,
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                braces.push(true);
                return at + 2;
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_found_and_nothing_else() {
        let check = |text: &str, expect: &str| {
            let marked = Source::marked(text).marked;
            assert_eq!(marked.replace(" __thrown", "@"), expect, "{text}");
        };
        check("throw 1", "throw@(1,0), 1");
        check("a();\n  throw new E(\"throw\")", "a();\n  throw@(2,2), new E(\"throw\")");
        check("if (a) throw b; else throw c;", "if (a) throw@(1,7), b; else throw@(1,21), c;");
        check("ä; throw 1", "ä; throw@(1,3), 1");
        check("throw(1)", "throw@(1,0),(1)");
        for text in [
            "// throw 1",
            "/* \n throw 1 */",
            "'throw 1' + \"\\\" throw 1\"",
            "`throw 1 ${'throw 1'} throw 1`",
            "`${`throw 1`} throw 1 ${{a: 1}} throw 1`",
            "x = /throw 1[/]throw 1\\/ throw 1/",
            "return /throw 1/",
            "g.throw(1)",
            "x = {throw: 1}",
            "throws(1); rethrow",
        ] {
            check(text, text);
        }
        check("`${(() => { throw 1 })()} throw 1`", "`${(() => { throw@(1,12), 1 })()} throw 1`");
        check("a / b; throw /x/", "a / b; throw@(1,7), /x/");
        check("x = a / 2; y = 'a' / 3; throw 1", "x = a / 2; y = 'a' / 3; throw@(1,24), 1");
        // Damaged sources are left to the compiler.
        for text in ["'", "\"\\", "`", "`${", "/", "/*", "}", "throw", "/[", "`\\"] {
            check(text, text);
        }
    }

    #[test]
    fn columns_as_they_were_written() {
        let source = Source::marked("if (a) throw b(); throw c()");
        let marked_line = &source.marked;
        for word in ["if", "b()", "c()"] {
            let written = "if (a) throw b(); throw c()".find(word).unwrap() as u32;
            let marked = marked_line.find(word).unwrap() as u32;
            assert_eq!(source.column(1, marked), written, "{word}");
            assert_eq!(source.column(2, marked), marked, "{word}");
        }
    }
}
