//! Payloads in, compressed records out. Each payload comes with a ticket, which comes out with its record.

use std::io;

use event::payload::frame::{Compression, FrameWriter};

/// Gathers payloads in one open record.
#[derive(Debug)]
pub struct Framer<T> {
    writer: FrameWriter,
    /// Of the payloads in the open record, in order.
    tickets: Vec<T>,
    plain_bytes: usize,
}

/// Bytes that records may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Targets {
    /// What the sink would like at the moment.
    pub current: usize,
    /// What it takes at most: for a payload that is larger than that alone.
    pub largest: usize,
}

/// A record.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<T> {
    /// Its bytes.
    pub record: Vec<u8>,
    /// Bytes of its payloads before compression.
    pub plain_bytes: usize,
    /// Tickets of its payloads, in order; never empty.
    pub tickets: Vec<T>,
}

impl<T> Framer<T> {
    /// A framer without a record.
    ///
    /// # Errors
    /// The compressor could not be made.
    pub fn new(compression: Compression, level: i32) -> io::Result<Self> {
        Ok(Self { writer: FrameWriter::new(compression, level)?, tickets: Vec::new(), plain_bytes: 0 })
    }

    /// Payloads in the open record.
    pub fn payloads(&self) -> usize {
        self.tickets.len()
    }

    /// Adds a payload to the open record, or to a new one when it does not fit any more. The size of a record is chosen when
    /// it is begun. Records that are complete now are appended to `frames`. Returned is the ticket of a payload that fits no
    /// record.
    ///
    /// # Errors
    /// The compressor failed: the payload and those in the open record are lost, and their tickets dropped.
    pub fn add(
        &mut self,
        payload: &[u8],
        ticket: T,
        targets: Targets,
        frames: &mut Vec<Frame<T>>,
    ) -> io::Result<Option<T>> {
        let added = self.try_add(payload, ticket, targets, frames);
        if added.is_err() {
            self.tickets.clear();
        }
        added
    }

    /// Completes the open record; `None` where it holds nothing.
    ///
    /// # Errors
    /// As [`Framer::add`].
    pub fn close(&mut self) -> io::Result<Option<Frame<T>>> {
        if self.tickets.is_empty() {
            return Ok(None);
        }
        let tickets = std::mem::take(&mut self.tickets);
        let record = self.writer.finish()?;
        Ok(Some(Frame { record, plain_bytes: self.plain_bytes, tickets }))
    }

    fn try_add(
        &mut self,
        payload: &[u8],
        ticket: T,
        targets: Targets,
        frames: &mut Vec<Frame<T>>,
    ) -> io::Result<Option<T>> {
        if !self.tickets.is_empty() {
            if self.writer.push(payload)? {
                self.count(payload, ticket);
                return Ok(None);
            }
            frames.extend(self.close()?);
        }
        if self.begin_with(payload, targets.current)? {
            self.count(payload, ticket);
        } else if targets.largest > targets.current && self.begin_with(payload, targets.largest)? {
            self.count(payload, ticket);
            // Whatever came after it would not be as small as it should be.
            frames.extend(self.close()?);
        } else {
            return Ok(Some(ticket));
        }
        Ok(None)
    }

    fn begin_with(&mut self, payload: &[u8], limit: usize) -> io::Result<bool> {
        self.writer.open(limit)?;
        self.plain_bytes = 0;
        self.writer.push(payload)
    }

    fn count(&mut self, payload: &[u8], ticket: T) {
        self.plain_bytes += payload.len();
        self.tickets.push(ticket);
    }
}

#[cfg(test)]
mod tests {
    use event::payload::frame::{Piece, pieces};

    use super::*;

    const WAYS: [(Compression, i32); 2] = [(Compression::Gzip, 6), (Compression::Zstd, 9)];

    /// Bytes that do not compress.
    fn noise(bytes: usize, seed: u64) -> Vec<u8> {
        let mut state = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        std::iter::repeat_with(next).take(bytes).collect()
    }

    /// Adds payloads of these sizes, each with its index as ticket and with its target, and closes. Returned are the tickets
    /// of each record, and those of payloads that were too large.
    fn frames(
        payloads: &[(usize, usize)],
        largest: usize,
        way: (Compression, i32),
    ) -> (Vec<Vec<usize>>, Vec<usize>) {
        let mut framer = Framer::new(way.0, way.1).unwrap();
        let (mut frames, mut too_large) = (Vec::new(), Vec::new());
        for (ticket, (bytes, current)) in payloads.iter().enumerate() {
            let targets = Targets { current: *current, largest };
            too_large
                .extend(framer.add(&noise(*bytes, ticket as u64), ticket, targets, &mut frames).unwrap());
        }
        frames.extend(framer.close().unwrap());
        assert_eq!(framer.payloads(), 0);
        assert_eq!(framer.close().unwrap(), None);
        for frame in &frames {
            assert!(frame.record.len() <= largest);
            let plain = frame.tickets.iter().map(|ticket| noise(payloads[*ticket].0, *ticket as u64));
            let plain: Vec<Piece> = plain.map(|payload| Piece::Payload(payload.into())).collect();
            assert_eq!(pieces(&frame.record, way.0, u64::MAX).collect::<Vec<_>>(), plain);
            assert_eq!(
                frame.plain_bytes,
                frame.tickets.iter().map(|ticket| payloads[*ticket].0).sum::<usize>()
            );
        }
        (frames.into_iter().map(|frame| frame.tickets).collect(), too_large)
    }

    fn check(payloads: &[(usize, usize)], largest: usize, expect: (&[&[usize]], &[usize])) {
        for way in WAYS {
            let (found, too_large) = frames(payloads, largest, way);
            assert_eq!(found, expect.0, "{way:?}");
            assert_eq!(too_large, expect.1, "{way:?}");
        }
    }

    #[test]
    fn several_payloads_in_a_record() {
        check(&[(300, 1000)], 1000, (&[&[0]], &[]));
        check(&[(300, 1000), (300, 1000), (300, 1000)], 1000, (&[&[0, 1, 2]], &[]));
        check(&[], 1000, (&[], &[]));
    }

    #[test]
    fn what_does_not_fit_begins_the_next() {
        check(&[(400, 1000), (400, 1000), (400, 1000)], 1000, (&[&[0, 1], &[2]], &[]));
        check(&[(900, 1000), (900, 1000), (10, 1000)], 1000, (&[&[0], &[1, 2]], &[]));
    }

    #[test]
    fn the_target_may_change_between_records() {
        // That of a record is the one at its beginning.
        check(&[(400, 1000), (400, 500), (400, 500), (400, 1000)], 1000, (&[&[0, 1], &[2], &[3]], &[]));
        check(&[(400, 500), (400, 1000), (400, 1000)], 1000, (&[&[0], &[1, 2]], &[]));
        // A payload that is larger than the target alone has a record of the largest size to itself.
        check(&[(100, 500), (700, 500), (100, 500), (100, 500)], 1000, (&[&[0], &[1], &[2, 3]], &[]));
    }

    #[test]
    fn what_fits_no_record_is_left_out() {
        check(&[(1100, 1000)], 1000, (&[], &[0]));
        check(&[(400, 1000), (1100, 1000), (400, 1000)], 1000, (&[&[0], &[2]], &[1]));
        check(&[(1100, 500), (1100, 500), (10, 500)], 1000, (&[&[2]], &[0, 1]));
    }
}
