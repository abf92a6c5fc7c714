//! Partition keys (`spec/collector.md` 4.5).

use std::net::IpAddr;

use bytes::Bytes;
use uuid::Uuid;

use crate::{compatibility::Compatibility, ids::Ids};

/// Bytes of the longest key: a UUID, in the Apache line an IPv6 address in full.
pub fn max_length(compatibility: Compatibility) -> usize {
    match compatibility {
        Compatibility::V2 => "2001:0db8:0000:0000:0000:0000:0000:0001".len(),
        Compatibility::V3 => uuid::fmt::Hyphenated::LENGTH,
    }
}

/// The keys of a request's records: in the current line a random one each, in the Apache line one for all of them, which may
/// be the client's address.
#[derive(Debug)]
pub struct PartitionKeys<'a, I> {
    shared: Option<Bytes>,
    ids: &'a mut I,
}

impl<'a, I: Ids> PartitionKeys<'a, I> {
    /// For a request from this address; `by_ip`: the Apache line's `streams.useIpAddressAsPartitionKey`.
    pub fn new(ip_address: &str, by_ip: bool, compatibility: Compatibility, ids: &'a mut I) -> Self {
        let shared = match compatibility {
            Compatibility::V3 => None,
            Compatibility::V2 if by_ip && ip_address.parse::<IpAddr>().is_ok() => {
                Some(Bytes::copy_from_slice(ip_address.as_bytes()))
            }
            Compatibility::V2 => Some(print(ids.next())),
        };
        Self { shared, ids }
    }

    /// The key of the next record.
    pub fn next_key(&mut self) -> Bytes {
        match &self.shared {
            Some(key) => key.clone(),
            None => print(self.ids.next()),
        }
    }
}

fn print(id: Uuid) -> Bytes {
    Bytes::copy_from_slice(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes())
}
