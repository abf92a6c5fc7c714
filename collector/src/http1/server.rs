//! Serves a connection that speaks HTTP/1, one request after the other.

use std::{
    future::{Future as _, poll_fn},
    io,
    ops::ControlFlow,
    pin::pin,
    task::Poll::Ready,
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;
use service::{clock, timer::Timer};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::Instant,
};

use super::{
    answer::{self, Form},
    intake::{Came, Intake},
};
use crate::{
    head::{Caps, Head},
    refusal::Refusal,
    response::Response,
    server::{Exchange, LINGER, Peer, Server, Unread},
};

/// A client that still sends when it has been answered is listened to for so many bytes more: closing at once would make its
/// system throw the answer away.
const LINGER_BYTES: usize = 8 << 20;

/// A connection that has nothing to say for so long gives its memory back.
const REST_AFTER: Duration = Duration::from_secs(1);

/// What the next bytes of a connection are.
enum Next {
    Request,
    Refused(Refusal),
    Http2,
    End,
}

struct Connection<'a, S> {
    server: &'a Server,
    socket: S,
    peer: Peer,
    intake: Intake,
    /// The answer on its way out.
    out: Vec<u8>,
    timer: Timer,
}

/// Serves until the connection ends, or until the server closes and the request in flight is answered. Gives back a
/// connection that turns out to speak HTTP/2, with the bytes that were read from it.
pub(crate) async fn serve<S>(server: &Server, socket: S, peer: Peer) -> Option<(S, Bytes)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let intake = Intake::new(Caps::new(server.config()));
    let mut connection = Connection { server, socket, peer, intake, out: Vec::new(), timer: Timer::new() };
    loop {
        let goes_on = match connection.next().await {
            Next::Request => connection.exchange().await,
            Next::Refused(refusal) => {
                let response = server.refuse(&refusal, peer);
                let form = Form::of_refusal(server.config().compatibility);
                let _ = connection.write(&response, form, clock::now()).await;
                ControlFlow::Break(())
            }
            Next::Http2 => return Some((connection.socket, connection.intake.into_unread())),
            Next::End => ControlFlow::Break(()),
        };
        if goes_on.is_break() {
            connection.hang_up().await;
            return None;
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<'_, S> {
    /// Reads up to the end of a head. It must be complete in time: single bytes now and then do not help.
    async fn next(&mut self) -> Next {
        let limits = &self.server.config().networking;
        let mut head_deadline = None;
        loop {
            match self.intake.take_head() {
                Ok(Came::Head) => return Next::Request,
                Ok(Came::Http2) => return Next::Http2,
                Ok(Came::Part) => {}
                Err(refusal) => return Next::Refused(refusal),
            }
            let idle = self.intake.is_idle();
            let come = if idle {
                self.read_when_idle(limits.idle_timeout).await
            } else {
                let deadline =
                    head_deadline.get_or_insert_with(|| Instant::now() + limits.header_read_timeout);
                self.read(*deadline, true).await
            };
            match come {
                Some(Ok(1..)) => {}
                None if !idle => return Next::Refused(Refusal::HeadTimeout),
                _ => return Next::End,
            }
        }
    }

    /// Serves the request whose head has come.
    async fn exchange(&mut self) -> ControlFlow<()> {
        let head = std::mem::take(self.intake.head());
        let mut exchange = self.server.begin(&head, self.peer);
        let body = self.body(&head, &mut exchange).await;
        let whole = body.is_ok();
        let (response, now) = exchange.answer(body, &mut self.timer).await;
        let last = !whole || !head.keeps_alive() || self.server.is_parting();
        let form = Form::to(&head, last, self.server.config().compatibility);
        let written = self.write(&response, form, now).await;
        *self.intake.head() = head;
        if last || written.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    async fn body(&mut self, head: &Head, exchange: &mut Exchange<'_>) -> Result<Bytes, Unread> {
        let limits = &self.server.config().networking;
        let mut deadline = None;
        loop {
            if let Some(body) = self.intake.take_body(self.server.config().max_body())? {
                return Ok(body);
            }
            if !exchange.hold(self.intake.size()) {
                return Err(Unread::NoRoom);
            }
            let deadline = match deadline {
                Some(deadline) => deadline,
                None => {
                    if self.intake.asks_for_body(head) {
                        let _ = self.send(answer::CONTINUE).await;
                    }
                    *deadline.insert(Instant::now() + limits.body_read_timeout)
                }
            };
            match self.read(deadline, false).await {
                Some(Ok(1..)) => {}
                None => return Err(Refusal::BodyTimeout.into()),
                _ => return Err(Refusal::BodyMalformed.into()),
            }
        }
    }

    /// Waits for the first bytes of a request.
    async fn read_when_idle(&mut self, limit: Duration) -> Option<io::Result<usize>> {
        let begun = Instant::now();
        if limit > REST_AFTER {
            let come = self.read(begun + REST_AFTER, true).await;
            if come.is_some() {
                return come;
            }
            self.intake.rest();
            self.out = Vec::new();
        }
        self.read(begun + limit, true).await
    }

    /// Reads once: how many bytes, none at the end. Between two requests the end also comes when the server closes.
    async fn read(&mut self, deadline: Instant, between: bool) -> Option<io::Result<usize>> {
        let Self { server, socket, intake, timer, .. } = self;
        let reading = poll_fn(|cx| {
            let read = pin!(socket.read_buf(intake.room())).poll(cx);
            if read.is_pending() {
                intake.pause();
                if between && server.is_closing() {
                    return Ready(Ok(0));
                }
            }
            read
        });
        timer.until(deadline, reading).await
    }

    async fn write(&mut self, response: &Response, form: Form, now: Timestamp) -> io::Result<()> {
        let mut out = std::mem::take(&mut self.out);
        out.clear();
        answer::write(response, form, now.as_second(), &mut out);
        let sent = self.send(&out).await;
        self.out = out;
        sent
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Self { server, socket, timer, .. } = self;
        let sending = async {
            socket.write_all(bytes).await?;
            socket.flush().await
        };
        // Who does not read its answers for so long has gone.
        let sent = timer.within(server.config().networking.idle_timeout, sending).await;
        sent.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn hang_up(&mut self) {
        let Self { socket, intake, timer, .. } = self;
        let listens = !intake.is_idle();
        let parting = async {
            socket.shutdown().await?;
            let (mut thrown, mut left) = (vec![0; if listens { 8192 } else { 0 }], LINGER_BYTES);
            while listens && left > 0 {
                match socket.read(&mut thrown).await? {
                    0 => break,
                    n => left = left.saturating_sub(n),
                }
            }
            io::Result::Ok(())
        };
        let _ = timer.within(LINGER, parting).await;
    }
}
