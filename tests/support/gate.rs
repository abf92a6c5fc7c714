//! Somebody in front of an HTTP service who sees every call and may meddle with it.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use super::{http, piste::PATIENCE, wait};

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is answered with this status and S3's name of it, and not passed on.
    Answered(u16, &'static str),
    /// Its connection is cut in the middle of its body.
    Cut,
    /// It is passed on, and its connection is cut before the answer.
    Unanswered,
    /// It waits until the gate lets go, and is passed on then.
    Held,
    /// It is passed on, and the answer waits until the gate lets go.
    AnswerHeld,
}

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// GET, PUT and so on.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Its body; empty where it has not been read.
    pub body: String,
}

/// Says which calls are meant.
type Wanted = Box<dyn Fn(&Call) -> bool + Send>;

/// A gate on a free port, for as long as the process lives.
pub struct Gate {
    /// Its URL.
    pub endpoint: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    rules: Mutex<Vec<Rule>>,
    held: Mutex<Held>,
    changed: Condvar,
}

struct Rule {
    wanted: Wanted,
    fate: Fate,
    left: usize,
}

#[derive(Default)]
struct Held {
    calls: usize,
    /// How often the gate has let go.
    releases: usize,
    /// Whether what is held is passed on when it does.
    passes: bool,
}

impl Gate {
    /// A gate in front of a service.
    pub fn before(service: &str) -> Self {
        let service: SocketAddr = service.trim_start_matches("http://").parse().expect("a URL of an address");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("it listens"));
        let state = Arc::new(State::default());
        let shared = state.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = shared.clone();
                // Whose connection breaks does not want to know why.
                std::thread::spawn(move || drop(serve(&client, service, &shared)));
            }
        });
        Self { endpoint, state }
    }

    /// The next calls of this kind have this fate, after those of earlier rules.
    pub fn on(&self, times: usize, fate: Fate, wanted: impl Fn(&Call) -> bool + Send + 'static) {
        self.state.rules.lock().unwrap().push(Rule { wanted: Box::new(wanted), fate, left: times });
    }

    /// Whether every fate has come.
    pub fn is_quiet(&self) -> bool {
        self.state.rules.lock().unwrap().is_empty()
    }

    /// No more calls have a fate.
    pub fn clear(&self) {
        self.state.rules.lock().unwrap().clear();
    }

    /// Waits until a call is held.
    pub fn until_held(&self) {
        wait::until("a call that is held", PATIENCE, || {
            (self.state.held.lock().unwrap().calls > 0).then_some(())
        });
    }

    /// Lets go of what is held; a call that was not passed on is, or never will be.
    pub fn let_go(&self, passes: bool) {
        let mut held = self.state.held.lock().unwrap();
        held.releases += 1;
        held.passes = passes;
        self.state.changed.notify_all();
    }
}

impl State {
    /// The fate of a call, and one time less of it.
    fn fate(&self, call: &Call, cuts_only: bool) -> Option<Fate> {
        let mut rules = self.rules.lock().unwrap();
        let at = rules.iter().position(|rule| (rule.wanted)(call))?;
        let fate = rules[at].fate;
        if cuts_only && fate != Fate::Cut {
            return None;
        }
        rules[at].left -= 1;
        if rules[at].left == 0 {
            rules.remove(at);
        }
        Some(fate)
    }

    /// Waits until the gate lets go; whether what is held goes on.
    fn hold(&self) -> bool {
        let mut held = self.held.lock().unwrap();
        let before = held.releases;
        held.calls += 1;
        while held.releases == before {
            held = self.changed.wait(held).unwrap();
        }
        held.calls -= 1;
        held.passes
    }
}

/// Answers the calls of a connection.
fn serve(client: &TcpStream, service: SocketAddr, state: &State) -> io::Result<()> {
    let mut from = BufReader::new(client);
    loop {
        let (mut head, mut length) = (Vec::new(), 0);
        loop {
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = bytes.trim().parse().map_err(io::Error::other)?;
            }
            head.push(line.to_owned());
        }
        let mut words = head[0].split(' ').map(str::to_owned);
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(()) };
        let mut call = Call { method, target, body: String::new() };
        let cut = state.fate(&call, true).is_some();
        let mut body = vec![0; if cut { length / 2 } else { length }];
        from.read_exact(&mut body)?;
        if cut {
            return Ok(());
        }
        call.body = String::from_utf8_lossy(&body).into_owned();
        let fate = state.fate(&call, false);
        match fate {
            Some(Fate::Answered(status, code)) => {
                let text = format!("<Error><Code>{code}</Code></Error>");
                answer(client, status, &[], text.as_bytes(), false)?;
                continue;
            }
            Some(Fate::Held) if !state.hold() => return Ok(()),
            _ => {}
        }
        let headers = head[1..].iter().filter_map(|line| line.split_once(':'));
        let own = ["host", "content-length", "connection", "expect"];
        let headers: Vec<(&str, &str)> = headers
            .map(|(name, value)| (name, value.trim()))
            .filter(|(name, _)| !own.contains(&name.to_ascii_lowercase().as_str()))
            .collect();
        let answered = http::once(service, &call.method, &call.target, &headers, &body)?;
        match fate {
            Some(Fate::Unanswered) => return Ok(()),
            Some(Fate::AnswerHeld) => drop(state.hold()),
            _ => {}
        }
        answer(client, answered.status, &answered.headers, &answered.body, call.method == "HEAD")?;
    }
}

fn answer(
    mut to: &TcpStream,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
    head_only: bool,
) -> io::Result<()> {
    let mut text = format!("HTTP/1.1 {status} Said\r\n");
    for (name, value) in headers {
        let own = ["content-length", "transfer-encoding", "connection"];
        if head_only || !own.contains(&name.to_ascii_lowercase().as_str()) {
            text += &format!("{name}: {value}\r\n");
        }
    }
    if !head_only {
        text += &format!("content-length: {}\r\n", body.len());
    }
    let mut bytes = (text + "\r\n").into_bytes();
    bytes.extend_from_slice(if head_only { &[] } else { body });
    to.set_write_timeout(Some(Duration::from_secs(30)))?;
    to.write_all(&bytes)
}
