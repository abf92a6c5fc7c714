//! Reading the files of a certificate, each up to a cap.

use std::{
    fs::File,
    hash::{BuildHasher as _, RandomState},
    io::Read as _,
    path::Path,
    sync::LazyLock,
};

use super::{Files, TlsError, Trouble};

/// Bytes a file may have: hundreds of certificates.
const CAP: u64 = 1 << 20;

/// The bytes of the files, in the order of their keys.
pub(super) struct Contents(pub(super) Vec<Vec<u8>>);

/// Tells contents apart without keeping a private key for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint(u64);

impl Files {
    pub(super) fn read(&self) -> Result<Contents, TlsError> {
        let contents = match self {
            Self::Pem { certificate, private_key } => {
                std::iter::once(certificate).chain(private_key).map(|path| read(path)).collect()
            }
            Self::KeyStore { path, .. } => read(path).map(|bytes| vec![bytes]),
        };
        contents.map(Contents)
    }
}

impl Contents {
    pub(super) fn fingerprint(&self) -> Fingerprint {
        static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Fingerprint(SEED.hash_one(&self.0))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |trouble| TlsError::of_file(path, trouble);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| failed(Trouble::Unreadable(e.to_string())))?;
    file.take(CAP + 1).read_to_end(&mut bytes).map_err(|e| failed(Trouble::Unreadable(e.to_string())))?;
    if bytes.len() as u64 > CAP {
        return Err(failed(Trouble::TooLarge { cap: CAP }));
    }
    Ok(bytes)
}
