//! `ssl`: the original's three keys (`spec/collector.md` 8.2), and where ours finds certificate and key.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::{
    config::Secret,
    tls::{MinVersion, TlsKeys},
};

/// `ssl`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ssl {
    /// Whether TLS is spoken.
    pub enable: bool,
    /// Whether plain requests are sent to HTTPS, with 301 or, where they have a body, 308; not those that
    /// X-Forwarded-Proto says came over it, and no health checks.
    pub redirect: bool,
    /// Its port.
    pub port: u16,
    /// Ours. PEM file: the server's certificate, then those of the authorities between it and the root.
    #[schemars(example = &"/etc/piste/tls.crt")]
    pub certificate: Option<PathBuf>,
    /// Ours. PEM file with the private key, unencrypted; unset: it stands in the file of the certificate.
    #[schemars(example = &"/etc/piste/tls.key")]
    pub private_key: Option<PathBuf>,
    /// Ours. PKCS12 file with certificate and key, instead of the two above.
    #[schemars(example = &"/etc/piste/tls.p12")]
    pub key_store: Option<PathBuf>,
    /// Ours. Its password.
    #[schemars(with = "String", example = &"${KEY_STORE_PASSWORD}")]
    pub key_store_password: Option<Secret>,
    /// Ours. The oldest version of TLS that is spoken, "1.2" or "1.3".
    #[schemars(with = "String")]
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
