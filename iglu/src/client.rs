//! Fetches schemas from registries into the cache.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use event::schema_key::SchemaKey;
use jiff::Timestamp;
use serde_json::Value;

pub use crate::http::HttpSettings;
use crate::{
    built_in,
    cache::{Cache, Lookup},
    client_error::{RegistryError, ResolutionError},
    folder,
    http::{self, client::Http},
    resolver_config::{Connection, Repository, ResolverConfig},
    schema::Schema,
    search::{self, Search, Step},
    until::Until,
};

/// Tells the time.
type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// The client. Share it in an `Arc`.
pub struct Client {
    cache: Arc<Cache>,
    repositories: Vec<Repository>,
    http: Http,
    follows: bool,
    clock: Clock,
    /// One lock per schema that is being fetched: those who come later wait and read the cache.
    in_flight: Mutex<HashMap<SchemaKey, Arc<tokio::sync::Mutex<()>>>>,
}

impl Client {
    /// A client of these registries; the built-in schemas are always there, under the name `Iglu Client Embedded`.
    /// Schemas that another version supersedes are replaced by it, as the enricher wants it. `clock` tells the time.
    pub fn new(config: ResolverConfig, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            cache: Arc::new(Cache::new(config.cache_size, config.cache_ttl)),
            repositories: config.with_built_in(),
            http: Http::new(HttpSettings::default()),
            follows: true,
            clock: Box::new(clock),
            in_flight: Mutex::default(),
        }
    }

    /// With other limits for HTTP registries.
    #[must_use]
    pub fn with_http(self, settings: HttpSettings) -> Self {
        Self { http: Http::new(settings), ..self }
    }

    /// Takes schemas as they are, superseded or not, as loaders want it.
    #[must_use]
    pub fn without_superseding(self) -> Self {
        Self { follows: false, ..self }
    }

    /// What is known so far.
    pub fn cache(&self) -> &Arc<Cache> {
        &self.cache
    }

    /// Asks the registries for `key` and puts the answer, good or bad, into the cache. Concurrent calls for one key
    /// share one fetch. Never fails: a failure is an answer.
    pub async fn fetch(&self, key: &SchemaKey) {
        let lock = Arc::clone(self.flights().entry(key.clone()).or_default());
        let guard = lock.lock().await;
        if let Lookup::Need = self.cache.lookup(key, (self.clock)()) {
            self.ask_all(key).await;
        }
        drop(guard);
        let mut flights = self.flights();
        // Ours and the map's: nobody else is waiting.
        if Arc::strong_count(&lock) == 2 {
            flights.remove(key);
        }
    }

    /// The schema, from the cache or the registries.
    ///
    /// # Errors
    /// What each registry answered when none had it.
    pub async fn get(&self, key: &SchemaKey) -> Result<Arc<Schema>, Arc<ResolutionError>> {
        loop {
            match self.cache.lookup(key, (self.clock)()) {
                Lookup::Known(schema) => return Ok(schema),
                Lookup::Unknown(error) => return Err(error),
                Lookup::Need => self.fetch(key).await,
            }
        }
    }

    /// The versions of a model, from the first registry that lists any (`spec/iglu.md` 3.7).
    ///
    /// # Errors
    /// What each registry answered when none had a list.
    pub async fn versions(
        &self,
        vendor: &str,
        name: &str,
        model: u32,
    ) -> Result<Vec<SchemaKey>, ResolutionError> {
        let mut error = ResolutionError::default();
        for place in search::order(&self.repositories, vendor) {
            let repository = &self.repositories[place];
            match self.list(repository, vendor, name, model).await {
                Ok(keys) => return Ok(keys),
                Err(answer) => error.add(&repository.name, answer, (self.clock)()),
            }
        }
        Err(error)
    }

    /// All schemas of the model of `max` up to it, found by asking for one after the other (`spec/iglu.md` 3.7).
    ///
    /// # Errors
    /// The first schema that should be there and is not, and why.
    pub async fn schemas_until(
        &self,
        max: &SchemaKey,
    ) -> Result<Vec<Arc<Schema>>, (SchemaKey, Arc<ResolutionError>)> {
        let mut schemas = vec![];
        let mut walk = Until::new(max);
        while let Some(key) = walk.next() {
            match self.get(key).await {
                Ok(schema) => {
                    schemas.push(schema);
                    walk.found();
                }
                Err(error) => walk.missing(&error, &self.repositories).map_err(|key| (key, error))?,
            }
        }
        Ok(schemas)
    }

    async fn ask_all(&self, key: &SchemaKey) {
        let now = (self.clock)();
        let prior = self.cache.prior(key, now);
        let known = prior.schema.clone();
        let mut search = Search::new(&self.repositories, key.clone(), self.follows, prior, now);
        loop {
            match search.step() {
                Step::Ask(place, key) => {
                    let answer = self.read(&self.repositories[place], &key).await;
                    search.answer(answer, (self.clock)());
                }
                Step::Done(outcome) => return outcome.keep(&self.cache, key, known, (self.clock)()),
            }
        }
    }

    async fn read(&self, repository: &Repository, key: &SchemaKey) -> Result<Value, RegistryError> {
        match &repository.connection {
            Connection::BuiltIn => built_in::schema(key).ok_or(RegistryError::NotFound),
            Connection::Folder(folder) => folder::client::schema(folder, key).await,
            Connection::Http { uri, apikey } => {
                self.http.get(&format!("{uri}/schemas/{}", key.path()), apikey.as_deref()).await
            }
        }
    }

    async fn list(
        &self,
        repository: &Repository,
        vendor: &str,
        name: &str,
        model: u32,
    ) -> Result<Vec<SchemaKey>, RegistryError> {
        let format = "jsonschema";
        let versions = match &repository.connection {
            Connection::BuiltIn => built_in::versions(vendor, name, model),
            Connection::Folder(folder) => folder::client::versions(folder, vendor, name, model).await?,
            Connection::Http { uri, apikey } => {
                let url = format!("{uri}/schemas/{vendor}/{name}/{format}/{model}");
                return http::list_of(&self.http.get(&url, apikey.as_deref()).await?);
            }
        };
        if versions.is_empty() {
            return Err(RegistryError::NotFound);
        }
        Ok(versions.into_iter().map(|version| SchemaKey::new(vendor, name, format, version)).collect())
    }

    fn flights(&self) -> std::sync::MutexGuard<'_, HashMap<SchemaKey, Arc<tokio::sync::Mutex<()>>>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("repositories", &self.repositories).finish_non_exhaustive()
    }
}
