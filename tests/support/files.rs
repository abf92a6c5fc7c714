//! A server of files that enrichments need.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// The server; it serves until the process ends.
#[derive(Clone, Debug)]
pub struct Files {
    /// `http://127.0.0.1:<port>`
    pub uri: String,
    files: Arc<Mutex<HashMap<String, File>>>,
}

#[derive(Clone, Debug)]
struct File {
    content: Vec<u8>,
    /// Counts its versions.
    version: u32,
}

impl Files {
    /// Starts it on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let files = Self { uri, files: Arc::default() };
        let serving = files.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // One that went away needs no answer.
                let _ = serving.answer(stream);
            }
        });
        files
    }

    /// Puts a file at a path, in place of an older one.
    pub fn put(&self, path: &str, content: impl Into<Vec<u8>>) {
        let mut files = self.files.lock().unwrap();
        let version = files.get(path).map_or(1, |file| file.version + 1);
        files.insert(path.to_owned(), File { content: content.into(), version });
    }

    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        let mut known = None;
        for line in lines {
            let line = line?;
            match line.split_once(": ") {
                Some((name, etag)) if name.eq_ignore_ascii_case("if-none-match") => {
                    known = Some(etag.to_owned())
                }
                Some(_) => {}
                None => break,
            }
        }
        let path = request.split(' ').nth(1).unwrap_or_default();
        let file = self.files.lock().unwrap().get(path).cloned();
        let (head, body) = match file {
            None => ("404 Not Found".to_owned(), Vec::new()),
            Some(File { content, version }) => {
                let etag = format!("\"{version}\"");
                match known == Some(etag.clone()) {
                    true => (format!("304 Not Modified\r\nETag: {etag}"), Vec::new()),
                    false => (format!("200 OK\r\nETag: {etag}"), content),
                }
            }
        };
        let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), &body].concat())
    }
}
