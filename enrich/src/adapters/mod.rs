//! Request -> raw events. An adapter is one file and one line in [`ADAPTERS`] (`spec/enrich.md` 1.4).

mod iglu_webhook;
mod redirect;
mod tracker_body;
mod tracker_get;
mod tracker_post;
mod unstruct;

use event::bad_row::Message;

use crate::{judge::Judge, parameters::Parameters, raw::request::Request, transform::JsonRules};

/// Takes the parameters of each raw event, one after another.
pub(crate) type Emit<'e> = dyn FnMut(Parameters<'_>) + 'e;

/// Reads one kind of request.
pub(crate) struct Adapter {
    vendor: &'static str,
    version: &'static str,
    /// Whether its failures are violations of the tracker protocol, not of an adapter.
    pub(crate) is_tracker_protocol: bool,
    read: fn(&Request, &Context<'_>, &mut Emit<'_>) -> Result<(), Vec<Message>>,
}

/// What adapters may ask.
pub(crate) struct Context<'a> {
    pub(crate) judge: &'a Judge<'a>,
    pub(crate) rules: JsonRules,
}

/// Every adapter.
static ADAPTERS: [Adapter; 4] =
    [tracker_post::ADAPTER, tracker_get::ADAPTER, redirect::ADAPTER, iglu_webhook::ADAPTER];

/// The adapter of a request's path.
pub(crate) fn find(request: &Request) -> Option<&'static Adapter> {
    ADAPTERS.iter().find(|adapter| adapter.vendor == request.vendor && adapter.version == request.version)
}

/// What is said of a path without adapter.
pub(crate) fn unsupported(request: &Request) -> Vec<Message> {
    let value = format!("{}/{}", request.vendor, request.version);
    vec![input("vendor/version", Some(value), "vendor/version combination is not supported")]
}

impl Adapter {
    /// Reads a request. Emits nothing when a schema is missing: the judge then has needs.
    ///
    /// # Errors
    /// All that is wrong; nothing was emitted then.
    pub(crate) fn read(
        &self,
        request: &Request,
        context: &Context<'_>,
        emit: &mut Emit<'_>,
    ) -> Result<(), Vec<Message>> {
        (self.read)(request, context, emit)
    }
}

fn input(field: &str, value: Option<String>, expectation: &str) -> Message {
    Message::InputData { field: field.to_owned(), value, expectation: expectation.to_owned() }
}
