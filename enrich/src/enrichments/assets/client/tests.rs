//! Against a server that answers as it is told, and a store in memory in the place of S3.

use std::sync::{Mutex, MutexGuard};

use object_store::{ObjectStoreExt as _, PutPayload, memory::InMemory};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::*;

/// A server of files.
pub(crate) struct Server {
    /// `http://127.0.0.1:<port>`
    pub(crate) uri: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    pages: Mutex<HashMap<String, Page>>,
    /// Statuses that were answered.
    answered: Mutex<Vec<u16>>,
}

/// What is at a path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    /// Statuses answered first, one a request.
    pub(crate) first: Vec<u16>,
    pub(crate) content: Vec<u8>,
    pub(crate) etag: Option<&'static str>,
    pub(crate) modified: Option<&'static str>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self { uri, shared, task }
    }

    /// From now on this is at the path.
    pub(crate) fn put(&self, path: &str, page: Page) {
        self.shared.pages.lock().unwrap().insert(path.to_owned(), page);
    }

    /// Statuses that were answered since this was asked last.
    pub(crate) fn answered(&self) -> Vec<u16> {
        std::mem::take(&mut self.shared.answered.lock().unwrap())
    }

    pub(crate) fn asset(&self, name: &str) -> Asset {
        Asset::new(&self.uri, name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn pages(&self) -> MutexGuard<'_, HashMap<String, Page>> {
        self.pages.lock().unwrap()
    }

    /// Status, headers and body for a request.
    fn answer(&self, head: &str) -> (u16, String, Vec<u8>) {
        let path = head.split(' ').nth(1).unwrap();
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        let mut pages = self.pages();
        let Some(page) = pages.get_mut(path) else { return (404, String::new(), Vec::new()) };
        if !page.first.is_empty() {
            return (page.first.remove(0), String::new(), Vec::new());
        }
        let none_match = header("if-none-match");
        let same = match &none_match {
            Some(etag) => page.etag == Some(etag),
            None => page.modified.is_some() && header("if-modified-since").as_deref() == page.modified,
        };
        if same {
            return (304, String::new(), Vec::new());
        }
        let etag = page.etag.map(|etag| format!("ETag: {etag}\r\n")).unwrap_or_default();
        let modified = page.modified.map(|time| format!("Last-Modified: {time}\r\n")).unwrap_or_default();
        (200, format!("{etag}{modified}"), page.content.clone())
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await.unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let (status, headers, body) = shared.answer(std::str::from_utf8(&head).unwrap());
    shared.answered.lock().unwrap().push(status);
    let length = if status == 304 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{headers}{length}\r\n");
    let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
}

/// A fetcher that does not wait long between attempts.
pub(crate) fn hasty() -> Fetcher {
    let pauses = Backoff::new(Duration::from_millis(1), Duration::from_millis(1));
    Fetcher { pauses, ..Fetcher::new(None) }
}

fn page(content: &str) -> Page {
    Page { content: content.into(), ..Page::default() }
}

#[tokio::test]
async fn what_has_not_changed_is_not_fetched_twice() {
    let server = Server::start().await;
    let (asset, fetcher) = (server.asset("db file"), hasty());
    assert!(asset.uri.ends_with("/db%20file"));
    let etag = |etag| Page { etag: Some(etag), ..page("one") };
    let modified = |time| Page { modified: Some(time), ..page("one") };
    for (page, newer) in [
        (etag("\"1\""), etag("\"2\"")),
        (etag("W/\"1\""), etag("W/\"2\"")),
        (modified("Sat, 21 Nov 2026 10:00:00 GMT"), modified("Sat, 21 Nov 2026 11:00:00 GMT")),
        (page("one"), page("one")),
    ] {
        let can_tell = page.etag.is_some() || page.modified.is_some();
        server.put("/db%20file", page);
        let first = fetcher.fetch(&asset).await.unwrap();
        assert_eq!(first.content, "one");
        assert_eq!(fetcher.fetch_newer(&asset, &first).await, Ok(None));
        assert_eq!(server.answered(), [200, if can_tell { 304 } else { 200 }]);
        // Another name for the same content.
        server.put("/db%20file", newer.clone());
        assert_eq!(fetcher.fetch_newer(&asset, &first).await, Ok(None));
        server.put("/db%20file", Page { content: b"two".into(), ..newer });
        let second = fetcher.fetch_newer(&asset, &first).await.unwrap().unwrap();
        assert_eq!(second.content, "two");
        assert_eq!(server.answered(), [200, 200]);
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let server = Server::start().await;
    let check = async |first: &[u16], expect: Result<(), &str>, answers: usize| {
        server.put("/db", Page { first: first.to_vec(), ..page("content") });
        let found = hasty().fetch(&server.asset("db")).await;
        match (found, expect) {
            (Ok(fetched), Ok(())) => assert_eq!(fetched.content, "content"),
            (Err(error), Err(expect)) => {
                assert_eq!(error.to_string(), format!("{}/db: {expect}", server.uri))
            }
            (found, _) => panic!("{first:?}: {found:?}"),
        }
        assert_eq!(server.answered().len(), answers, "{first:?}");
    };
    check(&[], Ok(()), 1).await;
    check(&[503, 429, 500, 408, 502], Ok(()), 6).await;
    check(&[500; 6], Err("the server answered 500 Internal Server Error"), 6).await;
    check(&[403], Err("the server answered 403 Forbidden"), 1).await;
    let login = Asset { uri: server.asset("nope").uri.replace("//", "//user:secret@") };
    let told = hasty().fetch(&login).await.unwrap_err().to_string();
    assert!(told.contains("//user:***@127.0.0.1") && !told.contains("secret"), "{told}");
    let missing = hasty().fetch(&server.asset("nope")).await.unwrap_err();
    assert_eq!(missing.what, "the server answered 404 Not Found");
    let nowhere = Asset { uri: "http://127.0.0.1:1/db".into() };
    let error = hasty().fetch(&nowhere).await.unwrap_err();
    assert!(error.what.to_lowercase().contains("connect"), "{error}");
}

#[tokio::test]
async fn other_places() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db");
    std::fs::write(&file, "one").unwrap();
    let fetcher = hasty();
    for uri in [file.display().to_string(), format!("file://{}", file.display())] {
        let asset = Asset { uri };
        std::fs::write(&file, "one").unwrap();
        let first = fetcher.fetch(&asset).await.unwrap();
        assert_eq!(fetcher.fetch_newer(&asset, &first).await, Ok(None));
        std::fs::write(&file, "two").unwrap();
        assert_eq!(fetcher.fetch_newer(&asset, &first).await.unwrap().unwrap().content, "two");
    }
    let from_folder = Fetcher::new(Some(folder.path().to_owned()));
    let asset = Asset::new("https://assets.example.com/folder", "db");
    assert_eq!(from_folder.fetch(&asset).await.unwrap().content, "two");
    let error = fetcher.fetch(&Asset::new("gs://bucket", "db")).await.unwrap_err();
    assert_eq!(error.what, "No blob client available to download gs://bucket/db");
}

#[tokio::test]
async fn objects_of_a_bucket() {
    let (fetcher, store) = (hasty(), Arc::new(InMemory::new()));
    let as_store: Arc<dyn ObjectStore> = store.clone();
    fetcher.buckets.lock().await.insert("bucket".into(), as_store);
    let put = async |content: &'static str| {
        store.put(&"folder/a b".into(), PutPayload::from_static(content.as_bytes())).await.unwrap();
    };
    let asset = Asset::new("s3://bucket/folder/", "a b");
    let missing = fetcher.fetch(&asset).await.unwrap_err();
    assert!(missing.to_string().starts_with("s3://bucket/folder/a%20b: ") && !missing.may_pass, "{missing}");
    put("one").await;
    let first = fetcher.fetch(&asset).await.unwrap();
    assert_eq!(fetcher.fetch_once(&asset, Some(&first.version)).await, Ok(None), "it is not sent again");
    put("two").await;
    assert_eq!(fetcher.fetch_newer(&asset, &first).await.unwrap().unwrap().content, "two");
}
