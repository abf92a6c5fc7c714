//! Known schemas. Read by many threads without waiting; filled by the client (`spec/iglu.md` 3.5).

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
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

/// Enough that writers hardly meet and copies are short.
const SHARDS: usize = 64;

/// Entries kept whatever the configuration says: one event can name thousands of schemas, and all answers must be there
/// at once to judge it. Only failures can fill this: they are small.
const LEAST_CAPACITY: usize = 32_768;

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

/// The cache: shards by hash of the key. Readers take a snapshot of a shard without locks; a writer copies the shard, which
/// is small and seldom written. The entry that goes when a shard is full is one that was not read lately.
#[derive(Debug)]
pub struct Cache {
    ttl: Option<Duration>,
    /// Entries of one shard at most.
    capacity: usize,
    hasher: RandomState,
    shards: [Shard; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    entries: ArcSwap<Entries>,
    /// Keys in order of insertion; holding it is the right to write.
    order: Mutex<VecDeque<Arc<SchemaKey>>>,
}

type Entries = HashMap<Arc<SchemaKey>, Arc<Entry>>;

/// What is known of a schema, whether or not it is still to be believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prior {
    /// It was there once.
    pub(crate) schema: Option<Arc<Schema>>,
    /// It was not to be had. Past its time to live without the registries that did not have it: they are asked again.
    pub(crate) error: Option<ResolutionError>,
    /// Registries that have not answered are asked again, however short ago they were.
    pub(crate) is_urgent: bool,
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
    /// A cache of so many schemas (or some thousands, if that is more) that stay fresh for so long; `None`: for ever.
    /// With a capacity or a time of zero nothing is kept, but what was just fetched can be read.
    pub fn new(capacity: usize, ttl: Option<Duration>) -> Self {
        let keeps = capacity > 0 && ttl != Some(Duration::ZERO);
        Self {
            ttl: if keeps { ttl } else { Some(JUST_FETCHED) },
            capacity: capacity.max(LEAST_CAPACITY) / SHARDS,
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Shard::default()),
        }
    }

    /// What is known of `key` at `now`.
    pub fn lookup(&self, key: &SchemaKey, now: Timestamp) -> Lookup {
        let entries = self.shard(key).entries.load();
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
        let entries = self.shard(key).entries.load();
        let Some(entry) = entries.get(key) else { return Prior::default() };
        match &entry.answer {
            Ok(schema) => Prior { schema: Some(Arc::clone(schema)), ..Prior::default() },
            Err(error) => {
                let mut error = ResolutionError::clone(error);
                if self.expiry(entry.stored).is_some_and(|expiry| now >= expiry) {
                    error.forget_not_found();
                }
                Prior { error: Some(error), ..Prior::default() }
            }
        }
    }

    /// Forgets what is known of `key`: somebody knows better now.
    pub fn forget(&self, key: &SchemaKey) {
        let shard = self.shard(key);
        let mut order = shard.order.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries = Entries::clone(&shard.entries.load());
        if entries.remove(key).is_some() {
            order.retain(|known| **known != *key);
            shard.entries.store(Arc::new(entries));
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
        let shard = self.shard(&key);
        let mut order = shard.order.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries = Entries::clone(&shard.entries.load());
        let key = Arc::new(key);
        if !entries.contains_key(&key) {
            while entries.len() >= self.capacity
                && let Some(oldest) = order.pop_front()
            {
                // A second chance for what was read.
                let is_used =
                    entries.get(&oldest).is_some_and(|entry| entry.used.swap(false, Ordering::Relaxed));
                if is_used {
                    order.push_back(oldest);
                } else {
                    entries.remove(&oldest);
                }
            }
            order.push_back(Arc::clone(&key));
        }
        entries.insert(key, Arc::new(Entry { answer, stored, until, used: AtomicBool::new(false) }));
        shard.entries.store(Arc::new(entries));
    }

    fn shard(&self, key: &SchemaKey) -> &Shard {
        &self.shards[self.hasher.hash_one(key) as usize % SHARDS]
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
    use event::schema_key::SchemaVersion;
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
    fn what_is_forgotten_is_asked_for_again() {
        let cache = Cache::new(5, None);
        cache.put_error(schema(0).key.clone(), ResolutionError::default(), at(0), None);
        assert!(matches!(cache.lookup(&schema(0).key, at(1)), Lookup::Unknown(_)));
        cache.forget(&schema(0).key);
        cache.forget(&schema(1).key);
        assert!(matches!(cache.lookup(&schema(0).key, at(1)), Lookup::Need));
    }

    #[test]
    fn what_was_read_stays() {
        let cache = Cache { capacity: 2, ..Cache::new(1, None) };
        cache.put(schema(0), at(0), None);
        for addition in 1..2000 {
            assert!(is_known(&cache, 0, at(1)), "{addition}");
            let key = SchemaKey { version: SchemaVersion::new(1, 0, addition), ..schema(0).key.clone() };
            cache.put_error(key, ResolutionError::default(), at(1), None);
        }
        let kept: usize = cache.shards.iter().map(|shard| shard.entries.load().len()).sum();
        assert!(kept <= 2 * SHARDS, "{kept}");
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
