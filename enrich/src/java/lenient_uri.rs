//! What the original does with a URI that Java refuses: a lenient parser takes it apart, decodes and encodes each piece
//! again, and Java reads the result (`spec/enrich.md` 4.7).

use std::borrow::Cow;

use event::utf8;

use super::{integer::digit, lenient_authority, uri::Uri};

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
    re_encode(text).and_then(|encoded| Uri::parse(Cow::Owned(encoded))).map_err(|lenient| {
        format!(
            "Provided URI [{text}] could not be parsed, neither by Java parsing (error: [{strict}]) nor by Scala parsing (error: [{lenient}])."
        )
    })
}

/// Every piece decoded and encoded again; the scheme as it is, the authority as the lenient parser prints it.
fn re_encode(text: &str) -> Result<String, String> {
    if let Some(urn) = urn(text) {
        return Ok(urn);
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut at = after_scheme(text);
    if !text[at..].starts_with("//") && text.starts_with("//") {
        at = 0;
    }
    out.push_str(&text[..at]);
    if text[at..].starts_with("//") {
        at = lenient_authority::read(text, at + 2, &mut out)?;
    }
    let (before, fragment) = split(&text[at..], '#');
    let (path, query) = split(before, '?');
    for (n, segment) in path.split('/').enumerate() {
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
    Ok(out)
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, behind)| (before, Some(behind)))
}

/// Behind the scheme and its colon, if they are there.
fn after_scheme(text: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)))
        .filter(|at| *at > 0 && text[*at..].starts_with(':') && text.as_bytes()[0].is_ascii_alphabetic())
        .map_or(0, |at| at + 1)
}

/// `urn:` with a name of at least two characters and a path of such as need no escape.
fn urn(text: &str) -> Option<String> {
    let (name, path) = text.strip_prefix("urn:")?.split_once(':')?;
    let named = name.len() > 1
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@/".contains(&b);
    if !named || path.is_empty() || path.starts_with('/') || !path.bytes().all(plain) {
        return None;
    }
    let mut out = format!("urn:{name}:");
    piece(path, &mut out);
    Some(out)
}

/// One piece: valid escape pairs are decoded to UTF-8, then everything but unreserved characters and `+` is encoded. As in the
/// original broken sequences become U+FFFD, and characters beyond the basic plane two question marks.
pub(super) fn piece(text: &str, out: &mut String) {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '%' {
            let mut ahead = rest.clone();
            if let (Some(first), Some(second)) = (ahead.next(), ahead.next())
                && let Some(byte) = escaped(first, second)
            {
                decoded.push(byte);
                rest = ahead;
                continue;
            }
        }
        if c.len_utf16() > 1 {
            decoded.extend_from_slice(b"??");
        } else {
            decoded.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    for b in utf8::decode(&decoded).bytes() {
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

/// `Integer.parseInt` of two characters as hexadecimal digits: the first may be a sign.
fn escaped(first: char, second: char) -> Option<u8> {
    let digit = |c: char| digit(c).or_else(|| c.to_digit(16).map(|d| d as u8));
    let second = digit(second)?;
    match first {
        '+' => Some(second),
        '-' => Some(second.wrapping_neg()),
        first => Some(digit(first)? << 4 | second),
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
            // Latin-1 is no UTF-8, and half a character is a question mark.
            ("http://e.com/%E9|", "http://e.com/%EF%BF%BD%7C"),
            ("http://e.com/%C3%A9|", "http://e.com/%C3%A9%7C"),
            ("http://e.com/\u{1F600}|", "http://e.com/%3F%3F%7C"),
            ("http://e.com/\u{1F600}", "http://e.com/\u{1F600}"),
            // Java's numbers have signs.
            ("http://e.com/%-1%+a%", "http://e.com/%EF%BF%BD%0A%25"),
            ("urn:isbn:1%zz", "urn:isbn:1%25zz"),
            ("mailto:a|b", "mailto:a%7Cb"),
            ("a b|c", "a%20b%7Cc"),
            ("http://u:p@e.com/a|b", "http://u:p@e.com/a%7Cb"),
            // Up to the last `@` everything is the user's.
            ("http://e.com:80/a|b?x@y.z", "http://e.com:80%2Fa%7Cb%3Fx@y.z"),
            ("http://01.2.3.4/|", "http://1.2.3.4/%7C"),
            ("http://[2001:DB8:0:0:1::]:80/|", "http://[2001:db8:0:0:1::]:80/%7C"),
            ("http://[0:0:1:0:0:0:0:1]/|", "http://[0:0:1::1]/%7C"),
        ];
        for (text, expect) in table {
            check(text, expect);
        }
    }

    /// The texts are those of parboiled2 2.1 for the grammar of scala-uri 1.5: what could stand where it got furthest.
    #[test]
    fn what_the_lenient_parser_says() {
        let too_many = "IPv6 has too many pieces. Must be either exactly eight hex pieces or fewer than six hex pieces with a '::'";
        let table = [
            (
                "http://[::1",
                "Invalid URL could not be parsed. Unexpected end of input, expected HexDigit, ':' or ']' (line 1, column 12):\nhttp://[::1\n           ^",
            ),
            (
                "http://h:x/|",
                "Invalid URL could not be parsed. Unexpected end of input, expected [^@] or '@' (line 1, column 13):\nhttp://h:x/|\n            ^",
            ),
            (
                "http://u@h:x|",
                "Invalid URL could not be parsed. Invalid input 'x', expected _int (line 1, column 12):\nhttp://u@h:x|\n           ^",
            ),
            (
                "http://u@h:8x|",
                "Invalid URL could not be parsed. Invalid input 'x', expected Digit, _path_for_authority, _maybe_query_string, _fragment or 'EOI' (line 1, column 13):\nhttp://u@h:8x|\n            ^",
            ),
            (
                "http://[::1]x|",
                "Invalid URL could not be parsed. Invalid input 'x', expected _port, _path_for_authority, _maybe_query_string, _fragment or 'EOI' (line 1, column 13):\nhttp://[::1]x|\n            ^",
            ),
            ("http://[1:2:3:4:5:6:7::]/|", too_many),
            ("http://h:9999999999/|", "For input string: \"9999999999\""),
        ];
        for (text, expect) in table {
            assert_eq!(re_encode(text), Err(expect.to_owned()), "{text}");
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
