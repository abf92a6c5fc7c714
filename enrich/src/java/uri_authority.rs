//! The authority of a `java.net.URI`: server-based (`user@host:port`) or else any registry-based name.

use super::uri::{Chars, Malformed, Server, scan_escaped, scan_plain};

/// Reads `from..end`. A registry-based authority has no host.
pub(super) fn parse(text: &str, from: usize, end: usize) -> Result<Server, Malformed> {
    let bytes = text.as_bytes();
    // A lone `%` may begin the scope of a literal IPv6 address. Java means to look for one, and looks for a bracket that is
    // not the first character, or no bracket at all.
    let server_chars = if bytes[from] == b']' {
        scan_escaped(text, from, end, Chars::SERVER)? == end
    } else {
        scan_escaped_percent(text, from, end) == end
    };
    // A literal's bracket ends this before its `%`.
    let registry = scan_escaped(text, from, end, Chars::REG_NAME)? == end;
    if !server_chars {
        if registry {
            return Ok(Server::default());
        }
        return Err(Malformed::new("Illegal character in authority", from));
    }
    match server(text, from, end) {
        Ok((server, at)) if at == end => Ok(server),
        Ok(_) | Err(_) if registry => Ok(Server::default()),
        Ok((_, at)) => Err(Malformed::expecting("end of authority", at)),
        Err(malformed) => Err(malformed),
    }
}

/// As `scan_escaped`, but `%` is a plain character.
fn scan_escaped_percent(text: &str, from: usize, end: usize) -> usize {
    scan_escaped(text, from, end, Chars::SERVER_PERCENT).unwrap_or(from)
}

fn server(text: &str, from: usize, end: usize) -> Result<(Server, usize), Malformed> {
    let bytes = text.as_bytes();
    let mut at = from;
    if let Some(n) = bytes[at..end].iter().position(|b| b"/?#@".contains(b))
        && bytes[at + n] == b'@'
    {
        let stopped = scan_escaped(text, at, at + n, Chars::USERINFO)?;
        if stopped < at + n {
            return Err(Malformed::new("Illegal character in user info", stopped));
        }
        at += n + 1;
    }
    let host_from = at;
    let mut host = None;
    if is(text, at, end, b'[') {
        at += 1;
        let close = bytes[at..end].iter().position(|b| b"/?#]".contains(b)).map_or(end, |n| at + n);
        if close <= at || !is(text, close, end, b']') {
            return Err(Malformed::expecting("closing bracket for IPv6 address", close));
        }
        let scope = bytes[at..close].iter().position(|b| *b == b'%').filter(|n| *n > 0).map(|n| at + n);
        Ipv6 { text, end: scope.unwrap_or(close), bytes: 0 }.parse(at)?;
        if let Some(scope) = scope {
            if scope + 1 == close {
                return Err(Malformed::new("scope id expected", scope + 1));
            }
            let stopped = scan_plain(text, scope + 1, close, Chars::SCOPE_ID);
            if stopped < close {
                return Err(Malformed::new("Illegal character in scope id", stopped));
            }
        }
        at = close + 1;
        host = Some(host_from..at);
    } else {
        at = match ipv4(text, at, end) {
            Some(stop) if stop == end || bytes[stop] == b':' => stop,
            _ => hostname(text, at, end)?,
        };
        if at > host_from {
            host = Some(host_from..at);
        }
    }
    let mut port = None;
    if is(text, at, end, b':') {
        at += 1;
        let stop = bytes[at..end].iter().position(|b| *b == b'/').map_or(end, |n| at + n);
        if stop > at {
            let digits = scan_plain(text, at, stop, Chars::DIGIT);
            if digits < stop {
                return Err(Malformed::new("Illegal character in port number", digits));
            }
            port = Some(text[at..stop].parse().map_err(|_| Malformed::new("Malformed port number", at))?);
            at = stop;
        }
    }
    if at < end {
        return Err(Malformed::expecting("port number", at));
    }
    Ok((Server { host, port }, at))
}

fn is(text: &str, at: usize, end: usize, b: u8) -> bool {
    at < end && text.as_bytes()[at] == b
}

/// End of an IPv4 address that begins at `from`.
fn ipv4(text: &str, from: usize, end: usize) -> Option<usize> {
    let mut at = from;
    for part in 0..4 {
        if part > 0 {
            if !is(text, at, end, b'.') {
                return None;
            }
            at += 1;
        }
        let stop = scan_plain(text, at, end, Chars::DIGIT);
        let byte: u32 = text[at..stop].parse().ok()?;
        if byte > 255 {
            return None;
        }
        at = stop;
    }
    // Java looks at the whole run of digits and dots.
    (!is(text, at, end, b'.')).then_some(at)
}

fn hostname(text: &str, from: usize, end: usize) -> Result<usize, Malformed> {
    let bytes = text.as_bytes();
    let mut at = from;
    let mut last_label = None;
    while at < end {
        let stop = scan_plain(text, at, end, Chars::ALPHANUM);
        if stop <= at {
            break;
        }
        last_label = Some(at);
        at = stop;
        let stop = scan_plain(text, at, end, Chars::LABEL);
        if stop > at {
            if bytes[stop - 1] == b'-' {
                return Err(Malformed::new("Illegal character in hostname", stop - 1));
            }
            at = stop;
        }
        if !is(text, at, end, b'.') {
            break;
        }
        at += 1;
    }
    if at < end && bytes[at] != b':' {
        return Err(Malformed::new("Illegal character in hostname", at));
    }
    let Some(last_label) = last_label else {
        return Err(Malformed::expecting("hostname", from));
    };
    // The rightmost of several labels begins with a letter.
    if last_label > from && !Chars::is_alpha(bytes[last_label]) {
        return Err(Malformed::new("Illegal character in hostname", last_label));
    }
    Ok(at)
}

/// Reads a literal IPv6 address.
struct Ipv6<'a> {
    text: &'a str,
    end: usize,
    bytes: u32,
}

impl Ipv6<'_> {
    fn parse(&mut self, from: usize) -> Result<(), Malformed> {
        let mut at = from;
        let mut compressed = false;
        if let Some(stop) = self.hex_groups(at)? {
            at = stop;
            if self.double_colon(at) {
                compressed = true;
                at = self.behind_colons(at + 2)?;
            } else if self.colon(at) {
                at = self.embedded_ipv4(at + 1, "IPv4 address")?;
            }
        } else if self.double_colon(at) {
            compressed = true;
            at = self.behind_colons(at + 2)?;
        }
        if at < self.end {
            return Err(Malformed::new("Malformed IPv6 address", from));
        }
        if self.bytes > 16 {
            return Err(Malformed::new("IPv6 address too long", from));
        }
        if !compressed && self.bytes < 16 {
            return Err(Malformed::new("IPv6 address too short", from));
        }
        if compressed && self.bytes == 16 {
            return Err(Malformed::new("Malformed IPv6 address", from));
        }
        Ok(())
    }

    fn behind_colons(&mut self, from: usize) -> Result<usize, Malformed> {
        if from == self.end {
            return Ok(from);
        }
        match self.hex_groups(from)? {
            Some(at) if self.colon(at) => self.embedded_ipv4(at + 1, "hex digits or IPv4 address"),
            Some(at) => Ok(at),
            None => self.embedded_ipv4(from, "hex digits or IPv4 address"),
        }
    }

    /// Groups of up to four digits with single colons between them; `None` where none begins.
    fn hex_groups(&mut self, from: usize) -> Result<Option<usize>, Malformed> {
        let stop = self.hex(from);
        if stop <= from || is(self.text, stop, self.end, b'.') {
            return Ok(None);
        }
        self.group(from, stop)?;
        let mut at = stop;
        while self.colon(at) && !self.double_colon(at) {
            let from = at + 1;
            let stop = self.hex(from);
            if stop <= from {
                return Err(Malformed::expecting("digits for an IPv6 address", from));
            }
            if is(self.text, stop, self.end, b'.') {
                break;
            }
            self.group(from, stop)?;
            at = stop;
        }
        Ok(Some(at))
    }

    fn group(&mut self, from: usize, stop: usize) -> Result<(), Malformed> {
        if stop > from + 4 {
            return Err(Malformed::new("IPv6 hexadecimal digit sequence too long", from));
        }
        self.bytes += 2;
        Ok(())
    }

    fn embedded_ipv4(&mut self, from: usize, expected: &str) -> Result<usize, Malformed> {
        self.bytes += 4;
        ipv4(self.text, from, self.end)
            .filter(|stop| *stop == self.end)
            .ok_or_else(|| Malformed::expecting(expected, from))
    }

    fn hex(&self, from: usize) -> usize {
        scan_plain(self.text, from, self.end, Chars::HEX)
    }

    fn colon(&self, at: usize) -> bool {
        is(self.text, at, self.end, b':')
    }

    fn double_colon(&self, at: usize) -> bool {
        self.colon(at) && self.colon(at + 1)
    }
}
