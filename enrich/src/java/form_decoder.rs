//! `java.net.URLDecoder` (`spec/enrichments-and-adapters.md` 3.6).

use super::integer::digit;

/// Decodes `+` and `%XX` in UTF-8.
///
/// # Errors
/// The message of Java's exception.
pub(crate) fn decode(text: &str) -> Result<String, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.char_indices();
    while let Some((at, c)) = rest.next() {
        match c {
            '+' => out.push(b' '),
            '%' => {
                let (first, second) = (rest.next(), rest.next());
                let (Some((begin, first)), Some((_, second))) = (first, second) else {
                    return Err("URLDecoder: Incomplete trailing escape (%) pattern".to_owned());
                };
                debug_assert_eq!(begin, at + 1);
                out.push(byte(first, second)?);
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Ok(event::utf8::decode(&out).into_owned())
}

/// `Integer.parseInt` of two characters, a sign included.
fn byte(first: char, second: char) -> Result<u8, String> {
    let value = |c: char| c.to_digit(16).map(|value| value as u8).or_else(|| digit(c));
    let wrong = |index: u8| {
        format!(
            "URLDecoder: Illegal hex characters in escape (%) pattern - Error at index {index} in: \"{first}{second}\""
        )
    };
    match (first, value(first), value(second)) {
        (_, Some(high), Some(low)) => Ok(high << 4 | low),
        ('+', _, Some(low)) => Ok(low),
        ('-', _, Some(0)) => Ok(0),
        ('-', _, Some(_)) => {
            Err("URLDecoder: Illegal hex characters in escape (%) pattern - negative value".to_owned())
        }
        ('+' | '-', _, None) | (_, Some(_), None) => Err(wrong(1)),
        (_, None, _) => Err(wrong(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        let table = [
            ("a+b%20c", Ok("a b c")),
            ("%C3%A9é😀", Ok("éé😀")),
            ("%E9x", Ok("\u{FFFD}x")),
            ("%+5|%-0", Ok("\u{5}|\0")),
            ("%", Err("Incomplete trailing escape (%) pattern")),
            ("%41%4", Err("Incomplete trailing escape (%) pattern")),
            ("%zz", Err("Illegal hex characters in escape (%) pattern - Error at index 0 in: \"zz\"")),
            ("%4z", Err("Illegal hex characters in escape (%) pattern - Error at index 1 in: \"4z\"")),
            ("%-5", Err("Illegal hex characters in escape (%) pattern - negative value")),
        ];
        for (text, expect) in table {
            let expect = expect.map(str::to_owned).map_err(|why| format!("URLDecoder: {why}"));
            assert_eq!(decode(text), expect, "{text}");
        }
    }
}
