use std::sync::Mutex;

use super::*;
use crate::conformance::within_reason;

/// An output that remembers, takes at most `at_once` bytes a call, and meets planned errors.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Sheet>>);

#[derive(Default)]
struct Sheet {
    written: Vec<u8>,
    at_once: usize,
    /// After so many bytes in all, this error once.
    errors: Vec<(usize, ErrorKind)>,
}

impl Paper {
    fn new(at_once: usize, errors: &[(usize, ErrorKind)]) -> Self {
        Self(Arc::new(Mutex::new(Sheet { written: Vec::new(), at_once, errors: errors.to_vec() })))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().written.clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut sheet = self.0.lock().unwrap();
        let mut room = sheet.at_once.min(bytes.len());
        if let Some((at, kind)) = sheet.errors.first().copied() {
            if sheet.written.len() >= at {
                sheet.errors.remove(0);
                return Err(kind.into());
            }
            room = room.min(at - sheet.written.len());
        }
        sheet.written.extend_from_slice(&bytes[..room]);
        Ok(room)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn records(data: &[&str]) -> Vec<Record> {
    data.iter().map(|data| Record::new("key", data.as_bytes().to_vec())).collect()
}

#[tokio::test]
async fn one_line_a_record() {
    let check = async |padding, data: &[&str], expect: &str| {
        let paper = Paper::new(7, &[]);
        let producer = Output::new("paper", paper.clone()).unwrap().producer("raw", padding);
        assert_eq!(producer.append(records(data), Route::ByKey).await.unwrap().last, []);
        assert_eq!(paper.text(), expect, "{data:?}");
    };
    check(Padding::Without, &["Something"], "U29tZXRoaW5n\n").await;
    check(Padding::With, &["Something"], "U29tZXRoaW5n\n").await;
    check(Padding::Without, &["a", "ab", "", "\u{ff}\u{3f}>"], "YQ\nYWI\n\nw78/Pg\n").await;
    check(Padding::With, &["a", "ab", "", "\u{ff}\u{3f}>"], "YQ==\nYWI=\n\nw78/Pg==\n").await;
    check(Padding::With, &[], "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_of_many_producers_never_mix() {
    let paper = Paper::new(5, &[]);
    let output = Output::new("paper", paper.clone()).unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let producer = output.producer(if task % 2 == 0 { "good" } else { "bad" }, Padding::Without);
            tokio::spawn(async move {
                for n in 0..50 {
                    let data = [format!("{task}/{n}/a"), format!("{task}/{n}/b")];
                    let batch = records(&data.each_ref().map(String::as_str));
                    producer.append(batch, Route::ByKey).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        within_reason(async { task.await.unwrap() }).await;
    }
    let text = paper.text();
    let lines: Vec<String> =
        text.lines().map(|line| String::from_utf8(STANDARD_NO_PAD.decode(line).unwrap()).unwrap()).collect();
    assert_eq!(lines.len(), 8 * 50 * 2);
    for task in 0..8 {
        let of_task: Vec<_> = lines.iter().filter(|line| line.starts_with(&format!("{task}/"))).collect();
        let expect: Vec<_> =
            (0..50).flat_map(|n| ["a", "b"].map(|half| format!("{task}/{n}/{half}"))).collect();
        assert!(of_task.into_iter().eq(&expect), "in order, nothing twice");
    }
}

#[tokio::test]
async fn a_line_that_was_torn_is_finished() {
    use ErrorKind::{Interrupted, StorageFull, WouldBlock};
    // "Something" and "else" are lines of 13 and 7 bytes.
    for (at, expect) in [
        (0, "bW9yZQ\n"),
        (4, "U29tZXRoaW5n\nbW9yZQ\n"),
        (13, "U29tZXRoaW5n\nbW9yZQ\n"),
        (15, "U29tZXRoaW5n\nZWxzZQ\nbW9yZQ\n"),
    ] {
        // Twice without room: the second append writes nothing.
        let paper =
            Paper::new(3, &[(at, WouldBlock), (at, Interrupted), (at, StorageFull), (at, StorageFull)]);
        let output = Output::new("paper", paper.clone()).unwrap();
        let producer = output.producer("raw", Padding::Without);
        for batch in [["Something", "else"], ["not", "written"]] {
            match producer.append(records(&batch), Route::ByKey).await {
                Err(AppendError::Interrupted { stream, source }) => {
                    assert_eq!((&*stream, source.kind()), ("raw", StorageFull));
                }
                other => panic!("{other:?}"),
            }
            assert!(producer.health().borrow().trouble().unwrap().contains("paper does not take lines"));
        }
        producer.append(records(&["more"]), Route::ByKey).await.unwrap();
        assert!(producer.health().borrow().is_well());
        assert_eq!(paper.text(), expect, "no room after {at} bytes");
    }
}

#[tokio::test]
async fn a_reader_that_goes_is_told() {
    let (reader, writer) = io::pipe().unwrap();
    let producer = Output::new("stdout", writer).unwrap().producer("raw", Padding::Without);
    producer.append(records(&["read"]), Route::ByKey).await.unwrap();
    assert!(producer.health().borrow().is_well());
    drop(reader);
    for _ in 0..2 {
        let refused = producer.append(records(&["not read"]), Route::ByKey).await.unwrap_err();
        assert_eq!(refused.to_string(), "stream `raw`: nobody reads stdout any more");
        assert_eq!(*producer.health().borrow(), Health::refusing("nobody reads stdout any more"));
    }
}

#[tokio::test]
async fn there_are_no_shards() {
    let producer = Output::new("paper", Paper::default()).unwrap().producer("raw", Padding::Without);
    let shard = ShardId::numbered(0);
    assert!(producer.append(records(&["a"]), Route::Shard(shard.clone())).await.is_err());
    assert!(producer.read_after(&shard, None).await.is_err());
}
