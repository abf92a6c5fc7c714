//! Parameters -> atomic fields (`spec/enrich.md` 2.4, 4.3).

use std::borrow::Cow;

use event::{atomic::Field, enriched::EnrichedEvent, json, timestamp};
use serde_json::Value;

use crate::{
    compatibility::Compatibility,
    conversion,
    java::{base64, text::tsv_safe},
    parameter_table::{Effect, TABLE},
    parameters::Parameters,
    problem::{Problem, Source},
};

/// What the transformation leaves beside the fields.
#[derive(Debug, Default)]
pub(crate) struct Transformed {
    /// In the order of the parameters.
    pub(crate) problems: Vec<Problem>,
    pub(crate) unstruct: Option<Value>,
    pub(crate) contexts: Option<Value>,
    pub(crate) created: Option<i64>,
    pub(crate) sent: Option<i64>,
    pub(crate) true_tstamp: Option<i64>,
}

/// How JSON of trackers is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonRules {
    pub(crate) compatibility: Compatibility,
    pub(crate) max_depth: usize,
}

impl JsonRules {
    /// Parses a text.
    ///
    /// # Errors
    /// What bad rows say: `invalid json: ...`.
    pub(crate) fn parse(self, text: &str) -> Result<Value, String> {
        // The Apache line looks at the depth of validated data only.
        let parsed = if self.compatibility.is_apache() {
            json::parse_folded(text)
        } else {
            json::parse_within(text, self.max_depth)
        };
        parsed.map_err(|why| format!("invalid json: {why}"))
    }
}

/// Sets the fields of `event`.
pub(crate) fn transform(
    parameters: &Parameters<'_>,
    rules: JsonRules,
    event: &mut EnrichedEvent,
) -> Transformed {
    let mut out = Transformed::default();
    let mut tracker_network_userid = None;
    for parameter in parameters.iter() {
        let (Some(number), Some(value)) = (parameter.known, parameter.value.as_deref()) else { continue };
        let row = &TABLE[usize::from(number)];
        let converted = match row.effect {
            Effect::Text(field) => {
                event.set(field, &tsv_safe(value));
                Ok(())
            }
            Effect::EventType => conversion::event_type(value).map(|name| event.set(Field::Event, name)),
            Effect::Address => {
                event.set(Field::UserIpaddress, &conversion::first_address(value));
                Ok(())
            }
            Effect::Platform => conversion::platform(value, rules.compatibility.knows_headset())
                .map(|name| event.set(Field::Platform, name)),
            Effect::Int(field) => conversion::int(value).map(|n| set_int(event, field, n)),
            Effect::Decimal(field) => {
                conversion::decimal(value).map(|n| event.set(field, n.as_deref().unwrap_or_default()))
            }
            Effect::Bool(field) => conversion::boolean(value).map(|b| event.set(field, b)),
            Effect::Millis(field) => conversion::millis(value).map(|millis| {
                event.set_display(field, timestamp::sql(millis));
                match field {
                    Field::DvceCreatedTstamp => out.created = Some(millis),
                    Field::DvceSentTstamp => out.sent = Some(millis),
                    _ => out.true_tstamp = Some(millis),
                }
            }),
            Effect::Uuid(field) => conversion::canonical_uuid(value).map(|id| event.set(field, &id)),
            Effect::Dimensions(width, height) => conversion::dimensions(value).map(|(w, h)| {
                set_int(event, width, Some(w));
                set_int(event, height, Some(h));
            }),
            Effect::TrackerNetworkUserid => {
                tracker_network_userid = Some(value);
                Ok(())
            }
            Effect::Contexts { base64 } => {
                let parsed = out.parse(Source::Contexts, row.name, value, base64, rules);
                out.contexts = parsed;
                Ok(())
            }
            Effect::Unstruct { base64 } => {
                let parsed = out.parse(Source::Unstruct, row.name, value, base64, rules);
                out.unstruct = parsed;
                Ok(())
            }
            Effect::Ignored => Ok(()),
        };
        if let Err(why) = converted {
            out.problems.push(Problem::Parameter { name: row.name, value: value.to_owned(), why });
        }
    }
    if let Some(value) = tracker_network_userid {
        event.set(Field::NetworkUserid, &tsv_safe(value));
    }
    out
}

impl Transformed {
    fn parse(
        &mut self,
        source: Source,
        parameter: &'static str,
        sent: &str,
        base64: bool,
        rules: JsonRules,
    ) -> Option<Value> {
        let text = if base64 { Cow::Owned(base64::decode_lenient(sent)) } else { Cow::Borrowed(sent) };
        if !rules.compatibility.is_apache() {
            // Only the last of two parameters is looked at.
            self.problems
                .retain(|p| !matches!(p, Problem::NotJson { source: earlier, .. } if *earlier == source));
        }
        match rules.parse(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problems.push(Problem::NotJson {
                    source,
                    parameter,
                    sent: sent.to_owned(),
                    text: text.into_owned(),
                    error,
                });
                None
            }
        }
    }
}

fn set_int(event: &mut EnrichedEvent, field: Field, value: Option<i32>) {
    match value {
        Some(value) => event.set(field, itoa::Buffer::new().format(value)),
        None => event.clear(field),
    }
}
