//! Request -> raw events. An adapter is one file and one line in [`ADAPTERS`] (`spec/enrich.md` 1.4).

mod cloudfront_log;
mod google_analytics;
mod iglu_webhook;
mod redirect;
pub mod remote;
mod tracker_body;
mod tracker_get;
mod tracker_post;
mod unstruct;
pub mod webhook_schemas;
mod webhooks;

use event::bad_row::Message;

use self::{
    remote::{Correspondence, RemoteAdapter},
    webhook_schemas::WebhookSchemas,
};
use crate::{
    compatibility::Compatibility, judge::Judge, parameters::Parameters, raw::request::Request,
    settings::Settings, transform::JsonRules,
};

/// Takes the parameters of each raw event, one after another, with what else is known of it: the request, or what an
/// adapter has read instead.
pub(crate) type Emit<'e> = dyn FnMut(Parameters<'_>, &Request) + 'e;

/// Reads one kind of request.
pub(crate) struct Adapter {
    vendor: &'static str,
    version: &'static str,
    /// Whether its failures are violations of the tracker protocol, not of an adapter.
    is_tracker_protocol: bool,
    read: fn(&Request, &Context<'_>, &mut Emit<'_>) -> Result<(), Vec<Message>>,
}

/// What adapters may ask.
pub(crate) struct Context<'a> {
    pub(crate) judge: &'a Judge<'a>,
    pub(crate) rules: JsonRules,
    pub(crate) schemas: &'a WebhookSchemas,
    pub(crate) remote: &'a Correspondence<'a>,
}

/// Every adapter.
static ADAPTERS: [Adapter; 20] = [
    tracker_post::ADAPTER,
    tracker_get::ADAPTER,
    redirect::ADAPTER,
    iglu_webhook::ADAPTER,
    webhooks::callrail::ADAPTER,
    cloudfront_log::ADAPTER,
    google_analytics::ADAPTER,
    webhooks::hubspot::ADAPTER,
    webhooks::mailchimp::ADAPTER,
    webhooks::mailgun::ADAPTER,
    webhooks::mandrill::ADAPTER,
    webhooks::marketo::ADAPTER,
    webhooks::olark::ADAPTER,
    webhooks::pagerduty::ADAPTER,
    webhooks::pingdom::ADAPTER,
    webhooks::sendgrid::ADAPTER,
    webhooks::statusgator::ADAPTER,
    webhooks::unbounce::ADAPTER,
    webhooks::urban_airship::ADAPTER,
    webhooks::vero::ADAPTER,
];

/// Parameters of a query that are the tracker's, not the data's.
const NOT_DATA: [&str; 4] = ["nuid", "aid", "cv", "p"];

/// Messages about the parts of one request, at most: a list of hundreds of thousands of nothings has as many.
const MOST_MESSAGES: usize = 2_000;

/// Those that the Apache line does not have.
static CURRENT: [Adapter; 1] = [webhooks::cloudfront_firehose::ADAPTER];

/// Who reads a request.
#[derive(Clone, Copy)]
pub(crate) enum Reader<'a> {
    BuiltIn(&'static Adapter),
    Remote(&'a RemoteAdapter),
}

/// Who reads the requests to a path: a built-in adapter, or else one behind HTTP.
pub(crate) fn find<'a>(request: &Request, settings: &'a Settings) -> Option<Reader<'a>> {
    let (vendor, version) = (request.vendor.as_str(), request.version.as_str());
    let current = if settings.compatibility == Compatibility::Current { &CURRENT[..] } else { &[] };
    let mut built_in = ADAPTERS.iter().chain(current);
    let found = built_in.find(|adapter| (adapter.vendor, adapter.version) == (vendor, version));
    let remote = || {
        settings.remote_adapters.iter().find(|remote| remote.vendor == vendor && remote.version == version)
    };
    found.map(Reader::BuiltIn).or_else(|| remote().map(Reader::Remote))
}

/// What is said of a path without adapter.
pub(crate) fn unsupported(request: &Request) -> Vec<Message> {
    let value = format!("{}/{}", request.vendor, request.version);
    vec![input("vendor/version", Some(value), "vendor/version combination is not supported")]
}

impl Reader<'_> {
    /// Whether failures are violations of the tracker protocol, not of an adapter.
    pub(crate) fn is_tracker_protocol(self) -> bool {
        matches!(self, Self::BuiltIn(adapter) if adapter.is_tracker_protocol)
    }

    /// Reads a request. Emits nothing when a schema or an answer is missing: it is on the list of needs then.
    ///
    /// # Errors
    /// All that is wrong; nothing was emitted then.
    pub(crate) fn read(
        self,
        request: &Request,
        context: &Context<'_>,
        emit: &mut Emit<'_>,
    ) -> Result<(), Vec<Message>> {
        match self {
            Self::BuiltIn(adapter) => (adapter.read)(request, context, emit),
            Self::Remote(remote) => remote.read(request, context, emit),
        }
    }
}

fn input(field: &str, value: Option<String>, expectation: &str) -> Message {
    Message::InputData { field: field.to_owned(), value, expectation: expectation.to_owned() }
}

/// `k=v&...` in the map's order.
fn all_of(parameters: &mut Parameters<'_>) -> String {
    parameters.sort();
    let pairs: Vec<_> =
        parameters.iter().map(|p| format!("{}={}", p.name, p.value.as_deref().unwrap_or("null"))).collect();
    pairs.join("&")
}
