//! Patterns of schemas and of configurations: Java's dialect (`spec/iglu.md` 4.3). They are translated once into Rust's; the linear engine takes what it can, the backtracking one the rest under a
//! limit of steps.

mod translate;

/// Steps after which a backtracking search gives up and counts as not found.
const BACKTRACK_LIMIT: usize = 1_000_000;

/// A compiled pattern.
#[derive(Debug)]
pub struct Pattern {
    source: String,
    engine: Engine,
}

/// Why a pattern is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} in the regex pattern {pattern}")]
pub struct InvalidPattern {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

#[derive(Debug)]
enum Engine {
    Linear(regex::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

impl Pattern {
    /// A pattern that is looked for anywhere in a text.
    ///
    /// # Errors
    /// It is no pattern, or one that neither engine has.
    pub fn compile(source: &str) -> Result<Self, InvalidPattern> {
        let invalid = |reason: String| InvalidPattern { pattern: source.to_owned(), reason };
        let translated = translate::translate(source).map_err(invalid)?;
        Ok(Self { source: source.to_owned(), engine: Engine::new(&translated).map_err(invalid)? })
    }

    /// A pattern that the whole text must match.
    ///
    /// # Errors
    /// As [`Pattern::compile`].
    pub fn whole(source: &str) -> Result<Self, InvalidPattern> {
        let invalid = |reason: String| InvalidPattern { pattern: source.to_owned(), reason };
        let translated = format!(r"\A(?:{})\z", translate::translate(source).map_err(invalid)?);
        Ok(Self { source: source.to_owned(), engine: Engine::new(&translated).map_err(invalid)? })
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether a text has it. A search that backtracks for too long finds nothing.
    pub fn is_found(&self, text: &str) -> bool {
        match &self.engine {
            Engine::Linear(regex) => regex.is_match(text),
            Engine::Backtracking(regex) => regex.is_match(text).unwrap_or(false),
        }
    }
}

impl Engine {
    fn new(translated: &str) -> Result<Self, String> {
        if let Ok(regex) = regex::Regex::new(translated) {
            return Ok(Self::Linear(regex));
        }
        let regex = fancy_regex::RegexBuilder::new(translated).backtrack_limit(BACKTRACK_LIMIT).build();
        regex.map(|regex| Self::Backtracking(Box::new(regex))).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn java_dialect() {
        let check = |pattern: &str, text: &str, expect: bool| {
            let compiled = Pattern::compile(pattern).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(compiled.is_found(text), expect, "{pattern} on {text:?}");
        };
        check(r"^\d+$", "123", true);
        check(r"^\d+$", "123\n", true);
        check(r"^\d+$", "123\n\n", false);
        check(r"^\d+$", "١٢", false);
        check(r"^\w+$", "é", false);
        check(r"^\s$", "\u{a0}", false);
        check(r"[\w.-]+", "a.b", true);
        check(r"^[^\d]$", "5", false);
        check(r"^[\W]$", "é", true);
        check(r"^.$", "\u{85}", false);
        check(r"(?s)^.$", "\n", true);
        check(r"\p{Alpha}\p{L}", "aé", true);
        check(r"^\p{IsGreek}$", "λ", true);
        check(r"^[a-z&&[^aeiou]]+$", "bcd", true);
        check(r"^[a-z&&[^aeiou]]+$", "bad", false);
        check(r"^[a~b--c]$", "~", true);
        check(r"^[[:x]]$", ":", true);
        check(r"^(a)\1$", "aa", true);
        check(r"(?<=a)b", "ab", true);
        check(r"a++b", "aab", true);
        check(r"\Qa.b\E", "a.b", true);
        check(r"\Qa.b\E", "axb", false);
        check("\\u00e9", "é", true);
        check(r"\x41\0101", "AA", true);
        check(r"a}", "a}", true);
        check(r"a]", "a]", true);
        check(r"^a$|^b$", "b\n", true);
        check(r"^(?:a$)\n", "a\n", true);
        check(r"\bfoo\b", "a foo b", true);
        check(r"^\/x\-y$", "/x-y", true);
        check(r"(?i)^abc$", "ABC", true);
        check(r"^[0-9]+-[0-9]+$", "1-2", true);
        check(r"^iglu:[a-zA-Z0-9-_.]+/[a-zA-Z0-9-_]+$", "iglu:com.acme/a_b", true);
        check("", "x", true);
    }

    #[test]
    fn refused() {
        for pattern in [r"\p{Letter}", "(", "[", "a{", r"\y", r"*", r"\p{InNowhere}", "(?<n", r"\", r"\u12"] {
            assert!(Pattern::compile(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn a_backtracking_bomb_is_not_found() {
        assert!(!Pattern::compile(r"^(a+)+$").unwrap().is_found(&("a".repeat(60) + "b")));
        assert!(!Pattern::compile(r"^(?=a)(a+)+\1$").unwrap().is_found(&("a".repeat(60) + "b")));
    }

    proptest! {
        #[test]
        fn any_text_is_compiled_or_refused(pattern in r"[a-c\\\[\](){}?*+^$.|&~\-:dwsbpuxQEk<>=!0-9,\n]{0,24}", text in ".{0,12}") {
            if let Ok(pattern) = Pattern::compile(&pattern) {
                let _ = pattern.is_found(&text);
            }
        }
    }
}
