//! Fetches assets over HTTP, from S3 and from the disk, and again only what has changed.

use std::{
    collections::HashMap,
    error::Error,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use object_store::{
    ClientOptions, GetOptions, ObjectStore,
    aws::{AmazonS3Builder, AmazonS3ConfigKey, resolve_bucket_region},
};
use reqwest::header;
use service::{clock, retry::Backoff};

use super::Asset;

/// Where assets are fetched from.
#[derive(Debug)]
pub struct Fetcher {
    /// Where assets are taken from by their file names, instead of their addresses.
    folder: Option<PathBuf>,
    /// Made when the first address asks for it.
    http: OnceLock<reqwest::Client>,
    buckets: tokio::sync::Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
    attempts: u32,
    pauses: Backoff,
}

/// An asset as it was fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Its bytes.
    pub content: Bytes,
    /// What its server is asked with whether there is a newer one.
    pub version: Version,
}

/// How a server calls a content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// `ETag`, as it was sent.
    etag: Option<String>,
    /// `Last-Modified`, as it was sent.
    last_modified: Option<String>,
}

/// An asset is not to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{asset}: {what}")]
pub struct FetchError {
    /// The asset.
    pub asset: Asset,
    /// What happened instead.
    pub what: String,
    may_pass: bool,
}

/// Attempts after a failure that may pass, and the pauses between them.
const ATTEMPTS: u32 = 5;
const PAUSES: Backoff = Backoff::new(Duration::from_millis(1500), Duration::from_secs(24));
/// Largest asset in bytes.
const MAX_ASSET: usize = 1 << 30;
/// Longest time without a byte.
const PATIENCE: Duration = Duration::from_secs(60);

/// What went wrong, and whether it may pass.
type Failure = (String, bool);

impl Fetcher {
    /// Fetches assets from where they say they are, or all from `folder` by their file names.
    pub fn new(folder: Option<PathBuf>) -> Self {
        let buckets = tokio::sync::Mutex::default();
        Self { folder, http: OnceLock::new(), buckets, attempts: ATTEMPTS, pauses: PAUSES }
    }

    /// An asset, tried again after failures that may pass.
    ///
    /// # Errors
    /// Why it is not to be had.
    pub async fn fetch(&self, asset: &Asset) -> Result<Fetched, FetchError> {
        // Without anything to compare with, no server says that it is the same.
        self.fetch_if_changed(asset, None).await.map(Option::unwrap_or_default)
    }

    /// The same, unless it is as it was: then `None`.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    pub async fn fetch_newer(&self, asset: &Asset, known: &Fetched) -> Result<Option<Fetched>, FetchError> {
        let fetched = self.fetch_if_changed(asset, Some(&known.version)).await?;
        Ok(fetched.filter(|fetched| fetched.content != known.content))
    }

    async fn fetch_if_changed(
        &self,
        asset: &Asset,
        known: Option<&Version>,
    ) -> Result<Option<Fetched>, FetchError> {
        let mut attempt = 0;
        loop {
            let error = match self.fetch_once(asset, known).await {
                Ok(fetched) => return Ok(fetched),
                Err((what, may_pass)) => FetchError { asset: asset.clone(), what, may_pass },
            };
            if !error.may_pass || attempt == self.attempts {
                return Err(error);
            }
            tracing::warn!(%asset, error = error.what, "not to be had: trying again");
            tokio::time::sleep(self.pauses.delay(attempt, clock::jitter())).await;
            attempt += 1;
        }
    }

    async fn fetch_once(&self, asset: &Asset, known: Option<&Version>) -> Result<Option<Fetched>, Failure> {
        if let Some(folder) = &self.folder {
            return read_file(&folder.join(asset.file_name())).await;
        }
        match asset.uri.split_once("://") {
            None => read_file(Path::new(&asset.uri)).await,
            Some(("file", path)) => read_file(Path::new(path)).await,
            Some(("http" | "https", _)) => self.get(&asset.uri, known).await,
            Some(("s3", path)) => self.get_object(path, known).await,
            // The original's words.
            Some(_) => Err((format!("No blob client available to download {asset}"), false)),
        }
    }

    async fn get(&self, uri: &str, known: Option<&Version>) -> Result<Option<Fetched>, Failure> {
        let broken = |e: reqwest::Error| (causes(&e.without_url()), true);
        let mut request = self.http().get(uri);
        if let Some(etag) = known.and_then(|known| known.etag.as_ref()) {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(time) = known.and_then(|known| known.last_modified.as_ref()) {
            request = request.header(header::IF_MODIFIED_SINCE, time);
        }
        let mut response = request.send().await.map_err(broken)?;
        let status = response.status();
        if status == reqwest::StatusCode::NOT_MODIFIED && known.is_some() {
            return Ok(None);
        }
        if !status.is_success() {
            let may_pass = status.is_server_error() || matches!(status.as_u16(), 408 | 429);
            return Err((format!("the server answered {status}"), may_pass));
        }
        let said =
            |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let version = Version { etag: said(header::ETAG), last_modified: said(header::LAST_MODIFIED) };
        let mut content = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(broken)? {
            check_size(content.len() + piece.len())?;
            content.extend_from_slice(&piece);
        }
        Ok(Some(Fetched { content: content.into(), version }))
    }

    fn http(&self) -> &reqwest::Client {
        self.http.get_or_init(|| {
            let builder = reqwest::Client::builder()
                .connect_timeout(PATIENCE)
                .read_timeout(PATIENCE)
                .user_agent(concat!("piste/", env!("CARGO_PKG_VERSION")));
            builder.build().unwrap_or_default()
        })
    }

    /// An object at `bucket/key`.
    async fn get_object(&self, path: &str, known: Option<&Version>) -> Result<Option<Fetched>, Failure> {
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let key = object_store::path::Path::from_url_path(key).map_err(|e| (e.to_string(), false))?;
        let store = self.bucket(bucket).await.map_err(|e| (causes(&e), false))?;
        let if_none_match = known.and_then(|known| known.etag.clone());
        let found = match store.get_opts(&key, GetOptions { if_none_match, ..GetOptions::default() }).await {
            Ok(found) => found,
            Err(object_store::Error::NotModified { .. }) => return Ok(None),
            Err(error) => {
                let may_pass = matches!(error, object_store::Error::Generic { .. });
                return Err((causes(&error), may_pass));
            }
        };
        let version = Version { etag: found.meta.e_tag.clone(), last_modified: None };
        check_size(usize::try_from(found.meta.size).unwrap_or(usize::MAX))?;
        let content = found.bytes().await.map_err(|e| (causes(&e), true))?;
        Ok(Some(Fetched { content, version }))
    }

    /// A bucket, with endpoint, region and credentials as the environment or the machine say.
    async fn bucket(&self, name: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
        let mut buckets = self.buckets.lock().await;
        if let Some(known) = buckets.get(name) {
            return Ok(Arc::clone(known));
        }
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(name);
        let said = |key| builder.get_config_value(&key);
        let endpoint = said(AmazonS3ConfigKey::S3Endpoint).or(said(AmazonS3ConfigKey::Endpoint));
        let has_region = said(AmazonS3ConfigKey::Region).is_some();
        if endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://")) {
            builder = builder.with_allow_http(true);
        }
        if endpoint.is_none() && !has_region {
            builder = builder.with_region(resolve_bucket_region(name, &ClientOptions::default()).await?);
        }
        let store: Arc<dyn ObjectStore> = Arc::new(builder.build()?);
        buckets.insert(name.to_owned(), Arc::clone(&store));
        Ok(store)
    }
}

async fn read_file(path: &Path) -> Result<Option<Fetched>, Failure> {
    let content = tokio::fs::read(path).await.map_err(|e| (format!("{}: {e}", path.display()), false))?;
    Ok(Some(Fetched { content: content.into(), version: Version::default() }))
}

fn check_size(bytes: usize) -> Result<(), Failure> {
    if bytes > MAX_ASSET {
        return Err((format!("more than {MAX_ASSET} bytes"), false));
    }
    Ok(())
}

/// An error with what caused it: the outermost alone often says only that something failed.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
pub(crate) mod tests;
