//! `_sp`: the visitor's identity on the page they came from (`spec/enrich.md` 4.8).

use event::{atomic::Field, timestamp};

use super::Working;
use crate::{
    conversion,
    java::text::tsv_safe,
    problem::{StepFailure, StepProblem},
};

/// Parts that the current line knows; more make the whole no `_sp`.
const PARTS: usize = 7;

pub(super) fn run(working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
    let Some(Some(value)) =
        working.page_query.iter().filter(|(name, _)| *name == "_sp").last().map(|(_, v)| v)
    else {
        return Ok(());
    };
    let mut parts = value.split('.');
    let (user, stamp) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    if parts.count() + 2 > PARTS && !working.compatibility.is_apache() {
        return Ok(());
    }
    let millis = match stamp {
        "" => None,
        stamp => Some(conversion::millis(stamp).map_err(|why| {
            let what = StepProblem::Conversion { field: "sp_dtm", value: stamp.to_owned(), why };
            Box::new(StepFailure { enrichment: None, what })
        })?),
    };
    let user = tsv_safe(user);
    if !user.is_empty() {
        working.event.set(Field::RefrDomainUserid, &user);
    }
    if let Some(millis) = millis {
        working.event.set_display(Field::RefrDvceTstamp, timestamp::sql(millis));
    }
    Ok(())
}
