//! `piste deploy cidr`: which block of addresses an environment takes (`spec/deploy.md` 3.3).

use std::{fmt, net::Ipv4Addr, str::FromStr};

use clap::{Args, ValueEnum};
use service::exit::{ExitCode, RunError};

use crate::output;

/// Lists the blocks of a range that environments share, with their subnets; a block that overlaps a taken network is said to be so.
///
/// Ends with 1 if the block that --index asks for overlaps.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The range: a /21 of private addresses, as the variable `ipam_pool_cidr`.
    #[arg(long, value_name = "CIDR", default_value = "10.20.0.0/21", value_parser = pool)]
    pool: Cidr,
    /// Size of the environment's network.
    #[arg(long, default_value = "small")]
    size: Size,
    /// This block alone, as the variable `environment_index`.
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// A network that must not be overlapped: another environment's, an office's, a peer's; may be given several times.
    #[arg(long, value_name = "CIDR")]
    taken: Vec<Cidr>,
}

/// A network of IPv4, which begins with its first address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cidr {
    first: u32,
    bits: u32,
}

/// How large the network of an environment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Size {
    /// A /25 over two zones.
    Small,
    /// A /23 over three.
    Medium,
    /// A /22 over three.
    Large,
}

/// Subnets of a block, zone by zone.
#[derive(Debug, PartialEq, Eq)]
struct Subnets {
    public: Vec<Cidr>,
    private: Vec<Cidr>,
}

/// Prints them.
pub(crate) fn run(options: &Options) -> Result<ExitCode, RunError> {
    let blocks = options.size.blocks(options.pool);
    let some = match options.index {
        None => 0..blocks.len(),
        Some(index) if (index as usize) < blocks.len() => index as usize..index as usize + 1,
        Some(index) => {
            let (pool, last) = (options.pool, blocks.len() - 1);
            let what = format!("--index {index}: {pool} has blocks 0 to {last} of this size");
            return Err(RunError::new(ExitCode::Usage, what));
        }
    };
    let mut overlapped = false;
    for index in some {
        let block = blocks[index];
        let taken: Vec<String> =
            options.taken.iter().filter(|taken| taken.overlaps(block)).map(ToString::to_string).collect();
        overlapped |= !taken.is_empty();
        output::line(format_args!("{}", told(index, block, options.size, &taken)));
    }
    Ok(if overlapped && options.index.is_some() { ExitCode::Unwell } else { ExitCode::Ok })
}

fn told(index: usize, block: Cidr, size: Size, taken: &[String]) -> String {
    if !taken.is_empty() {
        return format!("{index:>2}  {block}  overlaps {}", taken.join(", "));
    }
    let Subnets { public, private } = size.subnets(block);
    let list = |subnets: &[Cidr]| subnets.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    format!("{index:>2}  {block}  public {}  private {}", list(&public), list(&private))
}

impl Cidr {
    /// Part `index` of it, longer by so many bits; as `cidrsubnet` of Terraform.
    fn part(self, bits: u32, index: u32) -> Self {
        let bits = self.bits + bits;
        Self { first: self.first + (index << (32 - bits)), bits }
    }

    fn overlaps(self, other: Self) -> bool {
        let mask = mask(self.bits.min(other.bits));
        self.first & mask == other.first & mask
    }

    fn is_private(self) -> bool {
        Ipv4Addr::from(self.first).is_private()
    }
}

fn mask(bits: u32) -> u32 {
    u32::MAX.checked_shl(32 - bits).unwrap_or(0)
}

impl Size {
    /// All networks of this size in a range.
    fn blocks(self, pool: Cidr) -> Vec<Cidr> {
        let bits = match self {
            Self::Small => 25,
            Self::Medium => 23,
            Self::Large => 22,
        };
        let longer = bits - pool.bits;
        (0..1 << longer).map(|index| pool.part(longer, index)).collect()
    }

    /// `small`: four quarters, two public and two private. Else the first quarter is cut in four, three of which are public, and the
    /// others are private. A load balancer wants a /27 at least.
    fn subnets(self, block: Cidr) -> Subnets {
        let quarter = |index| block.part(2, index);
        match self {
            Self::Small => {
                Subnets { public: (0..2).map(quarter).collect(), private: (2..4).map(quarter).collect() }
            }
            Self::Medium | Self::Large => Subnets {
                public: (0..3).map(|index| quarter(0).part(2, index)).collect(),
                private: (1..4).map(quarter).collect(),
            },
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.first), self.bits)
    }
}

impl FromStr for Cidr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let parsed = parts.and_then(|(first, bits)| {
            let bits = bits.parse::<u32>().ok().filter(|bits| *bits <= 32)?;
            Some((u32::from(first.parse::<Ipv4Addr>().ok()?), bits))
        });
        let (first, bits) =
            parsed.ok_or_else(|| format!("`{text}` is no network of IPv4, such as 10.20.0.0/21"))?;
        let begin = Self { first: first & mask(bits), bits };
        if begin.first == first {
            Ok(begin)
        } else {
            Err(format!("`{text}` does not begin with the first address of its block: {begin}"))
        }
    }
}

fn pool(text: &str) -> Result<Cidr, String> {
    let pool: Cidr = text.parse()?;
    if pool.bits != 21 {
        Err(format!("`{text}`: the range is a /21"))
    } else if pool.is_private() {
        Ok(pool)
    } else {
        Err(format!("`{text}` does not lie in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn blocks_are_cut_as_terraform_cuts_them() {
        let pool = cidr("10.20.0.0/21");
        for (size, count, index, line) in [
            (
                Size::Small,
                16,
                1,
                " 1  10.20.0.128/25  public 10.20.0.128/27 10.20.0.160/27  private 10.20.0.192/27 10.20.0.224/27",
            ),
            (
                Size::Medium,
                4,
                3,
                " 3  10.20.6.0/23  public 10.20.6.0/27 10.20.6.32/27 10.20.6.64/27  private 10.20.6.128/25 10.20.7.0/25 10.20.7.128/25",
            ),
            (
                Size::Large,
                2,
                0,
                " 0  10.20.0.0/22  public 10.20.0.0/26 10.20.0.64/26 10.20.0.128/26  private 10.20.1.0/24 10.20.2.0/24 10.20.3.0/24",
            ),
        ] {
            let blocks = size.blocks(pool);
            assert_eq!(blocks.len(), count);
            assert_eq!(told(index, blocks[index], size, &[]), line);
        }
    }

    #[test]
    fn overlaps_are_found() {
        for (one, other, expect) in [
            ("10.20.0.0/25", "10.20.0.0/21", true),
            ("10.20.0.0/25", "10.20.0.64/26", true),
            ("10.20.0.0/25", "10.20.0.128/25", false),
            ("10.20.0.0/25", "0.0.0.0/0", true),
            ("192.168.0.0/22", "192.168.4.0/22", false),
        ] {
            assert_eq!(cidr(one).overlaps(cidr(other)), expect, "{one} {other}");
            assert_eq!(cidr(other).overlaps(cidr(one)), expect, "{other} {one}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, said) in [
            ("10.20.0.0", "`10.20.0.0` is no network of IPv4, such as 10.20.0.0/21"),
            ("10.20.0.0/33", "`10.20.0.0/33` is no network of IPv4, such as 10.20.0.0/21"),
            ("10.20.0.300/21", "`10.20.0.300/21` is no network of IPv4, such as 10.20.0.0/21"),
            (
                "10.20.1.0/21",
                "`10.20.1.0/21` does not begin with the first address of its block: 10.20.0.0/21",
            ),
            ("10.20.0.0/20", "`10.20.0.0/20`: the range is a /21"),
            ("8.8.8.0/21", "`8.8.8.0/21` does not lie in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"),
        ] {
            assert_eq!(pool(text), Err(said.into()));
        }
    }
}
