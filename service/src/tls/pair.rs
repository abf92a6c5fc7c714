//! A certificate chain and the private key that belongs to it, from PEM or PKCS12.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use p12_keystore::{Pkcs12Archive, error::Error as StoreError};
use rustls::{
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem, pem::PemObject as _},
    sign::{CertifiedKey, SigningKey},
};

use super::{Certificate, Files, TlsError, Trouble, file::Contents};
use crate::config::Secret;

/// What a server shows to its clients and signs with.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The server's own certificate.
    pub certificate: Certificate,
    /// The chain and the key.
    pub(super) key: Arc<CertifiedKey>,
}

/// The first bytes of key stores in Java's own formats, JKS and JCEKS.
const JAVA_FORMATS: [&[u8]; 2] = [&[0xFE, 0xED, 0xFE, 0xED], &[0xCE, 0xCE, 0xCE, 0xCE]];
/// Certificates from the server's own to the root.
const LONGEST_CHAIN: usize = 16;

impl Pair {
    /// Makes a pair of what the files hold.
    pub(super) fn read(files: &Files, contents: &Contents) -> Result<Self, TlsError> {
        match (files, contents.0.as_slice()) {
            (Files::Pem { certificate, private_key: Some(key) }, [chain, bytes]) => {
                Self::of_pem((certificate, chain), (key, bytes))
            }
            (Files::KeyStore { path, password }, [bytes, ..]) if !is_pem(bytes) => {
                of_key_store(bytes, password.as_ref()).map_err(|trouble| TlsError::of_file(path, trouble))
            }
            (Files::Pem { certificate: path, .. } | Files::KeyStore { path, .. }, [bytes, ..]) => {
                Self::of_pem((path, bytes), (path, bytes))
            }
            (files, []) => Err(TlsError::of_file(files.certificate(), Trouble::NoCertificate)),
        }
    }

    /// Whether it is valid now.
    pub(super) fn validity(&self, now: Timestamp) -> Result<(), Trouble> {
        let Certificate { not_before, not_after, .. } = self.certificate;
        if now > not_after {
            return Err(Trouble::Expired { until: not_after });
        }
        if now < not_before {
            return Err(Trouble::NotYetValid { from: not_before });
        }
        Ok(())
    }

    /// Each of the two is a file's path and its bytes.
    fn of_pem(chain: (&Path, &[u8]), key: (&Path, &[u8])) -> Result<Self, TlsError> {
        let certificates = pem_chain(chain.1).map_err(|trouble| TlsError::of_file(chain.0, trouble))?;
        let in_key = |trouble| TlsError::of_file(key.0, trouble);
        let signing = pem_key(key.1).and_then(signing_key).map_err(in_key)?;
        let in_chain = |trouble| TlsError::of_file(chain.0, trouble);
        let certificate = read(&certificates[0]).map_err(in_chain)?;
        if !belongs(&certificate, &*signing) {
            let key = (key.0 != chain.0).then(|| key.0.to_owned());
            return Err(in_chain(Trouble::Mismatch { key }));
        }
        Ok(Self { certificate, key: Arc::new(CertifiedKey::new(certificates, signing)) })
    }
}

fn is_pem(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"-----BEGIN ")
}

/// At least one certificate.
fn pem_chain(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, Trouble> {
    let chain: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(bytes).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(Trouble::NoCertificate),
        Ok(chain) => Ok(chain),
        Err(error) => Err(Trouble::Malformed(error.to_string())),
    }
}

fn pem_key(bytes: &[u8]) -> Result<PrivateKeyDer<'static>, Trouble> {
    let holds = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
    // The second is how OpenSSL's own formats say it, PKCS1 and SEC1.
    if holds(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || holds(b"Proc-Type: 4,ENCRYPTED") {
        return Err(Trouble::EncryptedKey);
    }
    PrivateKeyDer::from_pem_slice(bytes).map_err(|error| match error {
        pem::Error::NoItemsFound => Trouble::NoKey,
        other => Trouble::Malformed(other.to_string()),
    })
}

fn signing_key(key: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Trouble> {
    aws_lc_rs::sign::any_supported_type(&key).map_err(|error| Trouble::Malformed(error.to_string()))
}

fn read(certificate: &CertificateDer<'_>) -> Result<Certificate, Trouble> {
    Certificate::read(certificate).ok_or_else(|| Trouble::Malformed("not an X.509 certificate".into()))
}

/// Whether the certificate's public key is that of the private one.
fn belongs(certificate: &Certificate, key: &dyn SigningKey) -> bool {
    key.public_key().is_some_and(|public| public.as_ref() == certificate.public_key)
}

/// The first private key that has a certificate, and the chain from there to the root, however the file orders them.
fn of_key_store(bytes: &[u8], password: Option<&Secret>) -> Result<Pair, Trouble> {
    if JAVA_FORMATS.iter().any(|format| bytes.starts_with(format)) {
        return Err(Trouble::JavaFormat);
    }
    let archive = Pkcs12Archive::from_pkcs12(bytes, password.map_or("", Secret::expose))
        .map_err(|error| store_trouble(&error, password.is_some()))?;
    let mut certificates = Vec::new();
    for bag in &archive.certs {
        let der = CertificateDer::from(bag.cert.as_der().to_vec());
        certificates.push((read(&der)?, der));
    }
    for bag in archive.keys {
        let key = signing_key(PrivatePkcs8KeyDer::from(bag.key.as_der().to_vec()).into())?;
        if let Some(own) = certificates.iter().find(|(read, _)| belongs(read, &*key)) {
            let chain = chain(own, &certificates);
            return Ok(Pair { certificate: own.0.clone(), key: Arc::new(CertifiedKey::new(chain, key)) });
        }
    }
    Err(Trouble::NoPair)
}

type Known = (Certificate, CertificateDer<'static>);

fn chain(own: &Known, known: &[Known]) -> Vec<CertificateDer<'static>> {
    let mut chain = vec![own.1.clone()];
    let mut last = &own.0;
    while chain.len() < LONGEST_CHAIN && last.issuer != last.subject {
        let issuer = known.iter().find(|(read, der)| read.subject == last.issuer && !chain.contains(der));
        let Some((read, der)) = issuer else { break };
        chain.push(der.clone());
        last = read;
    }
    chain
}

fn store_trouble(error: &StoreError, with_password: bool) -> Trouble {
    match error {
        // What a wrong password decrypts is noise: files without a checksum fail there.
        StoreError::MacError(_) | StoreError::UnpadError | StoreError::Pkcs5Error(_) if with_password => {
            Trouble::WrongPassword
        }
        StoreError::MacError(_) | StoreError::UnpadError | StoreError::Pkcs5Error(_) => Trouble::NoPassword,
        other => Trouble::Malformed(format!("{other}; expected a PKCS12 file")),
    }
}
