//! Many faults in any order: what was acknowledged is there, nothing twice, in order; readers were never ahead.

use std::sync::Mutex;

use super::{faulty::Random, *};
use crate::{consumer::Event, record::Record};

/// One call in so many meets a fault, where it can.
const ONE_IN: u64 = 12;

/// What the outside world knows.
#[derive(Default)]
struct Witness {
    /// Sequence number and data of every record that was acknowledged.
    acknowledged: Vec<(u64, Vec<u8>)>,
    /// What a consumer was given.
    delivered: Vec<(u64, Vec<u8>)>,
    /// The last checkpoint that was saved, and the one that was tried after it.
    saved: Option<u64>,
    tried: Option<u64>,
}

async fn live(place: &Place, seed: u64, witness: &Arc<Mutex<Witness>>, life: u64) {
    let mut random = Random(seed ^ life);
    let log = Log::open(place.config.clone()).unwrap_or_else(|_| {
        // A fault while cutting a tail or making a folder: opening can be tried again.
        place.disk.randomly(0, 0);
        place.open()
    });
    place.disk.randomly(0, 0);
    let mut consumer = log.consumer("raw", "reader", Start::Oldest);
    place.disk.randomly(seed + life, ONE_IN);
    let tasks: Vec<_> = (0..4)
        .map(|task| {
            let (producer, witness) = (log.producer("raw"), witness.clone());
            let mut random = Random(random.below(u64::MAX));
            tokio::spawn(async move {
                for attempt in 0..25 {
                    let count = 1 + random.below(3);
                    let data = |n| format!("{life:03} {task} {attempt:03} {n}").into_bytes();
                    let mut record = |n| Record {
                        key: format!("{task}").into_bytes().into(),
                        attributes: vec![0; random.below(400) as usize].into(),
                        data: data(n).into(),
                    };
                    let batch: Vec<_> = (0..count).map(&mut record).collect();
                    if let Ok(appended) = producer.append(batch, Route::ByKey).await {
                        let last = appended.last[0].1.sequence.to_u64().unwrap();
                        let places = (0..count).map(|n| (last + 1 + n - count, data(n)));
                        witness.lock().unwrap().acknowledged.extend(places);
                    }
                }
            })
        })
        .collect();
    let until = random.below(60) as usize;
    for _ in 0..until {
        tokio::task::yield_now().await;
        match crate::conformance::touch(&mut *consumer).await {
            Some(Event::Records(batch)) => {
                let last = batch.records.last().unwrap().position;
                let sequence = |r: &crate::consumer::Delivered| r.position.sequence.to_u64().unwrap();
                let places = batch.records.iter().map(|r| (sequence(r), r.record.data.to_vec()));
                witness.lock().unwrap().delivered.extend(places);
                witness.lock().unwrap().tried = last.sequence.to_u64();
                let checkpoint = Checkpoint { acknowledged: Some(last), pending: None };
                if consumer.checkpointer().save(&shard(), checkpoint).await.is_ok() {
                    witness.lock().unwrap().saved = last.sequence.to_u64();
                }
            }
            _ => tokio::task::yield_now().await,
        }
    }
    if random.below(2) == 0 {
        place.disk.die();
    }
    for task in tasks {
        task.await.unwrap();
    }
    log.close().await;
}

async fn check(seed: u64) -> usize {
    let place = Place::new().with(|config| config.segment_bytes = 6000);
    let witness = Arc::new(Mutex::new(Witness::default()));
    for life in 0..4 {
        place.disk.randomly(seed + life, ONE_IN);
        live(&place, seed, &witness, life).await;
        place.disk.power_cut();
        let log = place.open();
        let found = log.producer("raw").read_after(&shard(), None).await.unwrap().unwrap();
        let found: Vec<_> =
            found.iter().map(|r| (r.position.sequence.to_u64().unwrap(), r.record.data.to_vec())).collect();
        let mut witness = witness.lock().unwrap();
        // On a full disk the oldest segments go, if the consumer has acknowledged them.
        let oldest = found.first().map_or(1, |(sequence, _)| *sequence);
        assert!(oldest <= 1 + witness.tried.unwrap_or(0), "seed {seed}, life {life}: {oldest} is the oldest");
        let gap = found.iter().zip(oldest..).find(|((sequence, _), expected)| sequence != expected);
        assert_eq!(gap, None, "seed {seed}, life {life}");
        for (what, records) in [("acknowledged", &witness.acknowledged), ("delivered", &witness.delivered)] {
            for (sequence, data) in records.iter().filter(|(sequence, _)| *sequence >= oldest) {
                let there = found.get((sequence - oldest) as usize).map(|(_, data)| data);
                assert_eq!(there, Some(data), "seed {seed}, life {life}: {what} as {sequence}");
            }
        }
        for task in 0..4 {
            let mark = format!(" {task} ");
            let of_task =
                found.iter().filter(|(_, data)| data[3..6] == *mark.as_bytes()).map(|(_, data)| data);
            let of_task: Vec<_> = of_task.collect();
            assert!(of_task.windows(2).all(|pair| pair[0] < pair[1]), "seed {seed}: twice or out of order");
        }
        let facts = &log.facts()[0];
        let kept = facts.consumers.first().and_then(|c| c.acknowledged).and_then(|p| p.sequence.to_u64());
        assert!(kept == witness.saved || kept == witness.tried, "seed {seed}: checkpoint {kept:?}");
        (witness.saved, witness.tried) = (kept, kept);
    }
    witness.lock().unwrap().acknowledged.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_ever_lost() {
    let mut records = 0;
    for seed in 0..40 {
        records += check(seed * 1000).await;
    }
    assert!(records > 4000, "only {records} records were acknowledged, the test shows little");
}
