//! What all connections share, and a request's way from its head to its answer; [`http1`](crate::http1) and
//! [`http2`](crate::http2) are around it.

use std::{
    future::{Future, poll_fn},
    io::Cursor,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;
use service::{clock, timer::Timer};
use stream::record::Record;
use tokio::io::{self, AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    admission::{Admission, Held},
    collect::{Collector, Condition, Outcome, Request},
    config::CollectorConfig,
    head::Head,
    http1, http2,
    ids::Ids,
    observed::{Observer, Refused, RequestAnswered, RequestInFlight},
    refusal::Refusal,
    response::{self, Response},
    store::{NotStored, Store},
};

/// How long a connection that is over may take to end in good order.
pub(crate) const LINGER: Duration = Duration::from_secs(2);

/// What all connections share.
pub struct Server {
    collector: Collector,
    store: Store,
    observer: Observer,
    admission: Admission,
    phase: AtomicU8,
    closing: CancellationToken,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Whether TLS is spoken with it.
    pub secure: bool,
}

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1, unless it begins as HTTP/2 begins.
    Http1,
    /// HTTP/2, as was agreed upon in the TLS handshake.
    Http2,
}

/// How far a process is on its way to its end, as the collector has to know it. Only goes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Phase {
    Serving,
    /// Requests are served but not welcome.
    Leaving,
    /// Each answer ends its connection.
    Parting,
    /// Connections without a request end.
    Closing,
}

/// A request whose head has come.
pub(crate) struct Exchange<'a> {
    server: &'a Server,
    head: &'a Head,
    peer: Peer,
    in_flight: RequestInFlight<'a>,
    answered: RequestAnswered,
    held: Held<'a>,
    /// What time it is, until something has been waited for.
    now: Option<Timestamp>,
}

/// Why the body of a request was not read to its end.
#[derive(Debug)]
pub(crate) enum Unread {
    Refused(Refusal),
    /// Too much is being held already.
    NoRoom,
}

/// Random ids.
pub(crate) struct RandomIds;

impl Server {
    /// A server that answers with this collector and keeps records in this store.
    pub fn new(collector: Collector, store: Store) -> Self {
        Self {
            observer: Observer::new(&collector.config, clock::now),
            admission: Admission::new(&collector.config.networking),
            collector,
            store,
            phase: AtomicU8::new(Phase::Serving as u8),
            closing: CancellationToken::new(),
        }
    }

    /// What it was configured to be.
    pub fn config(&self) -> &CollectorConfig {
        &self.collector.config
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
        self.enter(Phase::Leaving);
    }

    /// From now on each answer ends its connection, so that nobody sends on one that is about to be closed.
    pub fn part(&self) {
        self.enter(Phase::Parting);
    }

    /// From now on connections end as soon as no request is in flight on them.
    pub fn close(&self) {
        self.enter(Phase::Closing);
        self.closing.cancel();
    }

    /// Whether [`Self::close`] was called. Connections are woken when it is.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_in(Phase::Closing)
    }

    /// Whether an answer is the last of its connection.
    pub(crate) fn is_parting(&self) -> bool {
        self.is_in(Phase::Parting)
    }

    /// What the future gives, unless the server closes before.
    pub(crate) async fn unless_closing<F: Future>(&self, future: F) -> Option<F::Output> {
        self.closing.run_until_cancelled(future).await
    }

    /// Serves a connection until it ends, or until [`Self::close`] and the request in flight is answered.
    pub async fn serve<S>(self: Arc<Self>, socket: S, peer: Peer, protocol: Protocol)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // Much larger than what HTTP/1 needs, and rare: not part of every connection's task.
        if protocol == Protocol::Http2 {
            return Box::pin(http2::server::serve(self.clone(), socket, peer, self.closing.clone())).await;
        }
        let turned = {
            let (mut closing, mut asked) = (pin!(self.closing.cancelled()), false);
            let mut serving = pin!(http1::server::serve(&self, socket, peer));
            poll_fn(|cx| {
                if !asked {
                    // Once is enough: it wakes this task, and then the phase is seen.
                    asked = true;
                    let _ = closing.as_mut().poll(cx);
                }
                serving.as_mut().poll(cx)
            })
            .await
        };
        if let Some((socket, unread)) = turned {
            let (reader, writer) = io::split(socket);
            let socket = io::join(Cursor::new(unread).chain(reader), writer);
            Box::pin(http2::server::serve(self.clone(), socket, peer, self.closing.clone())).await;
        }
    }

    /// Answers a head that is refused.
    pub(crate) fn refuse(&self, refusal: &Refusal, peer: Peer) -> Response {
        let response = self.collector.refuse(refusal, Some(peer.address));
        let refused = Some(Refused::from(refusal));
        RequestAnswered { refused, status: response.status, ..RequestAnswered::default() }
            .emit(&self.observer);
        response
    }

    /// Begins to serve a request whose head has come.
    pub(crate) fn begin<'a>(&'a self, head: &'a Head, peer: Peer) -> Exchange<'a> {
        let now = clock::now();
        Exchange {
            server: self,
            head,
            peer,
            in_flight: self.observer.request(head.method(), now),
            answered: RequestAnswered::default(),
            held: self.admission.held(),
            now: Some(now),
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::Relaxed);
    }

    fn is_in(&self, phase: Phase) -> bool {
        self.phase.load(Ordering::Relaxed) >= phase as u8
    }
}

impl Exchange<'_> {
    /// Whether so many bytes of its body may be held while the rest is waited for.
    pub(crate) fn hold(&mut self, bytes: usize) -> bool {
        self.now = None;
        self.held.hold(bytes)
    }

    /// The answer, once what it promises is durable, and what time it is then.
    pub(crate) async fn answer(
        mut self,
        body: Result<Bytes, Unread>,
        timer: &mut Timer,
    ) -> (Response, Timestamp) {
        let response = match body {
            Ok(body) => self.collect(body, timer).await,
            Err(Unread::NoRoom) => self.turn_away(),
            Err(Unread::Refused(refusal)) => {
                self.answered.refused = Some(Refused::from(&refusal));
                self.server.collector.refuse(&refusal, Some(self.peer.address))
            }
        };
        self.answered.status = response.status;
        self.answered.answer_bytes = response.body.len();
        let now = self.now.unwrap_or_else(clock::now);
        self.in_flight.answered(self.answered, now);
        (response, now)
    }

    async fn collect(&mut self, body: Bytes, timer: &mut Timer) -> Response {
        let Self { server, head, peer, .. } = *self;
        let Server { collector, store, admission, .. } = server;
        self.answered.bytes = head.target().len() + body.len();
        let condition = Condition {
            ready: !server.is_in(Phase::Leaving),
            sinks: &|| store.sinks().are_well(),
            room: admission.has_room(),
        };
        let request = Request { head, body, peer: peer.address.ip(), secure: peer.secure };
        let now = *self.now.get_or_insert_with(clock::now);
        let Outcome { response, good, bad, route, refused } =
            collector.answer(request, condition, now, &mut RandomIds);
        (self.answered.route, self.answered.refused) = (route, refused);
        if good.is_empty() && bad.is_empty() {
            return response;
        }
        if !self.held.wait(good.iter().chain(&bad).map(Record::size).sum()) {
            return self.turn_away();
        }
        let within = collector.config.networking.response_header_timeout;
        self.now = None;
        match timer.within(within, store.store(good, bad, now)).await {
            Some(Ok((stored, at))) => {
                (self.answered.stored, self.now) = (stored, Some(at));
                response
            }
            Some(Err(NotStored { .. })) => {
                self.answered.refused = Some(Refused::Full);
                collector.try_again(head)
            }
            None => {
                self.answered.refused = Some(Refused::SinkTimeout);
                collector.finish(response::timed_out(collector.config.compatibility))
            }
        }
    }

    fn turn_away(&mut self) -> Response {
        self.answered.refused = Some(Refused::Overload);
        self.server.collector.try_again(self.head)
    }
}

impl From<Refusal> for Unread {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Ids for RandomIds {
    fn next(&mut self) -> Uuid {
        clock::random_id()
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
