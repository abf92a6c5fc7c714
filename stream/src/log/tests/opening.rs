//! Torn tails are cut, damage in the middle is refused.

use super::{faulty::Fault, *};
use crate::{
    consumer::{ConsumeError, Event},
    log::{Damage, OpenError, check, frame},
};

/// Ten frames of one record each in one segment; returns the file and where the frames begin.
async fn ten_frames(place: &Place) -> (PathBuf, Vec<u64>) {
    let log = place.open();
    let mut begins = Vec::new();
    for number in 0..10 {
        append(&log, number..number + 1).await.unwrap();
        begins.push(log.facts()[0].bytes - (frame::HEADER_BYTES + frame::RECORD_HEADER_BYTES + 2) as u64);
    }
    log.close().await;
    (place.segments()[0].clone(), begins)
}

#[tokio::test]
async fn every_torn_tail_is_cut() {
    let place = Place::new();
    let (file, begins) = ten_frames(&place).await;
    let whole = fs::read(&file).unwrap();
    for length in begins[9] as usize..whole.len() {
        // Cut off, and cut off with zeros in place of what is missing or far beyond it.
        for zeros in [0, whole.len() - length, 300_000] {
            let mut torn = whole[..length].to_vec();
            torn.resize(length + zeros, 0);
            if torn == whole {
                continue;
            }
            place.segments().iter().for_each(|other| fs::remove_file(other).unwrap());
            fs::write(&file, torn).unwrap();
            let log = place.open();
            assert_eq!(everything(&log).await, (0..9).collect::<Vec<_>>(), "cut at {length}");
            // And it goes on as if nothing had been there.
            assert_eq!(append(&log, 9..10).await.unwrap().last, [(shard(), 10.into())]);
            assert_eq!(everything(&log).await, (0..10).collect::<Vec<_>>());
            log.close().await;
            assert_eq!(fs::metadata(&file).unwrap().len(), begins[9]);
        }
    }
}

#[tokio::test]
async fn a_flipped_bit_in_the_last_frame_is_a_torn_tail_and_elsewhere_refused() {
    let place = Place::new();
    let (file, begins) = ten_frames(&place).await;
    let whole = fs::read(&file).unwrap();
    for (index, begin) in begins.iter().enumerate() {
        for byte in [0, 3, 5, 8, 11, 14, 20, 30, 33, 44] {
            let mut damaged = whole.clone();
            damaged[*begin as usize + byte] ^= 0x40;
            fs::write(&file, &damaged).unwrap();
            match Log::open(place.config.clone()) {
                Err(OpenError::Corrupt { stream, damage }) => {
                    assert!(index < 9, "frame {index}, byte {byte}");
                    assert_eq!(stream, "raw");
                    let (Damage::Frame { path, offset, .. } | Damage::CutOff { path, offset }) = damage
                    else {
                        panic!("{damage:?}")
                    };
                    assert_eq!((path, offset), (file.clone(), *begin));
                    assert_eq!(fs::read(&file).unwrap(), damaged, "nothing is changed");
                }
                Err(other) => panic!("{other}"),
                Ok(log) => {
                    assert_eq!(index, 9, "byte {byte}");
                    assert_eq!(everything(&log).await, (0..9).collect::<Vec<_>>());
                }
            }
        }
    }
}

#[tokio::test]
async fn damage_in_an_older_segment_is_told_to_whoever_reads_it() {
    let place = Place::new();
    let (file, begins) = ten_frames(&place).await;
    let log = place.open();
    append(&log, 10..20).await.unwrap();
    assert_eq!(place.segments().len(), 2);
    let mut bytes = fs::read(&file).unwrap();
    bytes[begins[4] as usize + 40] ^= 1;
    fs::write(&file, bytes).unwrap();
    let mut consumer = log.consumer("raw", "reader", Start::Oldest);
    let mut seen = Vec::new();
    let error = loop {
        match consumer.next().await {
            Ok(Event::Records(batch)) => seen.extend(batch.records.iter().map(number)),
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(seen, [0, 1, 2, 3]);
    let ConsumeError::Corrupt { what, .. } = &error else { panic!("{error}") };
    assert!(what.contains("00000000000000000001.seg") && what.contains(&begins[4].to_string()), "{what}");
    // Asking again tells the same; others who are beyond it go on.
    assert!(matches!(consumer.next().await, Err(ConsumeError::Corrupt { .. })));
    consumer.seek(&shard(), Some(10.into())).await.unwrap();
    let Event::Records(batch) = consumer.next().await.unwrap() else { panic!("records were expected") };
    assert_eq!(batch.records.len(), 10);
}

#[tokio::test]
async fn a_missing_segment_is_told() {
    let place = Place::new().with(|config| config.segment_bytes = 4096);
    let log = place.open();
    for number in 0..300 {
        append(&log, number..number + 1).await.unwrap();
    }
    log.close().await;
    fs::remove_file(&place.segments()[1]).unwrap();
    let log = place.open();
    let mut consumer = log.consumer("raw", "reader", Start::Oldest);
    let error = loop {
        if let Err(error) = consumer.next().await {
            break error;
        }
    };
    assert!(matches!(error, ConsumeError::Corrupt { .. }), "{error}");
}

#[tokio::test]
async fn a_segment_without_frames_is_begun_again() {
    let place = Place::new();
    ten_frames(&place).await;
    let next = place.segments()[0].with_file_name("00000000000000000011.seg");
    let header = crate::log::segment::header(5);
    for length in 0..=header.len() {
        fs::write(&next, &header[..length]).unwrap();
        let log = place.open();
        assert_eq!(append(&log, 10..11).await.unwrap().last, [(shard(), 11.into())]);
        assert_eq!(everything(&log).await, (0..11).collect::<Vec<_>>());
        log.close().await;
        fs::remove_file(&next).unwrap();
    }
}

#[tokio::test]
async fn a_foreign_file_is_no_segment() {
    let place = Place::new();
    let (file, _) = ten_frames(&place).await;
    fs::write(file.with_file_name("notes.txt"), "mine").unwrap();
    fs::write(file.with_file_name("1.seg"), "mine").unwrap();
    assert_eq!(everything(&place.open()).await.len(), 10);
    fs::write(file.with_file_name("00000000000000000011.seg"), [7; 100]).unwrap();
    match Log::open(place.config.clone()).map(|_| ()) {
        Err(OpenError::Corrupt { damage: Damage::Header { .. }, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_frame_in_a_payload_is_no_frame() {
    let place = Place::new();
    let (file, begins) = ten_frames(&place).await;
    let whole = fs::read(&file).unwrap();
    // Somebody sends whole frames with all likely sequence numbers, checksummed as well as can be from outside.
    let mut payload = Vec::new();
    for first in 10..14 {
        let mut encoder = frame::Encoder::default();
        encoder.push(&numbered_batch("k", 66..67)[0]);
        payload.extend_from_slice(encoder.finish(0, first, Timestamp::UNIX_EPOCH));
    }
    let log = place.open();
    let record = crate::record::Record::new("k", payload);
    log.producer("raw").append(vec![record], Route::ByKey).await.unwrap();
    log.close().await;
    // A crash tears the frame that holds them.
    let last = place.segments().pop().unwrap();
    let bytes = fs::read(&last).unwrap();
    fs::write(&last, &bytes[..bytes.len() - 1]).unwrap();
    let log = place.open();
    assert_eq!(everything(&log).await, (0..10).collect::<Vec<_>>());
    assert_eq!(whole.len() as u64, fs::metadata(&file).unwrap().len());
    assert_eq!(begins.len(), 10);
}

#[tokio::test]
async fn what_a_killed_process_had_not_synced_is_synced_before_anybody_reads_it() {
    let place = Place::new();
    let log = place.open();
    append(&log, 0..10).await.unwrap();
    place.disk.plan(&[Fault::SyncError, Fault::CutError]);
    append(&log, 10..20).await.unwrap_err();
    place.disk.die();
    log.close().await;
    place.disk.revive();
    let log = place.open();
    assert_eq!(everything(&log).await, (0..20).collect::<Vec<_>>(), "a whole frame is there");
    log.close().await;
    place.disk.power_cut();
    assert_eq!(everything(&place.open()).await, (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_check_finds_every_damage_and_where_reading_can_go_on() {
    let place = Place::new();
    let (file, begins) = ten_frames(&place).await;
    assert_eq!(check(&place.config.folder, "raw").unwrap().len(), 0);
    let log = place.open();
    append(&log, 10..15).await.unwrap();
    append(&log, 15..20).await.unwrap();
    log.close().await;
    let whole = fs::read(&file).unwrap();
    let damage = |at: &[usize]| {
        let mut bytes = whole.clone();
        at.iter().for_each(|frame| bytes[begins[*frame] as usize + 40] ^= 1);
        fs::write(&file, bytes).unwrap();
    };
    let found = || {
        let findings = check(&place.config.folder, "raw").unwrap();
        findings.iter().map(|finding| (finding.first_lost, finding.resumes)).collect::<Vec<_>>()
    };
    for (frames, expected) in [
        (&[][..], vec![]),
        (&[0], vec![(1, Some(2))]),
        (&[4, 5], vec![(5, Some(7))]),
        (&[2, 8], vec![(3, Some(4)), (9, Some(10))]),
        // Nothing whole behind it in this file, but another file.
        (&[9], vec![(10, Some(11))]),
    ] {
        damage(frames);
        assert_eq!(found(), expected, "{frames:?}");
    }
    damage(&[]);
    let last = &place.segments()[1];
    let bytes = fs::read(last).unwrap();
    fs::write(last, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(found(), [(16, None)], "a torn tail");
    let findings = check(&place.config.folder, "raw").unwrap();
    assert!(matches!(&findings[0].damage, Damage::CutOff { path, .. } if path == last), "{findings:?}");
    fs::write(last, [7; 100]).unwrap();
    assert_eq!(found(), [(11, None)]);
}
