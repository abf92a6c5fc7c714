//! The ordered list of steps (`spec/enrich.md` 4.4): those that are always on and the enrichments. A step is one file and
//! one line in [`ORDER`]; every step runs, even when an earlier one failed.

mod collector_version;
pub(crate) mod cross_domain;
mod derived_tstamp;
mod page_query;
mod page_uri;
mod referrer_uri;
mod schema_fields;
mod uri_fields;

use std::sync::Arc;

use event::{atomic::Field, enriched::EnrichedEvent, self_describing::SelfDescribing};
use jiff::Timestamp;

use crate::{
    compatibility::Compatibility,
    enrichments::{
        Enrichment, Enrichments, Kind, anon_ip, api_request, asn_lookups, bot_detection,
        campaign_attribution, cookie_extractor, cross_navigation, currency_conversion, event_fingerprint,
        event_spec, http_header_extractor, ip_lookups, javascript, pii, referer_parser, spiders_and_robots,
        sql_query, ua_parser, user_agent_utils, yauaa,
    },
    entities,
    java::uri::Uri,
    lookup::Inquiry,
    parameters::Parameters,
    problem::StepFailure,
    querystring::Pairs,
    raw::request::Request,
    transform::JsonRules,
};

/// An event on its way through the steps.
pub(crate) struct Working<'a> {
    pub(crate) event: EnrichedEvent,
    pub(crate) request: &'a Request,
    /// As the adapter gave them, in the map's order.
    pub(crate) parameters: &'a Parameters<'a>,
    pub(crate) compatibility: Compatibility,
    /// The self-describing event, where it is valid.
    pub(crate) unstruct: Option<SelfDescribing>,
    /// The valid entities of the tracker.
    pub(crate) contexts: Vec<SelfDescribing>,
    /// Milliseconds of the collector, and of the tracker's clocks.
    pub(crate) collected: i64,
    pub(crate) created: Option<i64>,
    pub(crate) sent: Option<i64>,
    pub(crate) true_tstamp: Option<i64>,
    /// Set by the step that reads the page's URI.
    pub(crate) page: Option<Uri<'static>>,
    /// Set by the step that reads its query.
    pub(crate) page_query: Pairs,
    /// Set by the step that reads the referrer's URI.
    pub(crate) referrer: Option<Uri<'static>>,
    /// Entities made by steps, the latest first.
    pub(crate) derived: Vec<SelfDescribing>,
    /// Failures of steps, the latest first.
    pub(crate) failures: Vec<StepFailure>,
    /// How JSON is read.
    pub(crate) rules: JsonRules,
    /// What services have answered.
    pub(crate) inquiry: &'a Inquiry<'a>,
    /// The clock of the batch.
    pub(crate) now: Timestamp,
    /// Whether a script has put others in the place of the self-describing event, and of the tracker's entities.
    pub(crate) scripted: (bool, bool),
    /// A script wants the event to disappear.
    pub(crate) is_dropped: bool,
}

/// A step that needs no configuration.
pub(crate) type StepFn = fn(&mut Working<'_>) -> Result<(), Box<StepFailure>>;

/// A place in the order.
pub(crate) enum Step {
    /// Always on.
    Always(StepFn),
    /// Where it is configured.
    Configured(&'static Kind),
    /// The Apache line stops here when a step failed or made an entity that is not valid: what hides personal data comes
    /// behind.
    Checkpoint,
}

/// A step that runs.
#[derive(Clone)]
pub(crate) enum Running {
    Always(StepFn),
    Configured(Arc<dyn Enrichment>),
    Checkpoint,
}

use Step::{Always, Checkpoint, Configured};

/// The original's order (`spec/enrichments-and-adapters.md` 1.4).
pub(crate) static ORDER: &[Step] = &[
    Always(collector_version::run),
    Always(page_uri::run),
    Always(derived_tstamp::run),
    Configured(&spiders_and_robots::KIND),
    Configured(&user_agent_utils::KIND),
    Configured(&ua_parser::KIND),
    Configured(&currency_conversion::KIND),
    Always(referrer_uri::run),
    // Taken apart where the original does it a step later: `referer_parser` asks for `utm_source`, and cannot fail.
    Always(page_query::run),
    Configured(&referer_parser::KIND),
    Configured(&campaign_attribution::KIND),
    Configured(&cross_navigation::KIND),
    Configured(&event_fingerprint::KIND),
    Configured(&cookie_extractor::KIND),
    Configured(&http_header_extractor::KIND),
    Configured(&yauaa::KIND),
    Always(schema_fields::run),
    Configured(&ip_lookups::KIND),
    Configured(&asn_lookups::KIND),
    Configured(&bot_detection::KIND),
    Configured(&javascript::KIND),
    Configured(&sql_query::KIND),
    Configured(&api_request::KIND),
    Checkpoint,
    Configured(&anon_ip::KIND),
    Configured(&pii::KIND),
    Configured(&event_spec::KIND),
];

/// The steps before the checkpoint and those behind it.
pub(crate) fn parts(enrichments: &Enrichments) -> (&[Running], &[Running]) {
    let steps = &enrichments.steps;
    let at = steps.iter().position(|step| matches!(step, Running::Checkpoint)).unwrap_or(steps.len());
    steps.split_at(at)
}

/// Runs steps.
pub(crate) fn run(steps: &[Running], working: &mut Working<'_>) {
    for step in steps {
        if working.is_dropped {
            return;
        }
        let ended = match step {
            Running::Checkpoint => continue,
            Running::Always(step) => step(working),
            Running::Configured(enrichment) => enrichment.run(working),
        };
        if let Err(failure) = ended {
            working.failures.insert(0, *failure);
        }
    }
}

impl Working<'_> {
    /// Puts an entity in front of those that steps have made.
    pub(crate) fn derive(&mut self, entity: SelfDescribing) {
        self.derived.insert(0, entity);
    }

    /// Puts entities in front of those that steps have made, keeping their order.
    pub(crate) fn derive_all(&mut self, entities: Vec<SelfDescribing>) {
        self.derived.splice(0..0, entities);
    }

    /// Puts failures of one step in front of those there are, keeping their order.
    pub(crate) fn fail_all(&mut self, failures: impl Iterator<Item = StepFailure>) {
        self.failures.splice(0..0, failures);
    }

    /// Writes the self-describing event into its field, after a step has changed it.
    pub(crate) fn write_unstruct(&mut self) {
        if let Some(unstruct) = &self.unstruct {
            self.event.set_with(Field::UnstructEvent, |out| entities::write_unstruct(unstruct, out));
        }
    }

    /// Writes the tracker's entities into their field, after a step has changed them.
    pub(crate) fn write_contexts(&mut self) {
        if !self.contexts.is_empty() {
            self.event.set_with(Field::Contexts, |out| entities::write_contexts(&self.contexts, out));
        }
    }
}
