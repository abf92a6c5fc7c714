//! SendGrid: a list of events (`spec/enrichments-and-adapters.md` 3.5).

use std::collections::HashMap;

use event::{bad_row::Message, scala_map};
use serde_json::Value;

use super::{
    body::{JSON, body, expect_type_that, parse},
    events::Events,
    json_shape::clean,
};
use crate::{
    adapters::{Adapter, Context, Emit, input, webhook_schemas::Table},
    raw::request::Request,
};

pub(in crate::adapters) const ADAPTER: Adapter =
    Adapter { vendor: "com.sendgrid", version: "v3", is_tracker_protocol: false, read };

pub(in crate::adapters) static TABLE: Table = Table {
    section: "sendgrid",
    rows: &[
        ("processed", "processed", "iglu:com.sendgrid/processed/jsonschema/3-0-0"),
        ("dropped", "dropped", "iglu:com.sendgrid/dropped/jsonschema/3-0-0"),
        ("delivered", "delivered", "iglu:com.sendgrid/delivered/jsonschema/3-0-0"),
        ("deferred", "deferred", "iglu:com.sendgrid/deferred/jsonschema/3-0-0"),
        ("bounce", "bounce", "iglu:com.sendgrid/bounce/jsonschema/3-0-0"),
        ("open", "open", "iglu:com.sendgrid/open/jsonschema/3-0-0"),
        ("click", "click", "iglu:com.sendgrid/click/jsonschema/3-0-0"),
        ("spamreport", "spamreport", "iglu:com.sendgrid/spamreport/jsonschema/3-0-0"),
        ("unsubscribe", "unsubscribe", "iglu:com.sendgrid/unsubscribe/jsonschema/3-0-0"),
        ("group_unsubscribe", "group_unsubscribe", "iglu:com.sendgrid/group_unsubscribe/jsonschema/3-0-0"),
        ("group_resubscribe", "group_resubscribe", "iglu:com.sendgrid/group_resubscribe/jsonschema/3-0-0"),
    ],
    apache: None,
};

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    let body = body(request)?;
    expect_type_that(request, JSON, |found| found.contains(JSON))?;
    let Value::Array(items) = parse("body", &body, context)? else {
        return Err(vec![input("body", Some(body.into_owned()), "body is not a json array")]);
    };
    let kinds = context.schemas.kinds(&TABLE);
    let mut events = Events::default();
    for (index, item) in distinct(items) {
        let name = item.get("event").and_then(Value::as_str).map(str::to_owned);
        let schema = kinds.find(name.as_deref(), &format!(" at index {index}"));
        let kind = name.as_deref().map(|name| ("event", name));
        events.add(schema.map(|schema| (schema, clean(item, kind, &["timestamp"]))));
    }
    events.emit("com.sendgrid-v3", request, emit)
}

/// The events with their places in the list, in the order of a map by their ids: of those with the same id the last one.
/// The original keeps one of those without id, too, and loses the others; here all are kept, the last one in its place.
fn distinct(items: Vec<Value>) -> Vec<(usize, Value)> {
    let mut places: HashMap<Option<String>, usize> = HashMap::new();
    let mut kept: Vec<(u64, (usize, Value))> = Vec::new();
    let mut nameless = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let id = item.get("sg_event_id").and_then(Value::as_str).map(str::to_owned);
        match places.get(&id) {
            Some(place) => {
                let before = std::mem::replace(&mut kept[*place].1, (index, item));
                if id.is_none() {
                    nameless.push(before);
                }
            }
            None => {
                let rank = scala_map::rank_of_option(id.as_deref());
                places.insert(id, kept.len());
                kept.push((rank, (index, item)));
            }
        }
    }
    if kept.len() > scala_map::SMALL {
        kept.sort_by_key(|(rank, _)| *rank);
    }
    kept.into_iter().map(|(_, event)| event).chain(nameless).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_of_an_id_counts_and_none_without_is_lost() {
        let items = [("a", 0), ("", 1), ("b", 2), ("a", 3), ("", 4), ("", 5)].map(|(id, n)| match id {
            "" => json!({"n": n}),
            id => json!({"n": n, "sg_event_id": id}),
        });
        let indexes: Vec<_> = distinct(items.into()).into_iter().map(|(index, _)| index).collect();
        assert_eq!(indexes, [3, 5, 2, 1, 4]);
    }
}
