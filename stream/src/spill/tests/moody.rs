//! A stream that takes records when it likes.

use std::{collections::VecDeque, sync::Mutex};

use super::*;
use crate::producer::Rejected;

/// What an append meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// It is taken.
    Take,
    /// It is refused.
    Full,
    /// It is lost on the way.
    Lost,
    /// It is taken, but the answer is lost.
    Unknown,
    /// There is no answer, and nothing is taken.
    Hang,
    /// It is taken, and there is no answer.
    TakeAndHang,
    /// It is taken after much more than the patience of tests.
    TakeLate,
    /// So many records are taken and the others are not.
    Part(usize),
    /// The record at this index can never be taken, the others are.
    Reject(usize),
}

/// A producer with moods.
pub(super) struct Moody {
    inner: Arc<dyn Producer>,
    state: Mutex<State>,
    pub(super) health: HealthState,
}

struct State {
    planned: VecDeque<Mood>,
    /// When nothing is planned.
    usual: Mood,
    max_record_bytes: usize,
    keeps_time: bool,
    appends: usize,
    /// The longest batch.
    longest: usize,
}

impl Moody {
    pub(super) fn new(inner: Arc<dyn Producer>) -> Arc<Self> {
        let max_record_bytes = inner.max_record_bytes();
        let (planned, usual) = (VecDeque::new(), Mood::Take);
        let state = State { planned, usual, max_record_bytes, keeps_time: false, appends: 0, longest: 0 };
        Arc::new(Self { inner, state: Mutex::new(state), health: HealthState::new(Health::Well) })
    }

    /// What the next appends meet.
    pub(super) fn plan(&self, moods: &[Mood]) {
        self.state().planned.extend(moods);
    }

    /// What appends meet from now on, unless planned otherwise. Also states its health.
    pub(super) fn usually(&self, mood: Mood) {
        self.state().usual = mood;
        let well = mood == Mood::Take;
        self.health.state(if well { Health::Well } else { Health::refusing("a bad mood") });
    }

    pub(super) fn take_at_most(&self, bytes: usize) {
        self.state().max_record_bytes = bytes;
    }

    /// From now on it says that it keeps time itself.
    pub(super) fn keeps_time(&self) {
        self.state().keeps_time = true;
    }

    /// Appends so far.
    pub(super) fn appends(&self) -> usize {
        self.state().appends
    }

    /// Records of the longest batch so far.
    pub(super) fn longest(&self) -> usize {
        self.state().longest
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn append(&self, mut batch: Vec<Record>, route: Route) -> Result<Appended, AppendError> {
        let (mood, max) = {
            let mut state = self.state();
            state.appends += 1;
            state.longest = state.longest.max(batch.len());
            (state.planned.pop_front().unwrap_or(state.usual), state.max_record_bytes)
        };
        if let Some((index, record)) = batch.iter().enumerate().find(|(_, record)| record.size() > max) {
            return Err(AppendError::TooLarge { index, size: record.size(), max });
        }
        let stream = || self.inner.stream().to_owned();
        let lost = || AppendError::Interrupted {
            stream: stream(),
            source: io::Error::from(io::ErrorKind::ConnectionReset),
        };
        match mood {
            Mood::Take => self.inner.append(batch, route).await,
            Mood::Full => Err(AppendError::Full { stream: stream(), why: "a bad mood".into() }),
            Mood::Lost => Err(lost()),
            Mood::Unknown => self.inner.append(batch, route).await.and(Err(lost())),
            Mood::Hang => std::future::pending().await,
            Mood::TakeAndHang => {
                self.inner.append(batch, route).await?;
                std::future::pending().await
            }
            Mood::TakeLate => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                self.inner.append(batch, route).await
            }
            Mood::Part(taken) => {
                let missing = (taken.min(batch.len())..batch.len()).collect();
                batch.truncate(taken);
                self.inner.append(batch, route).await?;
                let why = "a part is enough".into();
                Err(AppendError::Unavailable { stream: stream(), missing, rejected: Vec::new(), why })
            }
            Mood::Reject(index) => {
                batch.remove(index);
                self.inner.append(batch, route).await?;
                let why = "not such a one".to_owned();
                let rejected = vec![Rejected { index, why: why.clone() }];
                Err(AppendError::Unavailable { stream: stream(), missing: vec![index], rejected, why })
            }
        }
    }
}

impl Producer for Moody {
    fn stream(&self) -> &str {
        self.inner.stream()
    }

    fn append(&self, batch: Vec<Record>, route: Route) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(self.append(batch, route))
    }

    fn keeps_time(&self) -> bool {
        self.state().keeps_time
    }

    fn max_record_bytes(&self) -> usize {
        self.state().max_record_bytes
    }

    fn health(&self) -> HealthWatch {
        self.health.watch()
    }

    fn read_after(
        &self,
        shard: &ShardId,
        after: Option<Position>,
    ) -> BoxFuture<'_, Result<Option<Vec<Delivered>>, AppendError>> {
        self.inner.read_after(shard, after)
    }
}
