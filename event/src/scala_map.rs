//! The order in which Scala 2.12's immutable map iterates over text keys (`spec/enrich.md` 2.6). It shows in the order of
//! parameters in bad rows and decides which of two competing parameters wins.

use std::collections::HashMap;

use crate::schema_key::SchemaKey;

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
    rank_of_hash(hash_of_text(key))
}

/// The same for keys that are options of texts.
pub fn rank_of_option(key: Option<&str>) -> u64 {
    rank_of_hash(key.map_or_else(|| hash_of_text("None"), |text| hash_of_product(&[hash_of_text(text)])))
}

/// The same for keys that are schema keys.
pub fn rank_of_schema(key: &SchemaKey) -> u64 {
    let version = hash_of_product(&[key.version.model, key.version.revision, key.version.addition]);
    let texts = [&key.vendor, &key.name, &key.format].map(|text| hash_of_text(text));
    rank_of_hash(hash_of_product(&[texts[0], texts[1], texts[2], version]))
}

/// The place of a text among the sixteen of a small mutable map, which is walked from the last to the first.
pub fn slot_of_sixteen(key: &str) -> u32 {
    const FACTOR: u32 = 0x9E37_75CD;
    let mixed = hash_of_text(key).wrapping_mul(FACTOR).swap_bytes().wrapping_mul(FACTOR);
    // Turned by the number of bits of the table's mask, of which the upper four count.
    mixed.rotate_right(4) >> 28
}

/// `String.hashCode`
pub fn hash_of_text(text: &str) -> u32 {
    text.encode_utf16().fold(0, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)))
}

/// The hash of a case class with fields of these hashes: MurmurHash3.
fn hash_of_product(fields: &[u32]) -> u32 {
    let mix = |hash: u32, field: &u32| {
        let field = field.wrapping_mul(0xCC9E_2D51).rotate_left(15).wrapping_mul(0x1B87_3593);
        (hash ^ field).rotate_left(13).wrapping_mul(5).wrapping_add(0xE654_6B64)
    };
    let mut hash = fields.iter().fold(0xCAFE_BABE, mix) ^ fields.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85EB_CA6B);
    hash = (hash ^ hash >> 13).wrapping_mul(0xC2B2_AE35);
    hash ^ hash >> 16
}

fn rank_of_hash(mut hash: u32) -> u64 {
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
