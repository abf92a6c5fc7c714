//! Kinesis behind a spill.

use std::{sync::Arc, time::Duration};

use stream::{
    backoff::Backoff,
    fallback::Fallback,
    health::Health,
    kinesis::producer::{self, Settings},
    outbox::Sending,
    producer::{Producer, Route},
    record::Record,
    spill::{Spill, SpillConfig},
};

use crate::support::{connection, faults::Fault, kinesis::Kinesis, sending, until, within_reason};

/// Streams `good` and `bad`, and a spill in front of the first. What that rejects goes to the second.
struct Both {
    kinesis: Kinesis,
    spill: Spill,
    _folder: tempfile::TempDir,
}

impl Both {
    /// The outbox does not know how large a record may be.
    async fn start(deadline: Duration) -> Self {
        let kinesis = Kinesis::start().await;
        let open = async |stream: &str| {
            kinesis.create(stream, 1).await;
            let mut settings = Settings::new(stream, connection(&kinesis.endpoint));
            (settings.record_bytes, settings.sending) = (4 << 20, Sending { deadline, ..sending() });
            let producer = producer::open(settings).await;
            until(&*producer, Health::is_well).await;
            producer
        };
        let (good, bad) = (open("good").await, open("bad").await);
        let turn = |record: &Record, why: &str| {
            vec![Record::new(record.key.clone(), format!("{} bytes: {why}", record.data.len()))]
        };
        let folder = tempfile::tempdir().unwrap();
        let mut config = SpillConfig::new(folder.path());
        config.backoff = Backoff { min: Duration::from_millis(5), max: Duration::from_millis(50) };
        let spill = Spill::open(config, Arc::new(Fallback::new(good, bad, turn))).unwrap();
        Self { kinesis, spill, _folder: folder }
    }

    async fn append(&self, data: &[&str]) {
        let batch = data.iter().map(|data| Record::new("key", (*data).to_owned())).collect();
        self.spill.append(batch, Route::ByKey).await.unwrap();
    }

    async fn texts(&self, stream: &str) -> Vec<String> {
        let pairs = self.kinesis.pairs(stream).await;
        pairs.iter().map(|(_, data)| String::from_utf8_lossy(data).into_owned()).collect()
    }

    async fn until_direct(&self) {
        until(&self.spill, Health::is_well).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_answered_late_is_there_once() {
    within_reason(async {
        let both = Both::start(Duration::from_millis(20)).await;
        both.kinesis.script.add([Fault::Late(Duration::from_millis(200))]);
        both.append(&["1", "2"]).await;
        assert_eq!(both.spill.facts().spilled, 1, "the second waits for the first, and that too long");
        both.kinesis.script.add([Fault::Late(Duration::from_millis(200))]);
        both.until_direct().await;
        assert_eq!(both.texts("good").await, ["1", "2"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_kinesis_rejects_goes_elsewhere_and_the_others_on() {
    within_reason(async {
        let both = Both::start(Duration::from_secs(1)).await;
        let large = "x".repeat((1 << 20) + 1);
        let why = "PutRecords was rejected (ValidationException)";
        both.append(&["1", &large, "2"]).await;
        both.kinesis.script.always(Fault::Whole(500, "InternalFailure"));
        both.append(&["3", &large]).await;
        both.append(&["4", "5"]).await;
        assert!(both.spill.facts().waiting.records >= 4);
        both.kinesis.script.always(Fault::None);
        both.until_direct().await;
        assert_eq!(both.texts("good").await, ["1", "2", "3", "4", "5"]);
        let bad = both.texts("bad").await;
        assert_eq!(bad.len(), 2, "{bad:?}");
        assert!(bad.iter().all(|text| text.starts_with("1048577 bytes: ") && text.ends_with(why)), "{bad:?}");
        assert_eq!(both.spill.facts().refused, 0);
    })
    .await;
}
