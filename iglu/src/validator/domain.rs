//! E-mail addresses with the domain rules of `format: email` (`spec/iglu.md` 4.4): the top-level domain must be one that
//! existed on 2018-09-28.

use std::{
    borrow::Cow,
    net::{Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};

use crate::pattern::Pattern;

/// UTF-16 units of the part before the `@`.
const LONGEST_USER: usize = 64;
/// Bytes.
const LONGEST_DOMAIN: usize = 253;
/// Bytes.
const LONGEST_LABEL: usize = 63;

/// Words joined by dots; a word is quoted, or without white space, controls and special characters unless escaped.
const USER: &str = r#"\s*(((\\.)|[^\s\p{Cntrl}\(\)<>@,;:'\\\"\.\[\]]|')+|("(\\"|[^"])*"))(\.(((\\.)|[^\s\p{Cntrl}\(\)<>@,;:'\\\"\.\[\]]|')+|("(\\"|[^"])*")))*"#;

static USER_PATTERN: LazyLock<Pattern> =
    LazyLock::new(|| Pattern::whole(USER).expect("the pattern is valid"));

/// The top-level domains, sorted.
static TOP_LEVEL: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("top_level_domains.txt").lines().collect());

/// Whether the text is an e-mail address, white space around it aside.
pub(super) fn is_email(text: &str) -> bool {
    let is_space = |c: char| matches!(c, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r');
    if text.ends_with('.') {
        return false;
    }
    let Some((user, domain)) = text.trim_end_matches(is_space).rsplit_once('@') else { return false };
    let user = user.trim_start_matches(is_space);
    user.encode_utf16().count() <= LONGEST_USER && USER_PATTERN.is_found(user) && is_mail_domain(domain)
}

fn is_mail_domain(domain: &str) -> bool {
    if let Some(address) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv4Addr>().is_ok() || address.parse::<Ipv6Addr>().is_ok();
    }
    let domain = if domain.is_ascii() {
        Cow::Borrowed(domain)
    } else {
        Cow::Owned(idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned()))
    };
    if domain.len() > LONGEST_DOMAIN {
        return false;
    }
    let name = domain.strip_suffix('.').unwrap_or(&domain);
    let Some((labels, top)) = name.rsplit_once('.') else { return false };
    labels.split('.').all(is_label)
        && is_label(top)
        && top.starts_with(|c: char| c.is_ascii_alphabetic())
        && TOP_LEVEL.binary_search(&top.to_ascii_lowercase().as_str()).is_ok()
}

/// Letters, digits and inner hyphens.
fn is_label(label: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=LONGEST_LABEL).contains(&label.len())
        && label.bytes().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for text in [
            "a@b.com",
            " a@b.com ",
            "é@b.com",
            "a@[1.2.3.4]",
            "a@[::1]",
            "a@bücher.de",
            "a.b+c@x-y.co.uk",
            r#""a b"@c.org"#,
            "o'neil@b.ie",
            "A@B.COM",
            "a@b.com\n",
            r"a\@b@c.com",
        ] {
            assert!(is_email(text), "{text}");
        }
        for text in [
            "",
            "a",
            "a@",
            "@b.com",
            "a@localhost",
            "a@b.zzzz",
            "a b@c.com",
            "a@b.com.",
            "a@-b.com",
            "a@b..com",
            "a..b@c.com",
            "a@b@c.com",
            "a@1.2.3.4",
            "a@b_c.com",
        ] {
            assert!(!is_email(text), "{text}");
        }
        assert!(is_email(&format!("{}@b.com", "a".repeat(64))));
        assert!(!is_email(&format!("{}@b.com", "a".repeat(65))));
    }

    #[test]
    fn top_level_domains_are_sorted() {
        assert!(TOP_LEVEL.is_sorted());
    }
}
