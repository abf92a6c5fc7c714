//! What the process tells systemd, where that started it (`spec/deploy.md` 3.8): that it has started, that it is alive, how it
//! is, and that it ends.

use std::{env, time::Duration};

use sd_notify::NotifyState;
use tokio::time::sleep;

use crate::{context::Context, health::Stated};

/// Names the socket that systemd listens at.
const SOCKET: &str = "NOTIFY_SOCKET";

/// How often `systemctl status` learns how the process is, at least.
const PERIOD: Duration = Duration::from_secs(10);

/// Tells for as long as the process lives; nothing where nobody listens. To be called when all that is needed at the start is
/// there. What asks for signs of life gets them from the runtime that does the work, so that a process that is stuck is
/// restarted; trouble of somebody else's, as a stream that does not answer, is no reason.
pub(crate) async fn tell(context: Context) {
    if env::var_os(SOCKET).is_none() {
        return;
    }
    let pause = pause(sd_notify::watchdog_enabled());
    say(&[NotifyState::Ready]);
    let mut ending = false;
    loop {
        let status = status(&context.health.statements(), ending);
        say(&[NotifyState::Watchdog, NotifyState::Status(&status)]);
        if ending {
            sleep(pause).await;
        } else {
            tokio::select! {
                () = context.drain.requested() => {
                    ending = true;
                    say(&[NotifyState::Stopping]);
                }
                () = sleep(pause) => {}
            }
        }
    }
}

/// The pause between two signs of life: three fit into what the watchdog allows.
fn pause(watchdog: Option<Duration>) -> Duration {
    watchdog.map_or(PERIOD, |allowed| (allowed / 3).min(PERIOD))
}

/// How the process is, in one line.
fn status(statements: &[Stated], ending: bool) -> String {
    let troubles: Vec<String> = statements
        .iter()
        .filter_map(|stated| Some(format!("{}: {}", stated.name, stated.trouble.as_ref()?)))
        .collect();
    match (ending, troubles.as_slice()) {
        (true, _) => "finishing what was taken".into(),
        (false, []) => "well".into(),
        // One message is one line of text.
        (false, troubles) => troubles.join("; ").replace('\n', " "),
    }
}

fn say(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd was not told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Health;

    #[test]
    fn signs_of_life_come_three_times_as_often_as_they_must() {
        for (allowed, expected) in [(None, 10), (Some(30), 10), (Some(3), 1), (Some(600), 10)] {
            assert_eq!(pause(allowed.map(Duration::from_secs)), Duration::from_secs(expected), "{allowed:?}");
        }
    }

    #[test]
    fn the_status_names_what_is_wrong() {
        let health = Health::default();
        assert_eq!(status(&health.statements(), false), "well");
        let (sink, source) = (health.fact("sink"), health.fact("source"));
        source.well();
        assert_eq!(status(&health.statements(), false), "sink: not reached yet");
        source.trouble("a line\nand another");
        assert_eq!(status(&health.statements(), false), "sink: not reached yet; source: a line and another");
        assert_eq!(status(&health.statements(), true), "finishing what was taken");
        sink.well();
        source.well();
        assert_eq!(status(&health.statements(), false), "well");
    }
}
