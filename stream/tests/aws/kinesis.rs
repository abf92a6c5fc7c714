//! The producer over Kinesis.

use std::{collections::HashMap, time::Duration};

use ferrokinesis::store::StoreOptions;
use stream::{
    aws::Times,
    health::Health,
    kinesis::{
        producer::{self, Settings},
        shards::Shards,
    },
    outbox::Sending,
    producer::{AppendError, Producer, Route},
    record::Record,
};

use crate::support::{
    connection, expect, faults::Fault, kinesis::Kinesis, load, refusal, sending, until, within_reason,
};

fn settings(kinesis: &Kinesis, stream: &str) -> Settings {
    Settings { sending: sending(), ..Settings::new(stream, connection(&kinesis.endpoint)) }
}

fn numbered(key: &str, count: usize) -> Vec<Record> {
    (0..count).map(|number| Record::new(key.to_owned(), format!("{number}"))).collect()
}

/// What an append says about places is where the records are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_are_told() {
    within_reason(async {
        let kinesis = Kinesis::start().await;
        kinesis.create("good", 3).await;
        let producer = producer::open(settings(&kinesis, "good")).await;
        until(&*producer, Health::is_well).await;
        let batch: Vec<_> = (0..40).map(|n| Record::new(format!("key {n}"), format!("{n}"))).collect();
        let mut told = producer.append(batch, Route::ByKey).await.unwrap().last;
        told.sort();
        let mut last: HashMap<String, String> = HashMap::new();
        for found in kinesis.read("good").await {
            last.insert(found.shard, found.sequence);
        }
        let told: HashMap<_, _> =
            told.into_iter().map(|(shard, at)| (shard.to_string(), at.sequence.to_string())).collect();
        assert_eq!((told.len(), told), (3, last));
    })
    .await;
}

/// All that was acknowledged is there once, or at least once where a call was ambiguous, in order per key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_is_there() {
    let throttled = "ProvisionedThroughputExceededException";
    let some = |indices: &[usize]| Fault::Records(indices.to_vec(), throttled);
    let check = async |name: &str, faults: Vec<Fault>, ambiguous: bool| {
        let kinesis = Kinesis::start().await;
        kinesis.create("good", 4).await;
        let mut settings = settings(&kinesis, "good");
        settings.connection.times.call = Duration::from_secs(1);
        let met = faults.iter().filter(|fault| !matches!(fault, Fault::None)).count();
        kinesis.script.add(faults);
        let producer = producer::open(settings).await;
        let acknowledged = load(producer.clone(), 20, 10).await;
        assert!(kinesis.script.is_over() && kinesis.script.met() == met, "{name}: the script was not played");
        expect(&acknowledged, &kinesis.pairs("good").await, ambiguous);
        let facts = producer.facts();
        assert_eq!((facts.waiting_records, facts.waiting_bytes, facts.calls_in_flight), (0, 0, 0), "{name}");
        assert_eq!(facts.counts.taken_records as usize, acknowledged.len(), "{name}");
    };
    within_reason(async {
        check("nothing goes wrong", vec![], false).await;
        check("one and three", vec![some(&[1, 3]); 5], false).await;
        check(
            "the first of each",
            vec![some(&[0]), some(&[0]), Fault::None, some(&[0]), Fault::Records(vec![0], "InternalFailure")],
            false,
        )
        .await;
        check("none is taken", vec![Fault::AllRecords(throttled); 8], false).await;
        check("throttled as a whole", vec![Fault::Whole(400, throttled); 4], false).await;
        check(
            "an error inside",
            vec![Fault::Whole(500, "InternalFailure"), Fault::None, Fault::Whole(503, "ServiceUnavailable")],
            false,
        )
        .await;
        check("cut before", vec![Fault::Cut, Fault::None, Fault::Cut], false).await;
        check("hangs", vec![Fault::Hang, Fault::None, Fault::Hang], false).await;
        check("cut after", vec![Fault::CutAfter, Fault::None, Fault::CutAfter], true).await;
        let all =
            [Fault::Cut, some(&[0, 2]), Fault::CutAfter, Fault::Whole(500, "InternalFailure"), Fault::Hang];
        check("all of it", all.iter().flat_map(|fault| [fault.clone(), Fault::None]).collect(), true).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_keep_the_limits_of_kinesis() {
    within_reason(async {
        let kinesis = Kinesis::start().await;
        kinesis.create("good", 1).await;
        let mut settings = settings(&kinesis, "good");
        settings.sending.ordered = false;
        let producer = producer::open(settings).await;
        producer.append(numbered("key", 1234), Route::ByKey).await.unwrap();
        let mut calls = std::mem::take(&mut *kinesis.script.calls.lock().unwrap());
        calls.sort_unstable();
        assert_eq!(calls.iter().map(|(records, _)| *records).collect::<Vec<_>>(), [234, 500, 500]);
        assert_eq!(kinesis.read("good").await.len(), 1234);
        // Seven records of the largest size: five would be five bytes of keys too many for a call of 5 MiB.
        let largest = Record::new("k", vec![7; (1 << 20) - 1]);
        producer.append(vec![largest.clone(); 7], Route::ByKey).await.unwrap();
        let calls = std::mem::take(&mut *kinesis.script.calls.lock().unwrap());
        assert_eq!(calls.iter().map(|(records, _)| *records).sum::<usize>(), 7);
        assert!(calls.iter().all(|(records, _)| *records <= 5), "{calls:?}");
        assert_eq!(kinesis.read("good").await.iter().filter(|found| found.data == largest.data).count(), 7);
        match producer.append(vec![Record::new("k", vec![7; 1 << 20])], Route::ByKey).await.unwrap_err() {
            AppendError::TooLarge { index: 0, max: 1_048_576, .. } => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(producer.facts().counts.failed_calls, 0);
    })
    .await;
}

/// The limits of a shard are met and waited for, not scripted: 1000 records a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_throttled_shard_is_waited_for() {
    within_reason(async {
        let kinesis = Kinesis::with(StoreOptions { enforce_limits: true, ..StoreOptions::default() }).await;
        kinesis.create("good", 1).await;
        let mut settings = settings(&kinesis, "good");
        settings.sending = Sending { ordered: false, ..settings.sending };
        let producer = producer::open(settings).await;
        let batch: Vec<_> = (0..1500).map(|n| Record::new(format!("{n}"), format!("{n}"))).collect();
        producer.append(batch.clone(), Route::ByKey).await.unwrap();
        expect(&batch, &kinesis.pairs("good").await, false);
        assert!(producer.facts().counts.throttled_records > 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_made_to_fit() {
    within_reason(async {
        let kinesis = Kinesis::start().await;
        kinesis.create("good", 4).await;
        let producer = producer::open(settings(&kinesis, "good")).await;
        let check = async |key: &[u8], expect: &str| {
            producer.append(vec![Record::new(key.to_vec(), expect.to_owned())], Route::ByKey).await.unwrap();
            let found = kinesis.read("good").await;
            let found = found.iter().find(|found| found.data == expect.as_bytes()).unwrap();
            assert_eq!(found.key, expect);
        };
        check("k\u{e9}y".as_bytes(), "k\u{e9}y").await;
        check(b"a\xff", "a\u{fffd}").await;
        check("\u{e9}".repeat(300).as_bytes(), &"\u{e9}".repeat(128)).await;
        check("x".repeat(256).as_bytes(), &"x".repeat(256)).await;
        // Records without a key go everywhere, and elsewhere when they are tried again.
        kinesis.create("any", 4).await;
        let mut settings = settings(&kinesis, "any");
        settings.sending.ordered = false;
        let producer = producer::open(settings).await;
        producer.append(numbered("", 100), Route::ByKey).await.unwrap();
        let found = kinesis.read("any").await;
        let mut shards: Vec<_> = found.iter().map(|found| &found.shard).collect();
        shards.dedup();
        assert_eq!((found.len(), shards.len()), (100, 4));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_missing_is_waited_for() {
    within_reason(async {
        let kinesis = Kinesis::start().await;
        let mut settings = settings(&kinesis, "good");
        settings.sending.deadline = Duration::from_millis(300);
        let producer = producer::open(settings).await;
        let health = until(&*producer, |health| health.to_string().contains("ResourceNotFound")).await;
        let place = format!("Kinesis stream `good` in eu-central-1 at {}", kinesis.endpoint);
        let none = format!(
            "{place}: there is none of this name in this region and account (ResourceNotFoundException)"
        );
        assert_eq!(health, Health::unreached(&*none));
        assert_eq!(refusal(&*producer, numbered("k", 2)).await, (vec![0, 1], none));
        assert!(matches!(*producer.health().borrow(), Health::Unreached { .. }));
        kinesis.create("good", 1).await;
        until(&*producer, Health::is_well).await;
        producer.append(numbered("k", 2), Route::ByKey).await.unwrap();
        assert_eq!(kinesis.read("good").await.len(), 2);
    })
    .await;
}

/// Errors say what to do, in the words of who has to do it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_name_place_and_remedy() {
    within_reason(async {
        let kinesis = Kinesis::start().await;
        kinesis.create("good", 1).await;
        let mut settings = settings(&kinesis, "good");
        // Time for an answer on a busy machine.
        settings.sending.deadline = Duration::from_millis(1000);
        settings.connection.times =
            Times { connect: Duration::from_millis(500), call: Duration::from_millis(700) };
        let producer = producer::open(settings.clone()).await;
        until(&*producer, Health::is_well).await;
        let check = async |fault: Fault, expect: &str| {
            kinesis.script.always(fault);
            let (missing, why) = refusal(&*producer, numbered("secret", 1)).await;
            let place = format!("Kinesis stream `good` in eu-central-1 at {}: ", kinesis.endpoint);
            assert_eq!(missing, [0]);
            let rest = why.strip_prefix(&place).unwrap_or_else(|| panic!("{why}"));
            assert!(rest.starts_with(expect), "{rest}");
            assert!(!why.contains("secret"), "{why}");
            assert_eq!(*producer.health().borrow(), Health::refusing(&*why));
        };
        check(
            Fault::Whole(400, "AccessDeniedException"),
            "not allowed (AccessDeniedException): the credentials in use need kinesis:PutRecords on it",
        )
        .await;
        check(
            Fault::Whole(400, "UnrecognizedClientException"),
            "the credentials are not accepted (UnrecognizedClientException)",
        )
        .await;
        check(
            Fault::AllRecords("ProvisionedThroughputExceededException"),
            "PutRecords failed (ProvisionedThroughputExceededException): as the script says",
        )
        .await;
        check(
            Fault::Whole(500, "InternalFailure"),
            "PutRecords failed (InternalFailure): as the script says",
        )
        .await;
        check(Fault::Hang, "PutRecords brought no answer: ").await;
        check(Fault::Cut, "PutRecords brought no answer: ").await;
        // Nobody listens there.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        settings.connection.endpoint = Some(format!("http://{free}"));
        let producer = producer::open(settings).await;
        let (missing, why) = refusal(&*producer, numbered("k", 1)).await;
        assert_eq!(missing, [0]);
        assert!(why.contains(&free.to_string()) && why.contains("brought no answer"), "{why}");
        assert!(matches!(*producer.health().borrow(), Health::Unreached { .. }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_of_a_refused_batch_is_told() {
    within_reason(async {
        let kinesis = Kinesis::start().await;
        kinesis.create("good", 1).await;
        let mut settings = settings(&kinesis, "good");
        settings.sending = Sending { tries: Some(2), ordered: false, ..settings.sending };
        let some = |indices: &[usize]| Fault::Records(indices.to_vec(), "InternalFailure");
        kinesis.script.add([some(&[1, 3, 4]), some(&[0, 2])]);
        let producer = producer::open(settings).await;
        let (missing, _) = refusal(&*producer, numbered("k", 6)).await;
        assert_eq!(missing, [1, 4]);
        let mut found: Vec<_> = kinesis.read("good").await.into_iter().map(|found| found.data).collect();
        found.sort();
        assert_eq!(found, ["0", "2", "3", "5"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_sends_what_waits() {
    within_reason(async {
        let kinesis = Kinesis::start().await;
        kinesis.create("good", 1).await;
        let some = Fault::Records(vec![0], "InternalFailure");
        kinesis.script.add([some.clone(), some.clone(), some]);
        let producer = producer::open(settings(&kinesis, "good")).await;
        let appending = {
            let producer = producer.clone();
            tokio::spawn(async move { load(producer, 1, 1).await })
        };
        let append = producer.append(numbered("k", 20), Route::ByKey);
        // The append has been polled once when closing begins.
        let (appended, ()) = tokio::join!(append, producer.close());
        appended.unwrap();
        appending.abort();
        assert!(kinesis.read("good").await.len() >= 20);
        assert!(matches!(
            producer.append(numbered("k", 1), Route::ByKey).await,
            Err(AppendError::Closed { .. })
        ));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_are_counted_and_changed() {
    within_reason(async {
        let kinesis = Kinesis::start().await;
        kinesis.create("good", 2).await;
        let shards = Shards::open("good", &connection(&kinesis.endpoint)).await;
        let found = shards.summary().await.unwrap();
        assert_eq!((found.open, found.at_rest, found.on_demand), (2, true, false));
        assert!(found.made.is_some());
        shards.change(4).await.unwrap();
        while !shards.summary().await.is_ok_and(|found| found.at_rest && found.open == 4) {
            tokio::task::yield_now().await;
        }
        let refused = shards.change(0).await.unwrap_err();
        assert!(refused.text.starts_with("Kinesis stream `good`"), "{}", refused.text);
        let gone = Shards::open("gone", &connection(&kinesis.endpoint)).await.summary().await.unwrap_err();
        assert_eq!(gone.code, "ResourceNotFoundException");
    })
    .await;
}
