//! The official trackers, the browser and the Analytics SDKs, as `./test` installs them.

use std::{
    io::{BufRead as _, BufReader, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;

/// How a tracker sends.
pub const WAYS: [(&str, &str); 4] =
    [("get", "base64"), ("get", "plain"), ("post", "base64"), ("post", "plain")];

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn tool(path: &str) -> PathBuf {
    let path = root().join(".tools").join(path);
    assert!(path.exists(), "{} is missing: `./test tools` installs it", path.display());
    path
}

fn script(name: &str) -> PathBuf {
    root().join("tests/clients").join(name)
}

fn node(name: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(script(name)).env("NODE_PATH", tool("node/node_modules"));
    command
}

fn python(name: &str) -> Command {
    let mut command = Command::new(tool("python/bin/python"));
    command.arg(script(name));
    command
}

/// Runs a command to its end; its stdout.
fn finish(mut command: Command, input: &[u8]) -> Vec<u8> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("a child can be waited for");
    let written = writer.join().expect("a writer does not panic");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?} ended with {}:\n{said}", output.status);
    written.unwrap_or_else(|e| panic!("{command:?} did not read its input: {e}"));
    output.stdout
}

/// `@snowplow/node-tracker` sends its events.
pub fn node_tracker(collector: SocketAddr, method: &str, encoding: &str) {
    let mut command = node("node_tracker.js");
    command.args([&collector.ip().to_string(), &collector.port().to_string(), method, encoding]);
    finish(command, b"");
}

/// `@snowplow/node-tracker` while it sends events until all are taken.
pub struct PatientTracker {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl PatientTracker {
    /// Starts it: it goes on until it was refused and all of at least `events` events are taken, for a minute at most.
    pub fn start(collector: SocketAddr, method: &str, events: usize) -> Self {
        let mut command = node("patient_tracker.js");
        command
            .args([&collector.ip().to_string(), &collector.port().to_string(), method])
            .args([&events.to_string(), "60"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let said = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self { child, said }
    }

    /// Waits for the first refusal; its status.
    pub fn refused(&mut self) -> u16 {
        let line = self.line();
        let status = line.strip_prefix("refused ").and_then(|status| status.trim().parse().ok());
        status.unwrap_or_else(|| panic!("the tracker was not refused: {line:?}"))
    }

    /// Waits until all events are taken: the statuses of refusals, and the ids of the events.
    pub fn taken(mut self) -> (Vec<u16>, Vec<String>) {
        let line = self.line();
        let status = self.child.wait().expect("a child can be waited for");
        assert!(status.success(), "the tracker ended with {status}: {line:?}");
        let report: Value = serde_json::from_str(&line).expect("the tracker's report is JSON");
        let list = |name: &str| report[name].as_array().cloned().unwrap_or_default();
        (
            list("refused").iter().map(|status| status.as_u64().unwrap_or(0) as u16).collect(),
            list("taken").iter().map(|id| id.as_str().expect("an id is text").to_owned()).collect(),
        )
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("the tracker's output is text");
        line
    }
}

impl Drop for PatientTracker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// PyPI's `snowplow-tracker` sends its events.
pub fn python_tracker(collector: SocketAddr, method: &str, encoding: &str) {
    let mut command = python("python_tracker.py");
    command.args([&collector.ip().to_string(), &collector.port().to_string(), method, encoding]);
    finish(command, b"");
}

/// Chromium visits pages that hold `@snowplow/browser-tracker`; what it saw.
pub fn browser(collector: SocketAddr, scenario: &[&str]) -> Value {
    let mut command = node("browser.js");
    command.arg(format!("http://{collector}")).args(scenario);
    serde_json::from_slice(&finish(command, b"")).expect("the browser's report is JSON")
}

/// What PyPI's Analytics SDK makes of enriched lines.
pub fn python_reader(lines: &[String]) -> Vec<Value> {
    json_lines(&finish(python("read_lines.py"), input(lines).as_bytes()))
}

/// What npm's Analytics SDK makes of enriched lines.
pub fn node_reader(lines: &[String]) -> Vec<Value> {
    json_lines(&finish(node("read_lines.js"), input(lines).as_bytes()))
}

/// What pyarrow and DuckDB make of a folder of Parquet files.
pub fn parquet_readers(folder: &Path) -> Value {
    let mut command = python("read_parquet.py");
    command.arg(folder);
    serde_json::from_slice(&finish(command, b"")).expect("the readers' report is JSON")
}

fn input(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn json_lines(output: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(output);
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}
