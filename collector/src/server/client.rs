//! The client's end of a connection as hyper sees it: minimal heads, bodies, and an end when the client is too slow.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

use crate::{
    config::CollectorConfig,
    deadline::{Deadline, Waiting},
    head::Head,
    intake::{Arrival, Caps, Intake},
    refusal::Refusal,
};

/// Heads on their way around hyper.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// In the order of the requests hyper sees.
    pub(super) arrivals: VecDeque<Arrival>,
    /// Buffers for the next head.
    pub(super) spare: Head,
}

/// A connection.
pub(super) struct Client<S> {
    socket: S,
    intake: Intake,
    inbox: Arc<Mutex<Inbox>>,
    deadline: Deadline,
    /// Not moved with every request: it fires after the shortest of the limits, and sleeps on if none has passed.
    timer: Pin<Box<Sleep>>,
    /// Whether the timer knows whom to wake.
    registered: bool,
    /// Bytes thrown away after the response to a request that was not read whole.
    lingered: Option<usize>,
}

/// A client that still sends when it has been answered is listened to a little longer: closing at once would make its
/// system throw the answer away.
const LINGER_BYTES: usize = 8 << 20;
/// And for how long.
const LINGER: Duration = Duration::from_secs(2);

impl<S: AsyncRead + Unpin> Client<S> {
    pub(super) fn new(socket: S, inbox: Arc<Mutex<Inbox>>, config: &CollectorConfig) -> Self {
        let caps = Caps {
            request_line: match config.compatibility.is_v2() {
                // It limits the URI instead, see `target`.
                true => config.networking.max_request_line_length.max(V2_REQUEST_LINE),
                false => config.networking.max_request_line_length,
            },
            headers: config.networking.max_headers_length,
            compatibility: config.compatibility,
        };
        let deadline = Deadline::new(&config.networking, Instant::now().into());
        Self {
            socket,
            intake: Intake::new(caps),
            inbox,
            timer: Box::pin(sleep(deadline.shortest())),
            registered: false,
            deadline,
            lingered: None,
        }
    }

    /// Reads once into the intake: how many bytes came.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = ReadBuf::new(self.intake.space());
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut space))?;
        let n = space.filled().len();
        self.intake.filled(n);
        Poll::Ready(Ok(n))
    }

    /// Ready when the client has been waited for too long.
    fn poll_too_slow(&mut self, cx: &mut Context<'_>, waiting: Waiting, came: bool) -> Poll<()> {
        let deadline = self.deadline.turn(waiting, self.intake.heads(), came, Instant::now().into()).into();
        if deadline < self.timer.deadline() {
            self.set_timer(deadline);
        }
        while !self.registered || self.timer.is_elapsed() {
            if self.timer.as_mut().poll(cx).is_pending() {
                self.registered = true;
                break;
            }
            let now = Instant::now();
            self.set_timer(deadline.max(now).min(now + self.deadline.shortest()));
            if deadline <= now {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }

    fn set_timer(&mut self, at: Instant) {
        self.timer.as_mut().reset(at);
        self.registered = false;
    }

    fn waiting(&self) -> Waiting {
        if self.intake.is_in_body() || self.intake.is_refused() {
            Waiting::Body
        } else if self.intake.is_idle() {
            Waiting::Request
        } else {
            Waiting::Head
        }
    }
}

/// Room for the Apache line's longest URI, a method and a version.
const V2_REQUEST_LINE: usize = 32_768 + 64;

impl<S: AsyncRead + Unpin> Read for Client<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let mut came = false;
        loop {
            {
                let mut inbox = this.inbox.lock().unwrap_or_else(PoisonError::into_inner);
                let Inbox { arrivals, spare } = &mut *inbox;
                if let Some(bytes) = this.intake.next(buf.remaining(), arrivals, spare) {
                    buf.put_slice(bytes);
                    return Poll::Ready(Ok(()));
                }
            }
            if !this.intake.is_refused() {
                match this.poll_fill(cx)? {
                    Poll::Ready(0) => return Poll::Ready(Ok(())),
                    Poll::Ready(_) => {
                        came = true;
                        continue;
                    }
                    Poll::Pending => this.intake.rest(),
                }
            }
            let waiting = this.waiting();
            ready!(this.poll_too_slow(cx, waiting, came));
            match waiting {
                Waiting::Request => return Poll::Ready(Ok(())),
                Waiting::Head => {
                    let mut inbox = this.inbox.lock().unwrap_or_else(PoisonError::into_inner);
                    this.intake.refuse(Refusal::HeadTimeout, &mut inbox.arrivals);
                }
                Waiting::Body => return Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Write for Client<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.lingered.is_none() {
            ready!(Pin::new(&mut this.socket).poll_shutdown(cx))?;
            this.lingered = Some(0);
            this.set_timer(Instant::now() + LINGER);
        }
        while !this.intake.is_idle() && this.lingered.is_some_and(|n| n < LINGER_BYTES) {
            let mut thrown = [0; 8192];
            let mut space = ReadBuf::new(&mut thrown);
            match Pin::new(&mut this.socket).poll_read(cx, &mut space)? {
                Poll::Ready(()) if space.filled().is_empty() => break,
                Poll::Ready(()) => this.lingered = this.lingered.map(|n| n + space.filled().len()),
                Poll::Pending => {
                    ready!(this.timer.as_mut().poll(cx));
                    break;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}
