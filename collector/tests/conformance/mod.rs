//! The cases of the original's own suites (`spec/collector.md` 15) in the current line, and the Apache line, over real sockets.

mod apache;
mod apache_refusals;
mod identity;
mod payload;
mod routes;
mod split;

use std::{fmt::Write as _, net::SocketAddr};

use crate::support::ask::{Answer, ask};

const NUID: &str = "8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a";
const ZEROS: &str = "00000000-0000-0000-0000-000000000000";

const BASE: &str = r#"
    paths {
      "/com.acme/track" = "/com.snowplowanalytics.snowplow/tp2"
      "/com.acme/redirect" = "/r/tp2"
      "/com.acme/iglu" = "/com.snowplowanalytics.iglu/v1"
    }
"#;

/// A request with these header lines, on a connection of its own.
async fn send(address: SocketAddr, method: &str, target: &str, headers: &[&str], body: &str) -> Answer {
    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: collector.example\r\n");
    for line in headers {
        write!(request, "{line}\r\n").unwrap();
    }
    if !body.is_empty() {
        write!(request, "Content-Length: {}\r\n", body.len()).unwrap();
    }
    write!(request, "\r\n{body}").unwrap();
    ask(address, request.as_bytes()).await.unwrap()
}

async fn get(address: SocketAddr, target: &str, headers: &[&str]) -> Answer {
    send(address, "GET", target, headers, "").await
}
