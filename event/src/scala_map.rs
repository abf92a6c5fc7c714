//! The order in which Scala 2.12's immutable map iterates over text keys (`spec/enrich.md` 2.6). It shows in the order of
//! parameters in bad rows and decides which of two competing parameters wins.

use std::collections::HashMap;

/// Entries of maps up to this size stay in order of insertion; larger ones are ordered by [`rank`].
pub const SMALL: usize = 4;

/// A map from pairs: of a repeated key the last value counts. The result is in the map's order.
pub fn from_pairs<V>(pairs: impl IntoIterator<Item = (String, V)>) -> Vec<(String, V)> {
    let mut entries: Vec<(String, V)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (key, value) in pairs {
        // Looking through a few entries is quicker than hashing; many are a client's doing, and must not take quadratic time.
        let place = if entries.len() < 32 {
            entries.iter().position(|(k, _)| *k == key)
        } else {
            if places.is_empty() {
                places.extend(entries.iter().enumerate().map(|(i, (k, _))| (k.clone(), i)));
            }
            places.get(&key).copied()
        };
        match place {
            Some(place) => entries[place].1 = value,
            None => {
                if !places.is_empty() {
                    places.insert(key.clone(), entries.len());
                }
                entries.push((key, value));
            }
        }
    }
    if entries.len() > SMALL {
        sort(&mut entries);
    }
    entries
}

/// Puts entries into the order of a map that has, or once had, more than [`SMALL`] keys. Keys must differ.
pub fn sort<V>(entries: &mut [(String, V)]) {
    entries.sort_by_cached_key(|(key, _)| rank(key));
}

/// What keys of a large map are ordered by, ascending; keys of equal rank keep the order of insertion.
pub fn rank(key: &str) -> u64 {
    let mut hash =
        key.encode_utf16().fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)));
    hash = hash.wrapping_add(!(hash << 9));
    hash ^= hash >> 14;
    hash = hash.wrapping_add(hash << 4);
    hash ^= hash >> 10;
    // The trie branches on groups of five bits, the least significant first.
    (0..7).fold(0, |rank, group| rank << 5 | u64::from(hash >> (5 * group) & 31))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order that `spec/enrich.md` 2.6 lists for the parameters of the protocol.
    const PROTOCOL: &str = "e tr_id f_qt se_va tr_st ip duid tnuid vid pp_miy f_ag tr_ci ti_pr co eid se_pr url refr ua aid \
        cx f_dir tna ev_va cs u cd tr_tt page stm tz f_pdf ev_ca ev_ac pp_may f_java tv se_ac tr_af se_la vp ti_na ds ti_qu \
        f_realp ti_ca tr_tx ti_cu se_ca tr_sh fp ue_pr cv res ev_pr nuid ti_nm f_fla ti_id cookie tr_co p dtm ttm pp_mix uid \
        ti_sk f_gears lang tr_cu tid ev_la ue_px sid f_wma pp_max";

    #[test]
    fn protocol_parameters_are_in_the_recorded_order() {
        let recorded: Vec<&str> = PROTOCOL.split_whitespace().collect();
        let mut inserted = recorded.clone();
        inserted.sort_unstable();
        let ordered = from_pairs(inserted.into_iter().map(|k| (k.to_owned(), ())));
        assert_eq!(ordered.iter().map(|(k, ())| k.as_str()).collect::<Vec<_>>(), recorded);
    }

    #[test]
    fn small_maps_keep_first_places_and_last_values() {
        let pairs = [("z", 1), ("a", 2), ("z", 3)].map(|(k, v)| (k.to_owned(), v));
        assert_eq!(from_pairs(pairs), [("z".to_owned(), 3), ("a".to_owned(), 2)]);
    }

    #[test]
    fn keys_that_collide_stay_in_order_of_insertion() {
        // `Aa` and `BB` have the same hash in Java.
        let pairs = ["BB", "Aa", "c", "d", "f", "Aa"].map(|k| (k.to_owned(), ()));
        let keys: Vec<_> = from_pairs(pairs).into_iter().map(|(k, ())| k).collect();
        let place = |key: &str| keys.iter().position(|k| k == key).unwrap();
        assert_eq!((keys.len(), place("BB") + 1), (5, place("Aa")));
    }

    #[test]
    fn many_pairs_are_still_distinct() {
        let pairs = (0..1000).map(|i| (format!("k{}", i % 100), i));
        let entries = from_pairs(pairs);
        assert_eq!(entries.len(), 100);
        assert!(entries.iter().all(|(_, v)| *v >= 900));
    }
}
