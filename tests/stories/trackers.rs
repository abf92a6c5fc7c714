//! Each official tracker, by GET and POST, with and without Base64: the same fields in the files and in Postgres.

use std::net::SocketAddr;

use super::told::{Whole, described, entities, readable};
use crate::support::{clients, expect};

fn tell(name: &str, events: usize, send: fn(SocketAddr, &str, &str)) {
    let whole = Whole::start();
    for (method, encoding) in clients::WAYS {
        let lines = whole.arrivals(events, || send(whole.piste.collector, method, encoding));
        for line in &lines {
            whole.database.holds(line);
        }
        // The same expectation every time: how an event travelled must not show.
        let text = format!("{}\n{}", described(&lines), entities(&whole.database, &lines));
        expect::file(&format!("{name}.txt"), &text);
    }
    assert_eq!(whole.lake.bad().len(), 0, "bad rows");
    readable(&whole.lake.lines("enriched"));
    whole.piste.finish_well();
}

#[test]
fn node_tracker() {
    tell("node_tracker", 6, clients::node_tracker);
}

#[test]
fn python_tracker() {
    tell("python_tracker", 5, clients::python_tracker);
}

#[test]
fn browser_tracker() {
    tell("browser_tracker", 3, |collector, method, encoding| {
        let report = clients::browser(collector, &["events", method, encoding]);
        assert_eq!(report["complaints"].as_array().map(Vec::len), Some(0), "{}", report["complaints"]);
    });
}
