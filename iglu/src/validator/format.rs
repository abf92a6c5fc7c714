//! `format`: what each accepts and how it complains (`spec/iglu.md` 4.4). The patterns are part of the reports' texts.

use std::sync::LazyLock;

use super::{domain, timestamp};
use crate::pattern::Pattern;

/// A format that judges strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    DateTime,
    Date,
    Uuid,
    Email,
    Duration,
    Ipv4,
    Ipv6,
    /// A format that is just a pattern: its place in [`PATTERNS`].
    Pattern(usize),
}

/// What is said of a string that a format refuses.
#[derive(Debug)]
pub(super) struct Complaint {
    pub(super) keyword: &'static str,
    pub(super) arguments: Vec<String>,
    /// Without the path.
    pub(super) text: String,
}

const DURATION: &str = r"^(-?)P(?=\d|T\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)([DW]))?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$";
const IPV4: &str = r"^(([0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])\.){3}([0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])$";
const IPV6: &str = include_str!("ipv6_pattern.txt");

/// Formats that are patterns over the whole string.
const PATTERNS: [(&str, &str); 9] = [
    (
        "uri",
        r"^[A-Za-z][A-Za-z0-9+.-]*:(\/\/([A-Za-z0-9._~\-%!$&'()*+,;=:]*@)?[A-Za-z0-9._~\-!$&'()*+,;=%:\[\]]*(:[0-9]*)?)?[A-Za-z0-9._~\-%!$&'()*+,;=:@\/]*([?][A-Za-z0-9._~\-%!$&'()*+,;=:@\/?]*)?([#][A-Za-z0-9._~\-%!$&'()*+,;=:@\/?]*)?",
    ),
    (
        "hostname",
        r"^([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])(\.([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\-]{0,61}[a-zA-Z0-9]))*$",
    ),
    ("time", r"^\d{2}:\d{2}:\d{2}(?:\.\d+)?$"),
    (
        "ip-address",
        r"^(?:(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)\.){3}(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)$",
    ),
    (
        "color",
        r"(#?([0-9A-Fa-f]{3,6})\b)|(aqua)|(black)|(blue)|(fuchsia)|(gray)|(green)|(lime)|(maroon)|(navy)|(olive)|(orange)|(purple)|(red)|(silver)|(teal)|(white)|(yellow)|(rgb\(\s*\b([0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])\b\s*,\s*\b([0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])\b\s*,\s*\b([0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])\b\s*\))|(rgb\(\s*(\d?\d%|100%)+\s*,\s*(\d?\d%|100%)+\s*,\s*(\d?\d%|100%)+\s*\))",
    ),
    ("alpha", "^[a-zA-Z]+$"),
    ("alphanumeric", "^[a-zA-Z0-9]+$"),
    ("phone", r"^\+(?:[0-9] ?){6,14}[0-9]$"),
    ("utc-millisec", r"^[0-9]+(\.?[0-9]+)?$"),
];
const STYLE: (&str, &str) = ("style", r"\s*(.+?):\s*([^;]+);?");

static COMPILED: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let sources = PATTERNS.iter().chain([&STYLE]).map(|(_, source)| *source).chain([DURATION]);
    sources.map(|source| Pattern::whole(source).expect("the patterns of the table are valid")).collect()
});

impl Format {
    /// The format of this name; none where everything is accepted.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "date-time" => Self::DateTime,
            "date" => Self::Date,
            "uuid" => Self::Uuid,
            "email" => Self::Email,
            "duration" => Self::Duration,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            _ => Self::Pattern(PATTERNS.iter().chain([&STYLE]).position(|(pattern, _)| *pattern == name)?),
        })
    }

    pub(super) fn accepts(self, text: &str) -> bool {
        match self {
            Self::DateTime => timestamp::is_date_time(text),
            Self::Date => timestamp::is_date(text),
            Self::Uuid => is_uuid(text),
            Self::Email => domain::is_email(text),
            Self::Ipv4 => text.parse::<std::net::Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<std::net::Ipv6Addr>().is_ok(),
            Self::Duration => COMPILED[PATTERNS.len() + 1].is_found(text),
            Self::Pattern(place) => COMPILED[place].is_found(text),
        }
    }

    /// What to say of a refused string.
    pub(super) fn complaint(self, value: &str) -> Complaint {
        let invalid = |keyword, name: &str| Complaint {
            keyword,
            arguments: vec![value.to_owned(), name.to_owned()],
            text: format!("{value} is an invalid {name}"),
        };
        let mismatch = |first: &str, second: &str| Complaint {
            keyword: "format",
            arguments: vec![first.to_owned(), second.to_owned()],
            text: format!("does not match the {first} pattern {second}"),
        };
        match self {
            Self::DateTime => invalid("dateTime", "date-time"),
            Self::Date => invalid("dateTime", "date"),
            Self::Uuid => invalid("uuid", "uuid"),
            // The original swaps the two here.
            Self::Email => mismatch(value, "email"),
            Self::Duration => mismatch(value, "duration"),
            Self::Ipv4 => mismatch("ipv4", IPV4),
            Self::Ipv6 => mismatch("ipv6", IPV6.trim_end()),
            Self::Pattern(place) => {
                let (name, pattern) = PATTERNS.get(place).copied().unwrap_or(STYLE);
                mismatch(name, pattern)
            }
        }
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acceptance() {
        let check = |name: &str, text: &str, expect: bool| {
            assert_eq!(Format::named(name).unwrap().accepts(text), expect, "{name} {text:?}");
        };
        check("uuid", "3B2C1a6e-0000-4000-8000-000000000001", true);
        check("uuid", "{3b2c1a6e-0000-4000-8000-00000000001}", false);
        check("ipv4", "01.2.3.4", false);
        check("ipv4", "1.2.3.4\n", false);
        check("ip-address", "01.2.3.4", true);
        check("ipv6", "::ffff:1.2.3.4", true);
        check("ipv6", "fe80::1%eth0", false);
        check("ipv6", " ::1", false);
        check("uri", "http://a:port/", true);
        check("uri", "http://a/%zz", true);
        check("uri", "/rel", false);
        check("uri", "http://é.com", false);
        check("uri", "http://a/{b}", false);
        check("uri", "a:b#c#d", false);
        check("hostname", "a.b", true);
        check("hostname", "a_b", false);
        check("time", "25:00:00", true);
        check("color", "#fff", true);
        check("color", "nocolor", false);
        check("phone", "+1234567", true);
        check("style", "color: red;", true);
        check("duration", "P1D", true);
        check("duration", "P", false);
        assert_eq!(Format::named("regex"), None);
        assert_eq!(Format::named("uri-reference"), None);
    }
}
