//! The enriched event: 131 texts, exactly as the TSV carries them (`spec/enrich.md` 3).

use serde_json::Value;

use crate::atomic::Field;

/// An event under construction or as read. An absent field and an empty text are the same thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnrichedEvent {
    // The owner of this file chooses the representation: one text buffer and 131 spans.
    _private: (),
}

/// Why a line is no enriched event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not 131 columns.
    #[error("{found} columns instead of 131")]
    Columns {
        /// How many there are.
        found: usize,
    },
    /// A column that must be there is empty, or its text is not of its kind.
    #[error("{}: {what}", field.name())]
    Field {
        /// The column.
        field: Field,
        /// What is wrong with it.
        what: String,
    },
}

impl EnrichedEvent {
    /// The field's text; `None` when absent.
    pub fn get(&self, _field: Field) -> Option<&str> {
        todo!()
    }

    /// Sets the text as it is (sanitising is the caller's business). Empty removes the field.
    pub fn set(&mut self, _field: Field, _text: &str) {
        todo!()
    }

    /// Removes the field.
    pub fn clear(&mut self, _field: Field) {
        todo!()
    }

    /// Appends the 131 columns, joined by TAB, without newline. A TAB or line break inside a text becomes a space, so that
    /// a line always has 131 columns.
    pub fn write_tsv(&self, _out: &mut Vec<u8>) {
        todo!()
    }

    /// Splits a line without looking into the columns: `write_tsv` of the result is the line again.
    pub fn split_tsv(_line: &str) -> Result<Self, ParseError> {
        todo!()
    }

    /// Splits a line and checks each column against its kind, and that the required ones are there (`spec/enrich.md` 3.3).
    pub fn parse_tsv(_line: &str) -> Result<Self, ParseError> {
        todo!()
    }

    /// The Analytics SDK's JSON: typed atomic fields, `contexts_*` and `unstruct_event_*` keys, `geo_location`
    /// (`spec/loaders-and-leases.md` 2).
    pub fn to_json(&self) -> Result<Value, ParseError> {
        todo!()
    }
}
