//! `piste healthcheck`: asks a role for its health, for containers that hold no other program.

use std::{net::IpAddr, time::Duration};

use clap::{Args, Parser as _};
use service::{
    admin::client,
    exit::{ExitCode, RunError},
};

use crate::{cli::Cli, output};

/// Asks the role that runs here whether it is well: ends with 0 when it is, with 1 when it is not or does not answer.
///
/// Without --url the role is found by the command line of process 1, which is the role in a container, and asked where its
/// configuration says: the collector for /health, the Iglu server for /api/meta/health, the others at their probe.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Ask here, for example http://127.0.0.1:8000/health
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Whom to ask, where it is not process 1.
    #[arg(long, value_name = "PID", default_value_t = 1, conflicts_with = "url")]
    pid: u32,
    /// Seconds to wait for the answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

/// Where a role tells of its health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Door {
    interface: String,
    port: u16,
    path: String,
}

/// Asks, and says what is wrong.
pub(crate) async fn run(options: Options) -> Result<ExitCode, RunError> {
    let door = match &options.url {
        Some(url) => Door::of_url(url)?,
        None => of_process(options.pid)?,
    };
    let (address, path) = (door.address(), &door.path);
    match client::ask(&address, path, Duration::from_secs(options.timeout)).await {
        Ok((status, _)) if status.is_success() => Ok(ExitCode::Ok),
        Ok((status, body)) => {
            let said = String::from_utf8_lossy(&body);
            output::error_line(format_args!("http://{address}{path}: {status}: {}", said.trim()));
            Ok(ExitCode::Unwell)
        }
        Err(error) => {
            output::error_line(format_args!("http://{address}{path}: {error}"));
            Ok(ExitCode::Unwell)
        }
    }
}

/// The door of a process that runs `piste`.
fn of_process(pid: u32) -> Result<Door, RunError> {
    let file = format!("/proc/{pid}/cmdline");
    let unread = |error| RunError::unavailable(format!("{file}: {error}; --url says where to ask"));
    let bytes = std::fs::read(&file).map_err(unread)?;
    let line = String::from_utf8_lossy(&bytes);
    let words: Vec<&str> = line.trim_end_matches('\0').split('\0').collect();
    let no_role = || {
        // The rest of it may hold what must not be told.
        let program = words.first().copied().unwrap_or_default();
        let what = format!("process {pid}, `{program}`, is no role of piste; --url says where to ask");
        RunError::unavailable(what)
    };
    Cli::try_parse_from(&words).map_err(|_| no_role())?.door().ok_or_else(no_role)?
}

impl Door {
    /// A door at an address as configurations name it.
    pub(crate) fn new(interface: &str, port: u16, path: &str) -> Result<Self, RunError> {
        if port == 0 {
            let what = "the system chose the port of the role: --url says where to ask";
            return Err(RunError::new(ExitCode::Usage, what));
        }
        Ok(Self { interface: interface.into(), port, path: path.into() })
    }

    /// The door that a URL names.
    pub(crate) fn of_url(url: &str) -> Result<Self, RunError> {
        let wrong = |what: &str| {
            let what = format!("--url {url}: {what}; it should look like http://127.0.0.1:8000/health");
            RunError::new(ExitCode::Usage, what)
        };
        let parsed = reqwest::Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
        if parsed.scheme() != "http" {
            return Err(wrong("only http"));
        }
        let host = parsed.host_str().ok_or_else(|| wrong("no host"))?;
        let port = parsed.port_or_known_default().ok_or_else(|| wrong("no port"))?;
        let path =
            parsed.query().map_or(parsed.path().to_owned(), |query| format!("{}?{query}", parsed.path()));
        Self::new(host.trim_start_matches('[').trim_end_matches(']'), port, &path)
    }

    /// What is asked for there.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The same door, asked for something else.
    pub(crate) fn with_path(self, path: &str) -> Self {
        Self { path: path.into(), ..self }
    }

    /// Where to connect to: what listens everywhere is asked over loopback.
    pub(crate) fn address(&self) -> String {
        let Self { interface, port, .. } = self;
        match interface.parse::<IpAddr>() {
            Ok(IpAddr::V4(ip)) if ip.is_unspecified() => format!("127.0.0.1:{port}"),
            Ok(IpAddr::V6(ip)) if ip.is_unspecified() => format!("[::1]:{port}"),
            Ok(IpAddr::V6(ip)) => format!("[{ip}]:{port}"),
            _ => format!("{interface}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doors_are_where_roles_listen() {
        for (command, expected) in [
            (&["piste", "collector", "-Dcollector.port=8080"][..], "127.0.0.1:8080/health"),
            (&["piste", "collector", "-Dcollector.interface=::", "-Dcollector.port=81"], "[::1]:81/health"),
            (&["piste", "enrich"], "127.0.0.1:8000/health"),
            (&["piste", "s3-loader", "-Dmonitoring.healthProbe.port=8001"], "127.0.0.1:8001/health"),
            (
                &["piste", "postgres-loader", "-Dmonitoring.healthProbe.interface=10.0.0.7"],
                "10.0.0.7:8000/health",
            ),
            (&["piste", "iglu-server"], "127.0.0.1:8080/api/meta/health"),
            (&["piste", "--log", "warn", "up", "--admin-listen", "0.0.0.0:8005"], "127.0.0.1:8005/health"),
        ] {
            let door = Cli::try_parse_from(command).unwrap().door().unwrap().unwrap();
            assert_eq!(format!("{}{}", door.address(), door.path), expected, "{command:?}");
        }
    }

    #[test]
    fn what_has_no_door_is_said() {
        assert!(Cli::try_parse_from(["piste", "metrics", "--list"]).unwrap().door().is_none());
        let chosen = Cli::try_parse_from(["piste", "enrich", "-Dmonitoring.healthProbe.port=0"]).unwrap();
        assert_eq!(chosen.door().unwrap().unwrap_err().code, ExitCode::Usage);
        for url in ["https://127.0.0.1:1/", "127.0.0.1:8000", "http://"] {
            assert_eq!(Door::of_url(url).unwrap_err().code, ExitCode::Usage, "{url}");
        }
    }

    #[test]
    fn a_url_is_taken_as_it_is() {
        for (url, expected) in [
            ("http://127.0.0.1:8000/health", "127.0.0.1:8000/health"),
            ("http://collector/a?b=c", "collector:80/a?b=c"),
            ("http://[::1]:9000", "[::1]:9000/"),
        ] {
            let door = Door::of_url(url).unwrap();
            assert_eq!(format!("{}{}", door.address(), door.path), expected);
        }
    }
}
