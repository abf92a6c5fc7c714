//! Whether a version has grown enough for what changes in it (`spec/iglu.md` 8.3).

use event::schema_key::SchemaVersion;
use serde_json::{Value, json};

use super::{publish::Publication, schema::Stored, settings::VersionCheck};
use crate::difference::{Bump, Difference, between, needed};

/// A new version beside the one before it.
#[derive(Debug)]
pub(super) struct Compared {
    before: SchemaVersion,
    new: SchemaVersion,
    differences: Vec<Difference>,
    needs: Bump,
}

impl Compared {
    /// Compares with the latest version of the same model that is before it; `None`: there is none.
    pub(super) fn with(known: &[Stored], publication: &Publication) -> Option<Self> {
        let key = &publication.key;
        let family = known.iter().filter(|stored| {
            let other = &stored.listed.key;
            other.format == key.format
                && other.version.model == key.version.model
                && other.version < key.version
        });
        let before = family.max_by_key(|stored| stored.listed.key.version)?;
        let differences = between(&before.body, &publication.body);
        let needs = needed(&differences);
        Some(Self { before: before.listed.key.version, new: key.version, differences, needs })
    }

    /// Whether the version has grown enough.
    pub(super) fn fits(&self) -> bool {
        Bump::between(self.before, self.new).is_some_and(|grows| grows >= self.needs)
    }

    /// What is said where it has not.
    pub(super) fn complaint(&self) -> Value {
        let Self { before, new, needs, .. } = self;
        let grows = Bump::between(*before, *new).map_or("nothing", Bump::name);
        let message = format!(
            "{new} grows the {grows} of {before}, and what changes needs a {}: it should be {}",
            needs.name(),
            needs.after(*before)
        );
        json!({ "message": message, "report": self.report(*needs) })
    }

    /// All of it.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "compatible": self.fits(),
            "comparedWith": self.before.to_string(),
            "requiredBump": self.needs.name(),
            "version": self.needs.after(self.before).to_string(),
            "issues": self.report(Bump::Addition),
        })
    }

    /// What needs this much, or more.
    fn report(&self, at_least: Bump) -> Vec<Value> {
        let found = self.differences.iter().filter(|difference| difference.needs >= at_least);
        found
            .map(|Difference { pointer, what, needs }| {
                json!({ "pointer": pointer, "message": what, "bump": needs.name() })
            })
            .collect()
    }
}

impl VersionCheck {
    /// Whether anything is compared.
    pub(super) fn is_on(self) -> bool {
        self != Self::Off
    }
}
