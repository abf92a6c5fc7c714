//! Opens streams that a role writes to, and has their health told.

#[cfg(feature = "aws")]
pub(crate) mod aws;

use service::health::Fact;
use stream::health::{Health, HealthWatch};

/// States what a sink knows of its health, until it is gone.
pub(crate) async fn tell(fact: Fact, mut health: HealthWatch) {
    loop {
        match &*health.borrow_and_update() {
            Health::Well => fact.well(),
            trouble => fact.trouble(trouble.to_string()),
        }
        if health.changed().await.is_err() {
            return;
        }
    }
}
