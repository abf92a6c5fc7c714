//! The pairs of the page's query (`spec/enrich.md` 4.4, step 9), for the steps that look into it.

use super::Working;
use crate::{problem::StepFailure, querystring};

pub(super) fn run(working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
    let Some(query) = working.page.as_ref().and_then(|page| page.query()) else { return Ok(()) };
    // Java has read the URI: its query cannot fail here.
    working.page_query = querystring::split(query, working.request.charset);
    Ok(())
}
