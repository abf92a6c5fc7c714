//! The collector must have named itself (`spec/enrich.md` 4.4, step 1).

use event::{atomic::Field, bad_row::Message};

use super::Working;
use crate::problem::StepFailure;

pub(super) fn run(working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
    if working.event.get(Field::VCollector).is_some() {
        return Ok(());
    }
    let expectation = "should be set".to_owned();
    Err(StepFailure::built_in(Message::InputData { field: "v_collector".into(), value: None, expectation }))
}
