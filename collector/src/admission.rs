//! How much may wait for the sinks at once: what comes beyond is told to come again, so that what was let in is answered in
//! good time and memory stays flat.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::config::Networking;

/// The requests that are let in. Shared by all connections.
#[derive(Debug)]
pub struct Admission {
    max_requests: usize,
    max_bytes: usize,
    requests: AtomicUsize,
    bytes: AtomicUsize,
}

/// What a request holds of it, until it is dropped.
#[derive(Debug)]
pub struct Held<'a> {
    admission: &'a Admission,
    waits: bool,
    bytes: usize,
}

impl Admission {
    /// With the limits `networking.maxInFlight` and `networking.maxBytesInFlight`.
    pub fn new(config: &Networking) -> Self {
        Self {
            max_requests: config.max_in_flight,
            max_bytes: config.max_bytes_in_flight,
            requests: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
        }
    }

    /// For a request that has just begun: it holds nothing yet.
    pub fn held(&self) -> Held<'_> {
        Held { admission: self, waits: false, bytes: 0 }
    }

    /// Whether one more request could wait for the sinks.
    pub fn has_room(&self) -> bool {
        self.requests.load(Ordering::Relaxed) < self.max_requests
            && self.bytes.load(Ordering::Relaxed) < self.max_bytes
    }
}

impl Held<'_> {
    /// Holds so many bytes from now on. False: there is no room for them, and it holds what it held. A request that is alone
    /// may hold any number.
    pub fn hold(&mut self, bytes: usize) -> bool {
        let Self { admission, bytes: held, .. } = self;
        if let Some(fewer) = held.checked_sub(bytes) {
            admission.bytes.fetch_sub(fewer, Ordering::Relaxed);
        } else {
            let more = bytes - *held;
            let before = admission.bytes.fetch_add(more, Ordering::Relaxed);
            if before > *held && before + more > admission.max_bytes {
                admission.bytes.fetch_sub(more, Ordering::Relaxed);
                return false;
            }
        }
        *held = bytes;
        true
    }

    /// Lets the request wait for the sinks with records of so many bytes. False: there is no room.
    pub fn wait(&mut self, bytes: usize) -> bool {
        if self.admission.requests.fetch_add(1, Ordering::Relaxed) >= self.admission.max_requests {
            self.admission.requests.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        self.waits = true;
        self.hold(bytes)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if self.waits {
            self.admission.requests.fetch_sub(1, Ordering::Relaxed);
        }
        if self.bytes > 0 {
            self.admission.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission() -> Admission {
        Admission::new(&Networking { max_in_flight: 2, max_bytes_in_flight: 100, ..Networking::default() })
    }

    fn now(admission: &Admission) -> (usize, usize) {
        (admission.requests.load(Ordering::Relaxed), admission.bytes.load(Ordering::Relaxed))
    }

    #[test]
    fn so_many_requests() {
        let admission = admission();
        let (mut first, mut second, mut third) = (admission.held(), admission.held(), admission.held());
        assert!(first.wait(1) && admission.has_room());
        assert!(second.wait(1) && !admission.has_room());
        assert!(!third.wait(1));
        assert_eq!(now(&admission), (2, 2));
        drop(first);
        assert!(admission.has_room() && third.wait(1));
        drop((second, third));
        assert_eq!(now(&admission), (0, 0));
    }

    #[test]
    fn so_many_bytes() {
        let admission = admission();
        let (mut first, mut second) = (admission.held(), admission.held());
        // A body that comes in, and the record it becomes.
        assert!(first.hold(40) && first.hold(80) && first.wait(60));
        assert!(!second.hold(41) && second.hold(40));
        assert!(!admission.has_room());
        assert!(!second.wait(50), "it holds what it held");
        assert_eq!(now(&admission).1, 100);
        drop(first);
        assert!(second.hold(1000), "alone");
        drop(second);
        assert_eq!(now(&admission), (0, 0));
    }
}
