//! Load that knows what was promised: which events were answered 200.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use service::clock;

use super::http::Connection;

/// What became of the events.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Ids of events answered 200.
    pub stored: BTreeSet<String>,
    /// Ids of events answered otherwise, never to be found downstream unless `unanswered` says so.
    pub refused: BTreeSet<String>,
    /// Ids of events whose connection broke: downstream may hold them or not.
    pub unanswered: BTreeSet<String>,
    /// Status codes other than 200, as they came.
    pub statuses: BTreeSet<u16>,
    /// Whether every answer of 503 said when to come back.
    pub retry_after: bool,
}

/// Load under way.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    workers: Vec<JoinHandle<Outcome>>,
}

/// How a load is made.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Connections, each sending one request after the other.
    pub connections: usize,
    /// Events of a POST.
    pub batch: usize,
    /// Bytes of padding in each event (a page title).
    pub padding: usize,
    /// At most this many requests a connection.
    pub requests: u64,
    /// Pause between two requests of a connection.
    pub pause: Duration,
}

impl Default for Shape {
    fn default() -> Self {
        Self { connections: 4, batch: 5, padding: 40, requests: 5_000, pause: Duration::from_millis(3) }
    }
}

/// Starts sending. A worker ends when its connection breaks, when its requests are used up, or at [`Load::stop`].
pub fn start(collector: SocketAddr, shape: Shape) -> Load {
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let workers = (0..shape.connections)
        .map(|_| {
            let (stop, answered) = (stop.clone(), answered.clone());
            std::thread::spawn(move || work(collector, shape, &stop, &answered))
        })
        .collect();
    Load { stop, answered, workers }
}

impl Load {
    /// How many requests have been answered 200 so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Whether every worker has ended.
    pub fn is_over(&self) -> bool {
        self.workers.iter().all(JoinHandle::is_finished)
    }

    /// Ends the load after the requests under way.
    pub fn stop(self) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        self.join()
    }

    /// Waits for the end of the load.
    pub fn join(self) -> Outcome {
        let mut all = Outcome { retry_after: true, ..Outcome::default() };
        for worker in self.workers {
            all.add(worker.join().expect("a worker does not panic"));
        }
        all
    }
}

impl Outcome {
    /// Adds what another load met.
    pub fn add(&mut self, other: Self) {
        self.stored.extend(other.stored);
        self.refused.extend(other.refused);
        self.unanswered.extend(other.unanswered);
        self.statuses.extend(other.statuses);
        self.retry_after &= other.retry_after;
    }
}

fn work(collector: SocketAddr, shape: Shape, stop: &AtomicBool, answered: &AtomicU64) -> Outcome {
    let mut outcome = Outcome { retry_after: true, ..Outcome::default() };
    let Ok(mut connection) = Connection::open(collector, Duration::from_secs(60)) else { return outcome };
    for n in 0..shape.requests {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let ids: Vec<String> = (0..shape.batch).map(|_| clock::random_id().to_string()).collect();
        match connection.request(
            "POST",
            TP2,
            &[("Content-Type", JSON)],
            batch(&ids, shape.padding).as_bytes(),
        ) {
            Ok(answer) if answer.status == 200 => {
                outcome.stored.extend(ids);
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(answer) => {
                outcome.retry_after &= answer.status != 503 || answer.header("retry-after").is_some();
                outcome.statuses.insert(answer.status);
                outcome.refused.extend(ids);
                if answer.header("connection").is_some_and(|v| v.eq_ignore_ascii_case("close")) {
                    match Connection::open(collector, Duration::from_secs(60)) {
                        Ok(fresh) => connection = fresh,
                        Err(_) => break,
                    }
                }
            }
            Err(_) => {
                outcome.unanswered.extend(ids);
                break;
            }
        }
        if n % 16 == 15 {
            std::thread::sleep(shape.pause * 16);
        }
    }
    outcome
}

/// Where trackers post.
pub const TP2: &str = "/com.snowplowanalytics.snowplow/tp2";
/// What trackers say their body is.
pub const JSON: &str = "application/json; charset=UTF-8";

/// The body of a POST: a page view with one entity per id.
pub fn batch(ids: &[String], padding: usize) -> String {
    let mut body = String::from(
        r#"{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":["#,
    );
    for (i, id) in ids.iter().enumerate() {
        let contexts = format!(
            r#"{{\"schema\":\"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1\",\"data\":[{{\"schema\":\"iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0\",\"data\":{{\"id\":\"{id}\"}}}}]}}"#
        );
        let comma = if i == 0 { "" } else { "," };
        write!(
            body,
            r#"{comma}{{"e":"pv","tv":"load-1","p":"web","aid":"load","eid":"{id}","url":"https://shop.example/a","page":"{:x<padding$}","co":"{contexts}"}}"#,
            "t"
        )
        .expect("writing to a string");
    }
    body + "]}"
}
