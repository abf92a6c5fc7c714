//! Files that enrichments need: databases and lists that an operator keeps somewhere (`spec/enrichments-and-adapters.md`
//! 1.3). Here they are named and held; [`client`] fetches them.

pub mod client;

use std::{collections::HashMap, fmt};

use bytes::Bytes;
use service::config::print::masked_text;

/// A file that an enrichment needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Asset {
    /// Where it is: `https://host/folder/file`, `s3://bucket/key`, `file:///path` or a path.
    pub uri: String,
}

impl Asset {
    /// The file `database` in the folder `uri`.
    pub fn new(uri: &str, database: &str) -> Self {
        let slash = if uri.ends_with('/') { "" } else { "/" };
        Self { uri: format!("{uri}{slash}{database}").replace(' ', "%20") }
    }

    /// The name of the file.
    pub fn file_name(&self) -> &str {
        self.uri.rsplit('/').next().unwrap_or_default()
    }
}

/// The address, for people: without a password.
impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked_text(&self.uri))
    }
}

/// The contents of assets.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    contents: HashMap<Asset, Bytes>,
}

impl Assets {
    /// Keeps the content of an asset, in place of an older one.
    pub fn put(&mut self, asset: Asset, content: Bytes) {
        self.contents.insert(asset, content);
    }

    /// The content of an asset.
    ///
    /// # Errors
    /// It was not fetched.
    pub fn get(&self, asset: &Asset) -> Result<&Bytes, String> {
        self.contents.get(asset).ok_or_else(|| format!("{asset} was not fetched"))
    }
}
