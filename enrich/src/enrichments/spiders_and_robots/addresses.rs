//! Networks of spiders and robots: an address or a CIDR block a line, of which the bits of hosts do not count.

use std::net::IpAddr;

/// Blocks of addresses.
pub(super) struct Addresses {
    /// Family, first and last address; in order, and none overlaps another.
    blocks: Vec<(u8, u128, u128)>,
}

impl Addresses {
    /// Reads a list.
    ///
    /// # Errors
    /// A line that is no block, with its number.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let lines = text.lines().enumerate().map(|(n, line)| (n + 1, line.trim()));
        let block =
            |(n, line)| block(line).ok_or_else(|| format!("line {n}: `{line}` is no address or CIDR block"));
        let mut read =
            lines.filter(|(_, line)| !line.is_empty()).map(block).collect::<Result<Vec<_>, _>>()?;
        read.sort_unstable();
        let mut blocks: Vec<(u8, u128, u128)> = Vec::new();
        for (family, first, last) in read {
            match blocks.last_mut() {
                Some((before, _, end)) if *before == family && first <= *end => *end = last.max(*end),
                _ => blocks.push((family, first, last)),
            }
        }
        Ok(Self { blocks })
    }

    /// Whether an address is in one of them.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        let (family, number) = number(address);
        let behind = self.blocks.partition_point(|(of, first, _)| (*of, *first) <= (family, number));
        self.blocks[..behind].last().is_some_and(|(of, _, last)| *of == family && number <= *last)
    }
}

fn block(line: &str) -> Option<(u8, u128, u128)> {
    let (address, length) = match line.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
        None => (line, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let (family, number) = number(address);
    let hosts = bits - length.filter(|length| *length <= bits).or(length.is_none().then_some(bits))?;
    let mask = u128::MAX.checked_shr(128 - hosts).unwrap_or(0);
    Some((family, number & !mask, number | mask))
}

fn number(address: IpAddr) -> (u8, u128) {
    match address {
        IpAddr::V4(address) => (4, u128::from(u32::from(address))),
        IpAddr::V6(address) => (6, u128::from(address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks() {
        let list = "192.168.151.21/24\r\n\n10.0.0.7\n10.0.0.0/8\n2001:db8::/32\n::1\n 203.0.113.9/32 \n";
        let addresses = Addresses::read(list).unwrap();
        let table = [
            ("192.168.151.255", true),
            ("192.168.152.0", false),
            ("10.255.0.1", true),
            ("11.0.0.0", false),
            ("9.255.255.255", false),
            ("203.0.113.9", true),
            ("203.0.113.8", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::", false),
            ("::1", true),
            ("::2", false),
            ("0.0.0.1", false),
        ];
        for (address, expect) in table {
            assert_eq!(addresses.has(address.parse().unwrap()), expect, "{address}");
        }
        assert!(Addresses::read("0.0.0.0/0").unwrap().has("255.255.255.255".parse().unwrap()));
        assert!(!Addresses::read("").unwrap().has("::1".parse().unwrap()));
        for line in ["10.0.0.0/33", "10.0.0", "::/129", "a", "# comment", "10.0.0.0/"] {
            let why = Addresses::read(&format!("::1\n{line}")).err().unwrap();
            assert!(why.contains("line 2"), "{why}");
        }
    }
}
