//! The loop: looks, decides, acts.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use service::{
    admin, clock,
    context::Context,
    drain::Drain,
    exit::{ExitCode, RunError},
    health::Fact,
    supervise::{DEADLINE, Supervisor},
};
use stream::{
    aws::Connection,
    kinesis::shards::{self as kinesis, Summary},
};

use super::{
    Options,
    client::{Asked, Client, Told},
    decision::Decision,
    shards::{self, Shards},
    target::{Service, Stream},
    tasks::{self, Tasks},
};
use crate::output;

/// Rounds without an answer until the process counts as unwell.
const UNANSWERED: u32 = 10;

/// Runs until it is asked to end.
pub(crate) async fn run(options: Options) -> Result<ExitCode, RunError> {
    if options.stream.is_empty() && options.service.is_empty() {
        let what = "nothing to scale: --stream and --service say what";
        return Err(RunError::new(ExitCode::Usage, what));
    }
    let mut scaler = Scaler::open(&options).await?;
    if options.once {
        return match scaler.round().await {
            0 => Ok(ExitCode::Ok),
            _ => Ok(ExitCode::Unwell),
        };
    }
    let at = options.admin_listen;
    let listener = tokio::net::TcpListener::bind(at).await;
    let listener = listener
        .map_err(|e| RunError::unavailable(format!("cannot listen on {at} (`--admin-listen`): {e}")))?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "Health and metrics at address");
    }
    let context = Context::default();
    let mut supervisor = Supervisor::new(context.clone(), DEADLINE);
    let admin_ends = Drain::new();
    tokio::spawn(admin::server::run(listener, context.clone(), admin_ends.clone()));
    let (ends, fact, every) = (supervisor.context(0).drain, context.health.fact("scaler"), options.every());
    supervisor.spawn(0, "scaler", async move {
        let mut unanswered = 0;
        while !ends.is_requested() {
            let failed = scaler.round().await;
            unanswered = if failed == 0 { 0 } else { unanswered + 1 };
            tell(&fact, failed, unanswered);
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = ends.requested() => {}
            }
        }
        Ok(())
    });
    let code = supervisor.run().await;
    admin_ends.request();
    code
}

fn tell(fact: &Fact, failed: usize, unanswered: u32) {
    if failed == 0 {
        fact.well();
    } else if unanswered >= UNANSWERED {
        fact.trouble(format!("{failed} calls failed, and some in each of the last {unanswered} rounds"));
    }
}

struct Scaler {
    client: Client,
    /// By name: those that are scaled, and those that services read.
    streams: BTreeMap<String, Scaled>,
    services: Vec<(Service, Tasks)>,
    dry: bool,
    /// What was said last of each, so that it is not said every minute.
    said: BTreeMap<String, String>,
    failed: usize,
}

struct Scaled {
    client: kinesis::Shards,
    shards: Option<Shards>,
}

impl Scaler {
    async fn open(options: &Options) -> Result<Self, RunError> {
        let connection = Connection { region: options.region.clone(), ..Connection::default() };
        let mut streams = BTreeMap::new();
        for Stream { name, shards } in &options.stream {
            let (client, shards) =
                (kinesis::Shards::open(name, &connection).await, Some(Shards::new(*shards)));
            streams.insert(name.clone(), Scaled { client, shards });
        }
        for Service { stream, .. } in &options.service {
            if !streams.contains_key(stream) {
                let client = kinesis::Shards::open(stream, &connection).await;
                streams.insert(stream.clone(), Scaled { client, shards: None });
            }
        }
        let services = options.service.iter().map(|service| (service.clone(), Tasks::new(service.tasks)));
        Ok(Self {
            client: Client::open(&connection).await.map_err(RunError::unavailable)?,
            streams,
            services: services.collect(),
            dry: options.dry_run,
            said: BTreeMap::new(),
            failed: 0,
        })
    }

    /// One look at everything. Returns how many calls failed.
    async fn round(&mut self) -> usize {
        self.failed = 0;
        let now = clock::now();
        let minutes = match self.minutes(now).await {
            Ok(minutes) => minutes,
            Err(why) => {
                self.fail("CloudWatch", &why);
                return self.failed;
            }
        };
        let mut open = BTreeMap::new();
        let names: Vec<String> = self.streams.keys().cloned().collect();
        for name in names {
            match self.streams[&name].client.summary().await {
                Ok(found) => {
                    open.insert(name.clone(), found.open);
                    self.stream(now, &name, &found, &minutes).await;
                }
                Err(failure) => self.fail(&name, &failure.text),
            }
        }
        for at in 0..self.services.len() {
            self.service(now, at, &open, &minutes).await;
        }
        self.failed
    }

    /// All that decisions need, by stream and metric; whole minutes alone.
    async fn minutes(&self, now: Timestamp) -> Result<BTreeMap<(String, &'static str), Told>, String> {
        let mut asked = Vec::new();
        for (name, scaled) in &self.streams {
            let mut ask = |metric, statistic| asked.push(Asked { stream: name.clone(), metric, statistic });
            if scaled.shards.is_some() {
                WRITTEN.into_iter().for_each(|metric| ask(metric, "Sum"));
            }
            if self.services.iter().any(|(service, _)| service.stream == *name) {
                ask(READ_LATE, "Maximum");
            }
        }
        let whole = |at: Timestamp| Timestamp::from_second(at.as_second().div_euclid(60) * 60).unwrap_or(at);
        let to = whole(now);
        let from = to - shards::QUIET_FOR - SignedDuration::from_mins(1);
        let told = self.client.minutes(&asked, from, to).await?;
        let whole_ones = |told: Told| told.into_iter().filter(|(begin, _)| *begin < to).collect();
        Ok(asked
            .into_iter()
            .zip(told)
            .map(|(asked, told)| ((asked.stream, asked.metric), whole_ones(told)))
            .collect())
    }

    async fn stream(
        &mut self,
        now: Timestamp,
        name: &str,
        found: &Summary,
        told: &BTreeMap<(String, &'static str), Told>,
    ) {
        let Some(Scaled { client, shards: Some(known) }) = self.streams.get_mut(name) else { return };
        let series =
            WRITTEN.map(|metric| told.get(&(name.to_owned(), metric)).map_or(&[][..], Vec::as_slice));
        let decision = known.decide(now, found, &together(series));
        let mut refused = None;
        if let (Decision::Change { to, .. }, false) = (&decision, self.dry) {
            match client.change(*to).await {
                Ok(()) => known.changed(now),
                Err(failure) => {
                    if failure.code == "LimitExceededException" {
                        known.refused(now);
                    }
                    refused = Some(failure.text);
                }
            }
        }
        match refused {
            Some(why) => self.fail(name, &why),
            None => self.say(name, "shards", found.open, &decision),
        }
    }

    async fn service(
        &mut self,
        now: Timestamp,
        at: usize,
        open: &BTreeMap<String, u32>,
        told: &BTreeMap<(String, &'static str), Told>,
    ) {
        let (service, known) = &mut self.services[at];
        let name = format!("{}/{}", service.cluster, service.name);
        // Without the number of shards there is no limit to keep.
        let Some(open) = open.get(&service.stream) else { return };
        let minutes = told.get(&(service.stream.clone(), READ_LATE)).into_iter().flatten();
        let minutes: Vec<_> = minutes.map(|&(begin, behind)| tasks::Minute { begin, behind }).collect();
        let done = match self.client.tasks(service).await {
            Err(why) => Err(why),
            Ok(desired) => match known.decide(now, desired, *open, &minutes) {
                Decision::Change { to, why } if !self.dry => {
                    let given = self.client.give(service, to).await;
                    given.map(|()| {
                        known.changed(now);
                        (desired, Decision::Change { to, why })
                    })
                }
                decision => Ok((desired, decision)),
            },
        };
        match done {
            Ok((desired, decision)) => self.say(&name, "tasks", desired, &decision),
            Err(why) => self.fail(&name, &why),
        }
    }

    fn say(&mut self, name: &str, what: &str, now: u32, decision: &Decision) {
        let said = match decision {
            Decision::Keep => format!("{what} {now}, as it should be"),
            Decision::Change { to, why } => format!("{what} {now} -> {to}: {why}"),
            Decision::Stuck(why) => format!("{what} {now}: {why}"),
        };
        if self.dry {
            output::line(format_args!("{name}: {said}"));
        }
        let new = self.said.insert(name.to_owned(), said.clone()).is_none_or(|last| last != said);
        match decision {
            _ if self.dry || !new => {}
            Decision::Stuck(_) => tracing::warn!(name, "{said}"),
            _ => tracing::info!(name, "{said}"),
        }
    }

    fn fail(&mut self, name: &str, why: &str) {
        self.failed += 1;
        self.said.remove(name);
        if self.dry {
            output::error_line(format_args!("{name}: {why}"));
        } else {
            tracing::warn!(name, why, "a call failed");
        }
    }
}

/// What is written to a stream: bytes, records, and writes that were refused.
const WRITTEN: [&str; 3] = ["IncomingBytes", "IncomingRecords", "WriteProvisionedThroughputExceeded"];

/// How old the last record of a reading was, in milliseconds.
const READ_LATE: &str = "GetRecords.IteratorAgeMilliseconds";

/// Minutes of a stream, from bytes, records and refused writes; a minute in which nothing happened is not told.
fn together([bytes, records, refused]: [&[(Timestamp, f64)]; 3]) -> Vec<shards::Minute> {
    let mut minutes = BTreeMap::new();
    let empty = |begin| shards::Minute { begin, bytes: 0.0, records: 0.0, refused: 0.0 };
    let mut put = |series: &[(Timestamp, f64)], set: fn(&mut shards::Minute, f64)| {
        for (begin, value) in series {
            set(minutes.entry(*begin).or_insert_with(|| empty(*begin)), *value);
        }
    };
    put(bytes, |minute, value| minute.bytes = value);
    put(records, |minute, value| minute.records = value);
    put(refused, |minute, value| minute.refused = value);
    minutes.into_values().collect()
}
