//! Reads configurations of enrichments from a folder, has them judged by their schemas and fetches what they need.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use event::self_describing::SelfDescribing;
use iglu::{client::Client, client_error::ClientError};
use serde_json::Value;
use service::config;
use tokio::task::JoinSet;

use super::{
    Enrichments, InvalidEnrichments,
    assets::{
        Asset, Assets,
        client::{FetchError, Fetched, Fetcher},
    },
    configuration::Configuration,
    live::Live,
    run::Refresher,
};
use crate::wanted::unanswered;

/// Turns configurations into enrichments that run.
#[derive(Debug)]
pub struct Loader {
    iglu: Arc<Client>,
    fetcher: Arc<Fetcher>,
    /// Held while assets are fetched, so that none is fetched twice.
    fetched: tokio::sync::Mutex<HashMap<Asset, Fetched>>,
}

/// Configurations did not become enrichments.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// They are wrong.
    #[error(transparent)]
    Invalid(#[from] InvalidEnrichments),
    /// What they need is not to be had.
    #[error("{0}")]
    Unavailable(String),
}

/// The configurations in a folder: files whose names end in `.json`, in the order of their names. HOCON and `${VAR}` are
/// understood in them.
///
/// # Errors
/// What cannot be read, file by file.
pub fn read_folder(folder: &Path) -> Result<Vec<Configuration>, InvalidEnrichments> {
    let (mut configurations, mut wrong) = (Vec::new(), Vec::new());
    for file in files(folder)? {
        match read_file(&file) {
            Ok(configuration) => configurations.push(configuration),
            Err(what) => wrong.push(what),
        }
    }
    if wrong.is_empty() { Ok(configurations) } else { Err(InvalidEnrichments(wrong)) }
}

/// The files of configurations in a folder, by their names.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, InvalidEnrichments> {
    let unreadable = |e: std::io::Error| InvalidEnrichments(vec![format!("{}: {e}", folder.display())]);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "json") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A configuration in a file.
pub(super) fn read_file(file: &Path) -> Result<Configuration, String> {
    let sources = config::Sources::of_process([file.to_owned()], Vec::new());
    let loaded = config::load::<Value>(&sources, None).map_err(|error| error.to_string())?;
    Configuration::from_json(file.display().to_string(), loaded.config)
}

impl Loader {
    /// A loader that asks these registries. With a `folder` assets are taken from it by their file names.
    pub fn new(iglu: Arc<Client>, folder: Option<PathBuf>) -> Self {
        Self { iglu, fetcher: Arc::new(Fetcher::new(folder)), fetched: tokio::sync::Mutex::default() }
    }

    /// Whom configurations' schemas are asked from.
    pub(super) fn iglu(&self) -> &Client {
        &self.iglu
    }

    /// Judges, fetches and builds.
    ///
    /// # Errors
    /// All that is wrong with the configurations, or the asset that is not to be had.
    pub async fn load(&self, configurations: &[Configuration]) -> Result<Enrichments, LoadError> {
        self.judge(configurations).await?;
        let assets = self.fetch(Enrichments::assets(configurations)?).await?;
        let configurations = configurations.to_vec();
        let build = move || Enrichments::build(&configurations, &assets);
        let built = tokio::task::spawn_blocking(build).await;
        Ok(built
            .map_err(|gone| LoadError::Unavailable(format!("building enrichments broke off: {gone}")))??)
    }

    /// The same, to run and to be kept up to date.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn load_live(self, configurations: &[Configuration]) -> Result<Refresher, LoadError> {
        let live = Arc::new(Live::new(self.load(configurations).await?));
        Ok(Refresher { live, fetcher: self.fetcher, known: self.fetched.into_inner() })
    }

    /// Every configuration follows the schema it names, also one that is not enabled.
    async fn judge(&self, configurations: &[Configuration]) -> Result<(), LoadError> {
        let mut wrong = Vec::new();
        for configuration in configurations {
            let data = SelfDescribing::new(configuration.key.clone(), configuration.data.clone());
            let Err(error) = self.iglu.judge(&data).await else { continue };
            if let ClientError::Resolution(resolution) = &error
                && let Some((registry, why)) = resolution.undecided()
            {
                let Configuration { origin, key, .. } = configuration;
                let what = format!("{origin}: its schema {key} is needed: {}", unanswered(registry, why));
                return Err(LoadError::Unavailable(what));
            }
            wrong.push(invalid(configuration, &error));
        }
        if wrong.is_empty() { Ok(()) } else { Err(InvalidEnrichments(wrong).into()) }
    }

    /// All these assets, fetched at the same time unless they are known.
    async fn fetch(&self, needed: Vec<Asset>) -> Result<Assets, LoadError> {
        let mut fetched = self.fetched.lock().await;
        let mut under_way = JoinSet::new();
        for asset in needed.iter().filter(|asset| !fetched.contains_key(asset)).cloned() {
            let fetcher = Arc::clone(&self.fetcher);
            under_way.spawn(async move { fetcher.fetch(&asset).await.map(|new| (asset, new)) });
        }
        while let Some(ended) = under_way.join_next().await {
            let broken_off = |gone| LoadError::Unavailable(format!("fetching broke off: {gone}"));
            let (asset, new) = ended.map_err(broken_off)??;
            fetched.insert(asset, new);
        }
        let mut assets = Assets::default();
        for asset in needed {
            if let Some(known) = fetched.get(&asset) {
                assets.put(asset, known.content.clone());
            }
        }
        Ok(assets)
    }
}

impl From<FetchError> for LoadError {
    fn from(error: FetchError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

fn invalid(configuration: &Configuration, error: &ClientError) -> String {
    let Configuration { origin, key, .. } = configuration;
    // The quotes are the original's.
    let error = event::json::to_compact(&error.to_json());
    format!("{origin}: Enrichment with key '{key}` is invalid - {error}")
}
