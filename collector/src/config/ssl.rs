//! `ssl`: the original's three keys (`spec/collector.md` 8.2), and where ours finds certificate and key.

use std::path::PathBuf;

use serde::Deserialize;
use service::{
    config::Secret,
    tls::{MinVersion, TlsKeys},
};

/// `ssl`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ssl {
    /// Whether TLS is spoken on [`Self::port`], beside HTTP on the collector's own port.
    pub enable: bool,
    /// Whether plain requests are sent to HTTPS.
    pub redirect: bool,
    /// Port for TLS.
    pub port: u16,
    /// Ours: PEM file of the certificate and of those between it and the root.
    pub certificate: Option<PathBuf>,
    /// Ours: PEM file of the private key; unset: it stands in the file of the certificate.
    pub private_key: Option<PathBuf>,
    /// Ours: PKCS12 file with certificate and key, instead of the two above.
    pub key_store: Option<PathBuf>,
    /// Ours: its password.
    pub key_store_password: Option<Secret>,
    /// Ours: the oldest version of TLS that is spoken.
    pub min_version: MinVersion,
}

impl Default for Ssl {
    fn default() -> Self {
        let TlsKeys { certificate, private_key, key_store, key_store_password, min_version } =
            TlsKeys::default();
        Self {
            enable: false,
            redirect: false,
            port: 443,
            certificate,
            private_key,
            key_store,
            key_store_password,
            min_version,
        }
    }
}

impl Ssl {
    /// The same with the certificate elsewhere.
    #[must_use]
    pub fn with(self, tls: TlsKeys) -> Self {
        let TlsKeys { certificate, private_key, key_store, key_store_password, min_version } = tls;
        Self { certificate, private_key, key_store, key_store_password, min_version, ..self }
    }

    /// Where the certificate is.
    pub fn tls(&self) -> TlsKeys {
        TlsKeys {
            certificate: self.certificate.clone(),
            private_key: self.private_key.clone(),
            key_store: self.key_store.clone(),
            key_store_password: self.key_store_password.clone(),
            min_version: self.min_version,
        }
    }
}
