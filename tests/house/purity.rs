//! Pure core, thin shell: only some files may touch the world, and only one file names some crates.

use super::tree::{File, expect_none, sources};

/// Crates whose files are pure unless they are a shell by name.
const ROLES: [&str; 5] = ["event", "iglu", "collector", "enrich", "loaders"];

/// Files of these names are the shell of a role.
const SHELLS: [&str; 3] = ["run", "server", "client"];

/// What touches the world: sockets, files, clocks, randomness, the runtime.
const IMPURE: [&str; 22] = [
    "tokio::",
    "use tokio",
    "std::fs",
    "fs::File",
    "std::env::var",
    "std::process",
    "std::thread::sleep",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "ToSocketAddrs",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "rand::",
    "new_v4",
    "service::clock",
    "clock::now",
    "reqwest::",
    "tokio_postgres::connect",
];

/// What only one place may name: the words, and the paths that may hold them.
const ONE_PLACE: [(&[&str], &[&str]); 10] = [
    (&["hocon::", "hocon_parser"], &["service/src/config.rs"]),
    (&["metrics_exporter_prometheus"], &["service/src/telemetry.rs", "service/src/telemetry/"]),
    (&["aws_sdk_kinesis", "aws_sdk_dynamodb"], &["stream/src/kinesis/"]),
    (&["rquickjs::"], &["enrich/src/enrichments/javascript/"]),
    (&["aws_sdk_sqs"], &["stream/src/sqs/"]),
    (&["aws_sigv4", "aws_credential_types"], &["src/scaler/client.rs"]),
    (&["cadence::"], &["service/src/statsd.rs", "service/src/statsd/"]),
    (
        &["arrow_array", "arrow_buffer", "arrow_schema", "parquet::arrow", "ArrowWriter"],
        &["loaders/src/parquet/"],
    ),
    (&["Timestamp::now()", "SystemTime::now()"], &["service/src/clock.rs", "stream/src/clock.rs"]),
    (&["Uuid::new_v4()"], &["service/src/clock.rs"]),
];

fn is_shell(file: &File) -> bool {
    SHELLS.contains(&file.stem())
}

/// Code without comments.
fn code(line: &str) -> &str {
    if line.trim_start().starts_with("//") { "" } else { line }
}

/// Whether `word` stands in the line and is not the end of a longer name, as `rand::` is of `Operand::`.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

#[test]
fn pure_files_touch_nothing() {
    let mut findings = Vec::new();
    let pure = sources().filter(|f| ROLES.contains(&f.package()) && !f.is_test() && !is_shell(f));
    for file in pure {
        for (number, line) in file.production_lines() {
            for word in IMPURE.iter().filter(|word| names(code(line), word)) {
                findings.push(format!("{}:{number}: {word}", file.path));
            }
        }
    }
    expect_none(
        "only run.rs, server.rs and client.rs touch sockets, files, clocks, randomness or tokio",
        findings,
    );
}

#[test]
fn some_crates_are_named_in_one_place() {
    let mut findings = Vec::new();
    for file in sources().filter(|f| !f.is_test()) {
        for (number, line) in file.production_lines() {
            for (words, places) in &ONE_PLACE {
                if places.iter().any(|place| file.path.starts_with(place)) {
                    continue;
                }
                for word in words.iter().filter(|word| code(line).contains(**word)) {
                    findings.push(format!("{}:{number}: {word} belongs in {}", file.path, places[0]));
                }
            }
        }
    }
    expect_none("named outside its place", findings);
}

#[test]
fn production_code_does_not_unwrap() {
    let mut findings = Vec::new();
    for file in sources().filter(|f| !f.is_test()) {
        for (number, line) in file.production_lines() {
            if [".unwrap()", "todo!(", "unimplemented!("].iter().any(|word| code(line).contains(word)) {
                findings.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    expect_none("`expect` with the reason, or an error", findings);
}

#[test]
fn streams_do_not_know_events_and_events_not_streams() {
    let mut findings = Vec::new();
    for file in sources().filter(|f| !f.is_test()) {
        let strange: &[&str] = match file.package() {
            "stream" => &["EnrichedEvent", "CollectorPayload", "BadRow"],
            "event" => &["ShardId", "SequenceNumber", "Checkpoint"],
            _ => continue,
        };
        for (number, line) in file.production_lines() {
            for word in strange.iter().filter(|word| code(line).contains(**word)) {
                findings.push(format!("{}:{number}: {word}", file.path));
            }
        }
    }
    expect_none("`stream` does not know what an event is, `event` not what a shard is", findings);
}
