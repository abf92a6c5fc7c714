//! Parameters of an event that a webhook made: a self-describing event with a few parameters of the query
//! (`spec/enrichments-and-adapters.md` 3.2, U).

use std::borrow::Cow;

use event::{json, schema_key::SchemaKey};
use serde_json::Value;

use crate::parameters::Parameters;

/// Parameters of the query that go into the event.
const KEPT: [&str; 6] = ["nuid", "aid", "cv", "eid", "ttm", "url"];

/// An event of `schema` with `data`. `version` is what stands for the tracker's version, `platform` counts where the query
/// names none.
pub(super) fn event<'a>(
    version: &'static str,
    platform: &'static str,
    query: &'a Parameters<'_>,
    schema: &SchemaKey,
    data: &Value,
) -> Parameters<'a> {
    let mut envelope = format!(
        "{{\"schema\":\"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0\",\"data\":{{\"schema\":\"{schema}\",\"data\":"
    );
    json::write_compact(data, &mut envelope);
    envelope.push_str("}}");
    let mut parameters = Parameters::with_room();
    parameters.insert("tv".into(), Some(version.into()));
    parameters.insert("e".into(), Some("ue".into()));
    let platform = match query.get("p") {
        Some(given) => given.map(Cow::Borrowed),
        None => Some(platform.into()),
    };
    parameters.insert("p".into(), platform);
    parameters.insert("ue_pr".into(), Some(Cow::Owned(envelope)));
    for name in KEPT {
        if let Some(value) = query.get(name) {
            parameters.insert(name.into(), value.map(Cow::Borrowed));
        }
    }
    parameters
}
