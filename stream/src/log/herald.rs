//! Waking those whose records are durable.
//!
//! The writer's thread is none of the runtime's: for nearly every task that it wakes itself the runtime has to get one of its
//! threads out of bed, by a system call, and that thread goes back to sleep before the next one is woken. So the writer wakes
//! one task, and that wakes the others from inside (`benches/collector`: a fifth more requests a second).

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use tokio::{runtime::Handle, sync::Notify};

/// Wakes tasks from inside the runtime in which it was started.
#[derive(Debug)]
pub(super) struct Herald {
    /// Who is to be woken; `None` while no task does it.
    waiting: Mutex<Option<Vec<Waker>>>,
    news: Notify,
}

/// Ends the work of a herald, also when the runtime ends before the log.
struct Work(Arc<Herald>);

impl Herald {
    /// A herald with a task in the current runtime; without a runtime it has none.
    pub(super) fn start() -> Arc<Self> {
        let runtime = Handle::try_current().ok();
        let waiting = Mutex::new(runtime.is_some().then(Vec::new));
        let herald = Arc::new(Self { waiting, news: Notify::new() });
        if let Some(runtime) = runtime {
            let work = Work(herald.clone());
            runtime.spawn(async move {
                loop {
                    work.0.news.notified().await;
                    let Some(wakers) = work.0.waiting().as_mut().map(std::mem::take) else { break };
                    wakers.into_iter().for_each(Waker::wake);
                }
            });
        }
        herald
    }

    /// Has them woken.
    pub(super) fn wake(&self, wakers: Vec<Waker>) {
        match self.waiting().as_mut() {
            // One is as quickly woken as the herald's own task.
            Some(waiting) if wakers.len() > 1 => waiting.extend(wakers),
            _ => return wakers.into_iter().for_each(Waker::wake),
        }
        self.news.notify_one();
    }

    /// Wakes who is left, and from now on everybody without the task, which ends.
    pub(super) fn stop(&self) {
        let left = self.waiting().take();
        left.into_iter().flatten().for_each(Waker::wake);
        self.news.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Option<Vec<Waker>>> {
        // Nothing panics between changes that belong together.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        task::Wake,
    };

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// So many tasks are to be woken; gives how many have been, at once.
    fn wake(herald: &Herald, count: &Arc<Count>, tasks: usize) -> usize {
        herald.wake(vec![count.clone().into(); tasks]);
        count.0.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn one_is_woken_at_once_and_more_by_the_task() {
        let (herald, count) = (Herald::start(), Arc::<Count>::default());
        assert_eq!(wake(&herald, &count, 1), 1);
        assert_eq!(wake(&herald, &count, 5), 1);
        assert_eq!(wake(&herald, &count, 2), 1);
        while count.0.load(Ordering::Relaxed) < 8 {
            tokio::task::yield_now().await;
        }
        assert_eq!(wake(&herald, &count, 3), 8);
        herald.stop();
        assert_eq!(wake(&herald, &count, 3), 14, "those who are left, and from now on everybody");
    }

    #[test]
    fn without_a_runtime_everybody_is_woken_at_once() {
        let (herald, count) = (Herald::start(), Arc::<Count>::default());
        assert_eq!(wake(&herald, &count, 5), 5);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let herald = runtime.block_on(async { Herald::start() });
        assert_eq!(wake(&herald, &count, 5), 5, "the runtime stands still");
        drop(runtime);
        assert_eq!(wake(&herald, &count, 5), 15);
    }
}
