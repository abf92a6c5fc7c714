//! A connection that can be made worse while it is in use.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// How the network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Bytes pass.
    Fair,
    /// Bytes pass after this time, each way.
    Late(Duration),
    /// Nothing passes until the weather changes; then all that was sent does.
    Silent,
    /// Connections are closed, new ones at once.
    Broken,
}

/// Passes bytes on to a server.
#[derive(Debug)]
pub struct Proxy {
    /// Its URL.
    pub endpoint: String,
    weather: watch::Sender<Weather>,
}

impl Proxy {
    /// From now on the network is like this.
    pub fn is(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

/// A proxy on a free port in front of a server, for as long as the runtime lives.
pub(super) async fn start(server: SocketAddr) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("it listens"));
    let (weather, watched) = watch::channel(Weather::Fair);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pass(client, server, watched.clone()));
        }
    });
    Proxy { endpoint, weather }
}

/// Carries a connection; its end, whatever ends it, ends both sides.
async fn pass(client: TcpStream, server: SocketAddr, weather: watch::Receiver<Weather>) -> io::Result<()> {
    if *weather.borrow() == Weather::Broken {
        return Ok(());
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = TcpStream::connect(server).await?.into_split();
    let mut breaks = weather.clone();
    tokio::select! {
        ended = carry(from_client, to_server, weather.clone()) => ended,
        ended = carry(from_server, to_client, weather) => ended,
        _ = breaks.wait_for(|weather| *weather == Weather::Broken) => Ok(()),
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
) -> io::Result<()> {
    let mut bytes = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut bytes).await?;
        if read == 0 {
            return Ok(());
        }
        let now = *weather.borrow_and_update();
        if let Weather::Late(time) = now {
            tokio::time::sleep(time).await;
        }
        if weather.wait_for(|weather| *weather != Weather::Silent).await.is_err() {
            return Ok(());
        }
        to.write_all(&bytes[..read]).await?;
    }
}
