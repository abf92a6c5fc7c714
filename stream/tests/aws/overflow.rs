//! Kinesis with a queue of SQS for when it refuses.

use std::{sync::Arc, time::Duration};

use stream::{
    backoff::Backoff,
    health::Health,
    kinesis,
    outbox::Sending,
    overflow::{Overflow, Rounds},
    producer::{Producer, Route},
    record::Record,
    sqs,
};

use crate::support::{
    connection, expect, faults::Fault, kinesis::Kinesis, load, refusal, sending, sqs::Sqs, until,
    within_reason,
};

struct Both {
    kinesis: Kinesis,
    sqs: Sqs,
    producer: Arc<Overflow>,
}

impl Both {
    async fn start(deadline: Duration) -> Self {
        let (kinesis, sqs) = (Kinesis::start().await, Sqs::start().await);
        kinesis.create("good", 2).await;
        sqs.create("buffer");
        let sending = Sending { tries: Some(1), deadline, ..sending() };
        let mut stream = kinesis::producer::Settings::new("good", connection(&kinesis.endpoint));
        stream.sending = sending;
        stream.connection.times.call = Duration::from_secs(1);
        let mut buffer = sqs::producer::Settings::new("buffer", connection(&sqs.endpoint));
        buffer.sending = sending;
        buffer.key_attribute = true;
        let stream = kinesis::producer::open(stream).await;
        let buffer = sqs::producer::open(buffer).await;
        until(&*stream, Health::is_well).await;
        until(&*buffer, Health::is_well).await;
        let backoff = Backoff { min: Duration::from_millis(5), max: Duration::from_millis(50) };
        let producer = Arc::new(Overflow::open(stream, buffer, Rounds { deadline, backoff }));
        Self { kinesis, sqs, producer }
    }

    async fn pairs(&self) -> Vec<(bytes::Bytes, bytes::Bytes)> {
        let mut all = self.kinesis.pairs("good").await;
        all.extend(self.sqs.pairs("buffer"));
        all.sort();
        all
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_is_in_one_of_them() {
    let check = async |name: &str, stream: Fault, buffer: Vec<Fault>, diverted: bool| {
        let both = Both::start(Duration::from_secs(20)).await;
        both.kinesis.script.add(vec![stream; 6]);
        both.sqs.script.add(buffer);
        let acknowledged = load(both.producer.clone(), 10, 10).await;
        assert!(both.kinesis.script.is_over(), "{name}: the script was not played");
        expect(&acknowledged, &both.pairs().await, false);
        let in_buffer = both.sqs.pairs("buffer");
        assert_eq!(!in_buffer.is_empty(), diverted, "{name}");
        assert_eq!(both.producer.diverted().records as usize, in_buffer.len(), "{name}");
        assert_eq!(
            both.producer.diverted().bytes as usize,
            in_buffer.iter().map(|(_, data)| data.len()).sum::<usize>()
        );
    };
    let throttled = "ProvisionedThroughputExceededException";
    within_reason(async {
        check("all is well", Fault::None, vec![], false).await;
    })
    .await;
    within_reason(async {
        check("some records", Fault::Records(vec![0, 2], throttled), vec![], true).await;
        check("whole calls", Fault::Whole(500, "InternalFailure"), vec![], true).await;
        check(
            "both",
            Fault::Whole(500, "InternalFailure"),
            vec![Fault::Whole(500, "InternalFailure"), Fault::Records(vec![0], "InternalError")],
            true,
        )
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_records_wait_for_the_stream() {
    within_reason(async {
        let both = Both::start(Duration::from_secs(20)).await;
        both.kinesis.script.add(vec![Fault::Whole(500, "InternalFailure"); 3]);
        let batch =
            vec![Record::new("a", "small"), Record::new("b", vec![7; 300_000]), Record::new("c", "small")];
        let appended = both.producer.append(batch.clone(), Route::ByKey).await.unwrap();
        assert_eq!(appended.last.len(), 1, "the place of the large one");
        expect(&batch, &both.pairs().await, false);
        let keys: Vec<_> = both.sqs.pairs("buffer").into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["a", "c"]);
        assert_eq!(both.producer.max_record_bytes(), 1 << 20);
    })
    .await;
}

/// While the stream refuses, records go to the buffer without waiting for it, and back as soon as it takes some.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusing_stream_is_asked_by_one_batch_at_a_time() {
    within_reason(async {
        let both = Both::start(Duration::from_secs(20)).await;
        both.kinesis.script.always(Fault::Whole(500, "InternalFailure"));
        assert_eq!(both.producer.preferred_record_bytes(), 1 << 20);
        load(both.producer.clone(), 10, 10).await;
        assert!(both.producer.health().borrow().is_well(), "one of the two is");
        let preferred = both.producer.preferred_record_bytes();
        assert!(preferred < 1 << 20, "{preferred} bytes do not fit the buffer");
        let (asked, batches) = (both.kinesis.script.calls.lock().unwrap().len(), 100);
        assert!(asked < batches, "{asked} of {batches} batches asked");
        both.kinesis.script.always(Fault::None);
        while both.kinesis.pairs("good").await.is_empty() {
            load(both.producer.clone(), 1, 1).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_both_refuse_the_append_ends() {
    within_reason(async {
        let both = Both::start(Duration::from_millis(300)).await;
        both.kinesis.script.always(Fault::Records(vec![0], "InternalFailure"));
        both.sqs.script.always(Fault::AllRecords("InternalError"));
        let (missing, why) =
            refusal(&*both.producer, vec![Record::new("a", "1"), Record::new("b", "2")]).await;
        assert_eq!(missing, [0]);
        assert!(why.starts_with("buffer: SQS queue `buffer`"), "{why}");
        assert!(matches!(*both.producer.health().borrow(), Health::Refusing { .. }));
        both.sqs.script.always(Fault::None);
        until(&*both.producer, Health::is_well).await;
        both.producer.append(vec![Record::new("a", "1")], Route::ByKey).await.unwrap();
    })
    .await;
}
