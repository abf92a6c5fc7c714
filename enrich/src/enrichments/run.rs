//! Looks from time to time whether the assets of enrichments have changed, and takes up those that have, each enrichment on
//! its own. Events go on with the old one until the new one is ready; what cannot be fetched or used leaves it in use.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use service::{drain::Drain, metric};

use super::{
    assets::{
        Asset, Assets,
        client::{FetchError, Fetched, Fetcher},
    },
    live::Live,
};

/// Enrichments that run, and what they were made of.
#[derive(Debug)]
pub struct Refresher {
    pub(super) live: Arc<Live>,
    pub(super) fetcher: Arc<Fetcher>,
    pub(super) known: HashMap<Asset, Fetched>,
}

/// What became of an asset that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Look {
    /// It is as it was.
    Same,
    /// It has changed, and runs.
    Taken,
    /// It is not to be had, or cannot be used: the old one goes on.
    Failed(String),
}

impl Refresher {
    /// What runs.
    pub fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live)
    }

    /// Looks every `period`, one after the end of the other, until `drain` is requested.
    pub async fn run(mut self, period: Duration, drain: Drain) {
        if self.known.is_empty() {
            return drain.requested().await;
        }
        loop {
            tokio::select! {
                () = drain.requested() => return,
                () = async {
                    tokio::time::sleep(period).await;
                    self.look().await;
                } => {}
            }
        }
    }

    /// Looks at every asset once.
    async fn look(&mut self) {
        let mut changed = HashMap::new();
        for (asset, known) in &self.known {
            match self.fetcher.fetch_newer(asset, known).await {
                Ok(None) => Look::Same.emit(asset),
                Ok(Some(fetched)) => drop(changed.insert(asset.clone(), fetched)),
                Err(FetchError { what, .. }) => Look::Failed(what).emit(asset),
            }
        }
        if changed.is_empty() {
            return;
        }
        let refused = self.take_up(&changed).await;
        for (asset, fetched) in changed {
            match refused.get(&asset) {
                // Looked at again the next time, as if it had not been fetched.
                Some(what) => Look::Failed(what.clone()).emit(&asset),
                None => {
                    Look::Taken.emit(&asset);
                    self.known.insert(asset, fetched);
                }
            }
        }
    }

    /// Builds the enrichments that need what has changed. What could not be used, and why.
    async fn take_up(&self, changed: &HashMap<Asset, Fetched>) -> HashMap<Asset, String> {
        let mut assets = Assets::default();
        for (asset, fetched) in self.known.iter().chain(changed) {
            assets.put(asset.clone(), fetched.content.clone());
        }
        let assets = Arc::new(assets);
        let names: HashSet<&Asset> = changed.keys().collect();
        let mut refused = HashMap::new();
        for index in self.live.now().needing(&names) {
            let (before, assets) = (self.live.now(), Arc::clone(&assets));
            // Rules of user agents take a second to compile.
            let build = move || before.rebuilt(index, &assets);
            let built = tokio::task::spawn_blocking(build).await;
            match built.unwrap_or_else(|gone| Err(format!("building it broke off: {gone}"))) {
                Ok(enrichments) => self.live.replace(enrichments),
                Err(what) => {
                    let needed = self.live.now().assets_of(index).to_vec();
                    refused.extend(needed.into_iter().map(|asset| (asset, what.clone())));
                }
            }
        }
        refused
    }
}

impl Look {
    fn emit(&self, asset: &Asset) {
        let outcome = match self {
            Self::Same => {
                tracing::debug!(%asset, "the file of an enrichment has not changed");
                "same"
            }
            Self::Taken => {
                tracing::info!(%asset, "the file of an enrichment has changed: it was taken up");
                "taken"
            }
            Self::Failed(error) => {
                tracing::warn!(
                    %asset,
                    error,
                    "the file of an enrichment was not taken up: the old one goes on"
                );
                "failed"
            }
        };
        metric::ENRICH_ASSETS.increment(&[outcome]);
    }
}

#[cfg(test)]
mod tests;
