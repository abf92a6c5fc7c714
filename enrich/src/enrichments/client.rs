//! Reads configurations of enrichments from a folder, has them judged by their schemas and fetches what they need.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use event::self_describing::SelfDescribing;
use iglu::{
    check::{Verdict, check},
    client::Client,
    client_error::ClientError,
};
use serde_json::Value;
use service::{clock, config, retry::Backoff};

use super::{
    Enrichments, InvalidEnrichments,
    assets::{Asset, Assets},
    configuration::Configuration,
};

/// Turns configurations into enrichments that run.
#[derive(Debug)]
pub struct Loader {
    iglu: Arc<Client>,
    http: reqwest::Client,
    /// Where assets are taken from by their file names, instead of their addresses.
    folder: Option<PathBuf>,
    fetched: tokio::sync::Mutex<HashMap<Asset, Bytes>>,
}

/// Failures of a download that are tried again.
const ATTEMPTS: u32 = 5;
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(1500), Duration::from_secs(24));
/// Largest asset in bytes.
const MAX_ASSET: usize = 1 << 30;

/// The configurations in a folder: files whose names end in `.json`, in the order of their names. HOCON and `${VAR}` are
/// understood in them.
///
/// # Errors
/// What cannot be read, file by file.
pub fn read_folder(folder: &Path) -> Result<Vec<Configuration>, InvalidEnrichments> {
    let unreadable = |e: std::io::Error| InvalidEnrichments(vec![format!("{}: {e}", folder.display())]);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "json") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    let (mut configurations, mut wrong) = (Vec::new(), Vec::new());
    for file in files {
        let sources = config::Sources::of_process([file.clone()], Vec::new());
        match config::load::<Value>(&sources, None) {
            Ok(loaded) => match Configuration::from_json(file.display().to_string(), loaded.config) {
                Ok(configuration) => configurations.push(configuration),
                Err(what) => wrong.push(what),
            },
            Err(error) => wrong.push(error.to_string()),
        }
    }
    if wrong.is_empty() { Ok(configurations) } else { Err(InvalidEnrichments(wrong)) }
}

impl Loader {
    /// A loader that asks these registries. With a `folder` assets are taken from it by their file names.
    pub fn new(iglu: Arc<Client>, folder: Option<PathBuf>) -> Self {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(30))
            .read_timeout(Duration::from_secs(60))
            .build()
            .unwrap_or_default();
        Self { iglu, http, folder, fetched: tokio::sync::Mutex::default() }
    }

    /// Judges, fetches and builds.
    ///
    /// # Errors
    /// All that is wrong with the configurations, or the assets that are not to be had.
    pub async fn load(&self, configurations: &[Configuration]) -> Result<Enrichments, InvalidEnrichments> {
        self.judge(configurations).await?;
        let mut assets = Assets::default();
        for asset in Enrichments::assets(configurations)? {
            let content = self.fetch(&asset).await.map_err(|what| InvalidEnrichments(vec![what]))?;
            assets.put(asset, content);
        }
        Enrichments::build(configurations, &assets)
    }

    /// Every configuration follows the schema it names, also one that is not enabled.
    async fn judge(&self, configurations: &[Configuration]) -> Result<(), InvalidEnrichments> {
        let mut wrong = Vec::new();
        for configuration in configurations {
            let data = SelfDescribing::new(configuration.key.clone(), configuration.data.clone());
            let verdict = loop {
                match check(self.iglu.cache(), &data, clock::now()) {
                    Verdict::Need(key) => self.iglu.fetch(&key).await,
                    verdict => break verdict,
                }
            };
            if let Verdict::Invalid(error) = verdict {
                wrong.push(invalid(configuration, &error));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(InvalidEnrichments(wrong)) }
    }

    async fn fetch(&self, asset: &Asset) -> Result<Bytes, String> {
        let mut fetched = self.fetched.lock().await;
        if let Some(content) = fetched.get(asset) {
            return Ok(content.clone());
        }
        let content = self.read(asset).await?;
        fetched.insert(asset.clone(), content.clone());
        Ok(content)
    }

    async fn read(&self, asset: &Asset) -> Result<Bytes, String> {
        if let Some(folder) = &self.folder {
            return read_file(&folder.join(asset.file_name())).await;
        }
        match asset.uri.split_once("://") {
            None => read_file(Path::new(&asset.uri)).await,
            Some(("file", path)) => read_file(Path::new(path)).await,
            Some(("http" | "https", _)) => self.download(&asset.uri).await,
            Some(_) => Err(format!("No blob client available to download {}", asset.uri)),
        }
    }

    async fn download(&self, uri: &str) -> Result<Bytes, String> {
        let mut attempt = 0;
        loop {
            match self.download_once(uri).await {
                Ok(content) => return Ok(content),
                Err((_, true)) if attempt < ATTEMPTS => {
                    tokio::time::sleep(BACKOFF.delay(attempt, clock::jitter())).await;
                    attempt += 1;
                }
                Err((what, _)) => return Err(format!("{uri}: {what}")),
            }
        }
    }

    /// The content, or why not and whether trying again may help.
    async fn download_once(&self, uri: &str) -> Result<Bytes, (String, bool)> {
        let broken = |e: reqwest::Error| (e.without_url().to_string(), true);
        let mut response = self.http.get(uri).send().await.map_err(broken)?;
        let status = response.status();
        if !status.is_success() {
            let again = status.is_server_error() || status.as_u16() == 429;
            return Err((format!("the server answered {status}"), again));
        }
        let mut content = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(broken)? {
            if content.len() + piece.len() > MAX_ASSET {
                return Err((format!("more than {MAX_ASSET} bytes"), false));
            }
            content.extend_from_slice(&piece);
        }
        Ok(content.into())
    }
}

async fn read_file(path: &Path) -> Result<Bytes, String> {
    tokio::fs::read(path).await.map(Bytes::from).map_err(|e| format!("{}: {e}", path.display()))
}

fn invalid(configuration: &Configuration, error: &ClientError) -> String {
    let Configuration { origin, key, .. } = configuration;
    // The quotes are the original's.
    let error = event::json::to_compact(&error.to_json());
    format!("{origin}: Enrichment with key '{key}` is invalid - {error}")
}
