//! Who may do what (`spec/iglu.md` 2.6).

use std::hint::black_box;

use serde_json::{Value, json};
use uuid::Uuid;

/// What a key may do with schemas. The original tells the last three apart in its tables alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaAction {
    /// See private ones.
    Read,
    /// Add versions.
    Bump,
    /// Add schemas.
    Create,
    /// Add schemas of new vendors.
    CreateVendor,
}

/// A permission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permission {
    /// Parts of the vendor's name that it is for; `None`: none is named.
    pub vendor: Option<Vec<String>>,
    /// Counts where no vendor is named: whether it is for all.
    pub wildcard: bool,
    /// What it may do with schemas.
    pub schema: Option<SchemaAction>,
    /// Whether it may make keys.
    pub creates_keys: bool,
    /// Whether it may delete keys.
    pub deletes_keys: bool,
}

impl SchemaAction {
    /// The word in the tables and on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Bump => "BUMP",
            Self::Create => "CREATE",
            Self::CreateVendor => "CREATE_VENDOR",
        }
    }

    /// The action of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Read, Self::Bump, Self::Create, Self::CreateVendor].into_iter().find(|a| a.word() == word)
    }
}

impl Permission {
    /// All rights.
    pub fn of_all() -> Self {
        Self {
            vendor: Some(Vec::new()),
            wildcard: true,
            schema: Some(SchemaAction::CreateVendor),
            creates_keys: true,
            deletes_keys: true,
        }
    }

    /// Of a key that is made for a prefix of vendors.
    pub fn made(prefix: &str, schema: SchemaAction) -> Self {
        let vendor = Some(vendor_parts(prefix));
        Self { vendor, wildcard: true, schema: Some(schema), creates_keys: false, deletes_keys: false }
    }

    /// Whether it is for this vendor: whole parts of the name count.
    pub fn covers(&self, vendor: &str) -> bool {
        self.covers_parts(&vendor_parts(vendor))
    }

    fn covers_parts(&self, vendor: &[String]) -> bool {
        self.vendor.as_ref().map_or(self.wildcard, |prefix| vendor.starts_with(prefix))
    }

    /// Whether it may see private schemas of the vendor.
    pub fn may_read(&self, vendor: &str) -> bool {
        self.has_any() && self.covers(vendor)
    }

    /// Whether it may do anything at all.
    pub fn has_any(&self) -> bool {
        self.schema.is_some() || self.has_key_action()
    }

    /// Whether it may publish schemas of the vendor. Rights over keys are enough.
    pub fn may_create(&self, vendor: &str) -> bool {
        let by_schema = self.schema.is_some_and(|action| action != SchemaAction::Read);
        (by_schema || self.has_key_action()) && self.covers(vendor)
    }

    /// Whether it may make keys for a prefix of vendors.
    pub fn may_make_keys(&self, prefix: &str) -> bool {
        self.creates_keys && self.covers_parts(&vendor_parts(prefix))
    }

    /// Whether it may do everything.
    pub fn is_super(&self) -> bool {
        let is_for_all = self.vendor.as_ref().map_or(self.wildcard, Vec::is_empty);
        is_for_all
            && self.schema == Some(SchemaAction::CreateVendor)
            && self.creates_keys
            && self.deletes_keys
    }

    /// As `/api/meta/server` shows it.
    pub fn to_json(&self) -> Value {
        let mut keys = Vec::new();
        keys.extend(self.creates_keys.then_some("CREATE"));
        keys.extend(self.deletes_keys.then_some("DELETE"));
        let vendor = self.vendor.as_ref().map(|parts| parts.join(".")).unwrap_or_default();
        json!({ "vendor": vendor, "schema": self.schema.map(SchemaAction::word), "key": keys })
    }

    fn has_key_action(&self) -> bool {
        self.creates_keys || self.deletes_keys
    }
}

/// The parts of a vendor's name, or of a prefix; empty parts at the end do not count. `*` and nothing stand for all.
pub fn vendor_parts(text: &str) -> Vec<String> {
    let text = if text == "*" { "" } else { text.trim_end_matches('.') };
    if text.is_empty() { Vec::new() } else { text.split('.').map(str::to_owned).collect() }
}

/// Whether two keys are the same, in a time that does not tell how far they are.
pub fn same_key(a: Uuid, b: Uuid) -> bool {
    let difference = a.as_bytes().iter().zip(b.as_bytes()).fold(0, |sum, (a, b)| black_box(sum | (a ^ b)));
    black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_are_covered_by_whole_parts() {
        let of = |prefix: &str| Permission::made(prefix, SchemaAction::Read);
        for (prefix, vendor, covers) in [
            ("com.acme", "com.acme", true),
            ("com.acme", "com.acme.shop", true),
            ("com.acme", "com.acmex", false),
            ("com.acme", "com", false),
            ("com.acme.", "com.acme", true),
            ("*", "any", true),
            ("", "any", true),
        ] {
            assert_eq!(of(prefix).may_read(vendor), covers, "{prefix} {vendor}");
            assert!(!of(prefix).may_create(vendor));
        }
        let unnamed = |wildcard| Permission { vendor: None, wildcard, ..Permission::of_all() };
        assert!(unnamed(true).may_read("any") && unnamed(true).is_super());
        assert!(!unnamed(false).may_read("any") && !unnamed(false).is_super());
    }

    #[test]
    fn rights_over_keys_are_rights_over_schemas() {
        let keys = Permission { schema: None, deletes_keys: false, ..Permission::of_all() };
        assert!(keys.may_read("any") && keys.may_create("any") && !keys.is_super());
        let nothing = Permission { creates_keys: false, ..keys };
        assert!(!nothing.may_read("any") && !nothing.has_any());
    }

    #[test]
    fn keys_are_compared_in_full() {
        let key = Uuid::from_u128(7);
        assert!(same_key(key, Uuid::from_u128(7)) && !same_key(key, Uuid::from_u128(7 | 1 << 127)));
    }
}
