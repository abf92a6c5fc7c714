//! Starts and stops the real executable.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use super::{http, lake::Lake, wait};

/// How long a start, a stop or an arrival may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A command line of `piste` in the making.
#[derive(Clone, Debug)]
pub struct Launch {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    data: PathBuf,
}

/// A running `piste up`. Dropping it kills the process.
#[derive(Debug)]
pub struct Piste {
    process: Process,
    /// Where the collector listens; where health and metrics are, if there is none.
    pub collector: SocketAddr,
    /// Where health and metrics are.
    pub admin: SocketAddr,
    /// Its data folder.
    pub data: PathBuf,
}

/// A process that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// All it said on stdout.
    pub stdout: String,
    /// All it said on stderr.
    pub stderr: String,
}

#[derive(Debug)]
struct Process {
    child: Child,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

/// `piste` with these arguments, run to its end.
pub fn run(arguments: &[&str]) -> Ended {
    Process::start(arguments, &[]).end(PATIENCE)
}

impl Launch {
    /// `piste up` on a data folder, on free ports, with loaders that do not wait long for more.
    pub fn up(data: &Path) -> Self {
        let arguments = [
            "up",
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
            "--iglu-listen",
            "127.0.0.1:0",
            "-Dlake.timeLimit=300ms",
            "-Dpostgres.timeLimit=200ms",
            "--data",
        ];
        let mut arguments: Vec<String> = arguments.map(String::from).to_vec();
        arguments.push(data.display().to_string());
        Self { arguments, environment: Vec::new(), data: data.to_path_buf() }
    }

    /// `piste collector` on free ports, ending without further ado.
    pub fn collector(data: &Path) -> Self {
        let arguments = [
            "collector",
            "-Dcollector.port=0",
            "-Dcollector.adminListen=127.0.0.1:0",
            "-Dcollector.preTerminationPeriod=0",
        ];
        let arguments = arguments.map(String::from).to_vec();
        Self { arguments, environment: Vec::new(), data: data.to_path_buf() }
    }

    /// `piste enrich` on a data folder, its probe on a free port.
    pub fn enrich(data: &Path) -> Self {
        Self::role("enrich", data).with(&[&format!("-Dlog.folder={}", data.display())])
    }

    /// `piste s3-loader`, its probe on a free port.
    pub fn s3_loader() -> Self {
        Self::role("s3-loader", Path::new(""))
    }

    /// `piste postgres-loader`, its probe on a free port.
    pub fn postgres_loader() -> Self {
        Self::role("postgres-loader", Path::new(""))
    }

    /// `piste iglu-server` on a free port.
    pub fn iglu_server() -> Self {
        let arguments = [
            "iglu-server",
            "-DrepoServer.port=0",
            "-DrepoServer.interface=127.0.0.1",
            "-DpreTerminationPeriod=0",
        ];
        let arguments = arguments.map(String::from).to_vec();
        Self { arguments, environment: Vec::new(), data: PathBuf::new() }
    }

    /// A command that ends by itself.
    pub fn tool(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self { arguments, environment: Vec::new(), data: PathBuf::new() }
    }

    fn role(name: &str, data: &Path) -> Self {
        let arguments =
            [name, "-Dmonitoring.healthProbe.port=0", "-Dmonitoring.healthProbe.interface=127.0.0.1"];
        let arguments = arguments.map(String::from).to_vec();
        Self { arguments, environment: Vec::new(), data: data.to_path_buf() }
    }

    /// More arguments.
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|a| (*a).to_owned()));
        self
    }

    /// A variable of the environment.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Starts it and waits until it is healthy.
    pub fn start(&self) -> Piste {
        let piste = self.start_unready();
        wait::until("piste to be healthy", PATIENCE, || {
            http::get(piste.admin, "/health").ok().filter(|a| a.status == 200)
        });
        piste
    }

    /// Starts it and waits only until it says where it listens.
    pub fn start_unready(&self) -> Piste {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let mut process = Process::start(&arguments, &self.environment);
        let (collector, admin) = wait::until("piste to say where it listens", PATIENCE, || {
            let said = process.stdout();
            let printed = address(&said, "collector").zip(address(&said, "health"));
            let has_collector = self.arguments[0] == "collector";
            let found = printed.or_else(|| logged_addresses(&process.stderr(), has_collector));
            if found.is_none()
                && let Some(status) = process.exited()
            {
                panic!("piste ended with {status} before it listened:\n{said}\n{}", process.stderr());
            }
            found
        });
        Piste { process, collector, admin, data: self.data.clone() }
    }

    /// Starts it and waits for it to end by itself.
    pub fn run(&self) -> Ended {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        Process::start(&arguments, &self.environment).end(PATIENCE)
    }
}

/// Where the collector and the admin server of a role alone listen, by its log.
fn logged_addresses(log: &str, has_collector: bool) -> Option<(SocketAddr, SocketAddr)> {
    let complete = &log[..log.rfind('\n')?];
    let address = |what: &str| {
        let line = complete.lines().find(|line| line.contains(what))?;
        let rest = &line[line.find("\"address\":\"")? + "\"address\":\"".len()..];
        rest.split('"').next()?.parse().ok()
    };
    let admin = address("Health and metrics at address").or_else(|| address("Iglu server at address"))?;
    let collector = if has_collector { address("Service bound to address")? } else { admin };
    Some((collector, admin))
}

/// The address in the line that names `what`: `collector   http://127.0.0.1:34567`.
fn address(said: &str, what: &str) -> Option<SocketAddr> {
    let complete = &said[..said.rfind('\n')?];
    let line =
        complete.lines().find(|line| line.trim_start().starts_with(what) && line.contains("http://"))?;
    let rest = &line[line.find("http://")? + "http://".len()..];
    rest.split(['/', ' ', ',']).next()?.parse().ok()
}

impl Piste {
    /// Its lake.
    pub fn lake(&self) -> Lake {
        Lake::of(&self.data)
    }

    /// The address in the line of its banner that begins so.
    pub fn printed_address(&self, what: &str) -> Option<SocketAddr> {
        address(&self.stdout(), what)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.child.id()
    }

    /// What it has said on stdout so far.
    pub fn stdout(&self) -> String {
        self.process.stdout()
    }

    /// What it has said on stderr so far.
    pub fn stderr(&self) -> String {
        self.process.stderr()
    }

    /// A metric of `/metrics`, summed over its labels.
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metric_of(name, "")
    }

    /// A metric of `/metrics`, summed over those of its labels that hold `label`, as in `kind="adapter_failures"`.
    pub fn metric_of(&self, name: &str, label: &str) -> Option<f64> {
        let text = http::get(self.admin, "/metrics").ok()?.text();
        let values: Vec<f64> = text
            .lines()
            .filter(|l| l.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{'])))
            .filter(|l| l.contains(label))
            .filter_map(|l| l.rsplit(' ').next()?.parse().ok())
            .collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }

    /// Asks it to finish.
    pub fn ask_to_finish(&self) {
        self.signal("TERM");
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.process.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().expect("kill runs");
        assert!(sent.success(), "signal {name} to {pid}");
    }

    /// Waits for its end.
    pub fn end(self) -> Ended {
        self.process.end(PATIENCE)
    }

    /// SIGTERM, and the end.
    pub fn finish(self) -> Ended {
        self.ask_to_finish();
        self.end()
    }

    /// SIGKILL, and the end.
    pub fn kill(mut self) {
        self.process.child.kill().expect("a running child can be killed");
        self.process.child.wait().expect("a killed child ends");
    }

    /// Ends it in good order and expects exit code 0.
    pub fn finish_well(self) -> Ended {
        let ended = self.finish();
        assert_eq!(ended.code, Some(0), "a drain without trouble\n{}", ended.stderr);
        ended
    }
}

impl Process {
    fn start(arguments: &[&str], environment: &[(String, String)]) -> Self {
        let mut command = bound_to_us(env!("CARGO_BIN_EXE_piste"));
        command.args(arguments).envs(environment.iter().map(|(n, v)| (n, v)));
        command
            .env_remove("PISTE_LOG")
            .env_remove("PISTE_LOG_FORMAT")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let (stdout, stderr) = (Arc::default(), Arc::default());
        let readers = vec![
            collect(child.stdout.take().expect("stdout is piped"), &stdout),
            collect(child.stderr.take().expect("stderr is piped"), &stderr),
        ];
        Self { child, stdout, stderr, readers }
    }

    fn stdout(&self) -> String {
        self.stdout.lock().unwrap().clone()
    }

    fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be asked")
    }

    fn end(mut self, patience: Duration) -> Ended {
        let status = wait::until("piste to end", patience, || self.exited());
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader does not panic");
        }
        Ended { code: status.code(), stdout: self.stdout(), stderr: self.stderr() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- piste said on stdout\n{}\n--- on stderr\n{}", self.stdout(), tail(&self.stderr()));
        }
    }
}

/// A program that dies with the thread that started it, even when the tests themselves are killed.
pub(super) fn bound_to_us(program: &str) -> Command {
    if Path::new("/usr/bin/setpriv").exists() {
        let mut command = Command::new("/usr/bin/setpriv");
        command.args(["--pdeathsig", "KILL", program]);
        command
    } else {
        Command::new(program)
    }
}

fn collect(from: impl Read + Send + 'static, into: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let into = into.clone();
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            into.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    })
}

fn tail(text: &str) -> &str {
    let from = text.char_indices().rev().nth(8_000).map_or(0, |(i, _)| i);
    &text[from..]
}
