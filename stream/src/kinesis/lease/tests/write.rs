use serde_json::Value as Json;

use super::*;
use crate::kinesis::lease::{
    item::{Kept, read},
    tests::{item, lines, value},
};

fn lease(item: &Item) -> Lease {
    match read(item) {
        Ok(Kept::Lease(lease)) => *lease,
        other => panic!("{other:?}"),
    }
}

/// The library's `AttributeUpdates` as a change.
fn update(request: &Json) -> Update {
    let mut update = Update::default();
    for (name, change) in request["AttributeUpdates"].as_object().unwrap() {
        // Attributes have static names: the few there are.
        let name = NAMES.into_iter().find(|known| known == name).unwrap();
        match change["Action"].as_str().unwrap() {
            "PUT" => update.set.push((name, value(&change["Value"]))),
            "DELETE" => update.remove.push(name),
            "ADD" => update.add.push((name, change["Value"]["N"].as_str().unwrap().parse().unwrap())),
            other => panic!("{other}"),
        }
    }
    in_order(update)
}

const NAMES: [&str; 11] = [
    "leaseOwner",
    "leaseCounter",
    "checkpoint",
    "checkpointSubSequenceNumber",
    "ownerSwitchesSinceCheckpoint",
    "childShardIds",
    "startingHashKey",
    "endingHashKey",
    PENDING[0],
    PENDING[1],
    PENDING[2],
];

fn in_order(mut update: Update) -> Update {
    update.set.sort_by_key(|(name, _)| *name);
    update.add.sort_unstable();
    update.remove.sort_unstable();
    update
}

/// A recorded write, and its counter if it has one.
fn recorded(line: &Json) -> (Write, Option<u64>) {
    let request = &line["request"];
    let expected = &request["Expected"];
    let counter = expected["leaseCounter"]["Value"]["N"].as_str().map(|number| number.parse().unwrap());
    let (key, condition, change) = match line["op"].as_str().unwrap() {
        "PutItem" => {
            assert_eq!(expected["leaseKey"]["Exists"], false);
            (&request["Item"], Condition::Absent, Change::Create(item(&request["Item"])))
        }
        "DeleteItem" => (&request["Key"], Condition::None, Change::Delete),
        _ => {
            let condition = match counter {
                Some(counter) => Condition::Counter(counter),
                // Giving up asks for the owner; we ask for the counter, too, as the next of which is written.
                None if !expected["leaseOwner"].is_null() => {
                    let next = &request["AttributeUpdates"]["leaseCounter"]["Value"]["N"];
                    Condition::Counter(next.as_str().unwrap().parse::<u64>().unwrap() - 1)
                }
                None => {
                    assert_eq!(expected["leaseKey"]["Exists"], true);
                    Condition::Present
                }
            };
            (&request["Key"], condition, Change::Update(update(request)))
        }
    };
    (Write { shard: key["leaseKey"]["S"].as_str().unwrap().into(), condition, change }, counter)
}

/// The write that we would have made of the lease that stood there, for the same reason.
fn ours(line: &Json, before: Option<Lease>, counter: Option<u64>) -> Write {
    let request = &line["request"];
    let key = request["Key"]["leaseKey"]["S"].as_str().unwrap_or_default().into();
    if line["op"] == "PutItem" {
        return create(&lease(&item(&request["Item"])));
    }
    if line["op"] == "DeleteItem" {
        return delete(&key);
    }
    let updates = request["AttributeUpdates"].as_object().unwrap();
    let has = |name: &str| updates.contains_key(name);
    let new = |name: &str| updates.get(name).and_then(|update| update["Value"]["S"].as_str());
    if !has("leaseCounter") {
        return match has("childShardIds") {
            true => {
                let Value::Ss(names) = value(&updates["childShardIds"]["Value"]) else { panic!() };
                children(&key, &names.iter().map(|name| name.as_str().into()).collect::<Vec<_>>())
            }
            false => {
                let hash = |name| new(name).unwrap().parse().unwrap();
                range(&key, HashRange { start: hash("startingHashKey"), end: hash("endingHashKey") })
            }
        };
    }
    let mut before = before.unwrap_or_else(|| Lease::new(key, Progress::TrimHorizon));
    if counter.is_some_and(|counter| counter != before.counter) {
        // Somebody has seen it before it had an owner.
        before.owner = None;
    }
    before.counter = counter.unwrap_or(before.counter);
    if has("checkpoint") {
        // The new progress, in the words of an item.
        let after: Item = updates
            .iter()
            .filter(|(_, update)| !update["Value"].is_null())
            .map(|(name, update)| (name.clone(), value(&update["Value"])))
            .chain([("leaseKey".to_owned(), Value::S(before.shard.to_string()))])
            .collect();
        let after = lease(&after);
        return checkpoint(&before, after.progress, after.pending.as_ref());
    }
    match (has("leaseOwner"), new("leaseOwner")) {
        (true, Some(me)) => take(&before, me),
        (true, None) => release(&before),
        (false, _) => renew(&before),
    }
}

/// Each write of the Java library is one of ours, and does what it did.
#[test]
fn recorded_writes() {
    let (mut kinds, mut refused) = (std::collections::BTreeSet::new(), 0);
    for line in lines(include_str!("../../../../tests/golden/kcl/writes.jsonl")) {
        let what = format!("{} {}", line["scenario"], line["request"]);
        if what.contains(":stream-1:") {
            // Several streams in one table: we have a table for each.
            continue;
        }
        let before = line["before"].as_object().map(|_| item(&line["before"]));
        let (write, counter) = recorded(&line);
        let mut mine = ours(&line, before.as_ref().map(lease), counter);
        if let Change::Update(update) = &mut mine.change {
            *update = in_order(std::mem::take(update));
            // Called by hand, the recorded library wrote what it was given.
            if line["scenario"] == "direct" {
                let given = |name: &str| !line["request"]["AttributeUpdates"][name]["Value"].is_null();
                let as_given: Vec<_> = ["ownerSwitchesSinceCheckpoint", "childShardIds"]
                    .into_iter()
                    .filter(|name| given(name))
                    .collect();
                let recorded =
                    if let Change::Update(recorded) = &write.change { recorded } else { panic!("{what}") };
                update.set.retain(|(name, _)| !as_given.contains(name));
                update.set.extend(recorded.set.iter().filter(|(name, _)| as_given.contains(name)).cloned());
                update.set.sort_by_key(|(name, _)| *name);
            }
            kinds.insert(
                update.set.iter().map(|(name, _)| *name).chain(update.remove.clone()).collect::<Vec<_>>(),
            );
        }
        if line["scenario"] == "kcl1" {
            // Version 1.x does not know the state of an intention.
            if let Change::Update(update) = &mut mine.change
                && !line["request"]["AttributeUpdates"].as_object().unwrap().contains_key(PENDING[1])
            {
                update.remove.retain(|name| *name != PENDING[1]);
            }
        }
        assert_eq!(mine, write, "{what}");
        let by_owner = line["request"]["Expected"]["leaseOwner"]["Value"]["S"].as_str();
        if line["status"] == 200 {
            let after = line["after"].as_object().map(|_| item(&line["after"]));
            assert_eq!(write.apply(before.as_ref()), Ok(after), "{what}");
        } else if by_owner.is_none() {
            assert_eq!(write.apply(before.as_ref()), Err(Refused), "{what}");
            refused += 1;
        }
    }
    assert!(kinds.len() == 7 && refused >= 10, "{} kinds, {refused} refused", kinds.len());
}

/// What a write does to attributes it does not know.
#[test]
fn unknown_attributes_stay() {
    let mut before = Lease::new("shardId-000000000000".into(), Progress::Latest).to_item();
    before.insert("throughputKBps".to_owned(), Value::N("1.5".to_owned()));
    for write in [
        renew(&lease(&before)),
        take(&lease(&before), "me"),
        release(&lease(&before)),
        checkpoint(&lease(&before), Progress::ShardEnd, None),
        children(&"shardId-000000000000".into(), &["a".into()]),
    ] {
        let after = write.apply(Some(&before)).unwrap().unwrap();
        assert_eq!(after.get("throughputKBps"), before.get("throughputKBps"), "{write:?}");
    }
}
