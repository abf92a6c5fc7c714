//! `--demo`: a recorded visit of a small web shop, sent to the collector that runs, and the story of every event.

mod arrivals;
mod table;
mod visit;

use std::{
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use loaders::postgres::{client, config::PostgresConfig};
use reqwest::header;
use service::{clock, config::Secret};

use self::{
    arrivals::{Arrival, Lake},
    visit::Step,
};

/// How long an event may take from collector to file.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often the lake is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A demo of the pipeline that runs here.
#[derive(Debug)]
pub(crate) struct Demo {
    /// Where the collector listens.
    pub(crate) collector: SocketAddr,
    /// The data folder.
    pub(crate) data: PathBuf,
    /// The database, if events are loaded into one.
    pub(crate) postgres: Option<Secret>,
}

/// What is known of one step.
#[derive(Debug)]
struct Told {
    step: Step,
    status: u16,
    arrivals: Vec<Arrival>,
}

impl Demo {
    /// Sends, waits and prints.
    pub(crate) async fn run(&self) -> anyhow::Result<()> {
        let mut lake = Lake::from_now_on(&self.data).context("looking into the lake")?;
        let mut told = self.send().await?;
        let started = Instant::now();
        while told.iter().any(|t| t.arrivals.len() < t.step.outcomes) && started.elapsed() < PATIENCE {
            tokio::time::sleep(LOOK_EVERY).await;
            let marks: Vec<&str> = told.iter().map(|t| t.step.mark.as_str()).collect();
            for (step, arrival) in lake.arrivals(&marks).context("looking into the lake")? {
                told[step].arrivals.push(arrival);
            }
        }
        table::print(&told, started.elapsed());
        if let Some(url) = &self.postgres {
            table::print_rows(self.rows(url, &told).await?);
        }
        Ok(())
    }

    async fn send(&self) -> anyhow::Result<Vec<Told>> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
        let steps = visit::visit(clock::now(), clock::random_id)?;
        let mut told = Vec::with_capacity(steps.len());
        for step in steps {
            let url = format!("http://{}{}", self.collector, step.target);
            let request = match &step.body {
                None => client.get(url),
                Some(body) => client
                    .post(url)
                    .header(header::CONTENT_TYPE, "application/json; charset=UTF-8")
                    .body(body.clone()),
            };
            let agent = format!("Mozilla/5.0 (X11; Linux x86_64) {}", step.mark);
            let answer = request.header(header::USER_AGENT, agent).send().await.context("sending")?;
            told.push(Told { step, status: answer.status().as_u16(), arrivals: Vec::new() });
        }
        Ok(told)
    }

    /// Rows of `atomic.events` that the demo made, waiting for all of them.
    async fn rows(&self, url: &Secret, told: &[Told]) -> anyhow::Result<i64> {
        let expected = told.iter().flat_map(|t| &t.arrivals).filter(|a| a.is_enriched()).count();
        let expected = i64::try_from(expected)?;
        let config = PostgresConfig::from_url(url.expose())?;
        let (client, _connection) = client::connect(&config).await?;
        let run = told.first().and_then(|t| t.step.mark.rsplit_once('/')).map_or("", |(run, _)| run);
        let pattern = format!("%{run}/%");
        let started = Instant::now();
        loop {
            let query = "SELECT count(*) FROM atomic.events WHERE useragent LIKE $1";
            let rows: i64 = client.query_one(query, &[&pattern]).await?.get(0);
            if rows >= expected || started.elapsed() > PATIENCE {
                return Ok(rows);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
