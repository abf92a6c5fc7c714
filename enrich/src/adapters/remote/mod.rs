//! Adapters behind HTTP (`spec/enrichments-and-adapters.md` 3.9): a request to a path that no built-in adapter reads is sent to
//! a service, which answers with the parameters of its events. The core says what is to be sent; the shell sends it, and
//! the core is asked again.

pub mod client;

use std::{borrow::Cow, cell::RefCell, collections::HashMap};

use event::{bad_row::Message, json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Context, Emit, input};
use crate::{parameters::Parameters, raw::request::Request};

/// A service, and the path whose requests it reads.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct RemoteAdapter {
    /// First segment of the path.
    pub vendor: String,
    /// Second segment.
    pub version: String,
    /// Where requests are sent.
    pub url: String,
}

/// What a service is to be sent.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Call {
    /// Where to.
    pub url: String,
    /// JSON.
    pub body: String,
}

/// What services have answered: a text, or what happened instead.
pub type Answers = HashMap<Call, Result<String, String>>;

/// The answers that are there, and the calls that are wanted.
#[derive(Debug)]
pub(crate) struct Correspondence<'a> {
    answers: &'a Answers,
    wanted: RefCell<Vec<Call>>,
}

impl<'a> Correspondence<'a> {
    pub(crate) fn new(answers: &'a Answers) -> Self {
        Self { answers, wanted: RefCell::default() }
    }

    /// The answer to a call, which is wanted otherwise.
    fn answer(&self, call: Call) -> Option<&'a Result<String, String>> {
        let answer = self.answers.get(&call);
        let mut wanted = self.wanted.borrow_mut();
        if answer.is_none() && !wanted.contains(&call) {
            wanted.push(call);
        }
        answer
    }

    /// The calls that were missing.
    pub(crate) fn into_wanted(self) -> Vec<Call> {
        self.wanted.into_inner()
    }
}

impl RemoteAdapter {
    /// Reads a request. Emits nothing when there is no answer yet.
    ///
    /// # Errors
    /// What is wrong with the request or the answer; nothing was emitted then.
    pub(crate) fn read(
        &self,
        request: &Request,
        context: &Context<'_>,
        emit: &mut Emit<'_>,
    ) -> Result<(), Vec<Message>> {
        let url = &self.url;
        let Some(body) = request.body().filter(|body| !body.is_empty()) else {
            let why = format!("empty body: not a valid remote adapter {url} payload");
            return Err(vec![input("body", None, &why)]);
        };
        let call = Call { url: url.clone(), body: told(request, body) };
        let text = match context.remote.answer(call) {
            None => return Ok(()),
            Some(Ok(text)) => text,
            Some(Err(why)) => {
                let why = format!("[REMOTE_ADAPTER] could not get response from remote adapter {url}: {why}");
                return Err(vec![input("body", None, &why)]);
            }
        };
        let json = context.rules.parse(text).map_err(|error| {
            let error = format!("[REMOTE_ADAPTER] {error}");
            vec![Message::NotJson { field: "body".into(), value: Some(text.clone()), error }]
        })?;
        let refuse =
            |why: String| vec![input("body", Some(text.clone()), &format!("[REMOTE_ADAPTER] {why}"))];
        let events = events(&json)
            .map_err(|why| refuse(format!("could not be decoded as a list of json objects: {why}")))?;
        if events.is_empty() {
            return Err(refuse("empty list of events".to_owned()));
        }
        for event in events {
            emit(event, request);
        }
        Ok(())
    }
}

/// What a service is told of a request.
fn told(request: &Request, body: Cow<'_, str>) -> String {
    let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::String);
    let mut query = Parameters::collect(request.query.iter());
    query.sort();
    let query = query.iter().map(|p| {
        let value = p.value.as_deref().map_or(Value::Null, |value| Value::String(value.to_owned()));
        (p.name.to_string(), value)
    });
    let headers = request.payload.headers.iter().flatten().cloned().map(Value::String).collect();
    let members: Map<String, Value> = [
        ("contentType".to_owned(), text(&request.payload.content_type)),
        ("queryString".to_owned(), Value::Object(query.collect())),
        ("headers".to_owned(), Value::Array(headers)),
        ("body".to_owned(), Value::String(body.into_owned())),
    ]
    .into_iter()
    .collect();
    json::to_compact(&Value::Object(members))
}

/// The parameters of `{"events":[{"name":"text"}]}`.
///
/// # Errors
/// What is of another kind, in the words of the original's decoder.
fn events(json: &Value) -> Result<Vec<Parameters<'_>>, String> {
    const EVENTS: &str = "DownField(events)";
    let wrong = |value: &Value, expected: &str, at: String| {
        format!("Got value '{}' with wrong type, expecting {expected}: {at}", json::to_compact(value))
    };
    let found = json.get("events").ok_or_else(|| format!("Missing required field: {EVENTS}"))?;
    let items = found.as_array().ok_or_else(|| wrong(found, "array", EVENTS.to_owned()))?;
    let mut all = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let at = format!("{}DownArray,{EVENTS}", "MoveRight,".repeat(index.min(10)));
        let Value::Object(members) = item else { return Err(wrong(item, "object", at)) };
        let mut parameters = Parameters::with_room();
        for (name, value) in members {
            let text =
                value.as_str().ok_or_else(|| wrong(value, "string", format!("DownField({name}),{at}")))?;
            parameters.insert(Cow::Borrowed(name), Some(Cow::Borrowed(text)));
        }
        all.push(parameters);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_another_kind() {
        let table = [
            ("[]", "Missing required field: DownField(events)"),
            ("{\"events\":{}}", "Got value '{}' with wrong type, expecting array: DownField(events)"),
            (
                "{\"events\":[1]}",
                "Got value '1' with wrong type, expecting object: DownArray,DownField(events)",
            ),
            (
                "{\"events\":[{},{\"e\":null}]}",
                "Got value 'null' with wrong type, expecting string: DownField(e),MoveRight,DownArray,DownField(events)",
            ),
        ];
        for (text, expect) in table {
            let json = json::parse(text).unwrap();
            assert_eq!(events(&json).map(|events| events.len()), Err(expect.to_owned()), "{text}");
        }
        let json = json::parse("{\"events\":[{\"e\":\"pv\"},{}]}").unwrap();
        let events = events(&json).unwrap();
        assert_eq!((events.len(), events[0].get("e")), (2, Some(Some("pv"))));
    }
}
