//! A table that only grows and stays small: what is in it is found without a lock.

use std::sync::{OnceLock, PoisonError, RwLock};

/// Values by key. The first [`Slots::FREE`] are found by a scan of atomics, later ones behind a lock.
#[derive(Debug)]
pub struct Slots<K, V> {
    first: [OnceLock<(K, V)>; FREE],
    more: RwLock<Vec<(K, V)>>,
}

const FREE: usize = 16;

impl<K, V> Slots<K, V> {
    /// How many are found without a lock.
    pub const FREE: usize = FREE;

    /// An empty table.
    pub const fn new() -> Self {
        Self { first: [const { OnceLock::new() }; FREE], more: RwLock::new(Vec::new()) }
    }

    /// Does something with the value whose key `is` recognises; `make` gives key and value where there is none.
    pub fn with<R>(
        &self,
        is: impl Fn(&K) -> bool,
        make: impl FnOnce() -> (K, V),
        act: impl FnOnce(&V) -> R,
    ) -> R {
        let mut full = true;
        for slot in &self.first {
            match slot.get() {
                Some((key, value)) if is(key) => return act(value),
                Some(_) => {}
                None => {
                    full = false;
                    break;
                }
            }
        }
        if full {
            let more = self.more.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, value)) = more.iter().find(|(key, _)| is(key)) {
                return act(value);
            }
        }
        self.insert(is, make, act)
    }

    /// The way of a key that is seen for the first time: one at a time, and whoever comes second finds the first's.
    fn insert<R>(
        &self,
        is: impl Fn(&K) -> bool,
        make: impl FnOnce() -> (K, V),
        act: impl FnOnce(&V) -> R,
    ) -> R {
        let mut more = self.more.write().unwrap_or_else(PoisonError::into_inner);
        let known = self.first.iter().map_while(OnceLock::get).chain(more.iter());
        if let Some((_, value)) = known.into_iter().find(|(key, _)| is(key)) {
            return act(value);
        }
        match self.first.iter().find(|slot| slot.get().is_none()) {
            Some(slot) => act(&slot.get_or_init(make).1),
            None => {
                let made = make();
                let result = act(&made.1);
                more.push(made);
                result
            }
        }
    }
}

impl<K, V> Default for Slots<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn each_key_is_made_once_whoever_comes_first() {
        let (slots, made) = (Slots::<usize, AtomicUsize>::new(), AtomicUsize::new(0));
        let keys = 3 * Slots::<usize, AtomicUsize>::FREE;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for key in (0..keys).chain(0..keys) {
                        let make = || {
                            made.fetch_add(1, Ordering::Relaxed);
                            (key, AtomicUsize::new(0))
                        };
                        slots.with(|k| *k == key, make, |n| n.fetch_add(key, Ordering::Relaxed));
                    }
                });
            }
        });
        assert_eq!(made.load(Ordering::Relaxed), keys);
        for key in 0..keys {
            let n = slots.with(|k| *k == key, || unreachable!(), |n| n.load(Ordering::Relaxed));
            assert_eq!(n, 8 * key, "{key}");
        }
    }
}
