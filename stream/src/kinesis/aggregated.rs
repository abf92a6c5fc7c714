//! Records that the Kinesis Producer Library packed into one (`spec/loaders-and-leases.md` 6.13).
//!
//! ```text
//! F3 89 9A C2 | body | MD5 of the body, 16 bytes
//! body, protobuf: 1 partition key (repeated), 2 explicit hash key (repeated), 3 record (repeated)
//! record:         1 index of its partition key, 2 index of its explicit hash key (optional), 3 data, 4 tag (repeated)
//! tag:            1 key, 2 value (optional)
//! ```
//!
//! Whatever is not exactly this is a plain record. Nothing is copied: keys and data are parts of the record that held them.

mod protobuf;

use bytes::Bytes;
use md5::{Digest, Md5};

use self::protobuf::{Broken, Field, Fields};
use super::lease::HashRange;

const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];

/// Bytes of the checksum at the end.
const CHECKSUM: usize = 16;

/// One of the records that an aggregated record held. Its sub-sequence number is its index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// Partition key.
    pub key: Bytes,
    /// Explicit hash key, decimal digits.
    pub hash_key: Option<Bytes>,
    /// The payload.
    pub data: Bytes,
}

/// The records in an aggregated record; `None` if it is a plain one.
///
/// If one of them does not belong to the shard's range, none is returned: the aggregate was written before the shard was
/// split or merged, and the producer has written its records again. A record whose keys are not in the tables ends the list.
pub fn user_records(record: &Bytes, range: HashRange) -> Option<Vec<UserRecord>> {
    let body = body(record)?;
    let aggregate = Aggregate::parse(&body).ok()?;
    let mut found = Vec::with_capacity(aggregate.entries.len());
    for entry in aggregate.entries {
        let Some(key) = nth(&aggregate.keys, entry.key) else { break };
        let hash_key = match entry.hash_key.map(|index| nth(&aggregate.hash_keys, index)) {
            None => None,
            Some(Some(hash_key)) => Some(hash_key),
            Some(None) => break,
        };
        match hash(&key, hash_key.as_deref()) {
            Hash::At(hash) if range.contains(hash) => {}
            Hash::At(_) | Hash::Beyond => return Some(Vec::new()),
            Hash::NoNumber => break,
        }
        found.push(UserRecord { key, hash_key, data: entry.data });
    }
    Some(found)
}

fn body(record: &Bytes) -> Option<Bytes> {
    let rest = record.strip_prefix(&MAGIC)?;
    let (body, checksum) = rest.split_at_checked(rest.len().checked_sub(CHECKSUM)?)?;
    let is_whole = !body.is_empty() && Md5::digest(body)[..] == *checksum;
    is_whole.then(|| record.slice_ref(body))
}

/// Indices are cut to 32 bits, signed, as the original does.
fn nth(table: &[Bytes], index: u64) -> Option<Bytes> {
    usize::try_from(index as i32).ok().and_then(|index| table.get(index)).cloned()
}

/// Where a record belongs.
enum Hash {
    At(u128),
    /// A number, but none that a shard could have.
    Beyond,
    NoNumber,
}

fn hash(key: &[u8], explicit: Option<&[u8]>) -> Hash {
    let Some(explicit) = explicit else {
        return Hash::At(u128::from_be_bytes(Md5::digest(key).into()));
    };
    let digits = explicit.strip_prefix(b"-").or_else(|| explicit.strip_prefix(b"+")).unwrap_or(explicit);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Hash::NoNumber;
    }
    // A negative number fails here, too, unless it is zero.
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    match number {
        Some(number) if number == 0 || explicit[0] != b'-' => Hash::At(number),
        _ => Hash::Beyond,
    }
}

#[derive(Default)]
struct Aggregate {
    keys: Vec<Bytes>,
    hash_keys: Vec<Bytes>,
    entries: Vec<Entry>,
}

struct Entry {
    key: u64,
    hash_key: Option<u64>,
    data: Bytes,
}

impl Aggregate {
    fn parse(body: &Bytes) -> Result<Self, Broken> {
        let mut aggregate = Self::default();
        for field in Fields::new(body) {
            match field? {
                (1, Field::Bytes(key)) => aggregate.keys.push(key),
                (2, Field::Bytes(hash_key)) => aggregate.hash_keys.push(hash_key),
                (3, Field::Bytes(entry)) => aggregate.entries.push(Entry::parse(&entry)?),
                _ => {}
            }
        }
        Ok(aggregate)
    }
}

impl Entry {
    fn parse(bytes: &Bytes) -> Result<Self, Broken> {
        let (mut key, mut hash_key, mut data) = (None, None, None);
        for field in Fields::new(bytes) {
            match field? {
                (1, Field::Number(index)) => key = Some(index),
                (2, Field::Number(index)) => hash_key = Some(index),
                (3, Field::Bytes(bytes)) => data = Some(bytes),
                (4, Field::Bytes(tag)) => check_tag(&tag)?,
                _ => {}
            }
        }
        Ok(Self { key: key.ok_or(Broken)?, hash_key, data: data.ok_or(Broken)? })
    }
}

fn check_tag(bytes: &Bytes) -> Result<(), Broken> {
    let mut has_key = false;
    for field in Fields::new(bytes) {
        has_key |= matches!(field?, (1, Field::Bytes(_)));
    }
    if has_key { Ok(()) } else { Err(Broken) }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde_json::Value;

    use super::*;

    fn bytes(value: &Value) -> Bytes {
        STANDARD.decode(value.as_str().unwrap()).unwrap().into()
    }

    /// What the Kinesis Client Library 2.7.2 makes of records.
    #[test]
    fn recorded_cases() {
        let cases = include_str!("../../tests/golden/kcl/aggregated-records.jsonl");
        for case in cases.lines() {
            let case: Value = serde_json::from_str(case).unwrap();
            let range = case["shardHashRange"].as_array().map_or(HashRange::ALL, |range| {
                let [start, end] = [0, 1].map(|index| range[index].as_str().unwrap().parse().unwrap());
                HashRange { start, end }
            });
            let expect = case["expect"]["records"].as_array().unwrap();
            let what = format!("{} {}", case["id"], case["why"]);
            let record = bytes(&case["data"]);
            let Some(found) = user_records(&record, range) else {
                assert_eq!(expect.len(), 1, "{what}");
                assert_eq!(
                    (&expect[0]["aggregated"], bytes(&expect[0]["data"])),
                    (&false.into(), record),
                    "{what}"
                );
                continue;
            };
            assert_eq!(found.len(), expect.len(), "{what}");
            for (index, (found, expect)) in found.iter().zip(expect).enumerate() {
                let expect_hash_key = expect["explicitHashKey"].as_str();
                assert_eq!((&expect["aggregated"], &expect["sub"]), (&true.into(), &index.into()), "{what}");
                assert_eq!(found.key, expect["partitionKey"].as_str().unwrap(), "{what}");
                assert_eq!(found.hash_key.as_deref(), expect_hash_key.map(str::as_bytes), "{what}");
                assert_eq!(found.data, bytes(&expect["data"]), "{what}");
            }
        }
    }

    fn sealed(body: &[u8]) -> Bytes {
        [&MAGIC, body, &Md5::digest(body)].concat().into()
    }

    /// One record of key `k` with this explicit hash key, after one that is fine.
    fn with_hash_key(text: &str) -> Bytes {
        let mut body = b"\x0a\x01k\x1a\x05\x08\x00\x1a\x01a\x12".to_vec();
        body.push(text.len() as u8);
        body.extend(text.as_bytes());
        body.extend(b"\x1a\x07\x08\x00\x10\x00\x1a\x01b");
        sealed(&body)
    }

    #[test]
    fn explicit_hash_keys_are_numbers_of_the_range() {
        let max = u128::MAX.to_string();
        let cases = [
            ("0", 2),
            ("+7", 2),
            ("-0", 2),
            (&*max, 2),
            ("-1", 0),
            ("340282366920938463463374607431768211456", 0),
            ("", 1),
            ("-", 1),
            ("1x", 1),
            ("0x1", 1),
        ];
        for (text, count) in cases {
            assert_eq!(user_records(&with_hash_key(text), HashRange::ALL).unwrap().len(), count, "{text}");
        }
    }

    #[test]
    fn what_is_no_aggregate_is_plain() {
        let cases: [(&str, &[u8]); 9] = [
            (
                "a number without an end",
                b"\x0a\x01k\x1a\x0e\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x1a\x00",
            ),
            ("a length beyond the end", b"\x0a\x02k"),
            ("field 0", b"\x02\x01k"),
            ("an unknown kind of field", b"\x0a\x01k\x0f"),
            ("a group that ends without a beginning", b"\x0a\x01k\x4c"),
            ("a group that does not end", b"\x0a\x01k\x4b"),
            ("a group that ends as another", b"\x0a\x01k\x4b\x54"),
            ("a tag without key", b"\x0a\x01k\x1a\x0b\x08\x00\x1a\x01a\x22\x04\x12\x02tv"),
            ("groups in groups", &[0x4b; 10_000]),
        ];
        for (what, body) in cases {
            assert_eq!(user_records(&sealed(body), HashRange::ALL), None, "{what}");
        }
        for (what, body) in [
            ("a group is skipped", &b"\x0a\x01k\x4b\x0a\x01x\x53\x54\x4c\x1a\x05\x08\x00\x1a\x01a"[..]),
            ("fixed numbers are skipped", b"\x0a\x01k\x4900000000\x4d0000\x1a\x05\x08\x00\x1a\x01a"),
            (
                "another kind of a known field is skipped",
                b"\x0a\x01k\x08\x01\x18\x05\x1a\x05\x08\x00\x1a\x01a",
            ),
        ] {
            assert_eq!(
                user_records(&sealed(body), HashRange::ALL).map(|found| found.len()),
                Some(1),
                "{what}"
            );
        }
    }
}
