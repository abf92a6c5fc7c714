//! The page's URI: the tracker's, else the request's referer; taken apart and written back (`spec/enrich.md` 4.7).

use event::{atomic::Field, bad_row::Message};

use super::{Working, uri_fields::UriFields};
use crate::{java::lenient_uri, problem::StepFailure};

const FIELDS: UriFields = UriFields {
    scheme: Field::PageUrlscheme,
    host: Field::PageUrlhost,
    port: Field::PageUrlport,
    path: Field::PageUrlpath,
    query: Field::PageUrlquery,
    fragment: Field::PageUrlfragment,
};

pub(super) fn run(working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
    let Some(text) = working.event.get(Field::PageUrl).or(working.request.payload.referer_uri.as_deref())
    else {
        return Ok(());
    };
    let uri = lenient_uri::parse(text)
        .map_err(|error| StepFailure::built_in(Message::Simple { error }))?
        .into_owned();
    match uri.as_str() {
        // Of an empty referer header.
        "" => working.event.set_empty(Field::PageUrl),
        text => working.event.set(Field::PageUrl, text),
    }
    FIELDS.set(&uri, &mut working.event);
    working.page = Some(uri);
    Ok(())
}
