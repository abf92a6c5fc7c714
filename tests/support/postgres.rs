//! A throw-away PostgreSQL server on a unix socket in a temporary folder.

use std::{
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::Duration,
};

use tempfile::TempDir;

use super::wait;

/// A server of our own. Dropping it ends the server and removes the folder.
pub struct Postgres {
    folder: TempDir,
    server: Option<Child>,
    settings: Vec<String>,
    port: u16,
}

impl Postgres {
    /// Makes a cluster and starts its server.
    pub fn start() -> Self {
        let mut postgres = Self::made();
        postgres.resume();
        postgres
    }

    /// One that also listens on a port of 127.0.0.1, where it takes none but encrypted connections.
    pub fn with_tls(certificate: &str, key: &str) -> (Self, u16) {
        let mut postgres = Self::made();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let rules = "local all all trust\nhostssl all all 127.0.0.1/32 trust\n";
        for (name, text) in [("tls.crt", certificate), ("tls.key", key), ("pg_hba.conf", rules)] {
            let file = postgres.data().join(name);
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
            if is_root() {
                assert!(Command::new("chown").arg("postgres").arg(&file).status().unwrap().success());
            }
        }
        let port_setting = format!("port={port}");
        postgres.settings = [
            "listen_addresses=127.0.0.1",
            &port_setting,
            "ssl=on",
            "ssl_cert_file=tls.crt",
            "ssl_key_file=tls.key",
        ]
        .map(str::to_owned)
        .to_vec();
        postgres.port = port;
        postgres.resume();
        (postgres, port)
    }

    fn made() -> Self {
        // Not below `TMPDIR`: socket names end at 107 bytes, and the server's user must be able to get there.
        let folder = tempfile::Builder::new().prefix("piste-pg-").tempdir_in("/tmp").unwrap();
        if is_root() {
            let given = Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap();
            assert!(given.success(), "chown to user postgres: is Debian's postgresql installed?");
        }
        let postgres = Self { folder, server: None, settings: Vec::new(), port: 5432 };
        let made = as_server("initdb", None)
            .args(["-U", "postgres", "--auth=trust", "--no-sync", "--no-instructions", "--wal-segsize=1"])
            .args(["-E", "UTF8", "--locale=C.UTF-8", "-D"])
            .arg(postgres.data())
            .current_dir(postgres.folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        postgres
    }

    /// Where it is, for `--postgres`.
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.host().replace('/', "%2F"))
    }

    /// The folder of its socket.
    pub fn host(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// Ends the server as a crash would. The cluster stays.
    pub fn crash(&mut self) {
        let mut server = self.server.take().expect("a running server");
        // SIGQUIT: leave at once, without a checkpoint; SIGKILL would leave its children behind.
        let told = Command::new("kill").args(["-s", "QUIT", &server.id().to_string()]).status().unwrap();
        assert!(told.success(), "the server is running");
        server.wait().unwrap();
    }

    /// Starts the server (again).
    pub fn resume(&mut self) {
        assert!(self.server.is_none(), "one server a cluster");
        let mut command = as_server("postgres", Some("QUIT"));
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        for setting in ["listen_addresses=", "fsync=off", "full_page_writes=off", "shared_buffers=16MB"] {
            command.args(["-c", setting]);
        }
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        let log = std::fs::File::options().create(true).append(true).open(self.log()).unwrap();
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut server = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        wait::until("Postgres to answer", Duration::from_secs(30), || {
            if let Some(status) = server.try_wait().unwrap() {
                let log = std::fs::read_to_string(self.log()).unwrap_or_default();
                panic!("postgres ended with {status}:\n{log}");
            }
            let asked = Command::new(binary("pg_isready"))
                .arg("-q")
                .arg("-h")
                .arg(self.folder.path())
                .arg("-p")
                .arg(self.port.to_string())
                .status();
            asked.is_ok_and(|status| status.success()).then_some(())
        });
        self.server = Some(server);
    }

    /// Stops all work of the server without ending it: its sockets stay open and nobody answers.
    pub fn freeze(&self, frozen: bool) {
        let signal = if frozen { "STOP" } else { "CONT" };
        let id = self.server.as_ref().expect("a running server").id().to_string();
        // The server's own children do the work of a connection; they are its process group's members by parent.
        let children = Command::new("pgrep").args(["-P", &id]).output().unwrap();
        let children = String::from_utf8_lossy(&children.stdout).into_owned();
        for process in children.split_whitespace().chain([id.as_str()]) {
            let _ = Command::new("kill").args(["-s", signal, process]).output();
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.server.is_some() {
            self.freeze(false);
            self.crash();
        }
    }
}

fn is_root() -> bool {
    static ROOT: OnceLock<bool> = OnceLock::new();
    *ROOT.get_or_init(|| {
        let id = Command::new("id").arg("-u").output().unwrap();
        String::from_utf8_lossy(&id.stdout).trim() == "0"
    })
}

/// A program of the newest installed version.
fn binary(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|v| Some((v.file_name().to_str()?.parse().ok()?, v.path().join("bin").join(name))))
        .filter(|(_, path)| path.exists())
        .collect();
    found.sort();
    found.pop().map(|(_, path)| path).expect("PostgreSQL is not installed: `./test tools` installs it")
}

/// As the server's user: PostgreSQL refuses to run as root. It ends with the thread that started it.
fn as_server(name: &str, end_with_us: Option<&str>) -> Command {
    let mut arguments: Vec<String> = Vec::new();
    if is_root() {
        arguments.extend(["--reuid=postgres", "--regid=postgres", "--clear-groups"].map(String::from));
    }
    if let Some(signal) = end_with_us {
        arguments.push(format!("--pdeathsig={signal}"));
    }
    if arguments.is_empty() || !Path::new("/usr/bin/setpriv").exists() {
        return Command::new(binary(name));
    }
    let mut command = Command::new("/usr/bin/setpriv");
    command.args(arguments).arg("--").arg(binary(name));
    command
}
