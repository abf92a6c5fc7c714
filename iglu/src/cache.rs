//! Known schemas. Read by many threads without waiting; filled by the client (`spec/iglu.md` 3.5).

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use event::schema_key::SchemaKey;
use jiff::Timestamp;

use crate::{client_error::ResolutionError, schema::Schema};

/// Without a cache an answer still serves those who wait for it.
const JUST_FETCHED: Duration = Duration::from_secs(1);

/// What the cache knows of a schema.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// Here it is.
    Known(Arc<Schema>),
    /// All registries were asked and it is too early to ask again.
    Unknown(Arc<ResolutionError>),
    /// The client must be asked to fetch it.
    Need,
}

/// The cache. Readers take a snapshot without locks; a writer copies the map, which is small and seldom written. The
/// entry that goes when it is full is one that was not read lately.
#[derive(Debug)]
pub struct Cache {
    capacity: usize,
    ttl: Option<Duration>,
    entries: ArcSwap<HashMap<SchemaKey, Arc<Entry>>>,
    /// Keys in order of insertion; holding it is the right to write.
    order: Mutex<VecDeque<SchemaKey>>,
}

/// What is known of a schema, whether or not it is still to be believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prior {
    /// It was there once.
    pub(crate) schema: Option<Arc<Schema>>,
    /// It was not to be had. Past its time to live without the registries that did not have it: they are asked again.
    pub(crate) error: Option<ResolutionError>,
}

#[derive(Debug)]
struct Entry {
    answer: Result<Arc<Schema>, Arc<ResolutionError>>,
    stored: Timestamp,
    /// From here on registries are to be asked again.
    until: Option<Timestamp>,
    /// Read since the last look for an entry to drop.
    used: AtomicBool,
}

impl Cache {
    /// A cache of so many schemas that stay fresh for so long; `None`: for ever. With a capacity or a time of zero
    /// nothing is kept, but what was just fetched can be read.
    pub fn new(capacity: usize, ttl: Option<Duration>) -> Self {
        let keeps = capacity > 0 && ttl != Some(Duration::ZERO);
        Self {
            capacity: if keeps { capacity } else { 1024 },
            ttl: if keeps { ttl } else { Some(JUST_FETCHED) },
            entries: ArcSwap::default(),
            order: Mutex::default(),
        }
    }

    /// What is known of `key` at `now`.
    pub fn lookup(&self, key: &SchemaKey, now: Timestamp) -> Lookup {
        let entries = self.entries.load();
        let Some(entry) = entries.get(key).filter(|entry| entry.until.is_none_or(|until| now < until)) else {
            return Lookup::Need;
        };
        // Writing only once keeps the line in the caches of all readers.
        if !entry.used.load(Ordering::Relaxed) {
            entry.used.store(true, Ordering::Relaxed);
        }
        match &entry.answer {
            Ok(schema) => Lookup::Known(Arc::clone(schema)),
            Err(error) => Lookup::Unknown(Arc::clone(error)),
        }
    }

    /// What was known of `key`.
    pub(crate) fn prior(&self, key: &SchemaKey, now: Timestamp) -> Prior {
        let entries = self.entries.load();
        let Some(entry) = entries.get(key) else { return Prior::default() };
        match &entry.answer {
            Ok(schema) => Prior { schema: Some(Arc::clone(schema)), error: None },
            Err(error) => {
                let mut error = ResolutionError::clone(error);
                if self.expiry(entry.stored).is_some_and(|expiry| now >= expiry) {
                    error.forget_not_found();
                }
                Prior { schema: None, error: Some(error) }
            }
        }
    }

    /// Keeps a schema, not longer than `at_most`.
    pub(crate) fn put(&self, schema: Arc<Schema>, now: Timestamp, at_most: Option<Duration>) {
        let until = earlier(self.expiry(now), at_most.and_then(|at_most| after(now, at_most)));
        self.insert(schema.key.clone(), Ok(schema), now, until);
    }

    /// Keeps a failure until registries may be asked again.
    pub(crate) fn put_error(
        &self,
        key: SchemaKey,
        error: ResolutionError,
        now: Timestamp,
        retry: Option<Timestamp>,
    ) {
        self.insert(key, Err(Arc::new(error)), now, earlier(self.expiry(now), retry));
    }

    fn expiry(&self, stored: Timestamp) -> Option<Timestamp> {
        self.ttl.and_then(|ttl| after(stored, ttl))
    }

    fn insert(
        &self,
        key: SchemaKey,
        answer: Result<Arc<Schema>, Arc<ResolutionError>>,
        stored: Timestamp,
        until: Option<Timestamp>,
    ) {
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries = HashMap::clone(&self.entries.load());
        let entry = Arc::new(Entry { answer, stored, until, used: AtomicBool::new(false) });
        if entries.insert(key.clone(), entry).is_none() {
            order.push_back(key);
        }
        while entries.len() > self.capacity
            && let Some(oldest) = order.pop_front()
        {
            // A second chance for what was read; the new entry is last in line.
            let is_used = entries.get(&oldest).is_some_and(|entry| entry.used.swap(false, Ordering::Relaxed));
            if is_used {
                order.push_back(oldest);
            } else {
                entries.remove(&oldest);
            }
        }
        self.entries.store(Arc::new(entries));
    }
}

/// The moment so much later; none: never.
pub(crate) fn after(moment: Timestamp, wait: Duration) -> Option<Timestamp> {
    jiff::SignedDuration::try_from(wait).ok().and_then(|wait| moment.checked_add(wait).ok())
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(addition: u32) -> Arc<Schema> {
        let key = format!("iglu:com.acme/a/jsonschema/1-0-{addition}").parse().unwrap();
        Arc::new(Schema::compile(key, json!({})))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn is_known(cache: &Cache, addition: u32, now: Timestamp) -> bool {
        matches!(cache.lookup(&schema(addition).key, now), Lookup::Known(_))
    }

    #[test]
    fn schemas_grow_stale() {
        let cache = Cache::new(5, Some(Duration::from_secs(10)));
        cache.put(schema(0), at(0), None);
        assert!(is_known(&cache, 0, at(9)));
        assert!(!is_known(&cache, 0, at(10)));
        assert!(cache.prior(&schema(0).key, at(10)).schema.is_some());
        cache.put(schema(1), at(0), Some(Duration::from_secs(2)));
        assert!(!is_known(&cache, 1, at(2)));
        let forever = Cache::new(5, None);
        forever.put(schema(0), at(0), None);
        assert!(is_known(&forever, 0, at(1_000_000_000)));
    }

    #[test]
    fn what_was_read_stays() {
        let cache = Cache::new(2, None);
        cache.put(schema(0), at(0), None);
        cache.put(schema(1), at(0), None);
        assert!(is_known(&cache, 0, at(1)));
        cache.put(schema(2), at(1), None);
        assert!(is_known(&cache, 0, at(1)));
        assert!(!is_known(&cache, 1, at(1)));
        assert!(is_known(&cache, 2, at(1)));
    }

    #[test]
    fn without_a_cache_the_last_answers_are_still_read() {
        for cache in [Cache::new(0, None), Cache::new(5, Some(Duration::ZERO))] {
            cache.put(schema(0), at(0), None);
            assert!(is_known(&cache, 0, at(0)));
            assert!(!is_known(&cache, 0, at(1)));
        }
    }
}
