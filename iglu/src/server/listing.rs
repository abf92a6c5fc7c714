//! Lists of schemas as text (`spec/iglu.md` 2.5). A registry may have thousands: of a long list only a piece is in memory.

use std::collections::VecDeque;

use event::{json::write_compact, schema_key::SchemaKey};
use serde_json::Value;

use super::{
    permission::Permission,
    schema::{Form, Listed, Stored},
    store::{Store, StoreError, json},
};

/// Schemas that are read at a time.
pub const PIECE: usize = 50;

/// What is left of a list whose first part was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    left: VecDeque<SchemaKey>,
    form: Form,
    is_begun: bool,
}

/// The names, as a list.
pub(super) fn of_names<'a>(listed: impl Iterator<Item = &'a Listed>) -> String {
    let mut text = String::new();
    for listed in listed {
        text.push(if text.is_empty() { '[' } else { ',' });
        write_compact(&Value::from(listed.key.to_string()), &mut text);
    }
    text.push(']');
    text
}

impl Listing {
    /// A list of these schemas.
    pub(super) fn of(listed: Vec<Listed>, form: Form) -> Self {
        Self { left: listed.into_iter().map(|listed| listed.key).collect(), form, is_begun: false }
    }

    /// The next piece of the text; `None`: that was all. Schemas that were deleted meanwhile are left out.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn next(&mut self, store: &dyn Store) -> Result<Option<String>, StoreError> {
        if self.left.is_empty() {
            return Ok(None);
        }
        let keys = self.left.drain(..self.left.len().min(PIECE)).collect();
        let mut text = String::new();
        for (listed, body) in store.some(keys).await? {
            let stored = Stored { listed, body: json(&body)? };
            text.push(if self.is_begun { ',' } else { '[' });
            self.is_begun = true;
            write_compact(&stored.to_json(self.form), &mut text);
        }
        if self.left.is_empty() {
            text.push_str(if self.is_begun { "]" } else { "[]" });
        }
        Ok(Some(text))
    }

    /// Whether more is to come.
    pub(super) fn goes_on(&self) -> bool {
        !self.left.is_empty()
    }
}

/// Whether a key may see the schema.
pub(super) fn is_readable(listed: &Listed, may: &Permission) -> bool {
    listed.is_public || may.may_read(&listed.key.vendor)
}
