//! `piste scaler`: as many shards as the load on a stream needs, and as many tasks as its consumers need to keep up
//! (`spec/deploy.md` 3.4, 3.9).
//!
//! * [`target`]: what is scaled, and between which limits
//! * [`shards`], [`tasks`]: what to do, from what was seen: pure
//! * [`decision`]: what comes out of them
//! * `client`: CloudWatch and ECS; `run`: looks, decides, acts

mod client;
mod decision;
mod run;
mod shards;
#[cfg(test)]
mod simulation;
mod target;
mod tasks;

use std::{net::SocketAddr, time::Duration};

use clap::Args;
use service::exit::RunError;

pub(crate) use self::run::run;
use self::target::{Service, Stream};
use crate::healthcheck::Door;

/// Gives streams of Kinesis the shards, and services of ECS the tasks, that they need.
///
/// A stream is doubled after a minute above 70 % of what its shards take, or when writes are refused, and halved after six hours
/// below 25 %; at most ten times in 24 hours, as Kinesis demands. A service of consumers gets a task more after three minutes in which
/// its stream was read more than a minute late, twice as many where it was five, and one less after half an hour within five seconds;
/// never more than the stream has shards. Streams on demand and services without tasks are left alone.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// A stream, and how many shards it may have [default: 1..16]; may be given several times.
    #[arg(long, value_name = "STREAM[=MIN..MAX]")]
    stream: Vec<Stream>,
    /// A service, the stream that it reads and how many tasks it may have [default: 1..16]; may be given several times.
    #[arg(long, value_name = "CLUSTER/SERVICE=STREAM[:MIN..MAX]")]
    service: Vec<Service>,
    /// The region [default: as the environment, the profile or the machine says]
    #[arg(long)]
    region: Option<String>,
    /// Seconds from one look to the next.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=300))]
    every: u64,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Look once and end.
    #[arg(long, requires = "dry_run")]
    once: bool,
    /// Where health is served.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8000")]
    admin_listen: SocketAddr,
}

impl Options {
    /// Where its health is told.
    pub(crate) fn door(&self) -> Result<Door, RunError> {
        Door::new(&self.admin_listen.ip().to_string(), self.admin_listen.port(), "/health")
    }

    fn every(&self) -> Duration {
        Duration::from_secs(self.every)
    }
}
