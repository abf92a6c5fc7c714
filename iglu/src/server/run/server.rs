//! HTTP/1 over sockets.

use std::{
    convert::Infallible,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Limited};
use hyper::{
    HeaderMap, StatusCode,
    body::{Body, Bytes, Frame, Incoming, SizeHint},
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

use super::Shared;
use crate::server::{
    answer::{Answered, Around, Key, answer},
    cors::{self, Page},
    listing::Listing,
    request::Request,
    response::Response,
    seen::{Seen, method},
    settings::Line,
    store::{Store, StoreError},
};

/// Bytes of a body that are read at all, where the line of the original has no limit.
const MAX_BODY: usize = 10 << 20;

/// How long open requests may take once the server ends.
const REQUESTS_END: Duration = Duration::from_secs(10);

/// Serves until `ends` resolves, and ends what is open.
pub(super) async fn serve(
    shared: &Arc<Shared>,
    listener: TcpListener,
    connections: usize,
    idle_timeout: Duration,
    ends: impl Future<Output = ()>,
) {
    let room = Arc::new(Semaphore::new(connections.max(1)));
    let (closing, _) = tokio::sync::watch::channel(());
    let mut open = JoinSet::new();
    let mut ends = std::pin::pin!(ends);
    loop {
        while open.try_join_next().is_some() {}
        let accepted = tokio::select! {
            () = &mut ends => break,
            accepted = async {
                let permit = room.clone().acquire_owned().await.expect("the semaphore is never closed");
                (listener.accept().await, permit)
            } => accepted,
        };
        let (stream, peer, permit) = match accepted {
            (Ok((stream, peer)), permit) => (stream, peer.ip(), permit),
            (Err(error), _) => {
                // Out of file descriptors or a peer that left at once: the next attempt may do.
                tracing::debug!(%error, "iglu server: accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (shared, mut closing) = (Arc::clone(shared), closing.subscribe());
        open.spawn(async move {
            let observer = shared.observer;
            observer(Seen::Opened);
            let answering = service_fn(move |request| {
                let shared = Arc::clone(&shared);
                async move { Ok::<_, Infallible>(respond(request, peer, &shared).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(idle_timeout)
                .serve_connection(TokioIo::new(stream), answering);
            let mut connection = std::pin::pin!(connection);
            let served = tokio::select! {
                served = &mut connection => served,
                _ = closing.changed() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = served {
                tracing::debug!(%error, "iglu server: connection");
            }
            observer(Seen::Closed);
            drop(permit);
        });
    }
    drop(listener);
    drop(closing);
    let ended = tokio::time::timeout(REQUESTS_END, async { while open.join_next().await.is_some() {} });
    if ended.await.is_err() {
        tracing::warn!("iglu server: some requests were cut off");
    }
}

async fn respond(request: hyper::Request<Incoming>, peer: IpAddr, shared: &Shared) -> hyper::Response<Sent> {
    let (begun, method) = (Instant::now(), method(request.method().as_str()));
    let response = response(request, peer, shared).await;
    let (status, seconds) = (response.status, begun.elapsed().as_secs_f64());
    (shared.observer)(Seen::Answered { method, status, seconds });
    sent(response, &shared.store)
}

async fn response(request: hyper::Request<Incoming>, peer: IpAddr, shared: &Shared) -> Response {
    let (head, body) = request.into_parts();
    let page = Page {
        origin: text(&head.headers, "origin"),
        method: text(&head.headers, "access-control-request-method"),
        headers: text(&head.headers, "access-control-request-headers"),
    };
    let method = head.method.as_str().to_owned();
    if let Some(preflight) = cors::preflight(&method, &page) {
        return preflight;
    }
    let limit = match shared.settings.line {
        Line::Current => shared.settings.max_payload,
        Line::Apache => MAX_BODY,
    };
    let body = match Limited::new(body, limit).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            return cors::shown_to(&page, Response::message(413, "The payload is too large"));
        }
        Err(_) => return Response::message(400, "The request body could not be read."),
    };
    let request = Request {
        method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        apikey: text(&head.headers, "apikey"),
        body,
    };
    cors::shown_to(&page, answered(&request, peer, shared).await)
}

async fn answered(request: &Request, peer: IpAddr, shared: &Shared) -> Response {
    let now = (shared.clock)();
    if let Ok(Some(key)) = request.key()
        && let Some(seconds) = shared.attempts().and_then(|attempts| attempts.wait(peer, key, now))
    {
        let mut response = Response::message(429, "Too many requests with unknown API keys");
        response.headers.push(("retry-after", seconds.to_string()));
        return response;
    }
    let around = Around {
        settings: &shared.settings,
        store: shared.store.as_ref(),
        is_ending: shared.is_ending.load(Ordering::Relaxed),
        now,
        ids: [(shared.ids)(), (shared.ids)()],
    };
    let Answered { response, key } = answer(request, around).await;
    if let Some(mut attempts) = shared.attempts() {
        match key {
            Key::NotTried => {}
            Key::Unknown => attempts.failed(peer, now),
            Key::Known(key) => attempts.worked(key),
        }
    }
    if let Some(published) = &response.published {
        (shared.observer)(Seen::Published { is_update: published.is_update });
        if let Some(told) = &shared.published {
            told(&published.key);
        }
        shared.hooks.tell(published);
    }
    response
}

/// A header's first value. What is no text is no key and no origin.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn sent(response: Response, store: &Arc<dyn Store>) -> hyper::Response<Sent> {
    let Response { status, content_type, body, headers, chunked, rest, .. } = response;
    let rest = rest.map(|rest| told(*rest, Arc::clone(store)));
    let mut out = hyper::Response::new(Sent { body: Some(Bytes::from(body)), chunked, rest });
    *out.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(content_type) = content_type {
        out.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            out.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    out
}

/// The pieces of the rest of a list, read as they are taken.
fn told(mut rest: Listing, store: Arc<dyn Store>) -> mpsc::Receiver<Result<Bytes, StoreError>> {
    let (pieces, taken) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(piece) = rest.next(store.as_ref()).await.transpose() {
            let is_last = piece.is_err();
            if pieces.send(piece.map(Bytes::from)).await.is_err() || is_last {
                return;
            }
        }
    });
    taken
}

/// A body: what is there already, and then the pieces of a list.
struct Sent {
    body: Option<Bytes>,
    /// Sent without its length, as what the original streams.
    chunked: bool,
    rest: Option<mpsc::Receiver<Result<Bytes, StoreError>>>,
}

impl Body for Sent {
    type Data = Bytes;
    /// The connection is cut off, so that nobody takes half of a list for the whole.
    type Error = StoreError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StoreError>>> {
        if let Some(body) = self.body.take().filter(|body| !body.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(body))));
        }
        match &mut self.rest {
            Some(rest) => rest.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data))),
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Some(body) if !self.chunked => SizeHint::with_exact(body.len() as u64),
            None if self.rest.is_none() => SizeHint::with_exact(0),
            _ => SizeHint::default(),
        }
    }
}
