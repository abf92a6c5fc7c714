//! What can be wrong with a certificate: which file, and what would be right.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use crate::exit::{ExitCode, RunError};

/// A certificate that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    /// The file at fault; `None` where the keys of the configuration are.
    pub file: Option<PathBuf>,
    /// What is wrong with it.
    pub trouble: Trouble,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The keys of the configuration do not name a certificate.
    #[error("{0}")]
    Keys(&'static str),
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// It is larger than any certificate.
    #[error("has more than {cap} bytes, which is no certificate or key")]
    TooLarge {
        /// Bytes that are read at most.
        cap: u64,
    },
    /// There is no certificate in it.
    #[error("holds no certificate; expected PEM, `-----BEGIN CERTIFICATE-----`")]
    NoCertificate,
    /// There is no private key in it.
    #[error("holds no private key; expected PEM, `-----BEGIN PRIVATE KEY-----`")]
    NoKey,
    /// The private key is encrypted, and PEM files are read without a password.
    #[error(
        "the private key is encrypted; decrypt it with `openssl pkey`, or put key and certificate into a PKCS12 file, \
         which `keyStore` and `keyStorePassword` read"
    )]
    EncryptedKey,
    /// The key store needs a password.
    #[error("cannot be opened without a password; set `keyStorePassword`")]
    NoPassword,
    /// The password is not the key store's.
    #[error("`keyStorePassword` does not open it")]
    WrongPassword,
    /// A key store in Java's own format.
    #[error(
        "is a key store in Java's own format; `keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 \
         -deststoretype pkcs12` makes a PKCS12 file of it"
    )]
    JavaFormat,
    /// The key store has no key with a certificate of its own.
    #[error("holds no private key with its certificate")]
    NoPair,
    /// Certificate and key do not belong together.
    #[error("the private key{of} does not belong to the first certificate", of = from(.key))]
    Mismatch {
        /// The file of the key, where it is another one.
        key: Option<PathBuf>,
    },
    /// It is damaged, or something else.
    #[error("cannot be understood: {0}")]
    Malformed(String),
    /// The certificate is over.
    #[error("the certificate expired at {until}")]
    Expired {
        /// The last moment at which it was valid.
        until: Timestamp,
    },
    /// The certificate has not begun.
    #[error("the certificate is valid only from {from}")]
    NotYetValid {
        /// The first moment at which it is valid.
        from: Timestamp,
    },
}

fn from(key: &Option<PathBuf>) -> String {
    key.as_ref().map(|path| format!(" in {}", path.display())).unwrap_or_default()
}

impl TlsError {
    pub(super) fn of_keys(what: &'static str) -> Self {
        Self { file: None, trouble: Trouble::Keys(what) }
    }

    pub(super) fn of_file(file: &Path, trouble: Trouble) -> Self {
        Self { file: Some(file.to_owned()), trouble }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{}: {}", file.display(), self.trouble),
            None => self.trouble.fmt(f),
        }
    }
}

impl std::error::Error for TlsError {}

impl From<TlsError> for RunError {
    fn from(error: TlsError) -> Self {
        RunError::new(ExitCode::Config, error.to_string())
    }
}
