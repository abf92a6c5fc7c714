//! What a process tells whoever looks after it: systemd, and a container's health check.

use std::{collections::BTreeSet, fs, net::TcpListener, os::unix::net::UnixDatagram, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    http,
    piste::{self, Launch, PATIENCE},
    wait,
};

/// What systemd hears, message by message.
struct Heard(UnixDatagram);

impl Heard {
    fn at(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    /// The lines of the next message.
    fn next(&self) -> Vec<String> {
        let mut message = [0; 4096];
        let length = self.0.recv(&mut message).expect("a message of the process");
        String::from_utf8_lossy(&message[..length]).lines().map(str::to_owned).collect()
    }

    /// Listens until a line is heard; how many signs of life came before it.
    fn until(&self, wanted: &str) -> usize {
        let mut signs = 0;
        loop {
            let lines = self.next();
            if lines.iter().any(|line| line == wanted) {
                return signs;
            }
            signs += lines.iter().filter(|line| *line == "WATCHDOG=1").count();
        }
    }
}

#[test]
fn systemd_hears_of_start_life_and_end() {
    let data = TempDir::new().unwrap();
    let socket = data.path().join("notify");
    let heard = Heard::at(&socket);
    let piste = Launch::up(&data.path().join("data"))
        .variable("NOTIFY_SOCKET", &socket.display().to_string())
        .variable("WATCHDOG_USEC", "300000")
        .start();
    assert_eq!(heard.until("READY=1"), 0, "nothing counts before the start is over");
    heard.until("WATCHDOG=1");
    heard.until("WATCHDOG=1");
    heard.until("STATUS=well");
    piste.ask_to_finish();
    heard.until("STOPPING=1");
    let ended = piste.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[test]
fn a_watchdog_without_a_time_is_none() {
    let data = TempDir::new().unwrap();
    let socket = data.path().join("notify");
    let heard = Heard::at(&socket);
    let piste = Launch::up(&data.path().join("data"))
        .variable("NOTIFY_SOCKET", &socket.display().to_string())
        .variable("WATCHDOG_USEC", "garbage")
        .start();
    heard.until("READY=1");
    piste.finish_well();
    heard.until("STOPPING=1");
}

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_role_is_asked_where_its_command_line_says() {
    let data = TempDir::new().unwrap();
    let (port, admin) = (free_port(), free_port());
    let log = format!("-Dcollector.streams.log.folder={}", data.path().display());
    let collector = Launch::collector(data.path())
        .with(&[&format!("-Dcollector.port={port}"), &format!("-Dcollector.adminListen=127.0.0.1:{admin}")])
        .with(&["-Dcollector.streams.sink.enabled=log", "-Dcollector.streams.good.name=raw"])
        .with(&["-Dcollector.streams.bad.name=bad-1", "-Dcollector.interface=0.0.0.0", &log])
        .start();
    assert_eq!(collector.collector.port(), port);
    let pid = collector.id().to_string();
    let well = piste::run(&["healthcheck", "--pid", &pid]);
    assert_eq!((well.code, well.stdout.as_str()), (Some(0), ""), "{}", well.stderr);

    // A process that stands still does not answer.
    collector.signal("STOP");
    let stuck = piste::run(&["healthcheck", "--pid", &pid, "--timeout", "1"]);
    assert_eq!(stuck.code, Some(1), "{}", stuck.stderr);
    assert!(stuck.stderr.contains(&format!("http://127.0.0.1:{port}/health")), "{}", stuck.stderr);
    collector.signal("CONT");
    collector.finish_well();
    let gone = piste::run(&["healthcheck", "--url", &format!("http://127.0.0.1:{port}/health")]);
    assert_eq!(gone.code, Some(1), "{}", gone.stderr);
    let nobody = piste::run(&["healthcheck", "--pid", &std::process::id().to_string()]);
    assert_eq!(nobody.code, Some(69), "{}", nobody.stderr);
    assert!(nobody.stderr.contains("is no role of piste"), "{}", nobody.stderr);
}

#[test]
fn a_role_in_trouble_is_not_well() {
    // A server that says no.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        let answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 7\r\n\r\ntrouble";
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let asked = piste::run(&["healthcheck", "--url", &format!("http://{address}/health")]);
    assert_eq!(asked.code, Some(1));
    assert!(asked.stderr.contains("503") && asked.stderr.contains("trouble"), "{}", asked.stderr);
}

#[test]
fn the_doctor_names_the_broken_hop() {
    let data = TempDir::new().unwrap();
    let piste = Launch::up(data.path()).start();
    let (collector, admin) =
        (format!("collector=http://{}/health", piste.collector), format!("piste=http://{}", piste.admin));
    let registry = format!("iglu=http://{}/api/meta/health/db", piste.printed_address("iglu").unwrap());
    let well = piste::run(&["doctor", "--ask", &collector, "--ask", &admin, "--ask", &registry]);
    assert_eq!(well.code, Some(0), "{}{}", well.stdout, well.stderr);
    assert_eq!(well.stdout, "collector  well\npiste      well\niglu       well\n");

    let gone = format!("enrich=http://127.0.0.1:{}", free_port());
    let found =
        piste::run(&["doctor", "--ask", &collector, "--ask", &gone, "--ask", "loader=http://127.0.0.1:1"]);
    assert_eq!(found.code, Some(1), "{}", found.stderr);
    let last = found.stdout.lines().last().unwrap();
    assert!(last.starts_with("broken: enrich: does not answer: "), "{}", found.stdout);
    piste.finish_well();
}

#[test]
fn the_metrics_that_are_told_are_on_the_list() {
    let listed = piste::run(&["metrics", "--list"]);
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    let listed: BTreeSet<(String, String)> = listed
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|metric| (metric["name"].as_str().unwrap().into(), metric["type"].as_str().unwrap().into()))
        .collect();
    let data = TempDir::new().unwrap();
    let piste = Launch::up(data.path()).start();
    assert_eq!(http::get(piste.collector, "/i?e=pv&p=web&tv=story").unwrap().status, 200);
    wait::until("the event", PATIENCE, || piste.metric("piste_enrich_good_total").filter(|n| *n >= 1.0));
    let said = http::get(piste.admin, "/metrics").unwrap().text();
    let told: BTreeSet<(String, String)> = said
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .map(|(name, kind)| (name.into(), kind.into()))
        .collect();
    assert!(!told.is_empty() && told.is_subset(&listed), "{:?}", told.difference(&listed));
    piste.finish_well();
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let folder = TempDir::new().unwrap();
    let into = folder.path().join("manual");
    let written = piste::run(&["manual", &into.display().to_string()]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    let pages: BTreeSet<String> = fs::read_dir(into.join("man/man1"))
        .unwrap()
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .collect();
    for command in ["up", "collector", "enrich", "s3-loader", "postgres-loader", "iglu-server-setup"] {
        assert!(pages.contains(&format!("piste-{command}.1")), "{pages:?}");
    }
    for (file, word) in [("piste.bash", "s3-loader"), ("piste.fish", "s3-loader"), ("_piste", "s3-loader")] {
        assert!(fs::read_to_string(into.join("completions").join(file)).unwrap().contains(word), "{file}");
    }
}
