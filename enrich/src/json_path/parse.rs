//! Reads paths.

use serde_json::Value;

use super::{
    InvalidPath, Step,
    filter::{Filter, Key, Operand, Operator},
};

type Read<T> = Result<T, &'static str>;

/// Characters that end a name behind a dot.
const ENDS_NAME: &[char] = &['*', '.', '[', ']', '(', ')', '=', '!', '<', '>', ',', '&', '|'];

/// Filters may be nested this deep.
const MAX_DEPTH: usize = 32;

struct Reader<'p> {
    path: &'p str,
    at: usize,
}

pub(super) fn parse(path: &str) -> Result<Vec<Step>, InvalidPath> {
    let mut reader = Reader { path, at: 0 };
    reader.steps().map_err(|what| InvalidPath {
        path: path.to_owned(),
        what,
        at: path[..reader.at].chars().count() + 1,
    })
}

impl Reader<'_> {
    fn steps(&mut self) -> Read<Vec<Step>> {
        self.expect('$', "a path begins with $")?;
        let mut steps = Vec::new();
        while self.at < self.path.len() {
            if self.take("..") {
                steps.push(Step::Deep);
                if !self.rest().starts_with('[') {
                    steps.push(self.dotted()?);
                    continue;
                }
            } else if self.take(".") && !self.rest().starts_with('[') {
                steps.push(self.dotted()?);
                continue;
            }
            self.expect('[', "expected a dot or a bracket")?;
            steps.push(self.bracket()?);
            self.blank();
            self.expect(']', "expected ]")?;
        }
        Ok(steps)
    }

    fn dotted(&mut self) -> Read<Step> {
        if self.take("*") { Ok(Step::All) } else { Ok(Step::Members(vec![self.name()?])) }
    }

    fn name(&mut self) -> Read<String> {
        let rest = self.rest();
        let end = rest.find(|c: char| ENDS_NAME.contains(&c) || c.is_whitespace()).unwrap_or(rest.len());
        if end == 0 {
            return Err("expected a name");
        }
        let name = rest[..end].to_owned();
        self.at += end;
        Ok(name)
    }

    fn bracket(&mut self) -> Read<Step> {
        self.blank();
        if self.take("*") {
            return Ok(Step::All);
        }
        if self.take("?") {
            self.blank();
            self.expect('(', "expected (")?;
            let filter = self.any(0)?;
            self.blank();
            self.expect(')', "expected )")?;
            return Ok(Step::Where(filter));
        }
        if self.rest().starts_with(['\'', '"']) {
            let mut names = vec![self.quoted()?];
            while self.comma() {
                names.push(self.quoted()?);
            }
            return Ok(Step::Members(names));
        }
        let first = self.number();
        self.blank();
        if self.take(":") {
            self.blank();
            let to = self.number();
            self.blank();
            let by = if self.take(":") { self.number().unwrap_or(1) } else { 1 };
            return if by == 0 { Err("a step of 0") } else { Ok(Step::Slice { from: first, to, by }) };
        }
        let mut numbers = vec![first.ok_or("expected a number, a name in quotes, * or ?")?];
        while self.comma() {
            numbers.push(self.number().ok_or("expected a number")?);
        }
        Ok(Step::Elements(numbers))
    }

    fn any(&mut self, depth: usize) -> Read<Filter> {
        let first = self.all(depth)?;
        let mut filters = vec![first];
        while self.operator("||") {
            filters.push(self.all(depth)?);
        }
        Ok(if filters.len() == 1 { filters.swap_remove(0) } else { Filter::Any(filters) })
    }

    fn all(&mut self, depth: usize) -> Read<Filter> {
        let first = self.condition(depth)?;
        let mut filters = vec![first];
        while self.operator("&&") {
            filters.push(self.condition(depth)?);
        }
        Ok(if filters.len() == 1 { filters.swap_remove(0) } else { Filter::All(filters) })
    }

    fn condition(&mut self, depth: usize) -> Read<Filter> {
        if depth > MAX_DEPTH {
            return Err("too many brackets");
        }
        self.blank();
        if self.take("!") {
            return Ok(Filter::Not(Box::new(self.condition(depth + 1)?)));
        }
        if self.take("(") {
            let filter = self.any(depth + 1)?;
            self.blank();
            self.expect(')', "expected )")?;
            return Ok(filter);
        }
        let left = self.operand()?;
        self.blank();
        let operator = [
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<=", Operator::AtMost),
            (">=", Operator::AtLeast),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        match operator.into_iter().find(|(sign, _)| self.take(sign)) {
            Some((_, operator)) => {
                self.blank();
                Ok(Filter::Compare(left, operator, self.operand()?))
            }
            None => match left {
                Operand::Path(path) => Ok(Filter::Exists(path)),
                Operand::Literal(_) => Err("expected a comparison"),
            },
        }
    }

    fn operand(&mut self) -> Read<Operand> {
        if self.take("@") {
            return self.keys().map(Operand::Path);
        }
        if self.rest().starts_with(['\'', '"']) {
            return Ok(Operand::Literal(Value::String(self.quoted()?)));
        }
        for (word, value) in
            [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)]
        {
            if self.take(word) {
                return Ok(Operand::Literal(value));
            }
        }
        let rest = self.rest();
        let end = rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
        let text = &rest[..end.unwrap_or(rest.len())];
        let number = serde_json::from_str(text).map_err(|_| "expected @, a text in quotes or a number")?;
        self.at += text.len();
        Ok(Operand::Literal(Value::Number(number)))
    }

    /// What follows an `@`.
    fn keys(&mut self) -> Read<Vec<Key>> {
        let mut keys = Vec::new();
        loop {
            if self.take(".") {
                keys.push(Key::Name(self.name()?));
            } else if self.take("[") {
                keys.push(match self.number() {
                    Some(number) => Key::Number(number),
                    None => Key::Name(self.quoted()?),
                });
                self.expect(']', "expected ]")?;
            } else {
                return Ok(keys);
            }
        }
    }

    /// A text in quotes of either kind; a backslash takes the next character as it is.
    fn quoted(&mut self) -> Read<String> {
        let mut chars = self.rest().char_indices();
        let quote = match chars.next() {
            Some((_, quote @ ('\'' | '"'))) => quote,
            _ => return Err("expected a text in quotes"),
        };
        let mut text = String::new();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => text.extend(chars.next().map(|(_, c)| c)),
                c if c == quote => {
                    self.at += at + 1;
                    return Ok(text);
                }
                c => text.push(c),
            }
        }
        Err("a quote that is not closed")
    }

    fn number(&mut self) -> Option<i64> {
        let rest = self.rest();
        let sign = usize::from(rest.starts_with('-'));
        let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
        let number = rest[..sign + digits].parse().ok()?;
        self.at += sign + digits;
        Some(number)
    }

    fn comma(&mut self) -> bool {
        let found = self.operator(",");
        self.blank();
        found
    }

    fn operator(&mut self, sign: &str) -> bool {
        self.blank();
        self.take(sign)
    }

    fn blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    fn expect(&mut self, c: char, otherwise: &'static str) -> Read<()> {
        if self.take(c.encode_utf8(&mut [0; 4])) { Ok(()) } else { Err(otherwise) }
    }

    fn rest(&self) -> &str {
        &self.path[self.at..]
    }
}
