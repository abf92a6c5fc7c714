//! Which worker looks for missing leases. All workers find the same one, without asking each other, from the owners in the
//! table: they are sorted, shuffled as Java does with seed 1947, and the first is it (`spec/loaders-and-leases.md` 6.8).
//!
//! Two who both think so do no harm: a lease is only made if it is not there.

use std::collections::BTreeSet;

use super::Lease;

/// The leader among the owners of these leases; `None` if there are none.
pub fn leader<'a>(leases: impl IntoIterator<Item = &'a Lease>) -> Option<&'a str> {
    let owners: BTreeSet<&str> = leases.into_iter().filter_map(|lease| lease.owner.as_deref()).collect();
    let mut owners: Vec<&str> = owners.into_iter().collect();
    JavaRandom::new(1947).shuffle(&mut owners);
    owners.first().copied()
}

/// `java.util.Random`.
struct JavaRandom(u64);

impl JavaRandom {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;

    fn new(seed: u64) -> Self {
        Self((seed ^ Self::MULTIPLIER) & Self::MASK)
    }

    /// `next(31)`.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(Self::MULTIPLIER).wrapping_add(0xB) & Self::MASK;
        self.0 >> 17
    }

    /// `nextInt(end)`.
    fn below(&mut self, end: u64) -> u64 {
        if end.is_power_of_two() {
            return (end * self.next()) >> 31;
        }
        loop {
            let bits = self.next();
            let number = bits % end;
            // Java lets a sum of 32 bits overflow here.
            if bits - number + (end - 1) < 1 << 31 {
                return number;
            }
        }
    }

    /// `Collections.shuffle`.
    fn shuffle<T>(&mut self, list: &mut [T]) {
        for size in (2..=list.len()).rev() {
            list.swap(size - 1, self.below(size as u64) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Progress, *};

    /// What a Java program prints for lists of 1 to 12.
    const JAVA_ORDERS: [&[u8]; 12] = [
        &[0],
        &[0, 1],
        &[2, 0, 1],
        &[3, 0, 1, 2],
        &[4, 0, 2, 1, 3],
        &[2, 3, 5, 4, 0, 1],
        &[2, 4, 3, 5, 0, 6, 1],
        &[2, 3, 0, 6, 4, 7, 1, 5],
        &[3, 8, 0, 5, 7, 1, 6, 2, 4],
        &[8, 5, 1, 6, 9, 4, 2, 0, 7, 3],
        &[6, 7, 3, 4, 1, 0, 10, 2, 9, 5, 8],
        &[9, 4, 8, 2, 0, 11, 6, 10, 1, 5, 3, 7],
    ];

    #[test]
    fn shuffles_as_java_does() {
        for expect in JAVA_ORDERS {
            let mut list: Vec<u8> = (0..expect.len() as u8).collect();
            JavaRandom::new(1947).shuffle(&mut list);
            assert_eq!(list, expect);
        }
    }

    #[test]
    fn every_owner_counts_once() {
        let owned = |owner: &str| {
            let owner = Some(owner.to_owned()).filter(|owner| !owner.is_empty());
            Lease { owner, ..Lease::new("shardId-000000000000".into(), Progress::TrimHorizon) }
        };
        let check = |owners: &[&str], expect: Option<&str>| {
            let leases: Vec<_> = owners.iter().map(|owner| owned(owner)).collect();
            assert_eq!(leader(&leases), expect, "{owners:?}");
        };
        check(&[], None);
        check(&["", ""], None);
        check(&["b", "", "b"], Some("b"));
        for owners in [["a", "b", "c", "a"], ["c", "b", "b", "a"]] {
            let sorted = ["a", "b", "c"];
            check(&owners, Some(sorted[usize::from(JAVA_ORDERS[2][0])]));
        }
    }
}
