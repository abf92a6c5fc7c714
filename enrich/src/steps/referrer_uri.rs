//! The referrer's URI taken apart; the field itself is kept (`spec/enrich.md` 4.7).

use event::{atomic::Field, bad_row::Message};

use super::{Working, uri_fields::UriFields};
use crate::{java::lenient_uri, problem::StepFailure};

const FIELDS: UriFields = UriFields {
    scheme: Field::RefrUrlscheme,
    host: Field::RefrUrlhost,
    port: Field::RefrUrlport,
    path: Field::RefrUrlpath,
    query: Field::RefrUrlquery,
    fragment: Field::RefrUrlfragment,
};

pub(super) fn run(working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
    let Some(text) = working.event.get(Field::PageReferrer) else { return Ok(()) };
    let uri = lenient_uri::parse(text)
        .map_err(|error| StepFailure::built_in(Message::Simple { error }))?
        .into_owned();
    FIELDS.set(&uri, &mut working.event);
    working.referrer = Some(uri);
    Ok(())
}
