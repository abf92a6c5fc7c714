//! The client's address from the request's headers (`spec/enrich.md` 1.3).

use crate::compatibility::Compatibility;

/// The address in `X-Forwarded-For` or `Forwarded`, else `peer`.
pub(crate) fn client_address(
    headers: &[String],
    peer: Option<&str>,
    compatibility: Compatibility,
) -> Option<String> {
    // `Forwarded` counts only while no other header follows it: a fold of the original.
    let mut forwarded = None;
    for header in headers {
        if let Some(value) = behind(header, "x-forwarded-for: ")
            && let Some(address) = leading_address(value, compatibility)
        {
            return Some(address);
        }
        forwarded = behind(header, "forwarded: for=").and_then(|value| leading_address(value, compatibility));
    }
    forwarded.or_else(|| peer.map(str::to_owned))
}

/// What follows a prefix, in any case; nothing when the header has a line end, which the original's pattern refuses.
fn behind<'a>(header: &'a str, prefix: &str) -> Option<&'a str> {
    let head = header.as_bytes().get(..prefix.len())?;
    if !head.eq_ignore_ascii_case(prefix.as_bytes())
        || header.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
    {
        return None;
    }
    header.get(prefix.len()..)
}

fn leading_address(value: &str, compatibility: Compatibility) -> Option<String> {
    let value = value.strip_prefix('"').unwrap_or(value);
    let value = value.strip_prefix('[').unwrap_or(value);
    let length = ipv4(value.as_bytes()).unwrap_or_else(|| words(value.as_bytes(), compatibility));
    (length > 0).then(|| value[..length].to_ascii_lowercase())
}

/// Length of four runs of one to three digits with dots between them.
fn ipv4(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for part in 0..4 {
        if part > 0 {
            if bytes.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
        let digits = bytes[at..].iter().take(3).take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        at += digits;
    }
    Some(at)
}

/// Length of hexadecimal words, dots and colons.
fn words(bytes: &[u8], compatibility: Compatibility) -> usize {
    let run = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let Some(max_items) = compatibility.max_address_items() else {
        return bytes.iter().take_while(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b':')).count();
    };
    let mut at = 0;
    for _ in 0..max_items {
        match bytes.get(at) {
            Some(b'.' | b':') => at += 1,
            _ => {
                let digits = run(at);
                let next = bytes.get(at + digits).copied().unwrap_or(b' ');
                let ends = !(next.is_ascii_alphanumeric() || next == b'_');
                if !(1..=4).contains(&digits) || !ends {
                    break;
                }
                at += digits;
            }
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[&str], expect: &str) {
        let headers: Vec<String> = headers.iter().map(|h| (*h).to_owned()).collect();
        let found = client_address(&headers, Some("9.9.9.9"), Compatibility::Current);
        assert_eq!(found.as_deref(), Some(expect), "{headers:?}");
    }

    #[test]
    fn addresses_of_the_current_line() {
        check(&["X-Forwarded-For: 1.2.3.4:80"], "1.2.3.4");
        check(&["X-Forwarded-For: unknown"], "9.9.9.9");
        check(&["X-Forwarded-For: dead"], "dead");
        check(&["X-Forwarded-For: 999.1.1.1"], "999.1.1.1");
        check(&["X-Forwarded-For: 1.2.3"], "1.2.3");
        check(&["X-Forwarded-For: FE80::1%eth0"], "fe80::1");
        check(&["X-Forwarded-For: \"[2001:db8::1]\""], "2001:db8::1");
        check(&[&format!("X-Forwarded-For: {}", ":".repeat(30))], ":::::::::::::::");
        check(
            &["X-Forwarded-For: 2001:0db8:85a3:0000:0000:8a2e:0370:7334abcdefg"],
            "2001:0db8:85a3:0000:0000:8a2e:0370:",
        );
        check(&["x-forwarded-for:1.2.3.4"], "9.9.9.9");
        check(&["X-Forwarded-For: 1.2.3.4\n5"], "9.9.9.9");
        check(&["Forwarded: for=1.2.3.4"], "1.2.3.4");
        check(&["Forwarded: for=1.2.3.4", "Host: a"], "9.9.9.9");
        check(&["Forwarded: for=1.2.3.4", "X-Forwarded-For: 5.6.7.8"], "5.6.7.8");
    }

    #[test]
    fn the_apache_line_has_no_limit_of_items() {
        let headers = ["X-Forwarded-For: 2001:0db8:85a3:0000:0000:8a2e:0370:7334abcdefg".to_owned()];
        let found = client_address(&headers, None, Compatibility::Apache);
        assert_eq!(found.as_deref(), Some("2001:0db8:85a3:0000:0000:8a2e:0370:7334abcdef"));
    }
}
