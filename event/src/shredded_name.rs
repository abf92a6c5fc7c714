//! Names of entities in the Analytics SDK's JSON and in lakes (`spec/loaders-and-leases.md` 2.3).

use crate::schema_key::SchemaKey;

/// `unstruct_event_com_acme_click_1`
pub fn unstruct_event(key: &SchemaKey) -> String {
    named("unstruct_event_", key)
}

/// `contexts_com_acme_click_1`
pub fn contexts(key: &SchemaKey) -> String {
    named("contexts_", key)
}

/// `com_acme_click_1`: the part behind the prefix, which the Postgres loader's tables are named by.
pub fn table(key: &SchemaKey) -> String {
    named("", key)
}

fn named(prefix: &str, key: &SchemaKey) -> String {
    let mut out = String::with_capacity(prefix.len() + key.vendor.len() + key.name.len() + 8);
    out.push_str(prefix);
    let flat = |c: char| if matches!(c, '.' | '-') { '_' } else { c };
    out.extend(key.vendor.chars().map(|c| flat(c).to_ascii_lowercase()));
    out.push('_');
    let mut before = '_';
    for c in key.name.chars().map(flat) {
        if c.is_ascii_uppercase() && !before.is_ascii_uppercase() && before != '_' {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
        before = c;
    }
    out.push('_');
    out.push_str(&key.version.model.to_string());
    out
}
