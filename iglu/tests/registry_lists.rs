//! Long lists of the registry, which are read while they are sent.

#![expect(clippy::unwrap_used, reason = "a test")]

use iglu::server::{
    answer::{Around, answer},
    listing::PIECE,
    publish::Publication,
    request::Request,
    response::Response,
    settings::{DUMMY_KEY, Settings},
    store::{Store, sqlite::client::Sqlite},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// A store with so many schemas, `event_0` and so on.
async fn filled(schemas: usize) -> Sqlite {
    let store = Sqlite::in_memory().unwrap();
    for number in 0..schemas {
        let publication = Publication {
            key: key(number),
            body: json!({ "maximum": number }),
            is_public: number % 2 == 0,
            supersedes: Vec::new(),
            patches_allowed: false,
            now: Timestamp::UNIX_EPOCH,
        };
        store.publish(publication).await.unwrap().unwrap();
    }
    store
}

fn key(number: usize) -> event::schema_key::SchemaKey {
    format!("iglu:com.acme/event_{number}/jsonschema/1-0-0").parse().unwrap()
}

async fn list(store: &Sqlite, key: Option<Uuid>) -> Response {
    let request = Request {
        method: "GET".into(),
        path: "/api/schemas".into(),
        query: "repr=canonical".into(),
        apikey: key.map(|key| key.to_string()),
        body: Vec::new(),
    };
    let settings = Settings { super_key: Some(DUMMY_KEY), ..Settings::default() };
    let (now, ids) = (Timestamp::UNIX_EPOCH, [1, 2].map(Uuid::from_u128));
    answer(&request, Around { settings: &settings, store, is_ending: false, now, ids }).await.response
}

/// The `maximum` of each schema in the whole text, and in how many pieces it came.
async fn whole(response: Response, store: &Sqlite) -> (Vec<usize>, usize) {
    let (mut text, mut pieces) = (String::from_utf8(response.body).unwrap(), 1);
    let mut rest = response.rest;
    while let Some(piece) = match &mut rest {
        Some(rest) => rest.next(store).await.unwrap(),
        None => None,
    } {
        text.push_str(&piece);
        pieces += 1;
    }
    let all: Vec<Value> = serde_json::from_str(&text).unwrap();
    let maximum = |schema: &Value| usize::try_from(schema["maximum"].as_u64().unwrap()).unwrap();
    (all.iter().map(maximum).collect(), pieces)
}

#[tokio::test]
async fn pieces_make_the_list() {
    for (schemas, pieces) in [(1, 1), (PIECE, 1), (PIECE + 1, 2), (3 * PIECE, 3)] {
        let store = filled(schemas).await;
        let response = list(&store, Some(DUMMY_KEY)).await;
        assert_eq!(response.chunked, pieces > 1, "{schemas}");
        assert_eq!(whole(response, &store).await, ((0..schemas).collect(), pieces), "{schemas}");
        let public = whole(list(&store, None).await, &store).await.0;
        assert_eq!(public, (0..schemas).step_by(2).collect::<Vec<_>>(), "what everybody sees of {schemas}");
    }
}

#[tokio::test]
async fn what_is_deleted_meanwhile_is_left_out() {
    let store = filled(2 * PIECE).await;
    let response = list(&store, Some(DUMMY_KEY)).await;
    store.delete_schema(key(PIECE)).await.unwrap();
    let expected: Vec<usize> = (0..2 * PIECE).filter(|number| *number != PIECE).collect();
    assert_eq!(whole(response, &store).await.0, expected);

    // All that was left is gone.
    let store = filled(2 * PIECE).await;
    let response = list(&store, Some(DUMMY_KEY)).await;
    for number in PIECE..2 * PIECE {
        store.delete_schema(key(number)).await.unwrap();
    }
    assert_eq!(whole(response, &store).await.0, (0..PIECE).collect::<Vec<_>>());
}
