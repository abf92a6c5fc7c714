//! A record, and its place in a stream.

use std::{fmt, str::FromStr, sync::Arc};

use bytes::Bytes;

/// What a stream carries. The engine reads `key` to choose a shard and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Partition key, UTF-8, at most 256 characters. Records of one key keep their order.
    pub key: Bytes,
    /// Small out-of-band bytes of the writer (for example where a copied record came from); empty for most.
    pub attributes: Bytes,
    /// The payload.
    pub data: Bytes,
}

impl Record {
    /// A record without attributes.
    pub fn new(key: impl Into<Bytes>, data: impl Into<Bytes>) -> Self {
        Self { key: key.into(), attributes: Bytes::new(), data: data.into() }
    }

    /// Bytes of key, attributes and data together: what the engines' limits count.
    pub fn size(&self) -> usize {
        self.key.len() + self.attributes.len() + self.data.len()
    }
}

/// Name of a shard: `shardId-000000000000` in every engine. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShardId(Arc<str>);

impl ShardId {
    /// The shard with this number, named as Kinesis names it.
    pub fn numbered(index: u32) -> Self {
        Self(format!("shardId-{index:012}").into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ShardId {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A sequence number: up to 192 bits, because Kinesis numbers have 186. Ordered within a shard, printed in decimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SequenceNumber {
    high: u64,
    low: u128,
}

impl SequenceNumber {
    /// The number as `u64`, where it fits (it always does in the embedded log).
    pub fn to_u64(self) -> Option<u64> {
        if self.high == 0 { u64::try_from(self.low).ok() } else { None }
    }

    /// The number as 24 bytes, least significant first.
    pub fn to_le_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..16].copy_from_slice(&self.low.to_le_bytes());
        bytes[16..].copy_from_slice(&self.high.to_le_bytes());
        bytes
    }

    /// The number of 24 bytes, least significant first.
    pub fn from_le_bytes(bytes: [u8; 24]) -> Self {
        let (mut low, mut high) = ([0; 16], [0; 8]);
        low.copy_from_slice(&bytes[..16]);
        high.copy_from_slice(&bytes[16..]);
        Self { high: u64::from_le_bytes(high), low: u128::from_le_bytes(low) }
    }
}

impl From<u64> for SequenceNumber {
    fn from(n: u64) -> Self {
        Self { high: 0, low: u128::from(n) }
    }
}

/// Decimal digits, without leading zeros.
impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The largest power of ten below 2^64: each division peels off 19 digits.
        const CHUNK: u128 = 10_000_000_000_000_000_000;
        if self.high == 0 {
            return fmt::Display::fmt(&self.low, f);
        }
        let mut limbs = [self.high, (self.low >> 64) as u64, self.low as u64];
        // 192 bits have at most 58 digits: four chunks, the least significant first.
        let mut chunks = [0_u64; 4];
        for chunk in &mut chunks {
            let mut rest = 0_u128;
            for limb in &mut limbs {
                let dividend = (rest << 64) | u128::from(*limb);
                *limb = (dividend / CHUNK) as u64;
                rest = dividend % CHUNK;
            }
            *chunk = rest as u64;
        }
        let mut digits = String::with_capacity(58);
        for chunk in chunks.into_iter().rev().skip_while(|chunk| *chunk == 0) {
            use fmt::Write;
            if digits.is_empty() {
                write!(digits, "{chunk}")?;
            } else {
                write!(digits, "{chunk:019}")?;
            }
        }
        f.pad_integral(true, "", &digits)
    }
}

/// A text that is no sequence number: not only decimal digits, or above 2^192 - 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no sequence number: decimal digits up to 2^192 - 1 are")]
pub struct ParseSequenceError {
    /// The text, cut at 80 characters.
    pub text: String,
}

impl FromStr for SequenceNumber {
    type Err = ParseSequenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || ParseSequenceError { text: text.chars().take(80).collect() };
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(refuse());
        }
        let mut limbs = [0_u64; 3];
        for digit in text.bytes() {
            let mut carry = u128::from(digit - b'0');
            for limb in &mut limbs {
                let sum = u128::from(*limb) * 10 + carry;
                *limb = sum as u64;
                carry = sum >> 64;
            }
            if carry != 0 {
                return Err(refuse());
            }
        }
        Ok(Self { high: limbs[2], low: (u128::from(limbs[1]) << 64) | u128::from(limbs[0]) })
    }
}

/// Where a record stands in its shard. `sub_sequence` tells records apart that one aggregated record held; else 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Sequence number within the shard.
    pub sequence: SequenceNumber,
    /// Index within an aggregated record (`spec/loaders-and-leases.md` 6.13).
    pub sub_sequence: u64,
}

impl From<u64> for Position {
    fn from(sequence: u64) -> Self {
        Self { sequence: sequence.into(), sub_sequence: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: &str = "6277101735386680763835789423207666416102355444464034512895";

    #[test]
    fn sequence_numbers_are_printed_in_decimal() {
        let cases = [
            (SequenceNumber::default(), "0"),
            (7.into(), "7"),
            (u64::MAX.into(), "18446744073709551615"),
            (SequenceNumber { high: 0, low: u128::MAX }, "340282366920938463463374607431768211455"),
            (SequenceNumber { high: 1, low: 0 }, "340282366920938463463374607431768211456"),
            (SequenceNumber { high: u64::MAX, low: u128::MAX }, MAX),
        ];
        for (number, text) in cases {
            assert_eq!(number.to_string(), text);
            assert_eq!(text.parse(), Ok(number));
            assert_eq!(SequenceNumber::from_le_bytes(number.to_le_bytes()), number);
        }
        // A number as Kinesis makes them.
        let kinesis = "49590338271490256608559692538361571095921575989136588898";
        assert_eq!(kinesis.parse::<SequenceNumber>().unwrap().to_string(), kinesis);
        assert_eq!("007".parse(), Ok(SequenceNumber::from(7)));
    }

    #[test]
    fn other_texts_are_refused() {
        let above = "6277101735386680763835789423207666416102355444464034512896";
        for text in ["", "-1", "+1", " 1", "1 ", "0x1", "LATEST", "\u{0661}", above, &"9".repeat(5_000)] {
            assert!(text.parse::<SequenceNumber>().is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn text_and_back(high: u64, low: u128) {
            let number = SequenceNumber { high, low };
            proptest::prop_assert_eq!(number.to_string().parse(), Ok(number));
        }

        #[test]
        fn order_is_numeric(a: u128, b: u128) {
            let (x, y) = (SequenceNumber { high: 0, low: a }, SequenceNumber { high: 0, low: b });
            proptest::prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        }
    }
}
