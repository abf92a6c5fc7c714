//! Lines on their way into datagrams.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use cadence::MetricSink;

/// Bytes of a datagram: what fits a frame of 1500 with every header there may be.
pub(super) const LENGTH: usize = 1432;

/// Packs lines, as many into each datagram as fit. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Datagrams(Arc<Mutex<Vec<Vec<u8>>>>);

impl Datagrams {
    /// Takes the datagrams that have come together.
    pub(super) fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl MetricSink for Datagrams {
    fn emit(&self, line: &str) -> io::Result<usize> {
        let mut datagrams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match datagrams.last_mut() {
            Some(last) if last.len() + 1 + line.len() <= LENGTH => {
                last.push(b'\n');
                last.extend_from_slice(line.as_bytes());
            }
            _ => {
                let mut fresh = Vec::with_capacity(LENGTH.max(line.len()));
                fresh.extend_from_slice(line.as_bytes());
                datagrams.push(fresh);
            }
        }
        Ok(line.len())
    }
}
