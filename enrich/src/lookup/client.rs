//! Asks services, each question once at a time and so many of a service at the same time, so that a slow one holds up only
//! those that ask it.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use serde_json::Value;
use service::{clock, metric};
use tokio::{
    sync::{OnceCell, Semaphore},
    time::Instant,
};

use super::{
    Answer, Ask, Key, LATE, Place, Question, Service, http,
    postgres::client::{Patience, Pool},
};

/// Asks services.
pub struct Client {
    settings: Settings,
    http: http::client::Client,
    /// Questions under way.
    flights: Mutex<HashMap<Key, Arc<OnceCell<Answer>>>>,
    /// By the services' numbers.
    links: Mutex<HashMap<u64, Arc<Link>>>,
}

/// How services are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Requests to one API at the same time.
    pub max_requests: usize,
    /// Connections to one database.
    pub max_connections: usize,
    /// Time to connect to a database.
    pub connection_timeout: Duration,
    /// Time for a query with its answer, and for a request for exchange rates.
    pub query_timeout: Duration,
    /// Where exchange rates are asked for.
    pub exchange_rates: String,
}

/// What is held for a service.
struct Link {
    service: Weak<Service>,
    permits: Semaphore,
    pool: Pool,
    silence: Mutex<Silence>,
}

/// How a service has been silent of late.
#[derive(Default)]
struct Silence {
    /// Questions in a row that were not answered in time.
    questions: usize,
    /// When the last of them was given up, and what was said of it.
    last: Option<(Instant, String)>,
}

/// So long a service that answers nobody is left alone: what it would be asked fails at once, so that events do not pile up
/// behind it.
const PAUSE: Duration = Duration::from_secs(1);

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_requests: 32,
            max_connections: 4,
            connection_timeout: Duration::from_secs(5),
            query_timeout: Duration::from_secs(30),
            exchange_rates: "https://openexchangerates.org".to_owned(),
        }
    }
}

impl Client {
    /// A client that has connected to nobody yet.
    pub fn new(settings: Settings) -> Self {
        let (flights, links) = (Mutex::default(), Mutex::default());
        Self { settings, http: http::client::Client::default(), flights, links }
    }

    /// The answer to a question: what is remembered, or what its service says.
    ///
    /// # Errors
    /// What happened instead of an answer.
    pub async fn ask(&self, question: &Question) -> Answer {
        let flight = Arc::clone(guard(&self.flights).entry(question.key()).or_default());
        let answer = flight.get_or_init(|| self.answer(question)).await.clone();
        if let Entry::Occupied(entry) = guard(&self.flights).entry(question.key())
            && Arc::ptr_eq(entry.get(), &flight)
        {
            entry.remove();
        }
        answer
    }

    async fn answer(&self, question: &Question) -> Answer {
        let Question { service, ask } = question;
        let link = self.link(service);
        let permit = link.permits.acquire().await.map_err(|closed| Arc::from(closed.to_string()))?;
        // Somebody may have been told while this one waited.
        if let Some(answer) = service.memory.get(ask, clock::now().as_second()) {
            return answer;
        }
        let begun = Instant::now();
        let found = match self.left_alone(service, &link) {
            Some(why) => Err(why),
            None => {
                let found = self.fetch(service, ask, &link.pool).await;
                guard(&link.silence).note(&found);
                found
            }
        };
        drop(permit);
        let outcome = if found.is_ok() { "answered" } else { "failed" };
        metric::ENRICH_LOOKUPS.increment(&[service.name, outcome]);
        metric::ENRICH_LOOKUP_SECONDS.record(begun.elapsed().as_secs_f64(), &[service.name]);
        if let Err(error) = &found {
            tracing::debug!(enrichment = service.name, error, "a service has not answered");
        }
        service.memory.put(ask, found.map(Arc::new).map_err(Arc::from), clock::now().as_second())
    }

    /// Why a service is not asked now.
    fn left_alone(&self, service: &Service, link: &Link) -> Option<String> {
        let silence = guard(&link.silence);
        let (since, why) = silence.last.as_ref()?;
        (silence.questions >= self.at_once(service) && since.elapsed() < PAUSE).then(|| why.clone())
    }

    /// Questions to a service at the same time.
    fn at_once(&self, service: &Service) -> usize {
        match service.place {
            Place::Postgres(_) => self.settings.max_connections,
            Place::Http(_) | Place::Rates(_) => self.settings.max_requests,
        }
    }

    async fn fetch(&self, service: &Service, ask: &Ask, pool: &Pool) -> Result<Value, String> {
        match (&service.place, ask) {
            (Place::Http(place), Ask::Http(request)) => self.http.send(place, request).await,
            (Place::Postgres(database), Ask::Sql(parameters)) => {
                let Settings { connection_timeout: connect, query_timeout: query, .. } = self.settings;
                pool.query(database, parameters, Patience { connect, query }).await
            }
            (Place::Rates(parameters), Ask::Rates(day)) => {
                let base = self.settings.exchange_rates.trim_end_matches('/');
                let url = format!("{base}/api/historical/{day}.json?{parameters}");
                self.http.get(url, self.settings.query_timeout).await
            }
            (Place::Http(_) | Place::Postgres(_) | Place::Rates(_), _) => {
                Err("bug: the question is for another service".to_owned())
            }
        }
    }

    fn link(&self, service: &Arc<Service>) -> Arc<Link> {
        let mut links = guard(&self.links);
        links.retain(|_, link| link.service.strong_count() > 0);
        let permits = self.at_once(service);
        let new = || Link {
            service: Arc::downgrade(service),
            permits: Semaphore::new(permits.max(1)),
            pool: Pool::default(),
            silence: Mutex::default(),
        };
        Arc::clone(links.entry(service.id).or_insert_with(|| Arc::new(new())))
    }
}

impl Silence {
    fn note(&mut self, found: &Result<Value, String>) {
        match found {
            Err(why) if why.starts_with(LATE) => {
                self.questions += 1;
                self.last = Some((Instant::now(), why.clone()));
            }
            _ => *self = Self::default(),
        }
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}
