//! What the original does with a URI that Java refuses: a lenient parser takes it apart, decodes and encodes each piece
//! again, and Java reads the result (`spec/enrich.md` 4.7).

use std::borrow::Cow;

use super::uri::Uri;

/// Reads a page or referrer URI: spaces as `%20` and strictly, else leniently.
///
/// # Errors
/// The text of the enrichment failure.
pub(crate) fn parse(text: &str) -> Result<Uri<'_>, String> {
    let spaced = if text.contains(' ') { Cow::Owned(text.replace(' ', "%20")) } else { Cow::Borrowed(text) };
    let strict = match Uri::parse(spaced) {
        Ok(uri) => return Ok(uri),
        Err(why) => why,
    };
    Uri::parse(Cow::Owned(re_encode(text))).map_err(|lenient| {
        format!(
            "Provided URI [{text}] could not be parsed, neither by Java parsing (error: [{strict}]) nor by Scala parsing (error: [{lenient}])."
        )
    })
}

/// Every piece of the path, query and fragment decoded and encoded again; scheme and authority as they are.
fn re_encode(text: &str) -> String {
    let (before, fragment) = split(text, '#');
    let (before, query) = split(before, '?');
    let path_from = path_start(before);
    let mut out = String::with_capacity(text.len() * 2);
    out.push_str(&before[..path_from]);
    for (n, segment) in before[path_from..].split('/').enumerate() {
        if n > 0 {
            out.push('/');
        }
        piece(segment, &mut out);
    }
    if let Some(query) = query {
        out.push('?');
        for (n, pair) in query.split('&').enumerate() {
            if n > 0 {
                out.push('&');
            }
            let (key, value) = split(pair, '=');
            piece(key, &mut out);
            if let Some(value) = value {
                out.push('=');
                piece(value, &mut out);
            }
        }
    }
    if let Some(fragment) = fragment {
        out.push('#');
        piece(fragment, &mut out);
    }
    out
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, behind)| (before, Some(behind)))
}

/// Where the path begins: behind the scheme and the authority, if they are there.
fn path_start(text: &str) -> usize {
    let scheme = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)))
        .filter(|at| *at > 0 && text[*at..].starts_with(':') && text.as_bytes()[0].is_ascii_alphabetic())
        .map_or(0, |at| at + 1);
    match text[scheme..].strip_prefix("//") {
        Some(rest) => scheme + 2 + rest.find('/').unwrap_or(rest.len()),
        None => scheme,
    }
}

/// One piece: valid escape pairs are decoded, then everything but unreserved characters and `+` is encoded.
fn piece(text: &str, out: &mut String) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes[at + 1..].get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let decoded = pair
            .filter(|pair| bytes[at] == b'%' && pair.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        at += if decoded.is_some() { 3 } else { 1 };
        let b = decoded.unwrap_or(bytes[at - 1]);
        if b.is_ascii_alphanumeric() || b"-_.~+".contains(&b) {
            out.push(char::from(b));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(HEX[usize::from(b >> 4)]));
            out.push(char::from(HEX[usize::from(b & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        assert_eq!(parse(text).map(|uri| uri.as_str().to_owned()).as_deref(), Ok(expect), "{text}");
    }

    #[test]
    fn uris_become_readable() {
        let table = [
            ("http://www.example.com/sp a ce", "http://www.example.com/sp%20a%20ce"),
            ("http://e.com/a|b?c=${a}", "http://e.com/a%7Cb?c=%24%7Ba%7D"),
            ("http://e.com/?x=%a%", "http://e.com/?x=%25a%25"),
            ("http://e.com/#a#b", "http://e.com/#a%23b"),
            ("http://e.com/##a?b", "http://e.com/#%23a%3Fb"),
            ("http://e.com/?q=%u00e9", "http://e.com/?q=%25u00e9"),
            ("http://e.com/a%20b%C3%A9", "http://e.com/a%20b%C3%A9"),
            ("http://e.com/\u{3000}", "http://e.com/%E3%80%80"),
            ("http://e.com/\\back", "http://e.com/%5Cback"),
            ("http://e.com/?a+b=<c>&d", "http://e.com/?a+b=%3Cc%3E&d"),
        ];
        for (text, expect) in table {
            check(text, expect);
        }
    }

    #[test]
    fn what_nobody_reads_names_both_errors() {
        assert_eq!(
            parse("http://[bad").map(|_| ()),
            Err("Provided URI [http://[bad] could not be parsed, neither by Java parsing (error: [Expected closing bracket \
                 for IPv6 address at index 11: http://[bad]) nor by Scala parsing (error: [Expected closing bracket for IPv6 \
                 address at index 11: http://[bad])."
                .to_owned())
        );
    }
}
