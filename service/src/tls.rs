//! TLS for the servers of a process: certificate and key from PEM or PKCS12 files, taken anew without restart when the
//! files change (`spec/collector.md` 9.4, where the original reads a key store once).
//!
//! [`Tls::open`] reads the files and gives the configuration that listeners use; [`Tls::watch`] looks at the files every
//! few seconds and on SIGHUP. A new pair that is broken, does not match or is not valid now is refused with one warning,
//! and the one in use stays. Connections that are open keep what they began with.

mod certificate;
mod error;
mod file;
mod java;
mod pair;
mod reload;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{ServerConfig, crypto::aws_lc_rs, version};
use serde::{Deserialize, Deserializer, Serialize, de};

pub use self::{
    certificate::Certificate,
    error::{TlsError, Trouble},
    java::{JavaKeyStore, JavaKeyStoreError},
    pair::Pair,
    reload::{LOOK_EVERY, Look, Tls, WARN_BEFORE},
};
use crate::config::Secret;

/// Where a server finds its certificate, and what it offers. Either a chain and its key as PEM, or a PKCS12 key store.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TlsKeys {
    /// PEM file: the server's certificate, then those of the authorities between it and the root.
    pub certificate: Option<PathBuf>,
    /// PEM file with the private key, unencrypted: PKCS8, PKCS1 or SEC1. Unset: it stands in the file of the certificate.
    pub private_key: Option<PathBuf>,
    /// PKCS12 file with certificate and key.
    pub key_store: Option<PathBuf>,
    /// Its password; unset: none.
    pub key_store_password: Option<Secret>,
    /// The oldest version of TLS that is spoken.
    pub min_version: MinVersion,
}

/// `minVersion`: `"1.2"` (the default) or `"1.3"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum MinVersion {
    /// TLS 1.2 and 1.3.
    #[default]
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3 alone.
    #[serde(rename = "1.3")]
    Tls13,
}

/// The files of a certificate.
#[derive(Clone, Debug)]
enum Files {
    Pem { certificate: PathBuf, private_key: Option<PathBuf> },
    KeyStore { path: PathBuf, password: Option<Secret> },
}

impl TlsKeys {
    /// Whether neither a certificate nor a key store is named.
    pub fn is_empty(&self) -> bool {
        self.certificate.is_none() && self.private_key.is_none() && self.key_store.is_none()
    }

    fn files(&self) -> Result<Files, TlsError> {
        let wrong = |what: &'static str| Err(TlsError::of_keys(what));
        match (&self.certificate, &self.private_key, &self.key_store) {
            (Some(certificate), key, None) => {
                Ok(Files::Pem { certificate: certificate.clone(), private_key: key.clone() })
            }
            (None, None, Some(path)) => {
                Ok(Files::KeyStore { path: path.clone(), password: self.key_store_password.clone() })
            }
            (None, None, None) => wrong(
                "TLS is enabled without a certificate: set `certificate` and `privateKey` (PEM), or `keyStore` (PKCS12)",
            ),
            (None, Some(_), None) => wrong("`privateKey` is set and `certificate` is not"),
            (_, _, Some(_)) => {
                wrong("`keyStore` and `certificate` or `privateKey` are both set: one of them must go")
            }
        }
    }
}

impl Files {
    /// The file that messages name when they speak of the certificate.
    fn certificate(&self) -> &Path {
        match self {
            Self::Pem { certificate, .. } => certificate,
            Self::KeyStore { path, .. } => path,
        }
    }
}

impl<'de> Deserialize<'de> for MinVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.trim() {
            "1.2" => Ok(Self::Tls12),
            "1.3" => Ok(Self::Tls13),
            _ => Err(de::Error::invalid_value(de::Unexpected::Str(&text), &"\"1.2\" or \"1.3\"")),
        }
    }
}

/// What a server offers: the certificate that `resolver` gives at the time, HTTP/2 before HTTP/1.1, and sessions that go on
/// over several connections.
fn server_config(
    min_version: MinVersion,
    resolver: Arc<dyn rustls::server::ResolvesServerCert>,
) -> Result<ServerConfig, rustls::Error> {
    let versions: &[&rustls::SupportedProtocolVersion] = match min_version {
        MinVersion::Tls12 => &[&version::TLS13, &version::TLS12],
        MinVersion::Tls13 => &[&version::TLS13],
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(config)
}
