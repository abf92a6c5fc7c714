//! What a look at a stream or a service leads to.

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decision {
    /// Nothing.
    Keep,
    /// So many from now on.
    Change {
        /// How many.
        to: u32,
        /// Why, for people.
        why: String,
    },
    /// More are needed, and there is something in the way.
    Stuck(String),
}
