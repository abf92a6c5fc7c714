//! The authority as scala-uri 1.5 reads it: user, host and port. What it cannot read it tells in the words of its parser
//! generator: all that could have stood at the furthest place it came to.

use super::{lenient_uri::piece, text::utf16_len};

/// Reads the authority from `at` (behind `//`) and appends it as it is printed again, with the slashes. Returns where it
/// ends.
///
/// # Errors
/// The message of the Scala exception.
pub(super) fn read(text: &str, at: usize, out: &mut String) -> Result<usize, String> {
    out.push_str("//");
    let mut parser = Parser { text, furthest: 0, expected: Vec::new() };
    let mut at = at;
    if let Some((user, password, end)) = parser.user_info(at) {
        piece(user, out);
        if let Some(password) = password {
            out.push(':');
            piece(password, out);
        }
        out.push('@');
        at = end;
    }
    let (host, mut at) = parser.host(at)?;
    out.push_str(&host);
    if let Some((port, end)) = parser.port(at)? {
        out.push(':');
        out.push_str(&port.to_string());
        at = end;
    }
    if matches!(parser.byte(at), None | Some(b'/' | b'?' | b'#')) {
        return Ok(at);
    }
    for rule in ["_path_for_authority", "_maybe_query_string", "_fragment", "'EOI'"] {
        parser.fail(at, rule);
    }
    Err(parser.complaint())
}

/// Where a host ends.
const HOST_END: [char; 4] = [':', '/', '?', '#'];

struct Parser<'a> {
    text: &'a str,
    /// The furthest byte at which something else was expected.
    furthest: usize,
    /// What was expected there: rules that begin there, else characters.
    expected: Vec<&'static str>,
}

impl<'a> Parser<'a> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn fail(&mut self, at: usize, expected: &'static str) {
        if at > self.furthest {
            self.furthest = at;
            self.expected.clear();
        }
        if at == self.furthest && !self.expected.contains(&expected) {
            self.expected.push(expected);
        }
    }

    /// Everything up to `@`, if that is there at all.
    fn user_info(&mut self, at: usize) -> Option<(&'a str, Option<&'a str>, usize)> {
        let rest = &self.text[at..];
        let end = rest.find([':', '/', '?', '[', ']', '@']).unwrap_or(rest.len());
        let (user, behind) = rest.split_at(end);
        let Some(secret) = behind.strip_prefix(':') else {
            return behind.starts_with('@').then_some((user, None, at + end + 1));
        };
        match secret.find('@') {
            Some(length) => Some((user, Some(&secret[..length]), at + end + 1 + length + 1)),
            None => {
                self.fail(self.text.len(), "[^@]");
                self.fail(self.text.len(), "'@'");
                None
            }
        }
    }

    fn host(&mut self, at: usize) -> Result<(String, usize), String> {
        let rest = &self.text[at..];
        let length = rest.find(HOST_END).unwrap_or(rest.len());
        if let Some(address) = ipv4(&rest[..length]) {
            return Ok((address, at + length));
        }
        if self.byte(at) == Some(b'[')
            && let Some(found) = self.ipv6(at + 1)?
        {
            return Ok(found);
        }
        Ok((rest[..length].to_owned(), at + length))
    }

    /// A port of one to ten digits.
    fn port(&mut self, at: usize) -> Result<Option<(i32, usize)>, String> {
        if self.byte(at) != Some(b':') {
            self.fail(at, "_port");
            return Ok(None);
        }
        let digits = self.text[at + 1..].bytes().take(10).take_while(u8::is_ascii_digit).count();
        let end = at + 1 + digits;
        if digits < 10 {
            self.fail(end, if digits == 0 { "_int" } else { "Digit" });
        }
        let digits = &self.text[at + 1..end];
        match digits.parse() {
            _ if digits.is_empty() => Ok(None),
            Ok(port) => Ok(Some((port, end))),
            Err(_) => Err(format!("For input string: \"{digits}\"")),
        }
    }

    /// Eight groups of hexadecimal digits, or fewer around `::`, and the closing bracket.
    fn ipv6(&mut self, at: usize) -> Result<Option<(String, usize)>, String> {
        if let Some((groups, end)) = self.eight_groups(at) {
            return Ok(Some((print(&groups), end)));
        }
        let (mut groups, at) = self.groups(at);
        if let Some(colons) = (0..2).find(|n| self.byte(at + n) != Some(b':')) {
            self.fail(at + colons, "':'");
            return Ok(None);
        }
        let (after, at) = self.groups(at + 2);
        if self.byte(at) != Some(b']') {
            self.fail(at, "']'");
            return Ok(None);
        }
        let missing = 8_usize.saturating_sub(groups.len() + after.len());
        if missing < 2 {
            return Err(
                "IPv6 has too many pieces. Must be either exactly eight hex pieces or fewer than six hex pieces with a '::'"
                    .into(),
            );
        }
        groups.extend(std::iter::repeat_n(0, missing));
        groups.extend(after);
        Ok(Some((print(&groups), at + 1)))
    }

    fn eight_groups(&mut self, at: usize) -> Option<(Vec<u16>, usize)> {
        let (first, mut at) = self.group(at, "_ip_v6_hex_piece")?;
        let mut groups = vec![first];
        while groups.len() < 8 {
            if self.byte(at) != Some(b':') {
                self.fail(at, "':'");
                return None;
            }
            let (group, end) = self.group(at + 1, "_ip_v6_hex_piece")?;
            groups.push(group);
            at = end;
        }
        if self.byte(at) != Some(b']') {
            self.fail(at, "']'");
            return None;
        }
        Some((groups, at + 1))
    }

    /// Any number of groups with single colons between them.
    fn groups(&mut self, at: usize) -> (Vec<u16>, usize) {
        let Some((first, mut at)) = self.group(at, "_ip_v6_hex_pieces") else { return (Vec::new(), at) };
        let mut groups = vec![first];
        loop {
            if self.byte(at) != Some(b':') {
                self.fail(at, "':'");
                return (groups, at);
            }
            let Some((group, end)) = self.group(at + 1, "_ip_v6_hex_piece") else { return (groups, at) };
            groups.push(group);
            at = end;
        }
    }

    /// One to four hexadecimal digits.
    fn group(&mut self, at: usize, rule: &'static str) -> Option<(u16, usize)> {
        let digits = self.text[at..].bytes().take(4).take_while(u8::is_ascii_hexdigit).count();
        if digits < 4 {
            self.fail(at + digits, if digits == 0 { rule } else { "HexDigit" });
        }
        u16::from_str_radix(&self.text[at..at + digits], 16).ok().map(|group| (group, at + digits))
    }

    /// The text of the parse error.
    fn complaint(&self) -> String {
        let (before, behind) = self.text.split_at(self.furthest);
        let problem = match behind.chars().next() {
            None => "Unexpected end of input".to_owned(),
            Some(c) => {
                // Half of a surrogate pair is printed as `?`.
                let shown = if c.len_utf16() > 1 { '?' } else { c };
                format!("Invalid input '{shown}'")
            }
        };
        let expected = match self.expected.split_last() {
            None => String::new(),
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
        };
        let line = before.matches('\n').count();
        let column = utf16_len(before.rsplit('\n').next().unwrap_or("")) + 1;
        let shown = self.text.split('\n').nth(line).unwrap_or("");
        format!(
            "Invalid URL could not be parsed. {problem}, expected {expected} (line {}, column {column}):\n{shown}\n{}^",
            line + 1,
            " ".repeat(column - 1),
        )
    }
}

/// Four numbers up to 255 of at most three digits each, printed without leading zeros.
fn ipv4(host: &str) -> Option<String> {
    let octet = |part: &str| {
        let plain = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| part.parse::<u8>().ok()).flatten()
    };
    let octets: Vec<String> =
        host.split('.').map(|part| octet(part).map(|o| o.to_string())).collect::<Option<_>>()?;
    (octets.len() == 4).then(|| octets.join("."))
}

/// In lower case, the longest run of at least two zeros left out.
fn print(groups: &[u16]) -> String {
    let hex = |groups: &[u16]| groups.iter().map(|group| format!("{group:x}")).collect::<Vec<_>>().join(":");
    let mut longest = 0..0;
    let mut from = 0;
    for (at, group) in groups.iter().chain(&[1]).enumerate() {
        if *group != 0 {
            if at - from > longest.len().max(1) {
                longest = from..at;
            }
            from = at + 1;
        }
    }
    if longest.is_empty() {
        return format!("[{}]", hex(groups));
    }
    format!("[{}::{}]", hex(&groups[..longest.start]), hex(&groups[longest.end..]))
}
