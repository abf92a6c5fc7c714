//! Stands between the loader and the server, to break connections at exact moments.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
};

/// A socket that leads to the server.
pub struct Proxy {
    folder: TempDir,
    cuts: Arc<Cuts>,
}

/// When to break.
#[derive(Default)]
struct Cuts {
    /// So many commits are passed on without their answer.
    commits: AtomicI64,
    /// After so many bytes to the server the connection breaks, once; 0: never.
    bytes: AtomicI64,
    /// What is sent to the server with this text in it breaks the connection, once; empty: nothing does.
    text: Mutex<String>,
}

impl Proxy {
    /// To the server whose socket lies in the folder of `url` (`postgres://postgres@%2Ftmp%2F.../postgres`).
    pub fn new(url: &str) -> Self {
        let server = url.split(['@', '/']).nth(3).unwrap().replace("%2F", "/");
        let server = PathBuf::from(server).join(".s.PGSQL.5432");
        let folder = tempfile::Builder::new().prefix("proxy").tempdir_in("/tmp").unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let cuts = Arc::<Cuts>::default();
        let shared = cuts.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, cuts) = (server.clone(), shared.clone());
                tokio::spawn(async move {
                    if let Ok(server) = UnixStream::connect(server).await {
                        pass(client, server, &cuts).await;
                    }
                });
            }
        });
        Self { folder, cuts }
    }

    pub fn url(&self) -> String {
        format!(
            "postgres://postgres@{}/postgres",
            self.folder.path().display().to_string().replace('/', "%2F")
        )
    }

    /// The next commits reach the server, and their answers reach nobody.
    pub fn swallow_answers_of_commits(&self, commits: i64) {
        self.cuts.commits.store(commits, Ordering::SeqCst);
    }

    /// The connection breaks when so many more bytes have gone to the server.
    pub fn break_after(&self, bytes: i64) {
        self.cuts.bytes.store(bytes, Ordering::SeqCst);
    }

    /// The connection breaks in front of the next message with this text.
    pub fn break_at(&self, text: &str) {
        text.clone_into(&mut self.cuts.text.lock().unwrap());
    }

    /// Whether all of this has happened.
    pub fn is_done(&self) -> bool {
        self.cuts.text.lock().unwrap().is_empty()
            && self.cuts.commits.load(Ordering::SeqCst) <= 0
            && self.cuts.bytes.load(Ordering::SeqCst) <= 0
    }
}

impl Cuts {
    fn meets(&self, bytes: &[u8]) -> bool {
        let mut text = self.text.lock().unwrap();
        let met = !text.is_empty() && bytes.windows(text.len()).any(|part| part == text.as_bytes());
        if met {
            text.clear();
        }
        met
    }
}

async fn pass(mut client: UnixStream, mut server: UnixStream, cuts: &Cuts) {
    let (mut to_server, mut to_client) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut swallow = false;
    loop {
        tokio::select! {
            read = client.read(&mut to_server) => {
                let Ok(count @ 1..) = read else { return };
                let bytes = &to_server[..count];
                if cuts.meets(bytes) {
                    return;
                }
                let before = cuts.bytes.load(Ordering::SeqCst);
                if before > 0 && cuts.bytes.fetch_sub(count as i64, Ordering::SeqCst) <= count as i64 {
                    let _ = server.write_all(&bytes[..before as usize]).await;
                    return;
                }
                if bytes.windows(8).any(|part| part == b"COMMIT\0" .as_slice() || part == b"\x0bCOMMIT\0")
                    && cuts.commits.fetch_sub(1, Ordering::SeqCst) > 0
                {
                    swallow = true;
                }
                if server.write_all(bytes).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut to_client) => {
                let Ok(count @ 1..) = read else { return };
                // The server has answered, so that the commit is done; the client never hears of it.
                if swallow || client.write_all(&to_client[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}
