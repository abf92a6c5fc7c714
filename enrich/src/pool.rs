//! A few plain threads that do the work of batches: enriching never waits, so it needs no runtime.

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

/// The threads. They end when the pool is dropped and what was submitted is done.
pub(crate) struct Pool<S> {
    jobs: mpsc::Sender<Job<S>>,
}

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

impl<S: 'static> Pool<S> {
    /// `threads` threads; each keeps a state of its own that `state` makes.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn new(
        threads: usize,
        state: impl Fn() -> S + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel::<Job<S>>();
        let (waiting, state) = (Arc::new(Mutex::new(waiting)), Arc::new(state));
        for number in 0..threads {
            let (waiting, state) = (Arc::clone(&waiting), Arc::clone(&state));
            thread::Builder::new().name(format!("enrich-{number}")).spawn(move || {
                let mut state = state();
                loop {
                    // One thread waits for the next job, the others for the lock.
                    let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    match job {
                        Ok(job) => job(&mut state),
                        Err(mpsc::RecvError) => return,
                    }
                }
            })?;
        }
        Ok(Self { jobs })
    }

    /// Has a job done by the next free thread.
    pub(crate) fn submit(&self, job: impl FnOnce(&mut S) + Send + 'static) {
        // Threads end only with the pool: somebody receives it.
        let _ = self.jobs.send(Box::new(job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done() {
        let pool = Pool::new(3, || 0).unwrap();
        let (done, finished) = mpsc::channel();
        for n in 0..100 {
            let done = done.clone();
            pool.submit(move |count: &mut i32| {
                *count += 1;
                done.send(n).unwrap();
            });
        }
        drop((pool, done));
        let mut numbers: Vec<i32> = finished.iter().collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
    }
}
