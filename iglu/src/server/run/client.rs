//! Tells webhooks.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use tokio::task::JoinSet;

use crate::server::{
    publish::Published,
    seen::{Observer, Seen},
    settings::Webhook,
};

/// Attempts to tell one of them.
const ATTEMPTS: u32 = 5;
/// How long one attempt may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The first pause; each is twice the last.
const PAUSE: Duration = Duration::from_millis(500);

/// Those who are told, and those who are being told.
pub(super) struct Hooks {
    /// Made when the first is told: a machine without certificates of authorities has none.
    http: OnceLock<Result<reqwest::Client, String>>,
    hooks: Arc<[Webhook]>,
    telling: Mutex<JoinSet<()>>,
    observer: Observer,
}

impl Hooks {
    pub(super) fn new(hooks: Vec<Webhook>, observer: Observer) -> Self {
        Self { http: OnceLock::new(), hooks: hooks.into(), telling: Mutex::default(), observer }
    }

    /// Has all that it is for told, in the order of publishing no longer than they answer at once.
    pub(super) fn tell(&self, published: &Published) {
        let body = event::json::to_compact(&published.told());
        let mut telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        while telling.try_join_next().is_some() {}
        for hook in self.hooks.iter().filter(|hook| hook.is_for(&published.key.vendor)) {
            let made = || reqwest::Client::builder().build().map_err(|error| error.to_string());
            match self.http.get_or_init(made) {
                Ok(http) => {
                    let (told, observer) = (tell(http.clone(), hook.clone(), body.clone()), self.observer);
                    telling.spawn(async move { observer(Seen::Told { is_told: told.await }) });
                }
                Err(error) => {
                    (self.observer)(Seen::Told { is_told: false });
                    tracing::error!(hook = hook.uri, error, "iglu server: webhooks cannot be told");
                }
            }
        }
    }

    /// Waits until all are told.
    pub(super) async fn done(&self) {
        let mut telling = std::mem::take(&mut *self.telling.lock().unwrap_or_else(PoisonError::into_inner));
        while telling.join_next().await.is_some() {}
    }
}

/// Whether somebody answered.
async fn tell(http: reqwest::Client, hook: Webhook, body: String) -> bool {
    let mut pause = PAUSE;
    for attempt in 1..=ATTEMPTS {
        let method = if hook.use_post { reqwest::Method::POST } else { reqwest::Method::GET };
        let request = http.request(method, &hook.uri).timeout(TIMEOUT).body(body.clone());
        match request.send().await {
            // What it answers is its own affair, as in the original.
            Ok(_) => return true,
            Err(error) => {
                let error = error.without_url().to_string();
                tracing::warn!(hook = hook.uri, attempt, error, "iglu server: a webhook cannot be told");
            }
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    false
}
