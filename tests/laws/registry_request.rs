//! Whatever is asked of the Iglu server, there is an answer: none that blames the server, none that is half JSON; and a schema
//! that a body names reads the same once it has been taken apart and put together.

use event::json;
use iglu::server::{
    answer::{Answered, Around, answer},
    publish::Body,
    request::Request,
    response::JSON,
    schema::normalized,
    settings::{DUMMY_KEY, Line, Settings},
    store::sqlite::client::Sqlite,
};
use jiff::Timestamp;
use tokio::runtime::Runtime;
use uuid::Uuid;

const METHODS: [&str; 8] = ["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH", "brew"];
const PLACES: [&str; 8] = [
    "",
    "/api/schemas/",
    "/api/schemas/com.acme/cart/jsonschema/",
    "/api/drafts/",
    "/api/auth/keygen",
    "/api/validation/validate/",
    "/api/meta/",
    "/",
];

/// The first byte chooses method and beginning of the path, the second the key and the line; then come the rest of the target, up
/// to a line break, and the body.
pub fn law(data: &[u8]) {
    let [first, second, data @ ..] = data else { return };
    let split = data.iter().position(|&b| b == b'\n').unwrap_or(data.len());
    let target = String::from_utf8_lossy(&data[..split]);
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let request = Request {
        method: METHODS[usize::from(first & 7)].to_owned(),
        path: format!("{}{path}", PLACES[usize::from(first >> 3 & 7)]),
        query: query.to_owned(),
        apikey: match second & 3 {
            0 => None,
            1 => Some(query.to_owned()),
            _ => Some(DUMMY_KEY.to_string()),
        },
        body: data.get(split + 1..).unwrap_or_default().to_vec(),
    };
    for depth in [4, 40] {
        if let Ok(value) = request.json(depth) {
            assert!(json::depth(&value) <= depth);
            put_together(Body::read(value));
        }
    }
    let line = if second & 4 == 0 { Line::Current } else { Line::Apache };
    answered(&request, &Settings { line, debug: true, super_key: Some(DUMMY_KEY), ..Settings::default() });
}

/// A schema with a name that is written as it is stored reads as what was stored.
fn put_together(body: Option<Body>) {
    let Some(Body { key: Some(key), schema, supersedes }) = body else { return };
    let again = Body::read(normalized(&key, &schema, &supersedes)).expect("an object");
    assert_eq!(again, Body { key: Some(key), schema, supersedes });
}

fn answered(request: &Request, settings: &Settings) {
    thread_local! {
        static SERVER: (Runtime, Sqlite) = (
            tokio::runtime::Builder::new_current_thread().build().unwrap(),
            Sqlite::in_memory().unwrap(),
        );
    }
    let Answered { response, .. } = SERVER.with(|(runtime, store)| {
        let (now, ids) = (Timestamp::UNIX_EPOCH, [1, 2].map(Uuid::from_u128));
        let around = Around { settings, store, is_ending: false, now, ids };
        runtime.block_on(answer(request, around))
    });
    let text = String::from_utf8(response.body).expect("an answer is text");
    // A draft is stored and answered so, as in the original; a schema may be stored whose pattern means nothing.
    let is_known = response.status == 501 || text.contains("fetched from DB is invalid");
    assert!((200..500).contains(&response.status) || is_known, "{} {text}", response.status);
    let is_stream = request.path.starts_with("/api/drafts");
    if response.content_type == Some(JSON) && !is_stream && response.rest.is_none() {
        assert!(json::parse(&text).is_ok(), "{text}");
    }
}
