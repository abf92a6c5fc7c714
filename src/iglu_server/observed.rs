//! The metrics of the Iglu server.

use ::iglu::server::seen::Seen;
use service::metric;

/// Moves the metrics.
pub(crate) fn observed(seen: Seen) {
    match seen {
        Seen::Opened => metric::IGLU_CONNECTIONS.change(1.0, &[]),
        Seen::Closed => metric::IGLU_CONNECTIONS.change(-1.0, &[]),
        Seen::Answered { method, status, seconds } => {
            metric::IGLU_REQUESTS.increment(&[method, &status.to_string()]);
            metric::IGLU_REQUEST_SECONDS.record(seconds, &[]);
        }
        Seen::Published { is_update } => {
            metric::IGLU_PUBLISHED.increment(&[if is_update { "updated" } else { "created" }]);
        }
        Seen::Told { is_told } => {
            metric::IGLU_WEBHOOKS.increment(&[if is_told { "told" } else { "given_up" }]);
        }
    }
}
