//! The ordered list of steps (`spec/enrich.md` 4.4). A step is one file and one line in [`STEPS`]; every step runs, even
//! when an earlier one failed.

mod collector_version;
mod cross_domain;
mod derived_tstamp;
mod page_query;
mod page_uri;
mod referrer_uri;
mod schema_fields;
mod uri_fields;

use event::{enriched::EnrichedEvent, self_describing::SelfDescribing};

use crate::{
    compatibility::Compatibility, java::uri::Uri, problem::StepFailure, querystring::Pairs,
    raw::request::Request,
};

/// An event on its way through the steps.
pub(crate) struct Working<'a> {
    pub(crate) event: EnrichedEvent,
    pub(crate) request: &'a Request,
    pub(crate) compatibility: Compatibility,
    /// The self-describing event, where it is valid.
    pub(crate) unstruct: Option<SelfDescribing>,
    /// Milliseconds of the collector, and of the tracker's clocks.
    pub(crate) collected: i64,
    pub(crate) created: Option<i64>,
    pub(crate) sent: Option<i64>,
    pub(crate) true_tstamp: Option<i64>,
    /// Set by the step that reads the page's URI.
    pub(crate) page: Option<Uri<'static>>,
    /// Set by the step that reads its query.
    pub(crate) page_query: Pairs,
    /// Entities made by steps, the latest first.
    pub(crate) derived: Vec<SelfDescribing>,
    /// Failures of steps, the latest first.
    pub(crate) failures: Vec<StepFailure>,
}

type Step = fn(&mut Working<'_>) -> Result<(), Box<StepFailure>>;

/// In the original's order.
const STEPS: &[Step] = &[
    collector_version::run,
    page_uri::run,
    derived_tstamp::run,
    referrer_uri::run,
    page_query::run,
    cross_domain::run,
    schema_fields::run,
];

/// Runs all.
pub(crate) fn run(working: &mut Working<'_>) {
    for step in STEPS {
        if let Err(failure) = step(working) {
            working.failures.insert(0, *failure);
        }
    }
}
