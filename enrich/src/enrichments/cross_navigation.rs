//! `cross_navigation_config`: what `_sp` says as an entity, beside the two fields that are always set
//! (`spec/enrichments-and-adapters.md` 2.13).

use event::{
    schema_key::{SchemaKey, SchemaVersion},
    self_describing::SelfDescribing,
};
use jiff::Timestamp;
use serde_json::json;

use super::{Built, Enrichment, Kind, assets::Assets, configuration::Configuration};
use crate::{
    problem::StepFailure,
    steps::{
        Working,
        cross_domain::{self, CrossDomain},
    },
};

pub(crate) static KIND: Kind =
    Kind { otherwise: Some(cross_domain::run), ..Kind::new("cross_navigation_config", (1, 0), build) };

/// What failures name.
struct CrossNavigation((SchemaKey, String));

fn build(configuration: &Configuration, _: &Assets) -> Built {
    Ok(Box::new(CrossNavigation((configuration.key.clone(), "cross-navigation".into()))))
}

impl Enrichment for CrossNavigation {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        let found = cross_domain::set_fields(working, Some(&self.0))?;
        if let (Some(user), Some(millis)) = (&found.domain_user_id, found.timestamp) {
            let entity = entity(user, millis, &found);
            working.derive(entity);
        }
        Ok(())
    }
}

/// The entity, its keys in the order of the original's map.
fn entity(user: &str, millis: i64, found: &CrossDomain) -> SelfDescribing {
    let key = SchemaKey::new(
        "com.snowplowanalytics.snowplow",
        "cross_navigation",
        "jsonschema",
        SchemaVersion::new(1, 0, 0),
    );
    let data = json!({
        "session_id": found.session_id,
        "timestamp": iso(millis),
        "reason": found.reason,
        "user_id": found.user_id,
        "source_id": found.source_id,
        "domain_user_id": user,
        "source_platform": found.source_platform,
    });
    SelfDescribing::new(key, data)
}

/// ISO 8601 in UTC with as many digits of a second as are not zero.
fn iso(millis: i64) -> String {
    // The range of Redshift was checked.
    Timestamp::from_millisecond(millis).map(|moment| moment.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_lose_their_zeros() {
        let check = |millis, expect: &str| assert_eq!(iso(millis), expect);
        check(1_426_245_561_368, "2015-03-13T11:19:21.368Z");
        check(1_426_245_561_360, "2015-03-13T11:19:21.36Z");
        check(1_426_245_561_000, "2015-03-13T11:19:21Z");
    }
}
