//! The words of a user agent: products with versions, and what stands in brackets behind them.

/// A user agent, taken apart.
#[derive(Debug, Default)]
pub(super) struct Words<'a> {
    pub(super) text: &'a str,
    /// `Name/version`, or a word alone, outside of brackets, in their order.
    pub(super) products: Vec<Product<'a>>,
    /// The items of each pair of brackets, round or square.
    pub(super) comments: Vec<Vec<&'a str>>,
}

/// A product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Product<'a> {
    pub(super) name: &'a str,
    /// What stands behind the slash, if there is something.
    pub(super) version: Option<&'a str>,
    /// Comments that stand before it.
    pub(super) comments: usize,
}

impl<'a> Words<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut words = Self { text, ..Self::default() };
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let end = if matches!(first, '(' | '[') {
                let end = closing(rest);
                let inner = &rest[1..end];
                words.comments.push(items(inner.strip_suffix([')', ']']).unwrap_or(inner)));
                end
            } else {
                let end =
                    rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | '[')).unwrap_or(rest.len());
                words.products.extend(product(&rest[..end], words.comments.len()));
                end
            };
            rest = rest[end..].trim_start();
        }
        words
    }

    /// The version of a product.
    pub(super) fn version(&self, name: &str) -> Option<&'a str> {
        self.products.iter().find(|product| product.name == name && product.version.is_some())?.version
    }

    /// Whether a word stands outside of brackets.
    pub(super) fn has(&self, name: &str) -> bool {
        self.products.iter().any(|product| product.name == name)
    }

    /// All that stands in brackets.
    pub(super) fn details(&self) -> impl Iterator<Item = &'a str> {
        self.comments.iter().flatten().copied()
    }

    /// Whether something stands in brackets.
    pub(super) fn says(&self, detail: &str) -> bool {
        self.details().any(|item| item == detail)
    }

    /// What stands behind a prefix in brackets.
    pub(super) fn behind(&self, prefix: &str) -> Option<&'a str> {
        self.details().find_map(|item| item.strip_prefix(prefix))
    }

    /// An address of the web in the text.
    pub(super) fn url(&self) -> Option<&'a str> {
        let from = self.text.find("http://").or_else(|| self.text.find("https://"))?;
        let url = &self.text[from..];
        let to = url.find(|c: char| c.is_whitespace() || matches!(c, ';' | ')' | ',' | '"' | '\''));
        Some(&url[..to.unwrap_or(url.len())])
    }

    /// An address of electronic mail in the text.
    pub(super) fn email(&self) -> Option<&'a str> {
        let is_end = |c: char| c.is_whitespace() || matches!(c, ';' | '(' | ')' | '+' | ',' | '<' | '>');
        self.text.split(is_end).find(|word| {
            word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        })
    }
}

/// Bytes up to behind the bracket that closes the first one.
fn closing(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    text.len()
}

/// What stands between semicolons.
fn items(text: &str) -> Vec<&str> {
    text.split(';').map(str::trim).filter(|item| !item.is_empty()).collect()
}

fn product(word: &str, comments: usize) -> Option<Product<'_>> {
    let word = word.trim_end_matches([';', ',']);
    let (name, version) = match word.split_once('/') {
        Some((name, version)) => (name, Some(version).filter(|version| !version.is_empty())),
        None => (word, None),
    };
    (!name.is_empty()).then_some(Product { name, version, comments })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_and_comments() {
        let words = Words::of("Mozilla/5.0 (Linux; moto g(30)) A/1 like B Chrome/ [X;Y/2;] Z/3;");
        let names: Vec<_> = words.products.iter().map(|p| (p.name, p.version, p.comments)).collect();
        assert_eq!(
            names,
            [
                ("Mozilla", Some("5.0"), 0),
                ("A", Some("1"), 1),
                ("like", None, 1),
                ("B", None, 1),
                ("Chrome", None, 1),
                ("Z", Some("3"), 2)
            ]
        );
        assert_eq!(words.comments, [vec!["Linux", "moto g(30)"], vec!["X", "Y/2"]]);
        for text in ["", "(", ")", "((", "()", "[)", "/", "//", ";", "(é", "é)", "( (é) ", "(ab)é"] {
            let _ = Words::of(text);
        }
    }

    #[test]
    fn addresses() {
        let words = Words::of("Bot/1 (+http://a.example/x; me@b.example)");
        assert_eq!((words.url(), words.email()), (Some("http://a.example/x"), Some("me@b.example")));
        assert_eq!((Words::of("Bot/1").url(), Words::of("@ a@ @b.c").email()), (None, None));
    }
}
