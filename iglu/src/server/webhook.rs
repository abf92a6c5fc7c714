//! Who is told of what is published (`spec/iglu.md` 2.11).

use serde_json::{Value, json};

use super::{publish::Published, settings::Webhook};

impl Webhook {
    /// Whether it is told of schemas of the vendor.
    pub fn is_for(&self, vendor: &str) -> bool {
        let mut prefixes = self.vendor_prefixes.iter();
        self.vendor_prefixes.is_empty() || prefixes.any(|prefix| vendor.starts_with(prefix.as_str()))
    }
}

impl Published {
    /// What is told.
    pub fn told(&self) -> Value {
        json!({ "schemaKey": self.key.to_string(), "updated": self.is_update })
    }
}
