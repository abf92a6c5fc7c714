//! A client of raw bytes.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};

/// A response as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// `HTTP/1.1 200 OK`
    pub(crate) status_line: String,
    pub(crate) status: u16,
    /// Names as they were spelt, in order.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The first header of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub(crate) fn body(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A connection.
pub(crate) struct Asker<S = TcpStream> {
    socket: S,
    received: Vec<u8>,
}

impl Asker {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).await.unwrap())
    }

    /// Its own address.
    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// Whether anything has come that was not asked for yet.
    pub(crate) fn has_received(&mut self) -> bool {
        let _ = self.socket.try_read_buf(&mut self.received);
        !self.received.is_empty()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Asker<S> {
    pub(crate) fn new(socket: S) -> Self {
        Self { socket, received: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        // The other side may have answered and closed before it had read all.
        let _ = self.socket.write_all(bytes).await;
    }

    /// The next response, without the `100 Continue` before it; `None` when the connection ended.
    pub(crate) async fn answer(&mut self, to_head: bool) -> Option<Answer> {
        loop {
            if let Some((mut answer, length)) = self.head() {
                if answer.status == 100 {
                    continue;
                }
                let length = if to_head || answer.status == 304 { 0 } else { length };
                while self.received.len() < length {
                    self.read().await?;
                }
                answer.body = self.received.drain(..length).collect();
                return Some(answer);
            }
            self.read().await?;
        }
    }

    /// Sends a request and waits for its response.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Option<Answer> {
        self.send(request).await;
        self.answer(request.starts_with(b"HEAD ")).await
    }

    /// Whether the other side has ended the connection, with nothing more to say.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.received.is_empty() && self.read().await.is_none()
    }

    /// Closes the sending half.
    pub(crate) async fn stop_sending(&mut self) {
        let _ = self.socket.shutdown().await;
    }

    /// Whether exactly these bytes come next.
    pub(crate) async fn receives(&mut self, bytes: &[u8]) -> bool {
        while self.received.len() < bytes.len() {
            if self.read().await.is_none() {
                return false;
            }
        }
        let came: Vec<u8> = self.received.drain(..bytes.len()).collect();
        came == bytes
    }

    async fn read(&mut self) -> Option<()> {
        match self.socket.read_buf(&mut self.received).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(()),
        }
    }

    fn head(&mut self) -> Option<(Answer, usize)> {
        let end = self.received.windows(4).position(|w| w == b"\r\n\r\n")?;
        let head: Vec<u8> = self.received.drain(..end + 4).collect();
        let head: String = head.iter().map(|&b| b as char).collect();
        let mut lines = head.trim_end().split("\r\n");
        let status_line = lines.next()?.to_owned();
        let status = status_line.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let answer = Answer { status_line, status, headers, body: Vec::new() };
        let length = answer.header("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
        Some((answer, length))
    }
}

/// One request on a connection of its own.
pub(crate) async fn ask(address: SocketAddr, request: &[u8]) -> Option<Answer> {
    Asker::connect(address).await.ask(request).await
}
