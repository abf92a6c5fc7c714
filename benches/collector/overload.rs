//! More is offered than the collector's stream takes, by clients that do not wait for it.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::interval,
};

use crate::{
    requests::is_whole,
    server::{MAX_IN_FLIGHT, Server},
};

/// What the stream takes in a second, and what is offered.
const TAKES: usize = 2_500;
const OFFERED: usize = 2 * TAKES;
/// Connections the clients open at most; a request that finds none free is not sent, and told.
const MAX_CONNECTIONS: usize = 4_000;

/// What happened in one second.
#[derive(Default)]
struct Second {
    taken: Vec<Duration>,
    refused: Vec<Duration>,
    not_sent: usize,
}

#[derive(Default)]
struct Clients {
    free: Vec<TcpStream>,
    open: usize,
    now: Second,
    acknowledged: HashSet<usize>,
}

/// Offers twice what is taken for so long, prints each second, and asserts that nothing acknowledged is lost, that every
/// refusal says when to come again, and that there was one.
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
pub(crate) fn run(seconds: usize) {
    let server = Server::start(&TAKES.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    println!("{OFFERED} requests/s are offered, {TAKES} taken; at most {MAX_IN_FLIGHT} wait");
    println!(
        "{:>4}{:>8}{:>10}{:>10}{:>9}{:>10}{:>10}{:>9}",
        "s", "200", "p50 ms", "p99 ms", "503", "p99 ms", "not sent", "RSS MB"
    );
    let clients = Arc::new(Mutex::new(Clients::default()));
    runtime.block_on(async {
        let (mut tick, begin, mut sent, mut told) =
            (interval(Duration::from_millis(1)), Instant::now(), 0, 0);
        while told < seconds {
            tick.tick().await;
            let due = (begin.elapsed().as_secs_f64() * OFFERED as f64) as usize;
            for n in sent..due {
                send(&clients, &server, n);
            }
            sent = due;
            if begin.elapsed().as_secs() as usize > told {
                told += 1;
                let mut second = std::mem::take(&mut clients.lock().expect("nobody panics").now);
                let (p50, p99) = (percentile(&mut second.taken, 50), percentile(&mut second.taken, 99));
                let refused = percentile(&mut second.refused, 99);
                println!(
                    "{told:>4}{:>8}{p50:>10.1}{p99:>10.1}{:>9}{refused:>10.1}{:>10}{:>9.1}",
                    second.taken.len(),
                    second.refused.len(),
                    second.not_sent,
                    server.memory_mb()
                );
            }
        }
    });
    // Requests that are still on their way are answered or cut off; only what was answered counts.
    drop(runtime);
    let stored = server.end();
    let stored: HashSet<usize> =
        stored.lines().filter_map(|line| line.strip_prefix("n=")?.parse().ok()).collect();
    let clients = clients.lock().expect("nobody panics");
    let lost = clients.acknowledged.difference(&stored).count();
    println!("{} acknowledged, {} stored, {lost} lost", clients.acknowledged.len(), stored.len());
    assert_eq!(lost, 0, "what was acknowledged can be read");
}

fn send(clients: &Arc<Mutex<Clients>>, server: &Server, n: usize) {
    let (clients, address) = (clients.clone(), server.address);
    let free = {
        let mut clients = clients.lock().expect("nobody panics");
        let free = clients.free.pop();
        if free.is_none() {
            if clients.open == MAX_CONNECTIONS {
                clients.now.not_sent += 1;
                return;
            }
            clients.open += 1;
        }
        free
    };
    tokio::spawn(async move {
        let mut socket = match free {
            Some(socket) => socket,
            None => TcpStream::connect(address).await.expect("the server listens"),
        };
        let (begin, mut response) = (Instant::now(), Vec::with_capacity(1024));
        let request = format!("GET /i?n={n} HTTP/1.1\r\nHost: collector.example.com\r\n\r\n");
        socket.write_all(request.as_bytes()).await.expect("the server reads");
        while !is_whole(&response) {
            assert!(socket.read_buf(&mut response).await.expect("the server answers") > 0, "it closed");
        }
        let mut clients = clients.lock().expect("nobody panics");
        if response.starts_with(b"HTTP/1.1 200") {
            clients.acknowledged.insert(n);
            clients.now.taken.push(begin.elapsed());
        } else {
            let text = String::from_utf8_lossy(&response);
            assert!(text.starts_with("HTTP/1.1 503") && text.contains("\r\nRetry-After: "), "{text}");
            clients.now.refused.push(begin.elapsed());
        }
        clients.free.push(socket);
    });
}

/// In milliseconds.
fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    times.get(times.len() * percent / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}
