//! Fetches schemas from registries into the cache.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use event::{schema_key::SchemaKey, self_describing::SelfDescribing};
use jiff::Timestamp;
use serde_json::Value;

pub use crate::http::HttpSettings;
use crate::{
    built_in,
    cache::{Cache, Lookup, Prior},
    check::{Verdict, check},
    client_error::{ClientError, RegistryError, ResolutionError},
    folder,
    http::{self, client::Http},
    resolver_config::{Connection, Repository, ResolverConfig},
    schema::Schema,
    search::{self, Search, Step},
    until::Until,
};

/// A schema past its time to live serves so long while registries are asked for it.
const REFRESHING: Duration = Duration::from_secs(60);

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
        self.ask(key, None).await;
    }

    /// One attempt to learn what `key` is. None: that is decided, the cache knows it. Else what came instead: a registry
    /// that may have the schema does not answer; wait a little, and give the failure to the next attempt.
    pub async fn attempt(
        &self,
        key: &SchemaKey,
        last: Option<&Arc<ResolutionError>>,
    ) -> Option<Arc<ResolutionError>> {
        let mut is_asked = false;
        loop {
            match self.cache.lookup(key, (self.clock)()) {
                Lookup::Known(_) => return None,
                Lookup::Unknown(error) => {
                    let is_new = last.is_none_or(|last| !Arc::ptr_eq(last, &error));
                    if error.undecided().is_none() {
                        return None;
                    } else if is_new || is_asked {
                        return Some(error);
                    }
                }
                // It was there, and its time to live is over already.
                Lookup::Need if is_asked => return None,
                Lookup::Need => {}
            }
            self.ask(key, last).await;
            is_asked = true;
        }
    }

    /// Asks when nothing is known of `key`, or nothing but this failure.
    async fn ask(&self, key: &SchemaKey, failure: Option<&Arc<ResolutionError>>) {
        let lock = Arc::clone(self.flights().entry(key.clone()).or_default());
        let guard = lock.lock().await;
        match self.cache.lookup(key, (self.clock)()) {
            Lookup::Need => self.ask_all(key, failure.is_some()).await,
            Lookup::Unknown(error) if failure.is_some_and(|failure| Arc::ptr_eq(failure, &error)) => {
                self.ask_all(key, true).await;
            }
            Lookup::Known(_) | Lookup::Unknown(_) => {}
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

    /// Judges `data`, asking the registries for the schema where it is not known.
    ///
    /// # Errors
    /// Why it is not valid.
    pub async fn judge(&self, data: &SelfDescribing) -> Result<(), ClientError> {
        loop {
            match check(&self.cache, data, (self.clock)()) {
                Verdict::Valid | Verdict::ValidBySuperseding(_) => return Ok(()),
                Verdict::Invalid(error) => return Err(error),
                Verdict::Need(key) => self.fetch(&key).await,
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

    async fn ask_all(&self, key: &SchemaKey, is_urgent: bool) {
        let now = (self.clock)();
        let prior = Prior { is_urgent, ..self.cache.prior(key, now) };
        let known = prior.schema.clone();
        if let Some(known) = &known {
            // It serves those who do not wait for us: a registry that hangs does not hold up what was known.
            self.cache.put(Arc::clone(known), now, Some(REFRESHING));
        }
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
                let url = http::url_of(uri, key).ok_or(RegistryError::NotFound)?;
                self.http.get(&url, apikey.as_deref()).await
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
