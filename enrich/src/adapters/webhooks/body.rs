//! The body of a webhook's request: whether it is there, of the right type, and JSON or a form
//! (`spec/enrichments-and-adapters.md` 3.2).

use std::borrow::Cow;

use event::bad_row::Message;
use serde_json::Value;

use crate::{
    adapters::{Context, input},
    parameters::Parameters,
    querystring::{self, Pairs},
    raw::request::Request,
};

pub(super) const JSON: &str = "application/json";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// The body.
///
/// # Errors
/// There is none.
pub(super) fn body(request: &Request) -> Result<Cow<'_, str>, Vec<Message>> {
    request.body().ok_or_else(none)
}

/// The body, where an empty one is none.
///
/// # Errors
/// There is none.
pub(super) fn filled_body(request: &Request) -> Result<Cow<'_, str>, Vec<Message>> {
    request.body().filter(|body| !body.is_empty()).ok_or_else(none)
}

fn none() -> Vec<Message> {
    vec![input("body", None, "empty body: no events to process")]
}

/// Looks at the type of the body, which must be exactly the one `expected`.
///
/// # Errors
/// It has none, or another one.
pub(super) fn expect_type(request: &Request, expected: &str) -> Result<(), Vec<Message>> {
    expect_type_that(request, expected, |found| found == expected)
}

/// Looks at the type of the body, which must be as `fits` says.
///
/// # Errors
/// It has none, or another one.
pub(super) fn expect_type_that(
    request: &Request,
    expected: &str,
    fits: impl Fn(&str) -> bool,
) -> Result<(), Vec<Message>> {
    match request.payload.content_type.as_deref() {
        None => Err(vec![input("contentType", None, &format!("no content type: expected {expected}"))]),
        Some(found) if fits(found) => Ok(()),
        Some(found) => {
            Err(vec![input("contentType", Some(found.to_owned()), &format!("expected {expected}"))])
        }
    }
}

/// Parses JSON that stands in `field`.
///
/// # Errors
/// It is none.
pub(super) fn parse(field: &str, text: &str, context: &Context<'_>) -> Result<Value, Vec<Message>> {
    context.rules.parse(text).map_err(|error| {
        vec![Message::NotJson { field: field.to_owned(), value: Some(text.to_owned()), error }]
    })
}

/// Reads a form.
///
/// # Errors
/// The Java exception's message.
pub(super) fn form(body: &str) -> Result<Pairs, Vec<Message>> {
    querystring::parse_form(body).map_err(|error| vec![input("body", Some(body.to_owned()), &error)])
}

/// Reads a form; the error is told under the name `field`.
///
/// # Errors
/// The Java exception's message, made safe for a line.
pub(super) fn form_under(field: &str, body: &str) -> Result<Pairs, Vec<Message>> {
    querystring::parse(body, crate::java::charset::Charset::Utf8)
        .map_err(|error| vec![input(field, Some(body.to_owned()), &format!("could not parse body: {error}"))])
}

/// Those parameters of a form that have a value, in the order of a map; of a repeated name the last counts.
pub(super) fn with_values(pairs: &Pairs) -> Vec<(String, String)> {
    let mut parameters = Parameters::collect(pairs.iter());
    parameters.sort();
    let valued = parameters.iter().filter_map(|p| Some((p.name.to_string(), p.value.as_deref()?.to_owned())));
    valued.collect()
}
