//! What enrichments ask of services: databases, APIs, exchange rates. The core says what it must know, the shell asks
//! ([`client`]), and what was answered is remembered (`spec/enrichments-and-adapters.md` 1.7).

pub mod client;
pub mod http;
mod memory;
pub mod postgres;

use std::{
    cell::RefCell,
    collections::HashMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::Value;

pub(crate) use self::memory::Memory;
use self::{
    http::{HttpService, Request},
    postgres::{Database, Parameter},
};
use crate::adapters::remote;

/// What a service answered, or what happened instead, in one line.
pub type Answer = Result<Arc<Value>, Arc<str>>;

/// How a failure begins that is none of the service's: it has not said anything in its time.
const LATE: &str = "no answer within";

/// A service that an enrichment asks, with what it answered of late.
pub struct Service {
    /// No other service has had it.
    id: u64,
    /// The enrichment, for metrics.
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) memory: Memory,
}

/// Where a service is.
pub(crate) enum Place {
    Http(HttpService),
    Postgres(Database),
    /// Exchange rates: the parameters of a request for a day.
    Rates(String),
}

/// What a service is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    /// A request to an API.
    Http(Request),
    /// The parameters of the query.
    Sql(Vec<Parameter>),
    /// A day, as `2024-01-31`.
    Rates(String),
}

/// A question to a service.
#[derive(Clone, Debug)]
pub struct Question {
    /// Whom.
    pub service: Arc<Service>,
    /// What.
    pub ask: Ask,
}

/// What tells questions apart: the number of the service, and what it is asked.
pub type Key = (u64, Ask);

/// What was asked for a record and answered.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    /// By adapters behind HTTP.
    pub remote: remote::Answers,
    /// By services.
    pub services: HashMap<Key, Answer>,
}

/// The answers that are there, and the questions that have none.
pub(crate) struct Inquiry<'a> {
    answers: &'a HashMap<Key, Answer>,
    /// Seconds since 1970.
    now: i64,
    open: RefCell<Vec<Question>>,
}

impl<'a> Inquiry<'a> {
    pub(crate) fn new(answers: &'a HashMap<Key, Answer>, now: i64) -> Self {
        Self { answers, now, open: RefCell::default() }
    }

    /// The answer to a question. `None`: it is not known yet, and asked.
    pub(crate) fn answer(&self, service: &Arc<Service>, ask: Ask) -> Option<Answer> {
        let question = Question { service: Arc::clone(service), ask };
        // What was answered for this record counts, even where it is not remembered.
        if let Some(answer) = self.answers.get(&question.key()) {
            return Some(answer.clone());
        }
        if let Some(answer) = service.memory.get(&question.ask, self.now) {
            return Some(answer);
        }
        let mut open = self.open.borrow_mut();
        if !open.contains(&question) {
            open.push(question);
        }
        None
    }

    /// Whether a question has no answer yet.
    pub(crate) fn is_open(&self) -> bool {
        !self.open.borrow().is_empty()
    }

    /// The questions without an answer.
    pub(crate) fn into_open(self) -> Vec<Question> {
        self.open.into_inner()
    }
}

impl Service {
    pub(crate) fn new(name: &'static str, place: Place, memory: Memory) -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        Self { id: MADE.fetch_add(1, Ordering::Relaxed), name, place, memory }
    }
}

impl Question {
    /// What tells it from others.
    pub fn key(&self) -> Key {
        (self.service.id, self.ask.clone())
    }
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        self.service.id == other.service.id && self.ask == other.ask
    }
}

impl Eq for Question {}

/// Without secrets.
impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("name", &self.name).finish_non_exhaustive()
    }
}

impl From<remote::Answers> for Answered {
    fn from(remote: remote::Answers) -> Self {
        Self { remote, services: HashMap::new() }
    }
}
