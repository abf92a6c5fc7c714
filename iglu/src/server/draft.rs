//! Drafts: schemas in the making, without rules (`spec/iglu.md` 2.5).

use event::timestamp;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The name of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftId {
    /// `com.acme`
    pub vendor: String,
    /// `click`
    pub name: String,
    /// `jsonschema`
    pub format: String,
    /// 0 and above.
    pub version: i32,
}

/// A stored draft.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Its name.
    pub id: DraftId,
    /// When it was first stored.
    pub created_at: Timestamp,
    /// When it was last stored.
    pub updated_at: Timestamp,
    /// Whether everybody may see it in the list.
    pub is_public: bool,
    /// Any JSON.
    pub body: Value,
}

impl Draft {
    /// As it is served.
    pub fn to_json(&self) -> Value {
        let DraftId { vendor, name, format, version } = &self.id;
        json!({
            "schemaMap": { "vendor": vendor, "name": name, "format": format, "version": version },
            "metadata": {
                "createdAt": timestamp::instant(self.created_at).to_string(),
                "updatedAt": timestamp::instant(self.updated_at).to_string(),
                "isPublic": self.is_public,
            },
            "body": self.body,
        })
    }
}
