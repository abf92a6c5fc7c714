//! Starts a process's tasks and ends them in order: signals, staged drain, deadline, exit code.
//!
//! Tasks belong to stages. When the process is asked to end (a signal, or [`Context::drain`] requested by anyone),
//! stage 0 is asked to finish; when all its tasks have ended the next stage's `caught_up` hook is awaited and that
//! stage is asked, and so on: what the collector accepted is enriched, and what was enriched reaches the files.
//! A second signal or the deadline ends the wait and names what was left.

mod signal;

use std::{collections::BTreeMap, future::Future, pin::Pin, time::Duration};

use tokio::{
    sync::mpsc,
    task::{Id, JoinError, JoinSet},
    time::{Instant, sleep_until, timeout_at},
};

use crate::{
    context::Context,
    drain::Drain,
    exit::{ExitCode, RunError},
    health::Fact,
    systemd,
};

/// Time between the request to end and giving up, unless configured.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Runs tasks until they end or the process is asked to.
pub struct Supervisor {
    context: Context,
    deadline: Duration,
    stages: BTreeMap<u8, Stage>,
    tasks: JoinSet<Result<(), RunError>>,
    running: BTreeMap<Id, Task>,
    starting: Option<Fact>,
}

#[derive(Default)]
struct Stage {
    drain: Drain,
    caught_up: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

struct Task {
    stage: u8,
    name: String,
}

/// Why the wait for a stage ended early.
enum Cut {
    Deadline,
    SecondSignal(&'static str),
}

impl Supervisor {
    /// A supervisor of nothing yet. `context.drain` is the whole process's: requesting it begins the drain.
    pub fn new(context: Context, deadline: Duration) -> Self {
        Self {
            context,
            deadline,
            stages: BTreeMap::new(),
            tasks: JoinSet::new(),
            running: BTreeMap::new(),
            starting: None,
        }
    }

    /// The fact that the process is starting: it is well as soon as signals are heard. Whoever waits for health and then asks
    /// the process to end finds it ready to do so in order.
    pub fn started(&mut self, starting: Fact) {
        self.starting = Some(starting);
    }

    /// The context for tasks of a stage: the process's, with the stage's own drain.
    pub fn context(&mut self, stage: u8) -> Context {
        let drain = self.stages.entry(stage).or_default().drain.clone();
        Context { drain, ..self.context.clone() }
    }

    /// Starts a task. It ends when the drain of its stage (see [`Self::context`]) is requested; ending before that
    /// ends the process.
    pub fn spawn<F>(&mut self, stage: u8, name: impl Into<String>, task: F)
    where
        F: Future<Output = Result<(), RunError>> + Send + 'static,
    {
        self.stages.entry(stage).or_default();
        let id = self.tasks.spawn(task).id();
        self.running.insert(id, Task { stage, name: name.into() });
    }

    /// A future to await before the stage is asked to finish, when all earlier stages have ended: for example that a
    /// reader has reached the end of what they wrote. It gets at most half of the time that is left.
    pub fn caught_up(&mut self, stage: u8, reached: impl Future<Output = ()> + Send + 'static) {
        self.stages.entry(stage).or_default().caught_up.push(Box::pin(reached));
    }

    /// Runs until all is over, on SIGTERM and SIGINT too, and tells systemd that the process has started. The caller ends the runtime with
    /// [`tokio::runtime::Runtime::shutdown_background`], since abandoned blocking work would hold it.
    ///
    /// # Errors
    ///
    /// Signal handlers cannot be installed.
    pub async fn run(self) -> Result<ExitCode, RunError> {
        let signals = signal::listen()?;
        self.starting.iter().for_each(Fact::well);
        tokio::spawn(systemd::tell(self.context.clone()));
        Ok(self.run_with(signals).await)
    }

    /// [`Self::run`] with the names of signals coming from a channel instead of the system.
    pub async fn run_with(mut self, mut signals: mpsc::Receiver<&'static str>) -> ExitCode {
        let mut code = self.until_asked(&mut signals).await;
        self.context.drain.request();
        let deadline = Instant::now() + self.deadline;
        match self.drain(deadline, &mut signals, &mut code).await {
            Ok(()) => {
                tracing::info!(code = code as u8, "ended");
                code
            }
            Err(cut) => {
                let why = match cut {
                    Cut::Deadline => format!("not ended within {:?}", self.deadline),
                    Cut::SecondSignal(name) => format!("{name} while ending"),
                };
                let left: Vec<&str> = self.running.values().map(|task| task.name.as_str()).collect();
                let facts = self.context.health.statements();
                let facts: Vec<String> = facts
                    .iter()
                    .filter_map(|fact| Some(format!("{}: {}", fact.name, fact.trouble.as_ref()?)))
                    .collect();
                tracing::error!(left = left.join(", "), facts = facts.join("; "), "{why}: giving up");
                if code == ExitCode::Ok { ExitCode::Deadline } else { code }
            }
        }
    }

    /// Waits for a signal, a request or the end of a task that should not end.
    async fn until_asked(&mut self, signals: &mut mpsc::Receiver<&'static str>) -> ExitCode {
        let asked = self.context.drain.clone();
        tokio::select! {
            biased;
            () = asked.requested() => {
                tracing::info!("asked to end: finishing what was taken");
                ExitCode::Ok
            }
            Some(name) = signals.recv() => {
                tracing::info!(signal = name, "asked to end: finishing what was taken");
                ExitCode::Ok
            }
            Some(ended) = self.tasks.join_next_with_id() => {
                let (name, _, code) = self.ended(ended);
                match code {
                    ExitCode::Ok => {
                        tracing::error!(task = name, "ended without being asked: ending the process");
                        ExitCode::Software
                    }
                    code => code,
                }
            }
        }
    }

    async fn drain(
        &mut self,
        deadline: Instant,
        signals: &mut mpsc::Receiver<&'static str>,
        code: &mut ExitCode,
    ) -> Result<(), Cut> {
        let order: Vec<u8> = self.stages.keys().copied().collect();
        for stage in order {
            let hooks =
                self.stages.get_mut(&stage).map(|s| std::mem::take(&mut s.caught_up)).unwrap_or_default();
            let now = Instant::now();
            let half = now + deadline.saturating_duration_since(now) / 2;
            for hook in hooks {
                tokio::select! {
                    waited = timeout_at(half, hook) => if waited.is_err() {
                        tracing::warn!(stage, "has not caught up with the stages before it: ending it all the same");
                    },
                    Some(name) = signals.recv() => return Err(Cut::SecondSignal(name)),
                }
            }
            self.stages.entry(stage).or_default().drain.request();
            while self.running.values().any(|task| task.stage == stage) {
                tokio::select! {
                    biased;
                    Some(name) = signals.recv() => return Err(Cut::SecondSignal(name)),
                    Some(ended) = self.tasks.join_next_with_id() => {
                        let (_, _, failed) = self.ended(ended);
                        if *code == ExitCode::Ok {
                            *code = failed;
                        }
                    }
                    () = sleep_until(deadline) => return Err(Cut::Deadline),
                }
            }
        }
        Ok(())
    }

    /// Takes note of a task's end; returns its name, stage and the exit code it asks for.
    fn ended(&mut self, ended: Result<(Id, Result<(), RunError>), JoinError>) -> (String, u8, ExitCode) {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let Task { stage, name } =
            self.running.remove(&id).unwrap_or_else(|| Task { stage: 0, name: "unnamed".into() });
        let code = match ended {
            Ok((_, Ok(()))) => {
                tracing::debug!(task = name, "ended");
                ExitCode::Ok
            }
            Ok((_, Err(error))) => {
                tracing::error!(task = name, code = error.code as u8, "{error}");
                error.code
            }
            Err(error) => {
                tracing::error!(task = name, "{error}");
                ExitCode::Software
            }
        };
        (name, stage, code)
    }
}
