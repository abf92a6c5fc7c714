//! Serves a connection that speaks HTTP/2: hyper frames it, and limits what a client can make it hold.

use std::{
    convert::Infallible,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use service::timer::Timer;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::head;
use crate::{
    head::Caps,
    refusal::Refusal,
    response::Response,
    server::{Exchange, LINGER, Peer, Server, Unread},
};

/// Requests in flight on one connection.
const MAX_STREAMS: u32 = 128;
/// Bytes a client may send before it hears that they were read, on one stream and on the connection.
const STREAM_WINDOW: u32 = 64 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// Streams that a client may begin and take back before the connection is ended, and those that break its rules.
const MAX_RESETS: usize = 64;
/// A client that says nothing is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(60);

/// The requests of a connection.
#[derive(Debug, Default)]
struct Streams {
    begun: AtomicUsize,
    ended: AtomicUsize,
}

/// Serves until the connection ends, or until `closing` and the requests in flight are answered.
pub(crate) async fn serve<S>(server: Arc<Server>, socket: S, peer: Peer, closing: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let networking = &server.config().networking;
    let idle_timeout = networking.idle_timeout;
    let header_list = networking.max_request_line_length + networking.max_headers_length;
    let streams = Arc::new(Streams::default());
    let service = service_fn({
        let streams = streams.clone();
        move |request: Request<Incoming>| {
            let (server, streams) = (server.clone(), streams.clone());
            streams.begun.fetch_add(1, Ordering::Relaxed);
            async move {
                let _ended = Ended(&streams);
                Ok::<_, Infallible>(answer(&server, request, peer).await.into_http().map(Full::new))
            }
        }
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(header_list).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .max_local_error_reset_streams(MAX_RESETS)
        .keep_alive_interval(PING_EVERY);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(socket), service));
    tokio::select! {
        ended = connection.as_mut() => return told(ended),
        () = closing.cancelled() => {}
        () = streams.idle(idle_timeout) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        ended = connection => told(ended),
        // The client may never say that it has understood.
        () = streams.idle(LINGER) => {}
    }
}

fn told(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}

async fn answer(server: &Server, request: Request<Incoming>, peer: Peer) -> Response {
    let (parts, incoming) = request.into_parts();
    let head = match head::read(&parts, &Caps::new(server.config())) {
        Ok(head) => head,
        Err(refusal) => return server.refuse(&refusal, peer),
    };
    let mut exchange = server.begin(&head, peer);
    let mut timer = Timer::new();
    let within = server.config().networking.body_read_timeout;
    let body = timer.within(within, read_body(server, incoming, &mut exchange)).await;
    let body = body.unwrap_or_else(|| Err(Refusal::BodyTimeout.into()));
    exchange.answer(body, &mut timer).await.0
}

/// Reads a body. One that came in one piece is not copied.
async fn read_body(
    server: &Server,
    mut incoming: Incoming,
    exchange: &mut Exchange<'_>,
) -> Result<Bytes, Unread> {
    let cap = server.config().max_body();
    let (mut first, mut more) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame.map_err(|_| Refusal::BodyMalformed)?.into_data() else { continue };
        if first.is_empty() && more.is_empty() {
            first = data;
        } else {
            more.extend_from_slice(&std::mem::take(&mut first));
            more.extend_from_slice(&data);
        }
        let size = first.len() + more.len();
        if size > cap {
            return Err(Refusal::BodyTooLarge.into());
        }
        if !exchange.hold(size) {
            return Err(Unread::NoRoom);
        }
    }
    Ok(if more.is_empty() { first } else { more.freeze() })
}

impl Streams {
    /// Resolves once no request has been in flight for so long.
    async fn idle(&self, limit: Duration) {
        let mut seen = (self.begun.load(Ordering::Relaxed), Instant::now());
        loop {
            sleep(limit - seen.1.elapsed().min(limit)).await;
            let (begun, ended) = (self.begun.load(Ordering::Relaxed), self.ended.load(Ordering::Relaxed));
            if begun != seen.0 || begun != ended {
                seen = (begun, Instant::now());
            } else if seen.1.elapsed() >= limit {
                return;
            }
        }
    }
}

/// A request that has been answered or given up.
struct Ended<'a>(&'a Streams);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}
