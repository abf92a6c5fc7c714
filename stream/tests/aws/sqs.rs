//! The producer over SQS.

use std::time::Duration;

use stream::{
    health::Health,
    producer::{AppendError, Producer, Route},
    record::Record,
    sqs::producer::{self, Settings},
};

use crate::support::{
    connection, expect, faults::Fault, load, refusal, sending, sqs::Sqs, until, within_reason,
};

fn settings(sqs: &Sqs, queue: &str) -> Settings {
    let plain = Settings::new(queue, connection(&sqs.endpoint));
    Settings { sending: sending(), key_attribute: true, ..plain }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_holds_base64_and_the_key() {
    within_reason(async {
        let sqs = Sqs::start().await;
        let check = async |key_attribute: bool, record: Record, body: &str, attribute: Option<&str>| {
            sqs.create("buffer");
            let producer = producer::open(Settings { key_attribute, ..settings(&sqs, "buffer") }).await;
            producer.append(vec![record], Route::ByKey).await.unwrap();
            let messages = sqs.messages("buffer");
            let named = |text: &str| ("kinesisKey".to_owned(), "String".to_owned(), text.to_owned());
            assert_eq!((messages.len(), &*messages[0].body), (1, body));
            assert_eq!(messages[0].attributes, attribute.map(named).into_iter().collect::<Vec<_>>());
        };
        check(true, Record::new("a key", "a"), "YQ==", Some("a key")).await;
        check(false, Record::new("a key", "ab"), "YWI=", None).await;
        check(true, Record::new("", vec![0xff, 0xfb, 0xfe]), "//v+", None).await;
        check(true, Record::new("a\0b", "a"), "YQ==", Some("a\u{fffd}b")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_is_there() {
    let some = |indices: &[usize]| Fault::Records(indices.to_vec(), "InternalError");
    let check = async |name: &str, faults: Vec<Fault>, ambiguous: bool| {
        let sqs = Sqs::start().await;
        sqs.create("buffer");
        let mut settings = settings(&sqs, "buffer");
        settings.connection.times.call = Duration::from_secs(1);
        sqs.script.add(faults);
        let producer = producer::open(settings).await;
        let acknowledged = load(producer.clone(), 10, 10).await;
        assert!(sqs.script.is_over(), "{name}: the script was not played");
        expect(&acknowledged, &sqs.pairs("buffer"), ambiguous);
        assert!(sqs.script.calls.lock().unwrap().iter().all(|(records, _)| *records <= 10), "{name}");
        assert_eq!(producer.facts().waiting_records, 0, "{name}");
    };
    within_reason(async {
        check("nothing goes wrong", vec![], false).await;
        check(
            "one and three",
            vec![some(&[1, 3]), some(&[0]), Fault::None, Fault::AllRecords("InternalError")],
            false,
        )
        .await;
        check(
            "whole",
            vec![Fault::Whole(500, "InternalFailure"), Fault::Whole(400, "RequestThrottled")],
            false,
        )
        .await;
        check("cut and hang", vec![Fault::Cut, Fault::None, Fault::Hang], false).await;
        check("cut after", vec![Fault::CutAfter], true).await;
    })
    .await;
}

/// Ten large records are more than one call takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_keep_the_limits_of_sqs() {
    within_reason(async {
        let sqs = Sqs::start().await;
        let check = async |sizes: &[usize], calls: usize| {
            sqs.create("buffer");
            sqs.script.calls.lock().unwrap().clear();
            let producer = producer::open(settings(&sqs, "buffer")).await;
            let record = |(index, size): (usize, &usize)| Record::new(format!("{index}"), vec![7; *size]);
            let batch: Vec<_> = sizes.iter().enumerate().map(record).collect();
            producer.append(batch.clone(), Route::ByKey).await.unwrap();
            expect(&batch, &sqs.pairs("buffer"), false);
            assert_eq!(
                (sqs.script.calls.lock().unwrap().len(), producer.facts().counts.failed_calls),
                (calls, 0)
            );
        };
        check(&[100; 25], 3).await;
        check(&[191_000; 10], 10).await;
        check(&[65_000, 65_000, 65_000, 1, 1], 1).await;
        check(&[65_600, 65_600, 65_600, 1, 1], 2).await;
        check(&[192_000 - 1], 1).await;
        let producer = producer::open(settings(&sqs, "buffer")).await;
        let large = Record::new("k", vec![7; 192_000]);
        assert!(matches!(
            producer.append(vec![large], Route::ByKey).await,
            Err(AppendError::TooLarge { index: 0, .. })
        ));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_is_missing_is_waited_for() {
    within_reason(async {
        let sqs = Sqs::start().await;
        let mut settings = settings(&sqs, "buffer");
        settings.sending.deadline = Duration::from_millis(200);
        let producer = producer::open(settings).await;
        let place = format!("SQS queue `buffer` in eu-central-1 at {}", sqs.endpoint);
        let none =
            format!("{place}: there is none of this name in this region and account (QueueDoesNotExist)");
        for _ in 0..2 {
            until(&*producer, |health| health.to_string().contains("there is none")).await;
            assert_eq!(refusal(&*producer, vec![Record::new("k", "1")]).await, (vec![0], none.clone()));
            sqs.create("buffer");
            until(&*producer, Health::is_well).await;
            producer.append(vec![Record::new("k", "1")], Route::ByKey).await.unwrap();
            assert_eq!(sqs.pairs("buffer").len(), 1);
            // And again, when it is lost later.
            sqs.delete("buffer");
            refusal(&*producer, vec![Record::new("k", "1")]).await;
        }
        sqs.create("buffer");
        sqs.script.always(Fault::Whole(403, "AccessDenied"));
        let (_, why) = refusal(&*producer, vec![Record::new("k", "1")]).await;
        assert!(why.contains("need sqs:SendMessage on it"), "{why}");
    })
    .await;
}
