//! Vendor, name, format and version of the event (`spec/enrich.md` 4.6).

use event::{atomic::Field, bad_row::Message, enriched::EnrichedEvent};

use super::Working;
use crate::problem::StepFailure;

pub(super) fn run(working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
    let event = &mut working.event;
    let name = match event.get(Field::Event) {
        Some("unstruct") => {
            if let Some(unstruct) = &working.unstruct {
                let key = &unstruct.schema;
                set(event, &key.vendor, &key.name, &key.format);
                event.set_display(Field::EventVersion, key.version);
            }
            return Ok(());
        }
        Some("struct") => {
            set(event, "com.google.analytics", "event", "jsonschema");
            event.set(Field::EventVersion, "1-0-0");
            return Ok(());
        }
        Some("page_view") => "page_view",
        Some("page_ping") => "page_ping",
        Some("transaction") => "transaction",
        Some("transaction_item") => "transaction_item",
        other => {
            let shown = other.unwrap_or("null");
            // The line breaks and blanks are the original's.
            let expectation = format!(
                "trying to extract the schema of the enriched event but event type [{shown}] doesn't match\n          any of \
                 page_view, page_ping, struct, transaction, transaction_item and unstruct\n          "
            );
            let value = other.map(str::to_owned);
            return Err(StepFailure::built_in(Message::InputData {
                field: "event".into(),
                value,
                expectation,
            }));
        }
    };
    set(event, "com.snowplowanalytics.snowplow", name, "jsonschema");
    event.set(Field::EventVersion, "1-0-0");
    Ok(())
}

fn set(event: &mut EnrichedEvent, vendor: &str, name: &str, format: &str) {
    event.set(Field::EventVendor, vendor);
    event.set(Field::EventName, name);
    event.set(Field::EventFormat, format);
}
