//! What the server tells of its work, for the metrics of the process that it runs in.

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen {
    /// A connection was opened.
    Opened,
    /// A connection was closed.
    Closed,
    /// A request was answered.
    Answered {
        /// As [`method`] calls it.
        method: &'static str,
        /// For example 200.
        status: u16,
        /// From the end of its head to the beginning of the answer.
        seconds: f64,
    },
    /// A schema was published; whether in the place of one.
    Published {
        /// Whether the version was there.
        is_update: bool,
    },
    /// A webhook was told of it, or will not be.
    Told {
        /// Whether somebody answered.
        is_told: bool,
    },
}

/// Who is told of it.
pub type Observer = fn(Seen);

/// The method as one of few words: clients may send any.
pub fn method(name: &str) -> &'static str {
    const KNOWN: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == name).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_few() {
        for (name, word) in [("GET", "GET"), ("DELETE", "DELETE"), ("get", "other"), ("BREW", "other")] {
            assert_eq!(method(name), word);
        }
    }
}
