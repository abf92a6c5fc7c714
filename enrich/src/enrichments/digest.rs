//! The hash functions that configurations name, as lower-case hexadecimal text.

use std::fmt::Write as _;

use serde::Deserialize;
use sha2::Digest;

/// A hash function. Both spellings in use are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Hash {
    #[serde(rename = "MD2")]
    Md2,
    #[serde(rename = "MD5")]
    Md5,
    #[serde(rename = "SHA1", alias = "SHA-1")]
    Sha1,
    #[serde(rename = "SHA256", alias = "SHA-256")]
    Sha256,
    #[serde(rename = "SHA384", alias = "SHA-384")]
    Sha384,
    #[serde(rename = "SHA512", alias = "SHA-512")]
    Sha512,
}

impl Hash {
    /// The hash of the pieces, put together.
    pub(crate) fn hex<'p>(self, pieces: impl Iterator<Item = &'p [u8]>) -> String {
        match self {
            Self::Md2 => hex::<md2::Md2>(pieces),
            Self::Md5 => hex::<md5::Md5>(pieces),
            Self::Sha1 => hex::<sha1::Sha1>(pieces),
            Self::Sha256 => hex::<sha2::Sha256>(pieces),
            Self::Sha384 => hex::<sha2::Sha384>(pieces),
            Self::Sha512 => hex::<sha2::Sha512>(pieces),
        }
    }
}

fn hex<'p, D: Digest>(pieces: impl Iterator<Item = &'p [u8]>) -> String {
    let mut hasher = D::new();
    pieces.for_each(|piece| hasher.update(piece));
    let digest = hasher.finalize();
    let mut text = String::with_capacity(2 * digest.len());
    for byte in digest {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
