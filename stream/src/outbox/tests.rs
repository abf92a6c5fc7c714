//! An outbox over a service whose answers the test writes, in time that the test moves.

use std::{collections::VecDeque, future::Future};

use tokio::sync::{mpsc, oneshot};

use super::{
    carrier::{Failure, Kind, Outcome},
    *,
};
use crate::backoff::Backoff;

/// The service.
struct Service {
    calls: mpsc::UnboundedSender<Asked>,
    /// Whether the stream is there.
    there: Arc<Mutex<Result<(), Failure>>>,
}

/// A call that waits for its answer.
struct Asked {
    /// Key and data of the records.
    records: Vec<String>,
    answer: oneshot::Sender<Result<Vec<Outcome>, Failure>>,
}

fn failure(kind: Kind) -> Failure {
    Failure { kind, code: "Code".into(), text: "no luck".into() }
}

impl Carrier for Service {
    fn stream(&self) -> &str {
        "good"
    }

    fn weight(&self, record: &Record) -> usize {
        record.data.len()
    }

    fn send(&self, entries: &[Entry]) -> impl Future<Output = Result<Vec<Outcome>, Failure>> + Send {
        let (answer, answered) = oneshot::channel();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let name = |entry: &Entry| format!("{}{}", text(&entry.record.key), text(&entry.record.data));
        self.calls.send(Asked { records: entries.iter().map(name).collect(), answer }).ok();
        async { answered.await.unwrap_or_else(|_| Err(failure(Kind::Passing))) }
    }

    async fn check(&self) -> Result<(), Failure> {
        self.there.lock().unwrap().clone()
    }
}

/// An outbox and the far end of it.
struct Line {
    outbox: Arc<Outbox<Service>>,
    calls: mpsc::UnboundedReceiver<Asked>,
    there: Arc<Mutex<Result<(), Failure>>>,
}

impl Line {
    fn open(sending: Sending, capacity: Capacity) -> Self {
        let (sender, calls) = mpsc::unbounded_channel();
        let there = Arc::new(Mutex::new(Ok(())));
        let service = Service { calls: sender, there: there.clone() };
        Self { outbox: Arc::new(Outbox::open(service, sending, capacity)), calls, there }
    }

    fn append(&self, names: &[&str]) -> tokio::task::JoinHandle<Result<Appended, AppendError>> {
        let batch =
            names.iter().map(|name| Record::new(name[..1].to_owned(), name[1..].to_owned())).collect();
        let outbox = self.outbox.clone();
        tokio::spawn(async move { outbox.append(batch, Route::ByKey).await })
    }

    async fn call(&mut self) -> Asked {
        self.calls.recv().await.unwrap()
    }

    /// Lets everything that can happen without time passing happen; true if no call has been begun.
    async fn is_still(&mut self) -> bool {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        self.calls.is_empty()
    }
}

impl Asked {
    fn take(self) -> Vec<String> {
        let records = self.records.clone();
        self.answer.send(Ok(vec![Outcome::Taken(None); records.len()])).unwrap();
        records
    }

    /// Takes those that `taken` says, refuses the others.
    fn take_some(self, taken: impl Fn(&str) -> bool, kind: Kind) -> Vec<String> {
        let outcome = |name: &String| match taken(name) {
            true => Outcome::Taken(None),
            false => Outcome::Refused(failure(kind)),
        };
        let records = self.records.clone();
        self.answer.send(Ok(records.iter().map(outcome).collect())).unwrap();
        records
    }

    fn fail(self, kind: Kind) -> Vec<String> {
        let records = self.records.clone();
        self.answer.send(Err(failure(kind))).unwrap();
        records
    }
}

fn capacity() -> Capacity {
    Capacity { call_records: 500, call_bytes: 1000, record_bytes: 500 }
}

fn sending() -> Sending {
    let backoff = Backoff { min: Duration::from_millis(100), max: Duration::from_millis(300) };
    Sending { calls: 2, backoff, ..Sending::default() }
}

fn missing(result: Result<Appended, AppendError>) -> Vec<usize> {
    match result.unwrap_err() {
        AppendError::Unavailable { missing, stream, .. } => {
            assert_eq!(stream, "good");
            missing
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_line_sends_at_once_and_a_busy_one_gathers() {
    let mut line = Line::open(sending(), capacity());
    let first = line.append(&["a1"]);
    let began = Instant::now();
    let call = line.call().await;
    assert_eq!((call.records.len(), Instant::now()), (1, began), "without waiting");
    let second = line.append(&["b1", "b2"]);
    let third = line.append(&["c1"]);
    assert!(line.is_still().await, "a call is under way and the next is not full");
    call.take();
    let next = line.call().await;
    assert_eq!(
        (&*next.records, Instant::now()),
        (&["b1".to_owned(), "c1".into()][..], began),
        "the line is idle again"
    );
    next.take();
    assert_eq!(line.call().await.take(), ["b2"], "one of a key at a time");
    for append in [first, second, third] {
        assert_eq!(append.await.unwrap().unwrap().last, []);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_lingers_no_longer_than_it_may() {
    let mut line = Line::open(sending(), capacity());
    let began = Instant::now();
    let waiting = line.append(&["a1"]);
    let hanging = line.call().await;
    let second = line.append(&["b1"]);
    assert_eq!(line.call().await.take(), ["b1"]);
    assert_eq!(Instant::now() - began, sending().linger);
    second.await.unwrap().unwrap();
    hanging.take();
    waiting.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn calls_hold_what_they_may() {
    let ordinary = capacity();
    let by_count = Capacity { call_records: 3, ..ordinary };
    let by_bytes = Capacity { call_bytes: 10, record_bytes: 100, ..ordinary };
    let check = async |capacity: Capacity, batch: &[&str], expect: &[usize]| {
        let mut line = Line::open(Sending { ordered: false, ..sending() }, capacity);
        let append = line.append(batch);
        let (mut sizes, mut all) = (Vec::new(), Vec::new());
        while all.len() < batch.len() {
            let records = line.call().await.take();
            sizes.push(records.len());
            all.extend(records);
        }
        assert_eq!(
            (&*all, &*sizes),
            (&batch.iter().map(ToString::to_string).collect::<Vec<_>>()[..], expect)
        );
        append.await.unwrap().unwrap();
    };
    check(ordinary, &["a1", "a2", "b3"], &[3]).await;
    check(by_count, &["a1", "a2", "a3", "a4", "a5", "a6", "a7"], &[3, 3, 1]).await;
    check(by_bytes, &["a12345", "a12345", "a1"], &[2, 1]).await;
    check(by_bytes, &["a123456", "a12345", "a12345", "a123456789abc", "a1"], &[1, 2, 1, 1]).await;
}

#[tokio::test(start_paused = true)]
async fn calls_under_way_are_bounded() {
    let mut line = Line::open(sending(), Capacity { call_records: 1, ..capacity() });
    let appends: Vec<_> = ["a1", "b1", "c1", "d1"].iter().map(|name| line.append(&[name])).collect();
    let (first, second) = (line.call().await, line.call().await);
    assert!(line.is_still().await, "two are under way");
    assert_eq!(line.outbox.facts().calls_in_flight, 2);
    assert_eq!(line.outbox.facts().waiting_records, 4);
    first.take();
    let third = line.call().await;
    assert!(line.is_still().await);
    second.take();
    third.take();
    line.call().await.take();
    for append in appends {
        append.await.unwrap().unwrap();
    }
    assert_eq!(
        line.outbox.facts().counts,
        Counts { taken_records: 4, taken_bytes: 4, calls: 4, ..Counts::default() }
    );
}

#[tokio::test(start_paused = true)]
async fn refused_records_are_tried_again_alone() {
    let mut line = Line::open(sending(), capacity());
    let append = line.append(&["a1", "b1", "c1", "d1"]);
    let mut began = Instant::now();
    // What is refused, and the delay before it comes again: the backoff's first four.
    for (call, delay) in [
        (vec!["a1", "b1", "c1", "d1"], 0),
        (vec!["b1", "d1"], 100),
        (vec!["b1", "d1"], 100),
        (vec!["b1", "d1"], 200),
    ] {
        let asked = line.call().await;
        assert_eq!(
            (&*asked.records, (Instant::now() - began).as_millis()),
            (&call.iter().map(ToString::to_string).collect::<Vec<_>>()[..], delay)
        );
        began = Instant::now();
        asked.take_some(|name| ["a1", "c1"].contains(&name), Kind::Throttled);
    }
    assert_eq!(line.call().await.take(), ["b1", "d1"]);
    append.await.unwrap().unwrap();
    let counts = line.outbox.facts().counts;
    assert_eq!(
        (counts.taken_records, counts.refused_records, counts.throttled_records, counts.failed_calls),
        (4, 8, 8, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn order_of_a_key_survives_refusals() {
    let mut line = Line::open(Sending { linger: Duration::ZERO, ..sending() }, capacity());
    let appends = [line.append(&["a1", "b1", "a2", "a3"]), line.append(&["a4", "b2"])];
    let (mut taken, mut refused) = (Vec::new(), 0);
    while taken.len() < 6 {
        let call = line.call().await;
        let mut keys: Vec<_> = call.records.iter().map(|name| name[..1].to_owned()).collect();
        keys.dedup();
        assert_eq!(keys.len(), call.records.len(), "one record of a key in a call: {:?}", call.records);
        // Every second record is refused the first time.
        let names = call.records.clone();
        let takes: VecDeque<_> = names
            .iter()
            .map(|name| {
                refused += 1;
                refused % 2 == 0 || !["1", "3"].contains(&&name[1..])
            })
            .collect();
        taken.extend(names.iter().zip(&takes).filter(|(_, take)| **take).map(|(name, _)| name.clone()));
        call.take_some(|name| takes[names.iter().position(|known| known == name).unwrap()], Kind::Throttled);
    }
    for append in appends {
        append.await.unwrap().unwrap();
    }
    for key in ["a", "b"] {
        let order: Vec<_> = taken.iter().filter(|name| name.starts_with(key)).collect();
        assert!(order.is_sorted(), "{order:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_failed_call_one_at_a_time_asks() {
    let mut line =
        Line::open(Sending { ordered: false, ..sending() }, Capacity { call_records: 1, ..capacity() });
    let health = line.outbox.health();
    let append = line.append(&["a1", "b1", "c1"]);
    let (first, second) = (line.call().await, line.call().await);
    let mut began = Instant::now();
    first.fail(Kind::Passing);
    second.fail(Kind::Passing);
    // Both failed together: that is one failure.
    for delay in [100, 100, 200, 300, 300] {
        let call = line.call().await;
        assert_eq!((Instant::now() - began).as_millis(), delay);
        assert!(line.is_still().await, "one at a time");
        assert!(!health.borrow().is_well());
        began = Instant::now();
        call.fail(Kind::Throttled);
    }
    let call = line.call().await;
    call.take();
    let (next, last) = (line.call().await, line.call().await);
    assert_eq!((Instant::now() - began).as_millis(), 300, "after one success the others follow at once");
    assert!(health.borrow().is_well());
    next.take();
    last.take();
    append.await.unwrap().unwrap();
    let counts = line.outbox.facts().counts;
    assert_eq!((counts.calls, counts.failed_calls, counts.throttled_records), (10, 7, 5));
}

#[tokio::test(start_paused = true)]
async fn an_append_ends_at_its_deadline_with_what_is_missing() {
    let check = async |answer: fn(Asked) -> Vec<String>, expect: &[usize]| {
        let (deadline, check_interval) = (Duration::from_secs(1), Duration::from_millis(700));
        let mut line = Line::open(Sending { deadline, check_interval, ..sending() }, capacity());
        let append = line.append(&["a1", "b1", "c1"]);
        let began = Instant::now();
        let mut append = std::pin::pin!(append);
        let result = loop {
            tokio::select! {
                call = line.call() => drop(answer(call)),
                result = &mut append => break result.unwrap(),
            }
        };
        assert_eq!((Instant::now() - began).as_millis(), 1000);
        assert_eq!(missing(result), expect);
        assert!(!line.outbox.facts().health.is_well());
        // Room is free again once nothing of it is on its way.
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!((line.outbox.facts().waiting_records, line.outbox.facts().waiting_bytes), (0, 0));
        assert!(line.is_still().await, "what is too late is not sent");
        assert!(line.outbox.facts().health.is_well(), "it is asked for without anybody appending");
    };
    check(|call| call.fail(Kind::Passing), &[0, 1, 2]).await;
    check(|call| call.take_some(|_| false, Kind::Throttled), &[0, 1, 2]).await;
    check(|call| call.take_some(|name| name != "b1", Kind::Throttled), &[1]).await;
    check(|call| call.take_some(|name| name == "b1", Kind::Throttled), &[0, 2]).await;
}

/// What a slow service takes would be there twice if somebody else sent it again meanwhile.
#[tokio::test(start_paused = true)]
async fn a_call_under_way_at_the_deadline_is_waited_for() {
    let check = async |answer: fn(Asked), expect: &[usize]| {
        let mut line = Line::open(Sending { deadline: Duration::from_secs(1), ..sending() }, capacity());
        let append = line.append(&["a1", "b1", "a2"]);
        let call = line.call().await;
        assert_eq!(call.records, ["a1", "b1"]);
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert!(!append.is_finished());
        answer(call);
        assert_eq!(missing(append.await.unwrap()), expect);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(line.is_still().await, "what is too late is not sent");
        assert_eq!(line.outbox.facts().waiting_records, 0);
    };
    check(|call| drop(call.take()), &[2]).await;
    check(|call| drop(call.take_some(|name| name == "b1", Kind::Throttled)), &[0, 2]).await;
    check(|call| drop(call.fail(Kind::Passing)), &[0, 1, 2]).await;
}

/// Calls that are rejected are cut in halves until the record to blame is alone; single records are refused as they are.
#[tokio::test(start_paused = true)]
async fn what_is_rejected_is_told() {
    let check = async |answer: fn(Asked) -> Vec<String>| {
        let mut line = Line::open(sending(), capacity());
        line.outbox.health().wait_for(Health::is_well).await.unwrap();
        let append = line.append(&["a1", "b1", "c!", "d1", "e!"]);
        let mut append = std::pin::pin!(append);
        let result = loop {
            tokio::select! {
                call = line.call() => drop(answer(call)),
                result = &mut append => break result.unwrap(),
            }
        };
        let Err(AppendError::Unavailable { missing, rejected, .. }) = result else { panic!("{result:?}") };
        assert_eq!(missing, [2, 4]);
        let why = "no luck".to_owned();
        assert_eq!(rejected, [2, 4].map(|index| crate::producer::Rejected { index, why: why.clone() }));
        assert!(line.outbox.facts().health.is_well(), "the stream is not to blame");
    };
    check(|call| match call.records.iter().any(|name| name.ends_with('!')) {
        true => call.fail(Kind::Rejected),
        false => call.take(),
    })
    .await;
    check(|call| call.take_some(|name| !name.ends_with('!'), Kind::Rejected)).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_was_never_reached_rejects_nothing() {
    let mut line = Line::open(sending(), capacity());
    *line.there.lock().unwrap() = Err(failure(Kind::Passing));
    let append = line.append(&["a1"]);
    line.call().await.fail(Kind::Rejected);
    match append.await.unwrap() {
        Err(AppendError::Unavailable { missing, rejected, .. }) => {
            assert_eq!((&*missing, &*rejected), (&[0][..], &[][..]))
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn tries_may_be_few() {
    for (tries, failing, refused) in [(1, 0, 1), (3, 0, 3), (1, 1, 0), (2, 1, 1)] {
        let mut line = Line::open(Sending { tries: Some(tries), ..sending() }, capacity());
        let append = line.append(&["a1", "b1"]);
        for _ in 0..failing {
            line.call().await.fail(Kind::Passing);
        }
        for _ in 0..refused {
            line.call().await.take_some(|name| name == "a1", Kind::Passing);
        }
        let expect: &[usize] = if refused == 0 { &[0, 1] } else { &[1] };
        assert_eq!(missing(append.await.unwrap()), expect, "{tries} tries");
        assert!(line.is_still().await);
    }
}

#[tokio::test(start_paused = true)]
async fn one_bad_record_does_not_hold_up_the_others() {
    let mut line = Line::open(sending(), capacity());
    let began = Instant::now();
    let names: Vec<_> = ('a'..='k').map(|key| format!("{key}1")).collect();
    let append = line.append(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut append = std::pin::pin!(append);
    let mut calls = 0;
    let result = loop {
        tokio::select! {
            call = line.call() => {
                calls += 1;
                if call.records.contains(&"g1".to_owned()) { call.fail(Kind::Rejected) } else { call.take() };
            }
            result = &mut append => break result.unwrap(),
        }
    };
    assert_eq!(missing(result), [6]);
    assert!(calls <= 12, "{calls} calls: halves of halves");
    assert_eq!(Instant::now(), began, "and without a delay");
}

#[tokio::test(start_paused = true)]
async fn room_is_bounded_in_bytes_and_records() {
    let check = async |sending: Sending, fit: usize| {
        let mut line = Line::open(sending, capacity());
        // Reached, so that appends wait for room.
        line.outbox.health().wait_for(Health::is_well).await.unwrap();
        let mut appends: Vec<_> = ('a'..='z').map(|key| line.append(&[&format!("{key}123456789")])).collect();
        assert!(!line.is_still().await);
        assert_eq!(line.outbox.facts().waiting_records, fit);
        // What is taken makes room for the rest.
        for append in appends.drain(..) {
            let mut append = std::pin::pin!(append);
            loop {
                tokio::select! {
                    call = line.call() => drop(call.take()),
                    result = &mut append => break drop(result.unwrap().unwrap()),
                };
            }
        }
        assert_eq!(line.outbox.facts().waiting_bytes, 0);
    };
    check(Sending { waiting_bytes: 50, ..sending() }, 5).await;
    check(Sending { waiting_records: 7, waiting_bytes: 700, ..sending() }, 7).await;
    check(Sending { waiting_bytes: 5, ..sending() }, 1).await;
    check(sending(), 26).await;
}

#[tokio::test(start_paused = true)]
async fn without_room_a_refusing_stream_refuses_at_once() {
    let mut line = Line::open(Sending { waiting_bytes: 10, ..sending() }, capacity());
    *line.there.lock().unwrap() = Err(failure(Kind::Passing));
    let first = line.append(&["a123456789"]);
    line.call().await.fail(Kind::Passing);
    let began = Instant::now();
    assert!(line.is_still().await);
    assert_eq!(missing(line.append(&["b1", "c1"]).await.unwrap()), [0, 1]);
    assert_eq!(Instant::now(), began);
    line.call().await.take();
    first.await.unwrap().unwrap();
    line.append(&["b1"]);
    assert_eq!(line.call().await.take(), ["b1"]);
}

#[tokio::test(start_paused = true)]
async fn an_append_that_is_dropped_is_sent_all_the_same() {
    let mut line = Line::open(sending(), capacity());
    let first = line.append(&["a1"]);
    let call = line.call().await;
    let second = line.append(&["b1", "b2"]);
    assert!(line.is_still().await);
    second.abort();
    assert!(second.await.is_err());
    call.take();
    first.await.unwrap().unwrap();
    assert_eq!(line.call().await.take(), ["b1"]);
    assert_eq!(line.call().await.take(), ["b2"]);
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_what_is_on_its_way() {
    let mut line = Line::open(sending(), capacity());
    let append = line.append(&["a1", "a2", "b1"]);
    let call = line.call().await;
    let outbox = line.outbox.clone();
    let mut closing = tokio::spawn(async move { outbox.close().await });
    assert!(line.is_still().await);
    assert!(matches!(line.append(&["c1"]).await.unwrap(), Err(AppendError::Closed { .. })));
    call.take_some(|name| name == "a1", Kind::Throttled);
    let next = line.call().await;
    assert!(!closing.is_finished());
    next.take();
    tokio::select! {
        _ = &mut closing => panic!("a record is left"),
        call = line.call() => drop(call.take()),
    }
    closing.await.unwrap();
    append.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_stream_is_asked_for_until_it_is_there() {
    let line = Line::open(sending(), capacity());
    *line.there.lock().unwrap() = Err(failure(Kind::Passing));
    let mut health = line.outbox.health();
    assert!(matches!(*health.borrow(), Health::Unreached { .. }));
    health.wait_for(|health| *health == Health::unreached("no luck")).await.unwrap();
    *line.there.lock().unwrap() = Ok(());
    let began = Instant::now();
    health.wait_for(Health::is_well).await.unwrap();
    assert_eq!(Instant::now() - began, sending().check_interval);
}

#[tokio::test(start_paused = true)]
async fn while_records_are_refused_a_stream_that_is_there_is_not_well() {
    let mut line = Line::open(sending(), capacity());
    line.outbox.health().wait_for(Health::is_well).await.unwrap();
    let append = line.append(&["a1"]);
    for _ in 0..12 {
        line.call().await.fail(Kind::Passing);
        assert!(line.is_still().await);
        assert_eq!(line.outbox.facts().health, Health::refusing("no luck"));
    }
    line.call().await.take();
    append.await.unwrap().unwrap();
    assert!(line.outbox.facts().health.is_well());
}

#[tokio::test(start_paused = true)]
async fn what_can_never_go_is_told_at_once() {
    let line = Line::open(sending(), capacity());
    match line.append(&["a1", &format!("b{}", "x".repeat(500))]).await.unwrap().unwrap_err() {
        AppendError::TooLarge { index: 1, size: 501, max: 500 } => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(line.append(&[]).await.unwrap().unwrap().last, []);
    let shard = Route::Shard(ShardId::numbered(0));
    assert!(matches!(
        line.outbox.append(vec![Record::new("a", "1")], shard).await,
        Err(AppendError::Interrupted { .. })
    ));
    assert!(line.calls.is_empty());
}
