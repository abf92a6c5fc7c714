//! Java's regular expressions, rewritten for Rust's engines.

/// A set in which `.` finds nothing.
const LINE_ENDS: &str = r"\n\r\x{85}\x{2028}\x{2029}";
/// `$` stands before a last line end too.
const LAST_LINE_END: &str = r"(?:\r\n|[\n\r\x{85}\x{2028}\x{2029}])?";

/// The classes that are ASCII only, without brackets.
const DIGIT: &str = "0-9";
const WORD: &str = "A-Za-z0-9_";
const SPACE: &str = r" \t\n\x0B\f\r";
const HORIZONTAL: &str = r" \t\x{A0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}";
const VERTICAL: &str = r"\n\x0B\f\r\x{85}\x{2028}\x{2029}";

/// POSIX classes, ASCII only.
const POSIX: [(&str, &str); 13] = [
    ("Lower", "a-z"),
    ("Upper", "A-Z"),
    ("ASCII", r"\x00-\x7F"),
    ("Alpha", "A-Za-z"),
    ("Digit", "0-9"),
    ("Alnum", "A-Za-z0-9"),
    ("Punct", r"!-/:-@\[-`{-\x7e"),
    ("Graph", "!-~"),
    ("Print", " -~"),
    ("Blank", r" \t"),
    ("Cntrl", r"\x00-\x1F\x7F"),
    ("XDigit", "0-9a-fA-F"),
    ("Space", r" \t\n\x0B\f\r"),
];

/// General categories by their short names; longer names are not Java's.
const CATEGORIES: [&str; 37] = [
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "Z", "Zs", "Zl", "Zp",
    "C", "Cc", "Cf", "Co", "Cn", "P", "Pd", "Ps", "Pe", "Pc", "Po", "Pi", "Pf", "S", "Sm", "Sc", "Sk", "So",
    "LC",
];

/// Translates, or says what is wrong.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let mut translator = Translator {
        chars: pattern.chars().collect(),
        place: 0,
        out: String::with_capacity(pattern.len() + 16),
        dot_all: false,
        multi_line: false,
    };
    translator.sequence()?;
    Ok(translator.out)
}

struct Translator {
    chars: Vec<char>,
    place: usize,
    out: String,
    /// Flags, once set anywhere: Java scopes them to groups, patterns set them at the start.
    dot_all: bool,
    multi_line: bool,
}

impl Translator {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.place).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.place += usize::from(next.is_some());
        next
    }

    fn sequence(&mut self) -> Result<(), String> {
        while let Some(c) = self.next() {
            match c {
                '\\' => self.escape(false)?,
                '[' => self.class()?,
                '(' => self.group()?,
                '.' if !self.dot_all => self.out.push_str(&format!("[^{LINE_ENDS}]")),
                '$' if !self.multi_line => {
                    // Where nothing follows, taking the line end is as good as looking at it, and linear.
                    let is_last = matches!(self.peek(), None | Some('|'));
                    let end = format!(r"{LAST_LINE_END}\z");
                    self.out.push_str(&if is_last { end } else { format!("(?={end})") });
                }
                '{' => self.repetition()?,
                '}' | ']' => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                _ => self.out.push(c),
            }
        }
        Ok(())
    }

    /// After `(`: flags of Java that mean something else in Rust.
    fn group(&mut self) -> Result<(), String> {
        self.out.push('(');
        if self.peek() != Some('?') {
            return Ok(());
        }
        let mut end = self.place + 1;
        while self.chars.get(end).is_some_and(|c| c.is_ascii_alphabetic() || *c == '-') {
            end += 1;
        }
        if end == self.place + 1 || !matches!(self.chars.get(end), Some(':' | ')')) {
            return Ok(());
        }
        let mut on = true;
        let mut kept = String::new();
        for c in &self.chars[self.place + 1..end] {
            match c {
                '-' => on = false,
                's' => self.dot_all = on,
                'm' => self.multi_line = on,
                _ => (),
            }
            match c {
                'i' | 's' | 'm' | 'x' | '-' => kept.push(*c),
                'd' | 'u' | 'U' => (),
                _ => return Err(format!("Unknown inline modifier {c}")),
            }
        }
        let kept = kept.trim_end_matches('-');
        self.place = end;
        if kept.is_empty() && self.peek() == Some(')') {
            self.next();
            self.out.push_str("?:)");
        } else {
            self.out.push('?');
            self.out.push_str(kept);
        }
        Ok(())
    }

    /// After `{`: only a repetition is allowed.
    fn repetition(&mut self) -> Result<(), String> {
        let rest: String = self.chars[self.place..].iter().take_while(|c| **c != '}').collect();
        let (min, max) = rest.split_once(',').unwrap_or((&rest, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let closed = self.chars.get(self.place + rest.chars().count()) == Some(&'}');
        if !closed || min.is_empty() || !is_number(min) || !is_number(max) {
            return Err("Illegal repetition".into());
        }
        self.out.push('{');
        self.out.push_str(&rest);
        self.out.push('}');
        self.place += rest.chars().count() + 1;
        Ok(())
    }

    /// After `[`, up to the bracket that closes it.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.peek() == Some('^') {
            self.next();
            self.out.push('^');
        }
        let mut empty = true;
        loop {
            let Some(c) = self.next() else { return Err("Unclosed character class".into()) };
            match c {
                ']' if !empty => {
                    self.out.push(']');
                    return Ok(());
                }
                '[' => self.class()?,
                '\\' => self.escape(true)?,
                '&' if self.peek() == Some('&') => {
                    self.next();
                    self.out.push_str("&&");
                }
                '-' if matches!(self.peek(), Some(']' | '[' | '-' | '\\')) || self.after_class() => {
                    self.out.push_str(r"\-")
                }
                ']' | '&' | '~' | '^' | ':' | '{' | '}' => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                _ => self.out.push(c),
            }
            empty = false;
        }
    }

    /// Whether a hyphen would follow a class or a range, where Java takes it literally.
    fn after_class(&self) -> bool {
        let written = self.out.as_bytes();
        let is_range =
            written.len() >= 3 && written[written.len() - 2] == b'-' && written[written.len() - 3] != b'\\';
        matches!(written.last(), Some(b']' | b'[' | b'^')) || is_range
    }

    /// After a backslash.
    fn escape(&mut self, in_class: bool) -> Result<(), String> {
        let Some(c) = self.next() else { return Err("Unexpected end".into()) };
        match c {
            'd' => self.set(DIGIT, false),
            'D' => self.set(DIGIT, true),
            'w' => self.set(WORD, false),
            'W' => self.set(WORD, true),
            's' => self.set(SPACE, false),
            'S' => self.set(SPACE, true),
            'h' => self.set(HORIZONTAL, false),
            'H' => self.set(HORIZONTAL, true),
            'v' => self.set(VERTICAL, false),
            'V' => self.set(VERTICAL, true),
            'p' | 'P' => return self.property(c == 'P'),
            't' | 'n' | 'r' | 'f' => self.raw(c),
            'a' => self.char('\u{7}'),
            'e' => self.char('\u{1b}'),
            'c' => {
                let control = self.next().ok_or("Illegal control escape sequence")?;
                self.char(char::from_u32(control as u32 ^ 64).ok_or("Illegal control escape sequence")?);
            }
            '0' => {
                let value = self.digits(8, 3, "Illegal octal escape sequence")?;
                self.code_point(value)?;
            }
            'x' => self.hexadecimal()?,
            'u' => self.unicode()?,
            'Q' => {
                while self.place < self.chars.len() && !self.chars[self.place..].starts_with(&['\\', 'E']) {
                    let literal = self.chars[self.place];
                    self.char(literal);
                    self.place += 1;
                }
                self.place = (self.place + 2).min(self.chars.len());
            }
            'b' | 'B' | 'A' | 'z' if !in_class => self.raw(c),
            'Z' if !in_class => self.out.push_str(&format!(r"(?={LAST_LINE_END}\z)")),
            'R' if !in_class => self.out.push_str(&format!(r"(?:\r\n|[{VERTICAL}])")),
            '1'..='9' if !in_class => self.raw(c),
            'k' if !in_class && self.peek() == Some('<') => self.raw(c),
            _ if c.is_ascii_alphanumeric() => {
                return Err(format!("Illegal/unsupported escape sequence \\{c}"));
            }
            _ => self.char(c),
        }
        Ok(())
    }

    fn raw(&mut self, c: char) {
        self.out.push('\\');
        self.out.push(c);
    }

    fn set(&mut self, set: &str, negated: bool) {
        self.out.push_str(if negated { "[^" } else { "[" });
        self.out.push_str(set);
        self.out.push(']');
    }

    /// A literal character, whatever it is.
    fn char(&mut self, c: char) {
        if c.is_ascii_alphanumeric() || !c.is_ascii() {
            self.out.push(c);
        } else {
            self.out.push_str(&format!(r"\x{:02X}", c as u32));
        }
    }

    fn code_point(&mut self, value: u32) -> Result<(), String> {
        let c = char::from_u32(value).ok_or("a lone surrogate cannot be matched")?;
        self.char(c);
        Ok(())
    }

    fn digits(&mut self, radix: u32, at_most: usize, error: &str) -> Result<u32, String> {
        let mut value = 0;
        let mut read = 0;
        while read < at_most
            && let Some(digit) = self.peek().and_then(|c| c.to_digit(radix))
        {
            value = value * radix + digit;
            read += 1;
            self.place += 1;
        }
        if read == 0 { Err(error.to_owned()) } else { Ok(value) }
    }

    fn hexadecimal(&mut self) -> Result<(), String> {
        const ERROR: &str = "Illegal hexadecimal escape sequence";
        if self.peek() != Some('{') {
            let start = self.place;
            let value = self.digits(16, 2, ERROR)?;
            return if self.place - start == 2 { self.code_point(value) } else { Err(ERROR.into()) };
        }
        self.next();
        let value = self.digits(16, 6, ERROR)?;
        if self.next() != Some('}') {
            return Err(ERROR.into());
        }
        self.code_point(value)
    }

    fn unicode(&mut self) -> Result<(), String> {
        let first = self.unit()?;
        if (0xD800..0xDC00).contains(&first) && self.chars[self.place..].starts_with(&['\\', 'u']) {
            self.place += 2;
            let second = self.unit()?;
            let pair = char::decode_utf16([first as u16, second as u16]).next();
            let c = pair.and_then(Result::ok).ok_or("a lone surrogate cannot be matched")?;
            self.char(c);
            return Ok(());
        }
        self.code_point(first)
    }

    fn unit(&mut self) -> Result<u32, String> {
        const ERROR: &str = "Illegal Unicode escape sequence";
        let start = self.place;
        let value = self.digits(16, 4, ERROR)?;
        if self.place - start == 4 { Ok(value) } else { Err(ERROR.into()) }
    }

    /// After `\p` or `\P`.
    fn property(&mut self, negated: bool) -> Result<(), String> {
        let name: String = match self.next() {
            Some('{') => {
                let name: String = self.chars[self.place..].iter().take_while(|c| **c != '}').collect();
                self.place += name.chars().count();
                if self.next() != Some('}') {
                    return Err("Unclosed character family".into());
                }
                name
            }
            Some(c) => c.to_string(),
            None => return Err("Unexpected end".into()),
        };
        if let Some((_, set)) = POSIX.iter().find(|(posix, _)| *posix == name) {
            self.set(set, negated);
            return Ok(());
        }
        let unicode = match name.as_str() {
            short if CATEGORIES.contains(&short) => short,
            "javaLowerCase" => "Lowercase",
            "javaUpperCase" => "Uppercase",
            "javaWhitespace" => "White_Space",
            "javaMirrored" => "Bidi_Mirrored",
            long => {
                let prefixes = ["Is", "script=", "sc=", "general_category=", "gc="];
                prefixes.iter().find_map(|prefix| long.strip_prefix(prefix)).ok_or_else(|| unknown(&name))?
            }
        };
        let is_plain = unicode.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_plain || regex::Regex::new(&format!(r"\p{{{unicode}}}")).is_err() {
            return Err(unknown(&name));
        }
        self.out.push_str(&format!(r"\{}{{{unicode}}}", if negated { 'P' } else { 'p' }));
        Ok(())
    }
}

fn unknown(name: &str) -> String {
    format!("Unknown character property name {{{name}}}")
}
