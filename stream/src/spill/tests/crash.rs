//! A process that is killed while it spills and hands on, again and again.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use super::*;
use crate::log::tests::faulty::Random;

/// Set in the process that is to be killed: its folder.
const CHILD: &str = "PISTE_SPILL_CRASH_CHILD";
const NAME: &str = "spill::tests::crash::what_was_acknowledged_reaches_the_stream";
const KILLS: u64 = 6;
const KEYS: usize = 4;

/// The stream behind the spill is a log, so that it outlives the process too.
fn open(folder: &Path) -> (Log, Arc<Moody>, Spill) {
    let stream = StreamConfig { retention_age: None, retention_bytes: None, ..StreamConfig::new("raw") };
    let log =
        Log::open(LogConfig::new(folder.join("log"), folder.join("checkpoints"), vec![stream])).unwrap();
    let inner = Moody::new(log.producer("raw"));
    let mut config = SpillConfig::new(folder.join("spill"));
    config.backoff = Backoff { min: Duration::from_millis(1), max: Duration::from_millis(5) };
    config.batch_records = 20;
    let spill = Spill::open(config, inner.clone()).unwrap();
    (log, inner, spill)
}

async fn write_until_killed(folder: &Path) {
    let (log, inner, spill) = open(folder);
    let spill = Arc::new(spill);
    let all = log.producer("raw").read_after(&ShardId::numbered(0), None).await.unwrap().unwrap();
    // Beyond everything an earlier process can have written.
    let from = all.iter().map(number).max().map_or(0, |n| n + 1_000_000);
    let callers = (0..KEYS).map(|key| {
        let spill = spill.clone();
        tokio::spawn(async move {
            for number in from.. {
                spill.append(vec![numbered(&key.to_string(), number)], Route::ByKey).await.unwrap();
                let mut out = std::io::stdout().lock();
                writeln!(out, "ack {key} {number}").unwrap();
                out.flush().unwrap();
            }
        })
    });
    let _callers: Vec<_> = callers.collect();
    // Refuses for a while, takes for a while, by the number of appends it sees.
    for mood in [Mood::Full, Mood::Take].into_iter().cycle() {
        inner.usually(mood);
        let seen = inner.appends();
        while inner.appends() < seen + 5 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_reaches_the_stream() {
    if let Ok(folder) = env::var(CHILD) {
        return write_until_killed(Path::new(&folder)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<Vec<usize>> = vec![Vec::new(); KEYS];
    let mut random = Random(11);
    for kill in 0..KILLS {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut before = 20 + random.below(200);
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            // The harness writes the name of the test in front of the first line.
            let Some(at) = line.find("ack ") else { continue };
            let mut words = line[at..].split(' ').skip(1).map(|word| word.parse::<usize>().unwrap());
            // What comes after the kill may be cut.
            if before > 0 {
                acknowledged[words.next().unwrap()].push(words.next().unwrap());
                before -= 1;
                if before == 0 {
                    child.kill().unwrap();
                    break;
                }
            }
        }
        child.wait().unwrap();
        let (log, _, spill) = open(folder.path());
        until_direct(&spill).await;
        spill.close().await;
        let all = log.producer("raw").read_after(&ShardId::numbered(0), None).await.unwrap().unwrap();
        for (key, expected) in acknowledged.iter().enumerate() {
            let found = firsts(&all, &key.to_string());
            assert!(found.is_sorted(), "kill {kill}: key {key} is out of order");
            let missing: Vec<_> = expected.iter().filter(|n| found.binary_search(n).is_err()).collect();
            assert_eq!(missing, Vec::<&usize>::new(), "kill {kill}: key {key}");
        }
        log.close().await;
    }
    assert!(acknowledged.iter().map(Vec::len).sum::<usize>() >= 20 * KILLS as usize);
}
