//! Drain: the orderly end. Whoever holds a [`Drain`] stops taking work when asked and finishes what it has.

use tokio_util::sync::CancellationToken;

/// A request to finish, shared by everything that must heed it. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Drain(CancellationToken);

impl Drain {
    /// A drain nobody has asked for yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A drain that follows this one and can also be requested on its own.
    pub fn child(&self) -> Self {
        Self(self.0.child_token())
    }

    /// Asks every holder to finish.
    pub fn request(&self) {
        self.0.cancel();
    }

    /// Whether it has been asked for.
    pub fn is_requested(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Resolves once it is asked for.
    pub async fn requested(&self) {
        self.0.cancelled().await;
    }
}
