//! Exactly once into streams that can be read back: which outputs are already written after a crash. Pure.
//!
//! The outputs of a raw shard go to the same shard of each output stream. Every output carries its [`Origin`] in the
//! record's attributes, 16 bytes, big-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | sequence number of the raw record |
//! | 4 | number of the event among those of the record, from 0; the top bit marks the copy in the failed stream |
//! | 4 | how many events (good or bad) the record gave |
//!
//! After a batch the worker appends to bad, failed and good, each in one atomic group, and then saves the raw checkpoint:
//! the last raw position, and a [`Note`] of where each output stream stood. A crash may come between any two of these. The
//! next owner reads each output stream on from the note, collects the origins that lie beyond the acknowledged position
//! ([`Written`]), and processes the raw records again. Of these it drops what is already written, in whatever stream:
//!
//! * an event that is good or bad in a stream already, whichever it is this time;
//! * a failed copy that is there already;
//! * every event of a record whose events are all there, however many it gives this time.
//!
//! While outputs of raw records beyond the new checkpoint are known to be written, the note stays where it was: the next
//! owner must find them again. So it is too while a record waits for its schema and later ones are written.
//!
//! So an event is neither lost nor doubled, even when a schema came into being between the two attempts.

use std::collections::HashMap;

use bytes::Bytes;
use stream::record::{Position, SequenceNumber};

/// Where an output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Sequence number of the raw record.
    pub sequence: u64,
    /// Number of the event in the record.
    pub event: u32,
    /// Whether this is the copy in the failed stream.
    pub failed: bool,
    /// Events of the record.
    pub events: u32,
}

/// What is written beyond the acknowledged raw position.
#[derive(Clone, Debug, Default)]
pub struct Written {
    records: HashMap<u64, Parts>,
}

/// Where the output streams stood at a checkpoint, in the order bad, failed, good.
///
/// As text: `{"v":1,"at":["12",null,"7"]}`, a position being `sequence` or `sequence:sub_sequence`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// The last known position of each stream; `None`: none is known.
    pub at: [Option<Position>; 3],
}

#[derive(Clone, Debug, Default)]
struct Parts {
    /// Events that are written, good or bad.
    events: Vec<u32>,
    /// Copies in the failed stream.
    failed: Vec<u32>,
    of: u32,
}

const FAILED: u32 = 1 << 31;

impl Origin {
    /// As attributes of a record.
    pub fn to_bytes(self) -> Bytes {
        let mut bytes = [0; 16];
        let number = self.event & !FAILED | if self.failed { FAILED } else { 0 };
        bytes[..8].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[8..12].copy_from_slice(&number.to_be_bytes());
        bytes[12..].copy_from_slice(&self.events.to_be_bytes());
        Bytes::copy_from_slice(&bytes)
    }

    /// From attributes; `None`: they are of somebody else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 16] = bytes.try_into().ok()?;
        let part = |from: usize| {
            u32::from_be_bytes([bytes[from], bytes[from + 1], bytes[from + 2], bytes[from + 3]])
        };
        let sequence = u64::from(part(0)) << 32 | u64::from(part(4));
        Some(Self { sequence, event: part(8) & !FAILED, failed: part(8) & FAILED != 0, events: part(12) })
    }
}

impl Written {
    /// Takes note of a written output, unless it belongs to what is acknowledged.
    pub fn add(&mut self, origin: Origin, acknowledged: Option<u64>) {
        if acknowledged.is_some_and(|acknowledged| origin.sequence <= acknowledged) {
            return;
        }
        let parts = self.records.entry(origin.sequence).or_default();
        let list = if origin.failed { &mut parts.failed } else { &mut parts.events };
        if !list.contains(&origin.event) {
            list.push(origin.event);
        }
        parts.of = origin.events;
    }

    /// Whether an output is not to be written again.
    pub fn has(&self, origin: Origin) -> bool {
        let Some(parts) = self.records.get(&origin.sequence) else { return false };
        if origin.failed {
            return parts.failed.contains(&origin.event);
        }
        parts.events.contains(&origin.event)
            || (parts.of > 0 && parts.events.len() as u64 >= u64::from(parts.of))
    }

    /// Forgets what is acknowledged now.
    pub fn acknowledge(&mut self, sequence: u64) {
        if !self.records.is_empty() {
            self.records.retain(|written, _| *written > sequence);
        }
    }

    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

impl Note {
    /// As a checkpoint carries it.
    pub fn to_bytes(&self) -> Bytes {
        let at = self.at.map(|position| {
            position.map(|Position { sequence, sub_sequence }| match sub_sequence {
                0 => sequence.to_string(),
                _ => format!("{sequence}:{sub_sequence}"),
            })
        });
        serde_json::json!({"v": 1, "at": at}).to_string().into()
    }

    /// From a checkpoint. A note that cannot be read, or of another version, tells nothing: the streams are read whole.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self::read(bytes).unwrap_or_default()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let json: serde_json::Value = serde_json::from_slice(bytes).ok()?;
        if json["v"].as_u64() != Some(1) {
            return None;
        }
        let mut note = Self::default();
        for (slot, at) in note.at.iter_mut().zip(json["at"].as_array()?) {
            *slot = match at.as_str() {
                None => None,
                Some(text) => {
                    let (sequence, sub_sequence) = text.split_once(':').unwrap_or((text, "0"));
                    let sequence: SequenceNumber = sequence.parse().ok()?;
                    Some(Position { sequence, sub_sequence: sub_sequence.parse().ok()? })
                }
            };
        }
        Some(note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(sequence: u64, event: u32, events: u32) -> Origin {
        Origin { sequence, event, failed: false, events }
    }

    #[test]
    fn origins_are_sixteen_bytes() {
        let origin = Origin { sequence: 0x0102, event: 3, failed: true, events: 5 };
        let bytes = origin.to_bytes();
        assert_eq!(&bytes[..], [0, 0, 0, 0, 0, 0, 1, 2, 0x80, 0, 0, 3, 0, 0, 0, 5]);
        assert_eq!(Origin::from_bytes(&bytes), Some(origin));
        assert_eq!(Origin::from_bytes(b"else"), None);
    }

    #[test]
    fn notes_keep_positions() {
        let at = [Some(Position::from(12)), None, Some(Position { sequence: 7.into(), sub_sequence: 2 })];
        let note = Note { at };
        assert_eq!(&note.to_bytes()[..], br#"{"v":1,"at":["12",null,"7:2"]}"#);
        assert_eq!(Note::from_bytes(&note.to_bytes()), note);
        for strange in ["", "{}", r#"{"v":2,"at":["1"]}"#, r#"{"v":1,"at":["x"]}"#] {
            assert_eq!(Note::from_bytes(strange.as_bytes()), Note::default(), "{strange}");
        }
    }

    #[test]
    fn what_is_written_is_not_written_again() {
        let mut written = Written::default();
        written.add(origin(5, 0, 1), Some(5));
        assert!(written.is_empty());
        written.add(origin(6, 1, 3), Some(5));
        assert!(written.has(origin(6, 1, 3)));
        assert!(!written.has(origin(6, 0, 3)));
        assert!(!written.has(Origin { failed: true, ..origin(6, 1, 3) }));
        written.acknowledge(6);
        assert!(written.is_empty());
    }

    #[test]
    fn a_record_that_is_written_whole_stays_as_it_is() {
        // One bad row for a body of five events; with the schema at hand they would be good now.
        let mut written = Written::default();
        written.add(origin(6, 0, 1), None);
        assert!((0..5).all(|event| written.has(origin(6, event, 5))));
    }
}
