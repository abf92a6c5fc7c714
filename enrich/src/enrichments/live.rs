//! The enrichments that run at the moment.

use std::sync::{Arc, PoisonError, RwLock};

use super::Enrichments;

/// Enrichments that others may take the place of while events come. A batch that has begun goes on with those it began
/// with.
#[derive(Debug, Default)]
pub struct Live(RwLock<Arc<Enrichments>>);

impl Live {
    /// Begins with these.
    pub fn new(enrichments: Enrichments) -> Self {
        Self(RwLock::new(Arc::new(enrichments)))
    }

    /// Those that run now.
    pub fn now(&self) -> Arc<Enrichments> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on these run.
    pub fn replace(&self, enrichments: Enrichments) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(enrichments);
    }
}
