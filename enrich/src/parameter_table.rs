//! The one table of tracker protocol parameters (`spec/enrich.md` 2.4).

use std::sync::LazyLock;

use event::{atomic::Field, scala_map};

/// What becomes of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Its text.
    Text(Field),
    /// The code of the event type.
    EventType,
    /// The first of several addresses.
    Address,
    /// A tracking platform.
    Platform,
    /// A 32-bit integer.
    Int(Field),
    /// A decimal number.
    Decimal(Field),
    /// `0` or `1`.
    Bool(Field),
    /// Milliseconds since the epoch.
    Millis(Field),
    /// A UUID.
    Uuid(Field),
    /// `width x height`.
    Dimensions(Field, Field),
    /// The network user id that beats the others.
    TrackerNetworkUserid,
    /// Entities, as JSON or in Base64.
    Contexts { base64: bool },
    /// The self-describing event, as JSON or in Base64.
    Unstruct { base64: bool },
    /// In the protocol, but without a field.
    Ignored,
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) effect: Effect,
    /// The first version of `payload_data` 1-0-x that takes it in a body; `None`: none does.
    pub(crate) body_since: Option<u8>,
}

const fn row(name: &'static str, effect: Effect) -> Row {
    Row { name, effect, body_since: Some(0) }
}

const fn since(name: &'static str, effect: Effect, version: u8) -> Row {
    Row { name, effect, body_since: Some(version) }
}

const fn query_only(name: &'static str, effect: Effect) -> Row {
    Row { name, effect, body_since: None }
}

use Effect::{
    Address, Bool, Contexts, Decimal, Dimensions, EventType, Ignored, Int, Millis, Platform, Text, Unstruct,
    Uuid,
};

/// The table. A parameter's number is its index here.
pub(crate) const TABLE: [Row; COUNT] = [
    row("e", EventType),
    row("ip", Address),
    row("aid", Text(Field::AppId)),
    row("p", Platform),
    row("tid", Int(Field::TxnId)),
    row("uid", Text(Field::UserId)),
    row("duid", Text(Field::DomainUserid)),
    row("nuid", Text(Field::NetworkUserid)),
    since("tnuid", Effect::TrackerNetworkUserid, 2),
    since("ua", Text(Field::Useragent), 1),
    row("fp", Text(Field::UserFingerprint)),
    row("vid", Int(Field::DomainSessionidx)),
    since("sid", Uuid(Field::DomainSessionid), 3),
    row("eid", Uuid(Field::EventId)),
    row("dtm", Millis(Field::DvceCreatedTstamp)),
    since("stm", Millis(Field::DvceSentTstamp), 3),
    since("ttm", Millis(Field::TrueTstamp), 4),
    row("tna", Text(Field::NameTracker)),
    row("tv", Text(Field::VTracker)),
    query_only("cv", Text(Field::VCollector)),
    row("url", Text(Field::PageUrl)),
    row("refr", Text(Field::PageReferrer)),
    row("page", Text(Field::PageTitle)),
    row("cs", Text(Field::DocCharset)),
    row("ds", Dimensions(Field::DocWidth, Field::DocHeight)),
    row("vp", Dimensions(Field::BrViewwidth, Field::BrViewheight)),
    row("res", Dimensions(Field::DvceScreenwidth, Field::DvceScreenheight)),
    row("cd", Text(Field::BrColordepth)),
    row("tz", Text(Field::OsTimezone)),
    row("lang", Text(Field::BrLang)),
    row("cookie", Bool(Field::BrCookies)),
    row("f_pdf", Bool(Field::BrFeaturesPdf)),
    row("f_fla", Bool(Field::BrFeaturesFlash)),
    row("f_java", Bool(Field::BrFeaturesJava)),
    row("f_dir", Bool(Field::BrFeaturesDirector)),
    row("f_qt", Bool(Field::BrFeaturesQuicktime)),
    row("f_realp", Bool(Field::BrFeaturesRealplayer)),
    row("f_wma", Bool(Field::BrFeaturesWindowsmedia)),
    row("f_gears", Bool(Field::BrFeaturesGears)),
    row("f_ag", Bool(Field::BrFeaturesSilverlight)),
    row("se_ca", Text(Field::SeCategory)),
    row("se_ac", Text(Field::SeAction)),
    row("se_la", Text(Field::SeLabel)),
    row("se_pr", Text(Field::SeProperty)),
    row("se_va", Decimal(Field::SeValue)),
    query_only("ev_ca", Text(Field::SeCategory)),
    query_only("ev_ac", Text(Field::SeAction)),
    query_only("ev_la", Text(Field::SeLabel)),
    query_only("ev_pr", Text(Field::SeProperty)),
    query_only("ev_va", Decimal(Field::SeValue)),
    row("tr_id", Text(Field::TrOrderid)),
    row("tr_af", Text(Field::TrAffiliation)),
    row("tr_tt", Decimal(Field::TrTotal)),
    row("tr_tx", Decimal(Field::TrTax)),
    row("tr_sh", Decimal(Field::TrShipping)),
    row("tr_ci", Text(Field::TrCity)),
    row("tr_st", Text(Field::TrState)),
    row("tr_co", Text(Field::TrCountry)),
    row("tr_cu", Text(Field::TrCurrency)),
    row("ti_id", Text(Field::TiOrderid)),
    row("ti_sk", Text(Field::TiSku)),
    row("ti_na", Text(Field::TiName)),
    row("ti_nm", Text(Field::TiName)),
    row("ti_ca", Text(Field::TiCategory)),
    row("ti_pr", Decimal(Field::TiPrice)),
    row("ti_qu", Int(Field::TiQuantity)),
    row("ti_cu", Text(Field::TiCurrency)),
    row("pp_mix", Int(Field::PpXoffsetMin)),
    row("pp_max", Int(Field::PpXoffsetMax)),
    row("pp_miy", Int(Field::PpYoffsetMin)),
    row("pp_may", Int(Field::PpYoffsetMax)),
    row("co", Contexts { base64: false }),
    row("cx", Contexts { base64: true }),
    row("ue_pr", Unstruct { base64: false }),
    row("ue_px", Unstruct { base64: true }),
    row("ad_ad", Ignored),
    row("ad_ba", Ignored),
    row("ad_ca", Ignored),
    row("ad_uid", Ignored),
    row("ctype", Ignored),
    row("mac", Ignored),
    row("sa", Ignored),
    row("sn", Ignored),
    row("sp", Ignored),
    row("st", Ignored),
    row("ue_na", Ignored),
    query_only("u", Ignored),
];

/// How many there are.
pub(crate) const COUNT: usize = 87;

/// The number of a parameter.
pub(crate) fn number(name: &str) -> Option<u8> {
    let key = pack(name.as_bytes())?;
    let mut slot = slot_of(key);
    loop {
        let number = SLOTS[slot];
        if number == FREE {
            return None;
        }
        if KEYS[number as usize] == key {
            return Some(number);
        }
        slot = (slot + 1) % SLOTS.len();
    }
}

/// Its place in a large map.
pub(crate) fn rank(number: u8) -> u64 {
    RANKS[usize::from(number)]
}

const FREE: u8 = u8::MAX;

/// Names as numbers: all are at most seven bytes long.
const KEYS: [u64; COUNT] = {
    let mut keys = [0; COUNT];
    let mut i = 0;
    while i < COUNT {
        keys[i] = match pack(TABLE[i].name.as_bytes()) {
            Some(key) => key,
            None => panic!("a name has more than seven bytes"),
        };
        i += 1;
    }
    keys
};

static RANKS: LazyLock<[u64; COUNT]> = LazyLock::new(|| TABLE.map(|row| scala_map::rank(row.name)));

/// Open addressing over the packed names.
const SLOTS: [u8; 512] = {
    let mut slots = [FREE; 512];
    let mut i = 0;
    while i < COUNT {
        let mut slot = slot_of(KEYS[i]);
        while slots[slot] != FREE {
            slot = (slot + 1) % slots.len();
        }
        slots[slot] = i as u8;
        i += 1;
    }
    slots
};

const fn slot_of(key: u64) -> usize {
    (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 55) as usize
}

const fn pack(name: &[u8]) -> Option<u64> {
    if name.len() > 7 {
        return None;
    }
    let mut key = name.len() as u64;
    let mut i = 0;
    while i < name.len() {
        key = key << 8 | name[i] as u64;
        i += 1;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_row() {
        for (at, row) in TABLE.iter().enumerate() {
            assert_eq!(number(row.name), Some(at as u8), "{}", row.name);
        }
        for unknown in ["", "x", "E", "eidx", "a_longer_name", "pp_mi"] {
            assert_eq!(number(unknown), None, "{unknown}");
        }
    }
}
