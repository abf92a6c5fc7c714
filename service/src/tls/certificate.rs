//! What a certificate says of itself: whose it is and how long it is valid (RFC 5280, as far as that goes). Whether it may
//! be trusted is for clients to judge.

use std::net::IpAddr;

use jiff::{Timestamp, civil, tz::TimeZone};

/// An X.509 certificate, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Host names and addresses of its subject; its common name where it has none.
    pub names: Vec<String>,
    /// The first moment at which it is valid.
    pub not_before: Timestamp,
    /// The last moment at which it is valid.
    pub not_after: Timestamp,
    /// Its subject, encoded.
    pub(super) subject: Vec<u8>,
    /// Who issued it, encoded like a subject.
    pub(super) issuer: Vec<u8>,
    /// The public key, encoded with its algorithm.
    pub(super) public_key: Vec<u8>,
}

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// `version`, before the serial number.
const VERSION: u8 = 0xA0;
const EXTENSIONS: u8 = 0xA3;
/// Among the alternative names.
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;

const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
const SUBJECT_ALTERNATIVE_NAME: [u8; 3] = [0x55, 0x1D, 0x11];

impl Certificate {
    /// Reads a certificate's DER; `None` where it is none.
    pub fn read(der: &[u8]) -> Option<Self> {
        let mut certificate = Items(Items(der).expect(SEQUENCE)?.value);
        let mut rest = Items(certificate.expect(SEQUENCE)?.value);
        let mut serial = rest.next()?;
        if serial.tag == VERSION {
            serial = rest.next()?;
        }
        if serial.tag != INTEGER {
            return None;
        }
        rest.expect(SEQUENCE)?;
        let issuer = rest.expect(SEQUENCE)?;
        let mut validity = Items(rest.expect(SEQUENCE)?.value);
        let (not_before, not_after) = (validity.next()?.time()?, validity.next()?.time()?);
        let subject = rest.expect(SEQUENCE)?;
        let public_key = rest.expect(SEQUENCE)?;
        let mut names = rest
            .find(|item| item.tag == EXTENSIONS)
            .map(|extensions| alternative_names(extensions.value).unwrap_or_default())
            .unwrap_or_default();
        if names.is_empty() {
            names.extend(common_name(subject.value));
        }
        Some(Self {
            names,
            not_before,
            not_after,
            subject: subject.value.to_vec(),
            issuer: issuer.value.to_vec(),
            public_key: public_key.whole.to_vec(),
        })
    }
}

/// One value of DER: its tag, its contents, and both together.
#[derive(Clone, Copy)]
struct Item<'a> {
    tag: u8,
    value: &'a [u8],
    whole: &'a [u8],
}

/// Values behind each other; it ends at the first that is malformed.
struct Items<'a>(&'a [u8]);

impl<'a> Items<'a> {
    fn expect(&mut self, tag: u8) -> Option<Item<'a>> {
        self.next().filter(|item| item.tag == tag)
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        let (&tag, after) = self.0.split_first()?;
        let (&first, after) = after.split_first()?;
        let (length, after) = match first {
            0..=0x7F => (usize::from(first), after),
            0x81..=0x84 => {
                let (bytes, after) = after.split_at_checked(usize::from(first & 0x0F))?;
                (bytes.iter().fold(0, |n, &b| n << 8 | usize::from(b)), after)
            }
            _ => return None,
        };
        let (value, rest) = after.split_at_checked(length)?;
        let whole = &self.0[..self.0.len() - rest.len()];
        self.0 = rest;
        Some(Item { tag, value, whole })
    }
}

impl Item<'_> {
    /// `UTCTime` has two digits of the year, which mean 1950 to 2049.
    fn time(&self) -> Option<Timestamp> {
        let text = std::str::from_utf8(self.value).ok()?.strip_suffix('Z')?;
        let (year, rest) = text.split_at_checked(match self.tag {
            UTC_TIME => 2,
            GENERALIZED_TIME => 4,
            _ => return None,
        })?;
        if rest.len() != 10 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let year: i16 = year.parse().ok()?;
        let year = match self.tag {
            UTC_TIME if year < 50 => 2000 + year,
            UTC_TIME => 1900 + year,
            _ => year,
        };
        let at = |i: usize| -> Option<i8> { rest.get(2 * i..2 * i + 2)?.parse().ok() };
        let time = civil::DateTime::new(year, at(0)?, at(1)?, at(2)?, at(3)?, at(4)?, 0).ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }
}

fn alternative_names(extensions: &[u8]) -> Option<Vec<String>> {
    let extension = Items(Items(extensions).expect(SEQUENCE)?.value).find_map(|extension| {
        let mut parts = Items(extension.value);
        let named = parts.expect(OBJECT_IDENTIFIER)?.value == SUBJECT_ALTERNATIVE_NAME;
        named.then(|| parts.find(|part| part.tag == OCTETS)).flatten()
    })?;
    let names = Items(Items(extension.value).expect(SEQUENCE)?.value);
    let text = |name: Item<'_>| match name.tag {
        DNS_NAME => Some(String::from_utf8_lossy(name.value).into_owned()),
        IP_ADDRESS => match name.value.len() {
            4 => Some(IpAddr::from(<[u8; 4]>::try_from(name.value).ok()?).to_string()),
            16 => Some(IpAddr::from(<[u8; 16]>::try_from(name.value).ok()?).to_string()),
            _ => None,
        },
        _ => None,
    };
    Some(names.filter_map(text).collect())
}

fn common_name(subject: &[u8]) -> Option<String> {
    let sets = Items(subject).filter(|item| item.tag == SET);
    sets.flat_map(|set| Items(set.value)).find_map(|attribute| {
        let mut parts = Items(attribute.value);
        let named = parts.expect(OBJECT_IDENTIFIER)?.value == COMMON_NAME;
        let value = named.then(|| parts.next()).flatten()?;
        Some(String::from_utf8_lossy(value.value).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    fn made(names: &[&str], common_name: &str, until: (i32, u8, u8)) -> Vec<u8> {
        let mut params =
            CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).unwrap();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.not_before = rcgen::date_time_ymd(2020, 2, 29);
        params.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn names_and_validity() {
        let check = |names: &[&str], until: (i32, u8, u8), expect: &[&str], not_after: &str| {
            let read = Certificate::read(&made(names, "the common name", until)).unwrap();
            assert_eq!(read.names, expect);
            assert_eq!(read.not_before.to_string(), "2020-02-29T00:00:00Z");
            assert_eq!(read.not_after.to_string(), not_after);
            assert_eq!(read.subject, read.issuer);
        };
        check(
            &["a.example", "*.b.example"],
            (2049, 12, 31),
            &["a.example", "*.b.example"],
            "2049-12-31T00:00:00Z",
        );
        check(
            &["192.0.2.1", "2001:db8::1"],
            (2050, 1, 1),
            &["192.0.2.1", "2001:db8::1"],
            "2050-01-01T00:00:00Z",
        );
        check(&[], (2099, 6, 5), &["the common name"], "2099-06-05T00:00:00Z");
    }

    #[test]
    fn damaged_bytes_never_panic() {
        let whole = made(&["a.example", "192.0.2.1"], "c", (2050, 1, 1));
        for end in 0..whole.len() {
            assert_eq!(Certificate::read(&whole[..end]), None, "cut at {end}");
        }
        for at in 0..whole.len() {
            for byte in [0x00, 0x30, 0x7F, 0x80, 0x84, 0xFF] {
                let mut damaged = whole.clone();
                damaged[at] = byte;
                let _ = Certificate::read(&damaged);
            }
        }
    }
}
