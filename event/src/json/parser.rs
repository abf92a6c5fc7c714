//! The grammar, once: building a `Value`, or only looking (for the depth, and for the error of a document that is too
//! deep to build). Errors are jawn 1.4.0's (`spec/enrich.md` 5.1).

use serde_json::{Map, Number, Value};

use super::{
    MAX_DEPTH, MAX_FOLDED_DEPTH,
    error::{Failure, JsonError},
    printer, scan,
    string::RawString,
};

pub(super) fn parse(text: &str, max_depth: usize) -> Result<Value, JsonError> {
    build(text, Tree { open: Vec::new(), done: Value::Null, max_depth, folds: false })
}

pub(super) fn parse_folded(text: &str) -> Result<Value, JsonError> {
    build(text, Tree { open: Vec::new(), done: Value::Null, max_depth: MAX_FOLDED_DEPTH, folds: true })
}

fn build(text: &str, mut tree: Tree) -> Result<Value, JsonError> {
    match (Parser { text, at: 0 }).document(&mut tree) {
        Ok(()) => Ok(tree.done),
        Err(Failure::TooDeep) => {
            // What is wrong further on has precedence: the original looks at the depth after parsing.
            check(text)?;
            Err(JsonError::TooDeep)
        }
        Err(failure) => Err(failure.message(text)),
    }
}

/// Levels of the document.
pub(super) fn check(text: &str) -> Result<usize, JsonError> {
    let mut deepest = Deepest(0);
    match (Parser { text, at: 0 }).document(&mut deepest) {
        Ok(()) => Ok(deepest.0),
        Err(failure) => Err(failure.message(text)),
    }
}

/// What is done with the parts of a document.
trait Sink {
    /// A value begins at this level, counted from one; `false` refuses the document as too deep.
    fn level(&mut self, level: usize) -> bool;
    fn scalar(&mut self, value: impl FnOnce() -> Value);
    fn key(&mut self, key: impl FnOnce() -> String);
    fn open(&mut self, object: bool);
    fn close(&mut self);
}

struct Deepest(usize);

impl Sink for Deepest {
    fn level(&mut self, level: usize) -> bool {
        self.0 = self.0.max(level);
        true
    }
    fn scalar(&mut self, _value: impl FnOnce() -> Value) {}
    fn key(&mut self, _key: impl FnOnce() -> String) {}
    fn open(&mut self, _object: bool) {}
    fn close(&mut self) {}
}

struct Tree {
    open: Vec<Container>,
    done: Value,
    max_depth: usize,
    /// Whether what stands at a multiple of [`MAX_DEPTH`] levels becomes its text.
    folds: bool,
}

enum Container {
    Array(Vec<Value>),
    Object(Map<String, Value>, String),
}

impl Tree {
    fn add(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.done = value,
            Some(Container::Array(items)) => items.push(value),
            // Of a repeated key the first place and the last value.
            Some(Container::Object(members, key)) => {
                members.insert(std::mem::take(key), value);
            }
        }
    }
}

impl Sink for Tree {
    fn level(&mut self, level: usize) -> bool {
        level <= self.max_depth
    }
    fn scalar(&mut self, value: impl FnOnce() -> Value) {
        self.add(value());
    }
    fn key(&mut self, key: impl FnOnce() -> String) {
        if let Some(Container::Object(_, pending)) = self.open.last_mut() {
            *pending = key();
        }
    }
    fn open(&mut self, object: bool) {
        self.open.push(if object {
            Container::Object(Map::new(), String::new())
        } else {
            Container::Array(Vec::new())
        });
    }
    fn close(&mut self) {
        let level = self.open.len();
        let (is_empty, value) = match self.open.pop() {
            Some(Container::Array(items)) => (items.is_empty(), Value::Array(items)),
            Some(Container::Object(members, _)) => (members.is_empty(), Value::Object(members)),
            None => return,
        };
        if self.folds && level.is_multiple_of(MAX_DEPTH) && !is_empty {
            self.add(Value::Number(Number::from_string_unchecked(printer::to_compact(&value))));
        } else {
            self.add(value);
        }
    }
}

/// Where the parser is inside a container.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    ArrayBegin,
    ObjectBegin,
    Data,
    Key,
    Separator,
    ArrayEnd,
    ObjectEnd,
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn document(mut self, sink: &mut impl Sink) -> Result<(), Failure> {
        self.skip_white_space();
        if !sink.level(1) {
            return Err(Failure::TooDeep);
        }
        match self.peek()? {
            b'[' => self.containers(sink, false)?,
            b'{' => self.containers(sink, true)?,
            _ => self.scalar(sink, true)?,
        }
        self.skip_white_space();
        if self.at == self.text.len() { Ok(()) } else { Err(self.unexpected("expected whitespace or eof")) }
    }

    /// The container that begins here, and all in it.
    fn containers(&mut self, sink: &mut impl Sink, object: bool) -> Result<(), Failure> {
        let begin = |object| if object { State::ObjectBegin } else { State::ArrayBegin };
        let end = |object: bool| if object { State::ObjectEnd } else { State::ArrayEnd };
        // One entry for each open container: whether it is an object.
        let mut open = vec![object];
        sink.open(object);
        self.at += 1;
        let mut state = begin(object);
        loop {
            self.skip_white_space();
            let byte = self.peek()?;
            match (state, byte) {
                (State::ArrayBegin | State::ArrayEnd, b']')
                | (State::ObjectBegin | State::ObjectEnd, b'}') => {
                    self.at += 1;
                    sink.close();
                    open.pop();
                    match open.last() {
                        None => return Ok(()),
                        Some(object) => state = end(*object),
                    }
                }
                (State::Data | State::ArrayBegin, _) => {
                    if !sink.level(open.len() + 1) {
                        return Err(Failure::TooDeep);
                    }
                    if matches!(byte, b'[' | b'{') {
                        let object = byte == b'{';
                        sink.open(object);
                        open.push(object);
                        self.at += 1;
                        state = begin(object);
                    } else {
                        self.scalar(sink, false)?;
                        state = end(open.last() == Some(&true));
                    }
                }
                (State::Key | State::ObjectBegin, b'"') => {
                    let key = self.string()?;
                    sink.key(|| key.decode());
                    state = State::Separator;
                }
                (State::Key | State::ObjectBegin, _) => return Err(self.unexpected("expected \"")),
                (State::Separator, b':') => {
                    self.at += 1;
                    state = State::Data;
                }
                (State::Separator, _) => return Err(self.unexpected("expected :")),
                (State::ArrayEnd, b',') => {
                    self.at += 1;
                    state = State::Data;
                }
                (State::ArrayEnd, _) => return Err(self.unexpected("expected ] or ,")),
                (State::ObjectEnd, b',') => {
                    self.at += 1;
                    state = State::Key;
                }
                (State::ObjectEnd, _) => return Err(self.unexpected("expected } or ,")),
            }
        }
    }

    /// The string, number or word that begins here. At the top a number may be the last of the text.
    fn scalar(&mut self, sink: &mut impl Sink, top: bool) -> Result<(), Failure> {
        match self.peek()? {
            b'"' => {
                let string = self.string()?;
                sink.scalar(|| Value::String(string.decode()));
            }
            b'-' | b'0'..=b'9' => {
                let number = self.number(top)?;
                // The only way to a number with this very text; `serde_json` would rewrite exponents.
                sink.scalar(|| Value::Number(Number::from_string_unchecked(number.to_owned())));
            }
            b't' => {
                self.word(b"true", "expected true")?;
                sink.scalar(|| Value::Bool(true));
            }
            b'f' => {
                self.word(b"false", "expected false")?;
                sink.scalar(|| Value::Bool(false));
            }
            b'n' => {
                self.word(b"null", "expected null")?;
                sink.scalar(|| Value::Null);
            }
            _ => return Err(self.unexpected("expected json value")),
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8], what: &'static str) -> Result<(), Failure> {
        for (offset, expected) in word.iter().enumerate() {
            match self.text.as_bytes().get(self.at + offset) {
                None => return Err(Failure::Exhausted),
                Some(byte) if byte != expected => return Err(self.unexpected(what)),
                Some(_) => {}
            }
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self, top: bool) -> Result<&'a str, Failure> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start;
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        // Digits must follow; where the text ends instead it is exhausted, else the whole number is to blame.
        let digits = |at: &mut usize| {
            if !digit(*at) {
                return Err(if *at >= bytes.len() {
                    Failure::Exhausted
                } else {
                    Failure::Unexpected { at: start, what: "expected digit" }
                });
            }
            while digit(*at) {
                *at += 1;
            }
            Ok(())
        };
        if bytes[at] == b'-' {
            at += 1;
        }
        if bytes.get(at) == Some(&b'0') {
            at += 1;
        } else {
            digits(&mut at)?;
        }
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            digits(&mut at)?;
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            at += 1;
            if matches!(bytes.get(at), Some(b'+' | b'-')) {
                at += 1;
            }
            digits(&mut at)?;
        }
        if at == bytes.len() && !top {
            return Err(Failure::Exhausted);
        }
        self.at = at;
        Ok(&self.text[start..at])
    }

    /// The string whose opening quote is here; leaves the position behind its closing quote.
    fn string(&mut self) -> Result<RawString<'a>, Failure> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let mut at = start;
        let mut escapes = false;
        loop {
            at = scan::special(bytes, at);
            match bytes.get(at) {
                None => return Err(Failure::Exhausted),
                Some(b'"') => break,
                Some(b'\\') => {
                    escapes = true;
                    at += self.escape(at)?;
                }
                Some(_) => return Err(Failure::ControlCharacter { at }),
            }
        }
        self.at = at + 1;
        Ok(RawString { text: &self.text[start..at], escapes })
    }

    /// Length of the escape whose backslash is at `at`.
    fn escape(&self, at: usize) -> Result<usize, Failure> {
        match self.text.as_bytes().get(at + 1) {
            None => Err(Failure::Exhausted),
            Some(b'b' | b'f' | b'n' | b'r' | b't' | b'"' | b'/' | b'\\') => Ok(2),
            Some(b'u') => {
                let digits = &self.text[at + 2..];
                // The original first takes four UTF-16 units, then finds non-ASCII ones beyond its table of digits: both
                // count as the end of the text.
                if digits.chars().take(4).map(char::len_utf16).sum::<usize>() < 4 {
                    return Err(Failure::Exhausted);
                }
                for digit in digits.bytes().take(4) {
                    if !digit.is_ascii() {
                        return Err(Failure::Exhausted);
                    }
                    if !digit.is_ascii_hexdigit() {
                        return Err(Failure::Unexpected {
                            at: at + 2,
                            what: "expected valid unicode escape",
                        });
                    }
                }
                Ok(6)
            }
            Some(_) => Err(Failure::Escape { at }),
        }
    }

    fn skip_white_space(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).count();
    }

    fn peek(&self) -> Result<u8, Failure> {
        self.text.as_bytes().get(self.at).copied().ok_or(Failure::Exhausted)
    }

    fn unexpected(&self, what: &'static str) -> Failure {
        Failure::Unexpected { at: self.at, what }
    }
}
