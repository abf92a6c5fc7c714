//! Reading beside the writer.

use super::*;
use crate::log::Reader;

fn drain(reader: &mut Reader) -> Vec<usize> {
    let mut numbers = Vec::new();
    while let Some(batch) = reader.read().unwrap() {
        numbers.extend(batch.records.iter().map(number));
    }
    numbers
}

#[tokio::test]
async fn a_tap_follows_the_writer_over_segments() {
    let place = Place::new().with(|config| config.segment_bytes = 4096);
    let log = place.open();
    let mut reader = Reader::open(&place.config.folder, "raw").unwrap();
    assert_eq!(reader.shards().cloned().collect::<Vec<_>>(), [shard()]);
    assert_eq!(drain(&mut reader), Vec::<usize>::new());
    for round in 0..20 {
        for number in round * 20..round * 20 + 20 {
            append(&log, number..number + 1).await.unwrap();
        }
        assert_eq!(drain(&mut reader), (round * 20..round * 20 + 20).collect::<Vec<_>>());
    }
    let mut late = Reader::open(&place.config.folder, "raw").unwrap();
    late.seek_newest().unwrap();
    assert_eq!(drain(&mut late), Vec::<usize>::new());
    assert!(late.seek(&shard(), Some(395.into())));
    assert_eq!(drain(&mut late), [395, 396, 397, 398, 399]);
    append(&log, 400..401).await.unwrap();
    assert_eq!(drain(&mut late), [400]);
    assert!(!late.seek(&ShardId::numbered(7), None));
    assert_eq!(log.facts()[0].consumers, [], "it is nobody's consumer");
}

#[tokio::test]
async fn a_tap_waits_for_the_rest_of_a_frame() {
    let place = Place::new();
    let log = place.open();
    append(&log, 0..3).await.unwrap();
    append(&log, 3..6).await.unwrap();
    log.close().await;
    let file = &place.segments()[0];
    let whole = fs::read(file).unwrap();
    for length in 0..whole.len() {
        fs::write(file, &whole[..length]).unwrap();
        let mut reader = Reader::open(&place.config.folder, "raw").unwrap();
        let first = drain(&mut reader);
        fs::write(file, &whole).unwrap();
        let rest = drain(&mut reader);
        assert_eq!([first, rest].concat(), [0, 1, 2, 3, 4, 5], "cut at {length}");
    }
}

#[test]
fn a_stream_that_is_not_there_is_an_error() {
    assert!(Reader::open(&Place::new().config.folder, "raw").is_err());
}
