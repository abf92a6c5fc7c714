//! A URI's components as fields (`spec/enrich.md` 4.7).

use event::{atomic::Field, enriched::EnrichedEvent};

use crate::java::{text::tsv_safe, uri::Uri};

/// The fields of one URI.
pub(super) struct UriFields {
    pub(super) scheme: Field,
    pub(super) host: Field,
    pub(super) port: Field,
    pub(super) path: Field,
    pub(super) query: Field,
    pub(super) fragment: Field,
}

impl UriFields {
    /// Sets them all; the port even where there is none.
    pub(super) fn set(&self, uri: &Uri<'_>, event: &mut EnrichedEvent) {
        let port = uri.port().unwrap_or(if uri.scheme() == Some("https") { 443 } else { 80 });
        event.set(self.scheme, uri.scheme().unwrap_or(""));
        event.set(self.host, uri.host().unwrap_or(""));
        event.set(self.port, itoa::Buffer::new().format(port));
        event.set(self.path, &tsv_safe(uri.path().unwrap_or("")));
        event.set(self.query, &tsv_safe(uri.query().unwrap_or("")));
        event.set(self.fragment, &tsv_safe(uri.fragment().unwrap_or("")));
    }
}
