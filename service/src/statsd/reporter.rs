//! Sends the series of a [`Statsd`] once a period. Nobody waits for it, and what cannot be sent is dropped and counted.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    net::{UdpSocket, lookup_host},
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{Settings, Statsd, datagrams::Datagrams};
use crate::metric;

/// How often the host's name is looked up again: servers move.
const LOOKUP_EVERY: Duration = Duration::from_secs(30);
/// How long a lookup or the sending of one period may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// The shortest period.
const SHORTEST: Duration = Duration::from_millis(10);

/// Reports until it is finished or dropped.
#[derive(Debug)]
#[must_use = "dropping it ends the reports"]
pub struct Reporter {
    finish: CancellationToken,
    task: AbortOnDropHandle<()>,
}

/// The way to the server.
struct Line {
    settings: Settings,
    socket: Option<(UdpSocket, SocketAddr)>,
    looked_up: Option<Instant>,
    failing: bool,
}

impl Statsd {
    /// Begins to report on the current runtime.
    pub fn start(&self) -> Reporter {
        let finish = CancellationToken::new();
        let task = AbortOnDropHandle::new(tokio::spawn(self.clone().report(finish.clone())));
        Reporter { finish, task }
    }

    async fn report(self, finish: CancellationToken) {
        let datagrams = Datagrams::default();
        let client = self.client(&datagrams);
        let settings = self.0.settings.clone();
        let period = settings.period.max(SHORTEST);
        let mut line = Line { settings, socket: None, looked_up: None, failing: false };
        line.look_up().await;
        let mut tick = interval_at(Instant::now() + period, period);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let last = tokio::select! {
                biased;
                () = finish.cancelled() => true,
                _ = tick.tick() => false,
            };
            // The end does not wait for a name.
            if !last {
                line.look_up().await;
            }
            line.send(self.drain(&client, &datagrams)).await;
            if last {
                return;
            }
        }
    }
}

impl Reporter {
    /// Sends what has come together since the last report, and ends.
    pub async fn finish(self) {
        self.finish.cancel();
        // Whatever became of it has been said.
        let _ = timeout(3 * PATIENCE, self.task).await;
    }
}

impl Line {
    /// Looks the server up where that is due. A known address stays until there is a new one.
    async fn look_up(&mut self) {
        if self.looked_up.is_some_and(|at| at.elapsed() < LOOKUP_EVERY) {
            return;
        }
        match timeout(PATIENCE, self.open()).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(opened) => {
                self.looked_up = Some(Instant::now());
                self.socket = Some(opened);
                self.works();
            }
            Err(error) => self.fails(&error),
        }
    }

    async fn open(&self) -> io::Result<(UdpSocket, SocketAddr)> {
        let Settings { hostname, port, .. } = &self.settings;
        let to = lookup_host((hostname.as_str(), *port)).await?.next().ok_or(io::ErrorKind::NotFound)?;
        let from = match to {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        Ok((UdpSocket::bind(from).await?, to))
    }

    async fn send(&mut self, datagrams: Vec<Vec<u8>>) {
        let Some((socket, to)) = &self.socket else {
            return metric::STATSD_DROPPED.add(datagrams.len() as u64, &[]);
        };
        let (mut sent, mut failure) = (0, None);
        let sending = async {
            for datagram in &datagrams {
                match socket.send_to(datagram, to).await {
                    Ok(_) => sent += 1,
                    Err(error) => failure = Some(error),
                }
            }
        };
        let late = timeout(PATIENCE, sending).await.is_err();
        metric::STATSD_DROPPED.add((datagrams.len() - sent) as u64, &[]);
        match failure {
            Some(error) => self.fails(&error),
            None if late => self.fails(&io::ErrorKind::TimedOut.into()),
            None => self.works(),
        }
    }

    /// The first failure of a row is worth a warning.
    fn fails(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.failing, true) {
            let Settings { hostname, port, .. } = &self.settings;
            tracing::warn!(%error, "no metrics reach the StatsD server {hostname}:{port}: trying again each period");
        }
    }

    fn works(&mut self) {
        if std::mem::replace(&mut self.failing, false) {
            tracing::info!("metrics go to the StatsD server again");
        }
    }
}
