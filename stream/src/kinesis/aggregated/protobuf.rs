//! The little of protobuf's wire format that aggregated records need.

use bytes::Bytes;

/// Groups within groups, at most.
const MAX_DEPTH: usize = 100;

/// The bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// A field's value.
pub(super) enum Field {
    Number(u64),
    Bytes(Bytes),
    /// Of a kind that no field here has.
    Other,
}

/// The fields of a message with their numbers; ends after the first error.
pub(super) struct Fields<'a> {
    message: &'a Bytes,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(message: &'a Bytes) -> Self {
        Self { message, rest: message }
    }

    fn field(&mut self) -> Result<(u64, Field), Broken> {
        let (number, kind) = self.tag()?;
        let field = match kind {
            0 => Field::Number(self.number()?),
            2 => {
                let length = usize::try_from(self.number()?).map_err(|_| Broken)?;
                Field::Bytes(self.message.slice_ref(self.take(length)?))
            }
            _ => {
                self.skip(number, kind)?;
                Field::Other
            }
        };
        Ok((number, field))
    }

    fn tag(&mut self) -> Result<(u64, u8), Broken> {
        let tag = u32::try_from(self.number()?).map_err(|_| Broken)?;
        if tag < 8 { Err(Broken) } else { Ok((u64::from(tag >> 3), (tag & 7) as u8)) }
    }

    fn number(&mut self) -> Result<u64, Broken> {
        let mut number = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.take(1)?[0];
            // What the tenth byte has above 64 bits is lost.
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Broken)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Broken)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Passes over the value of a field, with all that is in it if it is a group.
    fn skip(&mut self, number: u64, kind: u8) -> Result<(), Broken> {
        let mut open = Vec::new();
        let mut next = (number, kind);
        loop {
            match next.1 {
                0 => drop(self.number()?),
                1 => drop(self.take(8)?),
                2 => {
                    let length = usize::try_from(self.number()?).map_err(|_| Broken)?;
                    self.take(length)?;
                }
                3 if open.len() < MAX_DEPTH => open.push(next.0),
                4 if open.pop() == Some(next.0) => {}
                5 => drop(self.take(4)?),
                _ => return Err(Broken),
            }
            if open.is_empty() {
                return Ok(());
            }
            next = self.tag()?;
        }
    }
}

impl Iterator for Fields<'_> {
    type Item = Result<(u64, Field), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}
