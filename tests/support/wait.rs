//! Waiting for something to become true, with a deadline.

use std::time::{Duration, Instant};

/// Asks every few milliseconds until there is an answer; panics with `what` when the deadline has passed.
pub fn until<T>(what: &str, within: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {within:?} in vain for {what}");
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

/// Asks until the answers agree with `want`; panics with the last answer.
pub fn until_equal<T: PartialEq + std::fmt::Debug>(
    what: &str,
    within: Duration,
    want: &T,
    mut ask: impl FnMut() -> T,
) {
    let deadline = Instant::now() + within;
    let mut pause = Duration::from_millis(2);
    loop {
        let answer = ask();
        if answer == *want {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "waited {within:?} in vain for {what}: {answer:?} instead of {want:?}"
        );
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}
