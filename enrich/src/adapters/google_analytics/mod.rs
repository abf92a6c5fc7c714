//! Google Analytics' measurement protocol: a hit in each line of the body
//! (`spec/enrichments-and-adapters.md` 3.8).

mod composite;
mod fields;
mod translation;

use std::borrow::Cow;

use event::{bad_row::Message, json, scala_map, schema_key::SchemaKey};
use serde_json::Value;

use self::{
    fields::{CONTEXTS, Field, HITS, ROWS, direct},
    translation::translate,
};
use super::{
    Adapter, Context, Emit, MOST_MESSAGES, input,
    webhook_schemas::{Kinds, Table},
};
use crate::{compatibility::Compatibility, parameters::Parameters, querystring, raw::request::Request};

pub(super) const ADAPTER: Adapter =
    Adapter { vendor: "com.google.analytics", version: "v1", is_tracker_protocol: false, read };

pub(super) static TABLE: Table = Table { section: "googleAnalytics", rows: &ROWS, apache: None };

const TRACKER_VERSION: &str = "com.google.analytics.measurement-protocol-v1";

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    let body = request.body().unwrap_or_default();
    if body.is_empty() {
        return Err(vec![input("body", None, "empty body")]);
    }
    let reader = Reader { kinds: context.schemas.kinds(&TABLE), line: context.rules.compatibility };
    let mut messages = Vec::new();
    for line in lines(&body) {
        if let Err(wrong) = reader.hit(line)
            && messages.len() < MOST_MESSAGES
        {
            messages.extend(wrong);
        }
    }
    if !messages.is_empty() {
        return Err(messages);
    }
    // All hits at once would take many times the room of the body.
    for parameters in lines(&body).filter_map(|line| reader.hit(line).ok()) {
        emit(parameters, request);
    }
    Ok(())
}

/// The lines of a text, as Scala finds them: each ends with a line feed, perhaps behind a carriage return, or a form feed.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['\n', '\u{C}']).map(|line| match line.strip_suffix('\n') {
        Some(line) => line.strip_suffix('\r').unwrap_or(line),
        None => line.strip_suffix('\u{C}').unwrap_or(line),
    })
}

/// A member of an entity, or what is wrong with it.
type Translated = (String, Result<Value, Box<Message>>);

/// What is asked for each hit.
struct Reader<'a> {
    kinds: &'a Kinds,
    line: Compatibility,
}

impl Reader<'_> {
    fn hit(&self, line: &str) -> Result<Parameters<'static>, Vec<Message>> {
        let refuse = |why: &str| vec![input("body", Some(line.to_owned()), why)];
        let pairs = querystring::parse_form(line).map_err(|why| refuse(&why))?;
        let mut form = Parameters::collect(pairs.iter());
        form.sort();
        let Some(kind) = form.get("t").flatten() else {
            return Err(refuse("no t parameter provided: cannot determine hit type"));
        };
        let hit = HITS.iter().find(|(name, ..)| *name == kind);
        let mut messages = Vec::new();
        if hit.is_none() {
            messages.push(input("t", Some(kind.to_owned()), "no matching hit type"));
        }
        messages.extend(self.kinds.find(Some(kind), "").err().map(|message| *message));
        let mut entities = self.contexts(&form, &mut messages);
        let composite = composite::entities(&form, self.line, self.kinds);
        entities.extend(composite.map_err(|message| messages.push(*message)).unwrap_or_default());
        let Some((_, key, fields)) = hit.filter(|_| messages.is_empty()) else { return Err(messages) };
        let data = self.data(&form, fields).map_err(|message| vec![*message])?;
        let schema = self.kinds.key(key);
        // What describes the page of a page view is the event itself.
        entities.retain(|(entity, _)| kind != "pageview" || *entity != schema);
        Ok(parameters(&form, kind, schema, &data, &entities))
    }

    /// The entities of fields that have no number in their names.
    fn contexts(&self, form: &Parameters<'_>, messages: &mut Vec<Message>) -> Vec<(&SchemaKey, Value)> {
        let mut found: Vec<(&SchemaKey, Vec<Translated>)> = Vec::new();
        for (name, text) in form.iter().filter_map(|p| Some((&*p.name, p.value.as_deref()?))) {
            for (key, fields) in CONTEXTS {
                let Some(field) = fields.iter().find(|(parameter, ..)| *parameter == name) else { continue };
                let schema = self.kinds.key(key);
                let value = (field.1.to_owned(), translate(field, text, self.line));
                match found.iter_mut().find(|(known, _)| *known == schema) {
                    Some((_, values)) => values.push(value),
                    None => found.push((schema, vec![value])),
                }
            }
        }
        if found.len() > scala_map::SMALL {
            found.sort_by_cached_key(|(schema, _)| scala_map::rank_of_schema(schema));
        }
        let mut entities = Vec::new();
        for (schema, values) in found {
            let values = scala_map::from_pairs(values).into_iter().filter_map(|(name, value)| {
                Some((name, value.map_err(|message| messages.push(*message)).ok()?))
            });
            entities.push((schema, values.collect()));
        }
        entities
    }

    /// The data of the event.
    fn data(&self, form: &Parameters<'_>, fields: &[Field]) -> Result<Value, Box<Message>> {
        let values = form.iter().filter_map(|p| {
            let field = fields.iter().find(|(parameter, ..)| *parameter == p.name)?;
            Some((field.1.to_owned(), translate(field, p.value.as_deref()?, self.line)))
        });
        let values = scala_map::from_pairs(values);
        values.into_iter().map(|(name, value)| Ok((name, value?))).collect()
    }
}

/// The parameters of a hit's event.
fn parameters(
    form: &Parameters<'_>,
    kind: &str,
    schema: &SchemaKey,
    data: &Value,
    entities: &[(&SchemaKey, Value)],
) -> Parameters<'static> {
    let mut parameters = Parameters::with_room();
    if !entities.is_empty() {
        let mut contexts = String::from(
            "{\"schema\":\"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1\",\"data\":[",
        );
        for (n, (schema, data)) in entities.iter().enumerate() {
            contexts.push_str(if n == 0 { "" } else { "," });
            write_described(schema, data, &mut contexts);
        }
        contexts.push_str("]}");
        parameters.insert("co".into(), Some(contexts.into()));
    }
    for parameter in form.iter() {
        if let Some(name) = direct(&parameter.name, kind) {
            parameters
                .insert(name.into(), parameter.value.as_deref().map(|text| Cow::Owned(text.to_owned())));
        }
    }
    let mut event = String::from(
        "{\"schema\":\"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0\",\"data\":",
    );
    write_described(schema, data, &mut event);
    event.push('}');
    parameters.insert("e".into(), Some("ue".into()));
    parameters.insert("ue_pr".into(), Some(event.into()));
    parameters.insert("tv".into(), Some(TRACKER_VERSION.into()));
    parameters.insert("p".into(), Some("srv".into()));
    parameters
}

fn write_described(schema: &SchemaKey, data: &Value, out: &mut String) {
    out.push_str(&format!("{{\"schema\":\"{schema}\",\"data\":"));
    json::write_compact(data, out);
    out.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_lines() {
        let table: [(&str, &[&str]); 5] = [
            ("a\r\nb\u{C}c", &["a", "b", "c"]),
            ("a\n", &["a"]),
            ("a\rb\r", &["a\rb\r"]),
            ("\n\n", &["", ""]),
            ("", &[]),
        ];
        for (text, expect) in table {
            assert_eq!(lines(text).collect::<Vec<_>>(), expect, "{text:?}");
        }
    }
}
