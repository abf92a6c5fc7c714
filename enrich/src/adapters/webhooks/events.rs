//! The events of one request: all of them, or what is wrong with any (`spec/enrichments-and-adapters.md` 3.1).

use event::{bad_row::Message, schema_key::SchemaKey};
use serde_json::Value;

use crate::{
    adapters::{Emit, MOST_MESSAGES, input, unstruct},
    parameters::Parameters,
    raw::request::Request,
};

/// Collects what the parts of a request give.
#[derive(Default)]
pub(super) struct Events<'k> {
    made: Vec<(&'k SchemaKey, Value)>,
    messages: Vec<Message>,
}

impl<'k> Events<'k> {
    /// Adds an event or what is wrong with it.
    pub(super) fn add(&mut self, event: Result<(&'k SchemaKey, Value), Box<Message>>) {
        match event {
            Ok(event) if self.messages.is_empty() => self.made.push(event),
            // Nothing is made of the request any more.
            Ok(_) => {}
            Err(message) => {
                self.made.clear();
                if self.messages.len() < MOST_MESSAGES {
                    self.messages.push(*message);
                }
            }
        }
    }

    /// Emits the events under the parameters of the query.
    ///
    /// # Errors
    /// What is wrong with any; or there is none.
    pub(super) fn emit(
        self,
        version: &'static str,
        request: &Request,
        emit: &mut Emit<'_>,
    ) -> Result<(), Vec<Message>> {
        if !self.messages.is_empty() {
            return Err(self.messages);
        }
        if self.made.is_empty() {
            return Err(vec![input("", None, "empty list of events")]);
        }
        let query = Parameters::collect(request.query.iter());
        for (schema, data) in self.made {
            emit(unstruct::event(version, "srv", &query, schema, &data), request);
        }
        Ok(())
    }
}

/// Emits the only event of a request under the parameters of the query.
pub(super) fn emit_one(
    version: &'static str,
    schema: &SchemaKey,
    data: &Value,
    request: &Request,
    emit: &mut Emit<'_>,
) {
    let query = Parameters::collect(request.query.iter());
    emit(unstruct::event(version, "srv", &query, schema, data), request);
}
