//! Tracker protocol, version 1: one event in the query string (`spec/enrich.md` 2.1).

use event::bad_row::Message;

use super::{Adapter, Context, Emit, input};
use crate::{parameters::Parameters, raw::request::Request};

pub(super) const ADAPTER: Adapter =
    Adapter { vendor: "com.snowplowanalytics.snowplow", version: "tp1", is_tracker_protocol: false, read };

fn read(request: &Request, _: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    if request.query.is_empty() {
        // The original's words.
        return Err(vec![input("querystring", None, "empty querystring: not a valid URI redirect")]);
    }
    emit(Parameters::collect(request.query.iter()), request);
    Ok(())
}
