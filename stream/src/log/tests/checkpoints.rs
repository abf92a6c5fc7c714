//! Checkpoint files.

use super::*;
use crate::{
    consumer::{ConsumeError, Pending},
    log::checkpoint,
    record::Position,
};

fn sample() -> Checkpoint {
    let position =
        |sequence: &str, sub_sequence| Position { sequence: sequence.parse().unwrap(), sub_sequence };
    Checkpoint {
        acknowledged: Some(position("258", 3)),
        pending: Some(Pending {
            // 2^184 + 1
            up_to: position("24519928653854221733733552434404946937899825954937634817", 0),
            note: "key".into(),
        }),
    }
}

#[test]
fn bytes_are_as_documented() {
    let mut expected = b"pck\x01".to_vec();
    expected.extend([0x6b, 0x03, 0x24, 0xe0]);
    expected.extend([3, 0, 0, 0]);
    expected.extend([2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend([3, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expected.extend([0; 8]);
    expected.extend(*b"\x03\0\0\0key");
    assert_eq!(checkpoint::encode(&sample()).unwrap(), expected);
    assert_eq!(checkpoint::decode(&expected).unwrap(), sample());
    let nothing = checkpoint::encode(&Checkpoint::default()).unwrap();
    assert_eq!(nothing.len(), 80);
    assert_eq!(checkpoint::decode(&nothing).unwrap(), Checkpoint::default());
}

#[test]
fn other_bytes_are_refused() {
    let whole = checkpoint::encode(&sample()).unwrap();
    for byte in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[byte] ^= 1;
        assert!(checkpoint::decode(&damaged).is_err(), "byte {byte}");
        assert!(checkpoint::decode(&whole[..byte]).is_err(), "{byte} bytes");
    }
    let mut longer = whole;
    longer.push(0);
    assert!(checkpoint::decode(&longer).is_err());
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_a_checkpoint_or_refused(mut bytes: Vec<u8>, seal: bool) {
        if seal && bytes.len() >= 12 {
            bytes[..4].copy_from_slice(b"pck\x01");
            let checksum = crc32c::crc32c(&bytes[8..]).to_le_bytes();
            bytes[4..8].copy_from_slice(&checksum);
        }
        if let Ok(checkpoint) = checkpoint::decode(&bytes) {
            let again = checkpoint::encode(&checkpoint).unwrap();
            proptest::prop_assert_eq!(checkpoint::decode(&again).unwrap(), checkpoint);
        }
    }
}

#[tokio::test]
async fn a_damaged_file_is_told_and_holds_everything_back() {
    let place = Place::new().with(|config| {
        config.segment_bytes = 4096;
        config.streams[0].retention_age = Some(Duration::from_secs(60));
    });
    let log = place.open();
    append(&log, 0..10).await.unwrap();
    drop(acknowledge(&log, "reader", 10).await);
    log.close().await;
    let file = place.config.checkpoints.join("raw/reader/shardId-000000000000");
    fs::write(
        &file,
        "pck\x01 and nothing right after it, for some eighty bytes, which is the length of a checkpoint",
    )
    .unwrap();
    let log = place.open();
    place.later(Duration::from_secs(1000));
    append(&log, 10..20).await.unwrap();
    assert_eq!(everything(&log).await.len(), 20);
    let mut consumer = log.consumer("raw", "reader", Start::Oldest);
    for _ in 0..2 {
        match consumer.next().await {
            Err(ConsumeError::Corrupt { what, .. }) => {
                assert!(what.contains(&*file.to_string_lossy()) && what.contains("checksum"), "{what}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_checkpoint_of_another_log_is_told() {
    let place = Place::new();
    let log = place.open();
    append(&log, 0..10).await.unwrap();
    drop(acknowledge(&log, "reader", 10).await);
    log.close().await;
    fs::remove_dir_all(&place.config.folder).unwrap();
    let log = place.open();
    append(&log, 0..5).await.unwrap();
    match log.consumer("raw", "reader", Start::Oldest).next().await {
        Err(ConsumeError::Corrupt { what, .. }) => assert!(what.contains("stands at 10"), "{what}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_note_above_the_cap_is_refused() {
    let place = Place::new();
    let log = place.open();
    append(&log, 0..10).await.unwrap();
    let consumer = acknowledge(&log, "reader", 1).await;
    let pending = Pending { up_to: 2.into(), note: vec![0; 1025].into() };
    let checkpoint = Checkpoint { acknowledged: Some(1.into()), pending: Some(pending) };
    let refused = consumer.checkpointer().save(&shard(), checkpoint).await.unwrap_err();
    assert!(refused.to_string().contains("1024"), "{refused}");
}

#[tokio::test]
async fn what_a_crash_left_of_a_save_is_replaced() {
    let place = Place::new();
    let log = place.open();
    append(&log, 0..10).await.unwrap();
    drop(acknowledge(&log, "reader", 1).await);
    let folder = place.config.checkpoints.join("raw/reader");
    fs::write(folder.join("shardId-000000000000.new"), "half").unwrap();
    drop(acknowledge(&log, "reader", 2).await);
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["shardId-000000000000"]);
}

#[tokio::test]
async fn a_consumer_cannot_leave_its_folder() {
    let place = Place::new();
    let log = place.open();
    for name in ["", "../reader", "a/b", ".."] {
        assert!(log.consumer("raw", name, Start::Oldest).next().await.is_err(), "{name}");
    }
}
