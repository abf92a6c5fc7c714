//! Sample events in the tracker protocol: what `send` sends, endlessly varied.

use serde_json::{Value, json};
use uuid::Uuid;

/// Where trackers post batches.
pub(crate) const TP2: &str = "/com.snowplowanalytics.snowplow/tp2";

const PAYLOAD_DATA: &str = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4";
const CONTEXTS: &str = "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1";
const UNSTRUCT_EVENT: &str = "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0";

/// The body of a POST: events (objects of tracker-protocol parameters) in their envelope.
pub(crate) fn envelope(events: Vec<Value>) -> String {
    json!({"schema": PAYLOAD_DATA, "data": events}).to_string()
}

/// The parameter `ue_pr` for a self-describing event.
pub(crate) fn unstruct(event: &Value) -> String {
    json!({"schema": UNSTRUCT_EVENT, "data": event}).to_string()
}

/// The parameter `co` for entities.
pub(crate) fn contexts(entities: &[Value]) -> String {
    json!({"schema": CONTEXTS, "data": entities}).to_string()
}

/// The `n`th sample: page views, pings, link clicks and structured events of a visitor to a small site.
pub(crate) fn event(n: u64, id: Uuid, sent_ms: i64) -> Value {
    let mut event = json!({
        "tv": concat!("piste-send-", env!("CARGO_PKG_VERSION")),
        "tna": "sample",
        "aid": "piste-sample",
        "p": "web",
        "eid": id.to_string(),
        "dtm": (sent_ms - 1).to_string(),
        "stm": sent_ms.to_string(),
        "url": format!("https://site.example/page/{}", n % 17),
        "page": format!("Page {}", n % 17),
        "vp": "1280x720",
        "ds": "1265x3100",
        "lang": "en-GB",
        "tz": "Europe/Brussels",
        "co": contexts(&[json!({
            "schema": "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0",
            "data": {"id": id.to_string()},
        })]),
    });
    match n % 4 {
        0 => event["e"] = "pv".into(),
        1 => {
            event["e"] = "pp".into();
            event["pp_may"] = (n % 3000).to_string().into();
        }
        2 => {
            event["e"] = "ue".into();
            event["ue_pr"] = unstruct(&json!({
                "schema": "iglu:com.snowplowanalytics.snowplow/link_click/jsonschema/1-0-1",
                "data": {"targetUrl": format!("https://site.example/page/{}", (n + 1) % 17)},
            }))
            .into();
        }
        _ => {
            event["e"] = "se".into();
            event["se_ca"] = "sample".into();
            event["se_ac"] = "tick".into();
            event["se_va"] = n.to_string().into();
        }
    }
    event
}
