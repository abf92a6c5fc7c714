//! `piste to-json`: enriched lines as the JSON of the Analytics SDK.

use std::{
    fmt::Write as _,
    io::{self, BufRead, Write},
    num::NonZero,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use clap::{Args, ValueEnum};
use event::{
    enriched::{EnrichedEvent, Sdk},
    utf8,
};
use service::exit::{ExitCode, RunError};
use stream::archive::{
    file,
    lines::{Line, Lines, MAX_LINE},
};

use crate::{archive, output};

/// Lines and bytes of one batch, at most.
const BATCH_LINES: usize = 1000;
const BATCH_BYTES: usize = 1 << 20;
/// Batches that wait for a thread, and that wait to be written, for each thread.
const WAITING: usize = 2;

/// Prints enriched lines as the JSON of the Analytics SDK, an event a line.
///
/// Lines that are no enriched event are named on stderr, by file, number and what is wrong with them; the others are printed all
/// the same. Ends with 65 if there was any.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Files of lines, plain or gzipped, or Parquet files of the lake loader; `-` is the standard input.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The line of the Scala SDK: only 3 says the version of contexts (`_schema_version`).
    #[arg(long, value_name = "2|3", default_value = "3")]
    sdk: Release,
}

/// What `--sdk` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Release {
    #[value(name = "2")]
    Two,
    #[value(name = "3")]
    Three,
}

/// Lines in a row.
type Batch = Vec<Line>;

/// What a batch gave: JSON lines, and what is wrong with others.
#[derive(Default)]
struct Done {
    json: String,
    wrong: Vec<(u64, String)>,
    lines: u64,
}

/// How many lines there were.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    lines: u64,
    wrong: u64,
}

/// Prints all files.
pub(crate) fn run(options: &Options) -> Result<ExitCode, RunError> {
    let sdk = match options.sdk {
        Release::Two => Sdk::Two,
        Release::Three => Sdk::Three,
    };
    let bar = archive::progress_bar(&options.files, true);
    let read = Arc::new(AtomicU64::new(0));
    let mut total = Count::default();
    for path in &options.files {
        let failed = |e: io::Error| RunError::unavailable(format!("{}: {e}", path.display()));
        let input = file::open(path, archive::ROWS, read.clone()).map_err(failed)?;
        let before = total.lines;
        let progress = |lines: u64| {
            bar.set_position(read.load(Ordering::Relaxed));
            bar.set_message(format!("{} lines", before + lines));
        };
        let mut said = |number: u64, what: &str| {
            bar.suspend(|| output::error_line(format_args!("{}:{number}: {what}", path.display())));
        };
        // Past the line buffer of the standard library.
        let printed = print(input, &mut io::BufWriter::new(io::stdout()), sdk, &mut said, progress);
        let (count, ended) = printed;
        total.lines += count.lines;
        total.wrong += count.wrong;
        match ended {
            Ok(()) => {}
            // Whoever reads the output has enough.
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => break,
            Err(e) => return Err(failed(e)),
        }
    }
    bar.finish_and_clear();
    if total.wrong > 0 {
        let what = format!("{} of {} lines are no enriched events", total.wrong, total.lines);
        return Err(RunError::new(ExitCode::Data, what));
    }
    Ok(ExitCode::Ok)
}

/// Prints one input: read here, made into JSON by a thread a core, printed in order. Memory is bounded by what waits.
fn print(
    input: impl BufRead + Send,
    output: &mut impl Write,
    sdk: Sdk,
    said: &mut impl FnMut(u64, &str),
    progress: impl Fn(u64),
) -> (Count, io::Result<()>) {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let (mut inboxes, mut outboxes) = (Vec::new(), Vec::new());
        for _ in 0..threads {
            let (inbox, batches) = sync_channel::<Batch>(WAITING);
            let (done, outbox) = sync_channel(WAITING);
            scope.spawn(move || convert(&batches, &done, sdk));
            inboxes.push(inbox);
            outboxes.push(outbox);
        }
        let reader = scope.spawn(move || hand_out(input, &inboxes));
        let mut count = Count::default();
        let written = write_in_turn(&outboxes, output, said, |done| {
            count.lines += done.lines;
            count.wrong += done.wrong.len() as u64;
            progress(count.lines);
        });
        // Threads that are not listened to any more end.
        drop(outboxes);
        let read = reader.join().unwrap_or_else(|_| Err(io::Error::other("the reader ended")));
        (count, written.and(read))
    })
}

/// Reads batches and hands them to the threads in turn.
fn hand_out(input: impl BufRead, inboxes: &[SyncSender<Batch>]) -> io::Result<()> {
    let mut lines = Lines::of(input);
    for inbox in inboxes.iter().cycle() {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let ended = loop {
            if batch.len() >= BATCH_LINES || bytes >= BATCH_BYTES {
                break Ok(false);
            }
            match lines.next_line() {
                Ok(Some(line)) => {
                    bytes += line.bytes.as_ref().map_or(0, Vec::len);
                    batch.push(line);
                }
                Ok(None) => break Ok(true),
                Err(error) => break Err(error),
            }
        };
        // What was read before an error is still worth printing.
        if (!batch.is_empty() && inbox.send(batch).is_err()) || ended? {
            break;
        }
    }
    Ok(())
}

fn convert(batches: &Receiver<Batch>, outbox: &SyncSender<Done>, sdk: Sdk) {
    while let Ok(batch) = batches.recv() {
        let mut done = Done { lines: batch.len() as u64, ..Done::default() };
        for Line { number, bytes } in batch {
            let Some(bytes) = bytes else {
                done.wrong.push((number, format!("more than {MAX_LINE} bytes")));
                continue;
            };
            let event = EnrichedEvent::split_tsv(&utf8::decode(&bytes));
            match event.and_then(|event| event.write_json(sdk, &mut done.json)) {
                Ok(()) => done.json.push('\n'),
                Err(error) => {
                    let mut what = String::new();
                    // Writing to a String cannot fail.
                    let _ = write!(what, "{error}");
                    done.wrong.push((number, what));
                }
            }
        }
        if outbox.send(done).is_err() {
            return;
        }
    }
}

fn write_in_turn(
    outboxes: &[Receiver<Done>],
    output: &mut impl Write,
    said: &mut impl FnMut(u64, &str),
    mut counted: impl FnMut(&Done),
) -> io::Result<()> {
    for outbox in outboxes.iter().cycle() {
        let Ok(done) = outbox.recv() else { break };
        output.write_all(done.json.as_bytes())?;
        for (number, what) in &done.wrong {
            said(*number, what);
        }
        counted(&done);
    }
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A minimal line with this user.
    fn line(user: &str) -> String {
        let mut columns = vec![""; event::atomic::COUNT];
        for (name, text) in [
            ("collector_tstamp", "2024-03-01 09:59:59.500"),
            ("event_id", "1509bb0a-9bf1-4331-8a11-8783593942a4"),
            ("v_collector", "c"),
            ("v_etl", "e"),
            ("user_id", user),
        ] {
            columns[event::atomic::Field::named(name).unwrap() as usize] = text;
        }
        columns.join("\t")
    }

    #[test]
    fn many_batches_stay_in_order() {
        let total = 5 * BATCH_LINES as u64 + 3;
        let text: String = (1..=total)
            .map(|n| if n % 1000 == 7 { "no event\n".to_owned() } else { line(&n.to_string()) + "\n" })
            .collect();
        let (mut output, mut wrong) = (Vec::new(), Vec::new());
        let mut said = |number: u64, what: &str| wrong.push((number, what.to_owned()));
        let (count, ended) = print(text.as_bytes(), &mut output, Sdk::Three, &mut said, |_| ());
        ended.unwrap();
        assert_eq!((count.lines, count.wrong), (total, 5));
        let expect: Vec<_> = (0..5).map(|n| (n * 1000 + 7, "1 columns instead of 131".to_owned())).collect();
        assert_eq!(wrong, expect);
        let output = String::from_utf8(output).unwrap();
        let users: Vec<u64> = output
            .lines()
            .map(|l| {
                serde_json::from_str::<serde_json::Value>(l).unwrap()["user_id"]
                    .as_str()
                    .unwrap()
                    .parse()
                    .unwrap()
            })
            .collect();
        let expect: Vec<u64> = (1..=total).filter(|n| n % 1000 != 7).collect();
        assert_eq!(users, expect);
    }
}
