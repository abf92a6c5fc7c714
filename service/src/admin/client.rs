//! Asks a process for its health.

use std::{io, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

/// `GET path` of an address, `host:port`: the status and the body, which is left out beyond 8 MiB.
///
/// # Errors
///
/// Nobody listens there, what is there speaks no HTTP, or there is no whole answer within `patience`.
pub async fn ask(address: &str, path: &str, patience: Duration) -> io::Result<(StatusCode, Bytes)> {
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {patience:?}"));
    timeout(patience, answer(address, path)).await.map_err(late)?
}

/// More of an answer is not read.
const MOST: usize = 8 << 20;

async fn answer(address: &str, path: &str) -> io::Result<(StatusCode, Bytes)> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    let request = Request::get(path)
        .header(header::HOST, address)
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let answer = sender.send_request(request).await.map_err(io::Error::other)?;
    let status = answer.status();
    let body = http_body_util::Limited::new(answer.into_body(), MOST).collect().await;
    Ok((status, body.map(|body| body.to_bytes()).unwrap_or_default()))
}
