//! Serves one connection: hyper in the middle, [`Intake`](crate::intake::Intake) before it, the sinks behind it.

mod client;

use std::{
    convert::Infallible,
    net::IpAddr,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use service::clock;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::client::{Client, Inbox};
use crate::{
    collect::{Collector, Condition, Outcome, Request},
    head::Head,
    ids::Ids,
    intake::Arrival,
    observed::{Observer, Refused, RequestAnswered},
    response,
    store::{NotStored, Store},
};

/// What all connections share.
pub struct Server {
    collector: Collector,
    store: Store,
    observer: Observer,
    ready: AtomicBool,
    parting: AtomicBool,
}

/// Ids from the thread's generator, which the system seeds.
struct RandomIds;

impl Ids for RandomIds {
    fn next(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(rand::random()).into_uuid()
    }
}

/// Why a body could not be read whole.
enum BodyError {
    TooLarge,
    TimedOut,
    Malformed,
}

impl Server {
    /// A server that answers with this collector and keeps records in this store.
    pub fn new(collector: Collector, store: Store) -> Self {
        let observer = Observer::new(&collector.config, clock::now);
        let (ready, parting) = (AtomicBool::new(true), AtomicBool::new(false));
        Self { collector, store, observer, ready, parting }
    }

    /// Where records go.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Who is told of its requests.
    pub fn observer(&self) -> &Observer {
        &self.observer
    }

    /// From now on new requests are served but not welcome.
    pub fn leave(&self) {
        self.ready.store(false, Ordering::Relaxed);
    }

    /// From now on each answer ends its connection, so that nobody sends on one that is about to be closed.
    pub fn part(&self) {
        self.parting.store(true, Ordering::Relaxed);
    }

    /// How long a TLS handshake may take.
    pub fn handshake_timeout(&self) -> Duration {
        self.collector.config.networking.header_read_timeout
    }

    /// Serves a connection until it ends, or until `closing` and the request in flight is answered.
    pub async fn serve<S>(self: Arc<Self>, socket: S, peer: IpAddr, closing: CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let inbox = Arc::new(Mutex::new(Inbox::default()));
        let client = Client::new(socket, inbox.clone(), &self.collector.config);
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let (server, inbox) = (self.clone(), inbox.clone());
            async move {
                Ok::<_, Infallible>(server.handle(request.into_body(), &inbox, peer).await.map(Full::new))
            }
        });
        let mut connection = pin!(
            http1::Builder::new()
                .half_close(true)
                .title_case_headers(true)
                .writev(false)
                .header_read_timeout(None)
                .serve_connection(client, service)
        );
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = closing.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended");
        }
    }

    async fn handle(&self, body: Incoming, inbox: &Mutex<Inbox>, peer: IpAddr) -> Response<Bytes> {
        let arrival = inbox.lock().unwrap_or_else(PoisonError::into_inner).arrivals.pop_front();
        let head = match arrival {
            Some(Arrival::Request(head)) => head,
            Some(Arrival::Refused(refusal)) => {
                let response = self.collector.refuse(&refusal);
                let refused = Some(Refused::from(&refusal));
                RequestAnswered { refused, status: response.status(), ..RequestAnswered::default() }
                    .emit(&self.observer);
                return response;
            }
            None => return response::closing(response::empty(StatusCode::BAD_REQUEST)),
        };
        let in_flight = self.observer.request(head.method());
        let mut answered = RequestAnswered::default();
        let cap = self.collector.config.networking.drop_payload_size;
        let mut response = match read_body(body, cap).await {
            Ok(body) => self.answer(&head, body, peer, &mut answered).await,
            Err(error) => {
                let (refused, response) = match error {
                    BodyError::TooLarge => (Refused::BodyTooLarge, response::too_large()),
                    BodyError::TimedOut => (Refused::BodyTimeout, response::body_timeout()),
                    BodyError::Malformed => (Refused::Body, response::body_malformed()),
                };
                answered.refused = Some(refused);
                self.collector.finish(response)
            }
        };
        if self.parting.load(Ordering::Relaxed) {
            response = response::closing(response);
        }
        answered.status = response.status();
        answered.answer_bytes = response.body().len();
        in_flight.answered(answered);
        inbox.lock().unwrap_or_else(PoisonError::into_inner).spare = head;
        response
    }

    /// The response, once what it promises is durable.
    async fn answer(
        &self,
        head: &Head,
        body: Bytes,
        peer: IpAddr,
        answered: &mut RequestAnswered,
    ) -> Response<Bytes> {
        let now = clock::now();
        answered.bytes = head.target().len() + body.len();
        let condition =
            Condition { ready: self.ready.load(Ordering::Relaxed), sinks: self.store.sinks().are_well() };
        let Outcome { response, good, bad, route } = self.collector.answer(
            Request { head, body, peer, secure: false },
            condition,
            now,
            &mut RandomIds,
        );
        (answered.route, answered.refused) = (route, route.is_none().then_some(Refused::Head));
        if good.is_empty() && bad.is_empty() {
            return response;
        }
        let within = self.collector.config.networking.response_header_timeout;
        match timeout(within, self.store.store(good, bad)).await {
            Ok(Ok(stored)) => {
                answered.stored = stored;
                response
            }
            Ok(Err(NotStored { .. })) => {
                answered.refused = Some(Refused::Full);
                self.collector.try_again(head)
            }
            Err(_) => {
                answered.refused = Some(Refused::SinkTimeout);
                self.collector.finish(response::timed_out(self.collector.config.compatibility))
            }
        }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("collector", &self.collector)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

/// Reads a body of at most `cap` bytes. One that came in one piece is not copied.
async fn read_body(mut body: Incoming, cap: usize) -> Result<Bytes, BodyError> {
    use hyper::body::Body as _;
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let mut whole = Bytes::new();
    let mut pieces = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| body_error(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + pieces.len() + data.len() > cap {
            return Err(BodyError::TooLarge);
        }
        if whole.is_empty() && pieces.is_empty() {
            whole = data;
            continue;
        }
        if pieces.is_empty() {
            let expected = body.size_hint().upper().unwrap_or(0).min(cap as u64) as usize;
            pieces.reserve(whole.len() + data.len() + expected);
            pieces.extend_from_slice(&std::mem::take(&mut whole));
        }
        pieces.extend_from_slice(&data);
    }
    Ok(if pieces.is_empty() { whole } else { pieces.freeze() })
}

fn body_error(error: &hyper::Error) -> BodyError {
    use std::{error::Error as _, io};
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    match io.map(io::Error::kind) {
        Some(io::ErrorKind::TimedOut) => BodyError::TimedOut,
        _ => BodyError::Malformed,
    }
}
