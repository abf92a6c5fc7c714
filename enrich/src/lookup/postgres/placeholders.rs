//! A query with `?` for its parameters, as JDBC has it, in PostgreSQL's words: `$1`, `$2` ...

/// A query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    /// With `$1`, `$2` ...
    pub(crate) sql: String,
    /// How many parameters it has.
    pub(crate) parameters: usize,
}

impl Query {
    /// Reads `?` outside of quotes and comments as a parameter, and `??` as a question mark.
    pub(crate) fn of_jdbc(sql: &str) -> Self {
        let mut query = Self { sql: String::with_capacity(sql.len() + 8), parameters: 0 };
        let mut at = 0;
        while let Some(c) = sql[at..].chars().next() {
            let rest = &sql[at..];
            let skipped = match c {
                '\'' => quoted(rest, '\'', is_escaping(&sql[..at])),
                '"' => quoted(rest, '"', false),
                '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
                '/' if rest.starts_with("/*") => comment(rest),
                '$' => dollar(rest, &sql[..at]),
                _ => c.len_utf8(),
            };
            if c != '?' {
                query.sql.push_str(&rest[..skipped]);
                at += skipped;
            } else if rest.starts_with("??") {
                query.sql.push('?');
                at += 2;
            } else {
                query.parameters += 1;
                query.sql.push_str(&format!("${}", query.parameters));
                at += 1;
            }
        }
        query
    }
}

/// Whether a quote behind this text begins one with backslashes: `E'...'`.
fn is_escaping(before: &str) -> bool {
    let mut last = before.chars().rev();
    matches!(last.next(), Some('e' | 'E')) && !last.next().is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// Bytes up to behind the closing quote. A doubled one begins the next text, which comes to the same.
fn quoted(text: &str, quote: char, backslashes: bool) -> usize {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == '\\' && backslashes {
            chars.next();
        } else if c == quote {
            return at + c.len_utf8();
        }
    }
    text.len()
}

/// Bytes of a comment. Comments nest.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// Bytes of `$tag$...$tag$`, or of the dollar sign alone.
fn dollar(text: &str, before: &str) -> usize {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    if before.chars().next_back().is_some_and(|c| is_name(c) || c == '$') {
        return 1;
    }
    let Some(end) = text[1..].find(|c| !is_name(c)).map(|end| end + 1) else { return 1 };
    if !text[end..].starts_with('$') || text[1..].starts_with(|c: char| c.is_ascii_digit()) {
        return 1;
    }
    let tag = &text[..=end];
    text[tag.len()..].find(tag).map_or(text.len(), |close| tag.len() + close + tag.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_marks_outside_of_texts() {
        let check = |jdbc: &str, sql: &str, parameters: usize| {
            assert_eq!(Query::of_jdbc(jdbc), Query { sql: sql.to_owned(), parameters }, "{jdbc}");
        };
        check("select 1", "select 1", 0);
        check("select ?, ? + 1", "select $1, $2 + 1", 2);
        check("a ?? 'k' and b = ?", "a ? 'k' and b = $1", 1);
        check("'?' || '''?' || \"?\" || ?", "'?' || '''?' || \"?\" || $1", 1);
        check("E'\\'?' || '\\' || ?", "E'\\'?' || '\\' || $1", 1);
        check("-- ?\n? /* ? /* ? */ ? */ ?", "-- ?\n$1 /* ? /* ? */ ? */ $2", 2);
        check("$$?$$ || $a$ ? $b$ ? $a$ || ?", "$$?$$ || $a$ ? $b$ ? $a$ || $1", 1);
        check("a$b$ = ? and $1 = ?", "a$b$ = $1 and $1 = $2", 2);
        check("ä = ? and 'ü?", "ä = $1 and 'ü?", 1);
        for damaged in ["'", "\"", "/*", "--", "$", "$a", "$$", "E'\\"] {
            check(damaged, damaged, 0);
        }
    }
}
