use serde_json::Value as Json;

use super::*;
use crate::kinesis::lease::tests::{item, lines, value};

fn lease(item: &Item) -> Lease {
    match read(item) {
        Ok(Kept::Lease(lease)) => *lease,
        other => panic!("{other:?}"),
    }
}

/// Every item that the Java library had in its table is a lease, and the same item again.
#[test]
fn recorded_items_are_read_and_written() {
    let mut count = 0;
    for line in lines(include_str!("../../../../tests/golden/kcl/snapshots.jsonl")) {
        for recorded in line["items"].as_array().unwrap() {
            let recorded = item(recorded);
            assert_eq!(lease(&recorded).to_item(), recorded, "{} {}", line["scenario"], line["label"]);
            count += 1;
        }
    }
    assert_eq!(count, 130);
}

/// An item with everything in it, but for what `change` makes of it.
fn changed(change: &[(&str, &str)]) -> Item {
    let mut full: Json = serde_json::from_str(
        r#"{
            "leaseKey": {"S": "shardId-000000000003"},
            "leaseOwner": {"S": "ip-10-0-0-1:7"},
            "leaseCounter": {"N": "18446744073709551614"},
            "checkpoint": {"S": "49680423671229365096100866971359754131558590400111312898"},
            "checkpointSubSequenceNumber": {"N": "5"},
            "ownerSwitchesSinceCheckpoint": {"N": "2"},
            "parentShardId": {"SS": ["shardId-000000000002", "shardId-000000000001"]},
            "childShardIds": {"SS": ["shardId-000000000004"]},
            "startingHashKey": {"S": "0"},
            "endingHashKey": {"S": "340282366920938463463374607431768211455"},
            "pendingCheckpoint": {"S": "49680423671229365096100866971359754131558590400111312899"},
            "pendingCheckpointSubSequenceNumber": {"N": "1"},
            "pendingCheckpointState": {"B": "AP8="}
        }"#,
    )
    .unwrap();
    for (name, text) in change {
        full[*name] = serde_json::from_str(text).unwrap();
    }
    let full = full.as_object().unwrap().iter().filter(|(_, value)| !value.is_null());
    full.map(|(name, attribute)| (name.clone(), value(attribute))).collect()
}

#[test]
fn everything_is_read() {
    let position =
        |text: &str, sub_sequence| Progress::At(Position { sequence: text.parse().unwrap(), sub_sequence });
    let expect = Lease {
        shard: "shardId-000000000003".into(),
        owner: Some("ip-10-0-0-1:7".to_owned()),
        counter: u64::MAX - 1,
        progress: position("49680423671229365096100866971359754131558590400111312898", 5),
        pending: Some(PendingProgress {
            up_to: position("49680423671229365096100866971359754131558590400111312899", 1),
            state: Some(vec![0, 255].into()),
        }),
        owner_switches: 2,
        parents: vec!["shardId-000000000001".into(), "shardId-000000000002".into()],
        children: vec!["shardId-000000000004".into()],
        range: Some(HashRange::ALL),
    };
    assert_eq!(lease(&changed(&[])), expect);
    // What other versions add, or leave behind, changes nothing.
    let others =
        [("throughputKBps", r#"{"N": "1.5"}"#), ("entityType", r#"{"S": "LEASE"}"#), ("new", r#"{"M": {}}"#)];
    assert_eq!(lease(&changed(&others)), expect);
    assert_eq!(lease(&changed(&[("pendingCheckpoint", "null")])), Lease { pending: None, ..expect.clone() });
    // An owner without a name is none.
    for owner in ["null", r#"{"S": ""}"#] {
        assert_eq!(lease(&changed(&[("leaseOwner", owner)])).owner, None);
    }
    for missing in ["startingHashKey", "endingHashKey"] {
        assert_eq!(lease(&changed(&[(missing, "null")])).range, None);
    }
}

#[test]
fn what_is_no_lease_is_told_apart() {
    assert_eq!(read(&changed(&[("entityType", r#"{"S": "LEADER"}"#)])), Ok(Kept::Other("LEADER".to_owned())));
    assert_eq!(read(&changed(&[("entityType", r#"{"N": "1"}"#)])), Ok(Kept::Other(String::new())));
    let cases = [
        ("leaseKey", "null", "lease ``: attribute `leaseKey` is missing"),
        ("leaseCounter", "null", "attribute `leaseCounter` is missing"),
        ("leaseCounter", r#"{"N": "-1"}"#, "attribute `leaseCounter` is no whole number from 0"),
        ("leaseCounter", r#"{"S": "1"}"#, "attribute `leaseCounter` is no number"),
        ("checkpoint", "null", "attribute `checkpoint` is missing"),
        (
            "checkpoint",
            r#"{"S": "latest"}"#,
            "attribute `checkpoint` is neither a sequence number nor one of the words",
        ),
        ("checkpoint", r#"{"N": "7"}"#, "attribute `checkpoint` is no text"),
        ("pendingCheckpoint", r#"{"S": ""}"#, "attribute `pendingCheckpoint` is neither a sequence number"),
        ("leaseOwner", r#"{"NULL": true}"#, "attribute `leaseOwner` is no text"),
        ("parentShardId", r#"{"S": "a"}"#, "attribute `parentShardId` is no set of texts"),
        ("startingHashKey", r#"{"S": "-1"}"#, "attribute `startingHashKey` is no hash"),
        (
            "endingHashKey",
            r#"{"S": "340282366920938463463374607431768211456"}"#,
            "attribute `endingHashKey` is no hash",
        ),
    ];
    for (name, text, expect) in cases {
        let error = read(&changed(&[(name, text)])).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    }
    let crossed = [("startingHashKey", r#"{"S": "2"}"#), ("endingHashKey", r#"{"S": "1"}"#)];
    assert!(read(&changed(&crossed)).unwrap_err().to_string().ends_with("is above `endingHashKey`"));
}

#[test]
fn progress_has_an_order() {
    let at = |sequence: &str, sub_sequence| {
        Progress::At(Position { sequence: sequence.parse().unwrap(), sub_sequence })
    };
    let order = [
        Progress::AtTimestamp,
        Progress::TrimHorizon,
        Progress::Latest,
        at("9", 7),
        at("10", 0),
        at("10", 1),
        at("49680423671229365096100866971359754131558590400111312898", 0),
        Progress::ShardEnd,
    ];
    assert!(order.is_sorted());
    assert_eq!(order.map(Progress::has_begun), [false, false, false, true, true, true, true, true]);
}
