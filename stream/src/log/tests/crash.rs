//! A process that is killed in mid-write, again and again.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use super::{faulty::Random, *};
use crate::log::disk::LocalDisk;

/// Set in the process that is to be killed: its folder.
const CHILD: &str = "PISTE_LOG_CRASH_CHILD";
const KILLS: u64 = 10;

fn config(folder: &str) -> LogConfig {
    let stream = StreamConfig { retention_age: None, retention_bytes: None, ..StreamConfig::new("raw") };
    let mut config = LogConfig::new(format!("{folder}/log"), format!("{folder}/checkpoints"), vec![stream]);
    config.segment_bytes = 20_000;
    config.disk = Arc::new(LocalDisk);
    config
}

/// Appends from eight tasks, for ever, and says what is durable.
async fn write_until_killed(folder: &str) {
    let log = Log::open(config(folder)).unwrap();
    let from = everything(&log).await.len();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let producer = log.producer("raw");
            tokio::spawn(async move {
                for n in 0.. {
                    let number = (from + n) * 8 + task;
                    let appended =
                        producer.append(numbered_batch("k", number..number + 1), Route::ByKey).await;
                    let sequence = appended.unwrap().last[0].1.sequence;
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "ack {sequence} {number}").unwrap();
                    out.flush().unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9() {
    if let Ok(folder) = env::var(CHILD) {
        return write_until_killed(&folder).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let mut acknowledged: Vec<(u64, usize)> = Vec::new();
    let mut random = Random(7);
    for kill in 0..KILLS {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "log::tests::crash::what_was_acknowledged_survives_kill_9", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut before = 20 + random.below(300);
        for line in lines.by_ref() {
            let line = line.unwrap();
            // The harness writes the name of the test in front of the first line.
            let Some(at) = line.find("ack ") else { continue };
            let mut words = line[at..].split(' ').skip(1);
            let sequence = words.next().unwrap().parse().unwrap();
            acknowledged.push((sequence, words.next().unwrap().parse().unwrap()));
            before -= 1;
            if before == 0 {
                child.kill().unwrap();
                break;
            }
        }
        // What it still managed to say counts as well, except a line that the kill cut.
        for line in lines.map_while(Result::ok) {
            let words: Vec<_> = line.split(' ').collect();
            if let ["ack", sequence, number] = words[..] {
                let (Ok(sequence), Ok(number)) = (sequence.parse(), number.parse()) else { continue };
                acknowledged.push((sequence, number));
            }
        }
        child.wait().unwrap();
        let log = Log::open(config(&path)).unwrap();
        let found = everything(&log).await;
        // The last line may be cut within a number.
        let cut = acknowledged.pop();
        for (sequence, number) in &acknowledged {
            assert_eq!(
                found.get(*sequence as usize - 1),
                Some(number),
                "kill {kill}, sequence number {sequence}"
            );
        }
        acknowledged
            .extend(cut.filter(|(sequence, number)| found.get(*sequence as usize - 1) == Some(number)));
        let mut unique = found.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), found.len(), "kill {kill}: something is there twice");
        log.close().await;
    }
    assert!(acknowledged.len() > 20 * KILLS as usize, "{}", acknowledged.len());
}
