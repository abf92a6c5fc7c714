//! `anon_ip`: the end of the visitor's address is masked (`spec/enrichments-and-adapters.md` 2.5). What needs the whole
//! address runs before.

use std::net::{IpAddr, Ipv6Addr};

use event::atomic::Field;
use serde::Deserialize;

use super::{Built, Enrichment, Kind, assets::Assets, configuration::Configuration};
use crate::{problem::StepFailure, steps::Working};

pub(crate) static KIND: Kind = Kind::new("anon_ip", (1, 0), build);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    /// Octets of an IPv4 address that are masked.
    anon_octets: usize,
    /// Groups of an IPv6 address that are; as many as octets if not set.
    anon_segments: Option<usize>,
}

struct AnonIp {
    octets: usize,
    segments: usize,
}

const OCTETS: usize = 4;
const SEGMENTS: usize = 8;
const MASK: &str = "x";

fn build(configuration: &Configuration, _: &Assets) -> Built {
    let Parameters { anon_octets: octets, anon_segments } = configuration.read()?;
    let segments = anon_segments.unwrap_or(octets);
    if octets > OCTETS || segments > SEGMENTS {
        return Err("parameters: at most 4 octets and 8 segments can be masked".into());
    }
    Ok(Box::new(AnonIp { octets, segments }))
}

impl Enrichment for AnonIp {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        if let Some(address) = working.event.get(Field::UserIpaddress) {
            let masked = self.mask(address);
            working.event.set(Field::UserIpaddress, &masked);
        }
        Ok(())
    }
}

impl AnonIp {
    fn mask(&self, address: &str) -> String {
        // Whatever interface it is of.
        if let Some((address, _)) = address.split_once('%')
            && let Ok(v6) = address.parse()
        {
            return self.mask_v6(v6);
        }
        match address.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => self.mask_v4(address),
            Ok(IpAddr::V6(v6)) => match v6.to_ipv4_mapped() {
                Some(_) if address.contains('.') => self.mask_v4(address),
                // The original knows it for an IPv4 address and then finds no octets in it to mask.
                Some(v4) => self.mask_v4(&v4.to_string()),
                None => self.mask_v6(v6),
            },
            Err(_) if address.is_empty() || address.contains('.') => self.mask_v4(address),
            Err(_) if address.contains(':') => self.mask_groups(address),
            Err(_) => address.to_owned(),
        }
    }

    /// Octets of whatever is there; an IPv4 address in IPv6 clothes keeps them when they are in capitals.
    fn mask_v4(&self, address: &str) -> String {
        const MAPPED: &str = "::FFFF:";
        let (prefix, octets) = match address.strip_prefix(MAPPED) {
            Some(octets) => (MAPPED, octets),
            None => ("", address),
        };
        format!("{prefix}{}", masked(split(octets, '.'), OCTETS - self.octets, None, "."))
    }

    fn mask_v6(&self, address: Ipv6Addr) -> String {
        let groups = address.segments().map(|group| format!("{group:x}"));
        masked(groups.iter().map(String::as_str), SEGMENTS - self.segments, Some(SEGMENTS), ":")
    }

    /// What looks like an IPv6 address and is none.
    fn mask_groups(&self, address: &str) -> String {
        masked(split(address, ':'), SEGMENTS - self.segments, Some(SEGMENTS), ":")
    }
}

/// As Java splits: empty parts at the end do not count, unless there is but one part.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let kept = text.trim_end_matches(separator);
    let count = if kept.is_empty() && !text.is_empty() { 0 } else { usize::MAX };
    kept.split(separator).take(count)
}

/// The first `kept` parts, and the mask for the others, up to `whole` parts where that is given.
fn masked<'p>(
    parts: impl Iterator<Item = &'p str>,
    kept: usize,
    whole: Option<usize>,
    separator: &str,
) -> String {
    let parts: Vec<&str> = parts.collect();
    let whole = whole.unwrap_or(parts.len());
    let kept = parts.into_iter().take(kept).chain(std::iter::repeat(MASK));
    kept.take(whole).collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks() {
        let check = |address: &str, octets, segments, expect: &str| {
            assert_eq!(AnonIp { octets, segments }.mask(address), expect, "{address} {octets}/{segments}");
        };
        check("0.23.0.20", 1, 1, "0.23.0.x");
        check("94.15.213.171", 4, 4, "x.x.x.x");
        check("777.2", 1, 1, "777.2");
        check("777.2.23", 4, 4, "x.x.x");
        check("999.aaa.bbb.c", 3, 3, "999.x.x.x");
        check("hello;goodbye", 3, 3, "hello;goodbye");
        check("", 4, 4, "x");
        check(":::::::::::::::", 3, 3, "x:x:x:x:x:x:x:x");
        check("::1", 3, 3, "0:0:0:0:0:x:x:x");
        check("4b0c::880c:99a8:4b0:4411", 2, 2, "4b0c:0:0:0:880c:99a8:x:x");
        check("2605:2700:0:3::4713:93e3", 4, 6, "2605:2700:x:x:x:x:x:x");
        check("2700:zzzz::gggg", 4, 6, "2700:zzzz:x:x:x:x:x:x");
        check("f334::40cb:152.16.24.142", 4, 2, "f334:0:0:0:0:40cb:x:x");
        check("::192.168.0.1", 4, 1, "0:0:0:0:0:0:c0a8:x");
        check("::FFFF:152.16.24.123", 2, 4, "::FFFF:152.16.x.x");
        check("::FFFF:152.16.24.123", 4, 4, "::FFFF:x.x.x.x");
        check("::ffff:152.16.24.123", 1, 1, "::ffff:152.16.24.x");
        check("::ffff:152.16.24.123", 4, 4, "x.x.x.x");
        check("1.2.3.", 1, 1, "1.2.3");
        check("1.2.3.4..", 2, 1, "1.2.x.x");
        check("...", 1, 1, "");
        check("1:.", 2, 7, "1:");
        check("0:0:0:0:0:ffff:9810:187b", 2, 2, "152.16.x.x");
        check("fe80::1%eth0", 1, 3, "fe80:0:0:0:0:x:x:x");
    }
}
