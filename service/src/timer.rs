//! A timer for work that nearly always ends long before its time: setting it again costs nothing until it fires.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// The one timer of a connection, whatever it waits for. The runtime's timer stays where it was set until it fires or has to
/// fire earlier, so a request that is quickly answered does not touch it.
#[derive(Debug, Default)]
pub struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// Whom it wakes.
    waker: Option<Waker>,
}

impl Timer {
    /// A timer that has not been needed yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the future gives; `None` when `limit` has passed since it was first waited for.
    pub async fn within<F: Future>(&mut self, limit: Duration, future: F) -> Option<F::Output> {
        let (mut future, mut deadline) = (pin!(future), None);
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => {
                let deadline = *deadline.get_or_insert_with(|| Instant::now() + limit);
                self.poll_passed(deadline, cx).map(|()| None)
            }
        })
        .await
    }

    /// What the future gives; `None` when it is not ready at `deadline`.
    pub async fn until<F: Future>(&mut self, deadline: Instant, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => self.poll_passed(deadline, cx).map(|()| None),
        })
        .await
    }

    fn poll_passed(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let Self { sleep, waker } = self;
        let sleep = sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if deadline < sleep.deadline() {
            sleep.as_mut().reset(deadline);
            *waker = None;
        }
        while sleep.is_elapsed() || !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            if sleep.as_mut().poll(cx).is_pending() {
                *waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            *waker = None;
            if deadline <= Instant::now() {
                return Poll::Ready(());
            }
            // It was set for something that has long been done.
            sleep.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::{advance, sleep};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn each_wait_has_its_own_end() {
        let (mut timer, begin) = (Timer::new(), Instant::now());
        assert_eq!(timer.within(SECOND, ready(1)).await, Some(1));
        assert_eq!(timer.within(10 * SECOND, sleep(SECOND)).await, Some(()));
        // Earlier than the one before would have been.
        assert_eq!(timer.within(2 * SECOND, pending::<()>()).await, None);
        assert_eq!((Instant::now() - begin).as_secs(), 3);
        // Later than the one before.
        assert_eq!(timer.within(5 * SECOND, pending::<()>()).await, None);
        assert_eq!((Instant::now() - begin).as_secs(), 8);
        assert_eq!(timer.until(begin + 9 * SECOND, pending::<()>()).await, None);
        assert_eq!(timer.until(begin, pending::<()>()).await, None);
        assert_eq!((Instant::now() - begin).as_secs(), 9);
        assert_eq!(timer.until(begin, ready(2)).await, Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_is_woken_wherever_the_timer_was_before() {
        let mut timer = Timer::new();
        assert_eq!(timer.within(9 * SECOND, sleep(SECOND)).await, Some(()));
        let moved = tokio::spawn(async move { timer.within(4 * SECOND, pending::<()>()).await });
        advance(3 * SECOND).await;
        assert!(!moved.is_finished());
        assert_eq!(moved.await.expect("it does not panic"), None);
    }
}
