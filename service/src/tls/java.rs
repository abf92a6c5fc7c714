//! The system properties by which a JVM is told its key store (`spec/collector.md` 9.4).

use super::TlsKeys;
use crate::{
    config::{Override, Secret},
    exit::{ExitCode, RunError},
};

/// `javax.net.ssl.keyStore` and the properties beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JavaKeyStore {
    /// `javax.net.ssl.keyStore`: the file.
    pub path: Option<String>,
    /// `javax.net.ssl.keyStorePassword`
    pub password: Option<Secret>,
    /// `javax.net.ssl.keyStoreType`: `PKCS12`, or `JKS`, which in a JVM reads PKCS12 files too.
    pub kind: Option<String>,
}

/// A key store of a type that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("javax.net.ssl.keyStoreType: expected PKCS12, found `{kind}`")]
pub struct JavaKeyStoreError {
    /// The type.
    pub kind: String,
}

const PREFIX: &str = "javax.net.ssl.";

impl JavaKeyStore {
    /// Takes these properties out of the overrides; later ones win. Others of `javax.net.ssl` stay.
    pub fn take(overrides: &mut Vec<Override>) -> Self {
        let mut found = Self::default();
        overrides.retain(|each| {
            let value = each.value.as_str();
            match each.key.strip_prefix(PREFIX) {
                Some("keyStore") => found.path = Some(value.to_owned()),
                Some("keyStorePassword") => found.password = Some(value.into()),
                Some("keyStoreType") => found.kind = Some(value.to_owned()),
                _ => return true,
            }
            false
        });
        found
    }

    /// Names this key store in `keys` unless they name a certificate themselves. The type of a file is seen from its bytes.
    ///
    /// # Errors
    ///
    /// A type that is neither PKCS12 nor JKS.
    pub fn fill(&self, keys: &mut TlsKeys) -> Result<(), JavaKeyStoreError> {
        let Some(path) = self.path.as_deref().filter(|_| keys.is_empty()) else { return Ok(()) };
        if let Some(kind) = &self.kind
            && !["pkcs12", "p12", "jks"].contains(&kind.to_ascii_lowercase().as_str())
        {
            return Err(JavaKeyStoreError { kind: kind.clone() });
        }
        keys.key_store = Some(path.into());
        keys.key_store_password = self.password.clone().or_else(|| keys.key_store_password.take());
        Ok(())
    }
}

impl From<JavaKeyStoreError> for RunError {
    fn from(error: JavaKeyStoreError) -> Self {
        RunError::new(ExitCode::Config, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn taken(properties: &[&str]) -> (JavaKeyStore, Vec<String>) {
        let mut overrides: Vec<Override> = properties.iter().map(|p| Override::parse(p).unwrap()).collect();
        let found = JavaKeyStore::take(&mut overrides);
        (found, overrides.into_iter().map(|o| o.key).collect())
    }

    #[test]
    fn properties_are_taken_out_of_the_overrides() {
        let (found, left) = taken(&[
            "javax.net.ssl.keyStore=/a.p12",
            "collector.port=1",
            "javax.net.ssl.keyStore=/b.p12",
            "javax.net.ssl.keyStorePassword=changeit",
            "javax.net.ssl.keyStoreType=PKCS12",
            "javax.net.ssl.trustStore=/c",
        ]);
        assert_eq!(left, ["collector.port", "javax.net.ssl.trustStore"]);
        let mut keys = TlsKeys::default();
        found.fill(&mut keys).unwrap();
        assert_eq!(keys.key_store.as_deref(), Some(Path::new("/b.p12")));
        assert_eq!(keys.key_store_password.unwrap().expose(), "changeit");
    }

    #[test]
    fn keys_of_the_configuration_are_stronger() {
        let (found, _) = taken(&["javax.net.ssl.keyStore=/a.p12"]);
        let mut keys = TlsKeys { certificate: Some("/own.pem".into()), ..TlsKeys::default() };
        found.fill(&mut keys).unwrap();
        assert_eq!((keys.certificate.is_some(), keys.key_store), (true, None));
    }

    #[test]
    fn types_that_cannot_be_read_are_refused() {
        for (kind, fine) in [("PKCS12", true), ("jks", true), ("p12", true), ("BCFKS", false)] {
            let (found, _) =
                taken(&["javax.net.ssl.keyStore=/a", &format!("javax.net.ssl.keyStoreType={kind}")]);
            assert_eq!(found.fill(&mut TlsKeys::default()).is_ok(), fine, "{kind}");
        }
    }
}
