//! What the stories are told with must not be what breaks.

use event::atomic::{COUNT, FIELDS};

use crate::support::{database::Database, expect, http::Connection, lake::Line, postgres::Postgres};

#[test]
fn a_server_of_our_own_crashes_freezes_and_comes_back() {
    let mut postgres = Postgres::start();
    let database = Database::connect(&postgres.url());
    assert!(!database.has_events() && database.events() == 0);
    database.rows("create schema atomic; create table atomic.events (event_id uuid)");
    database.rows("insert into atomic.events values ('0f8fad5b-d9cb-469f-a165-70867728950e')");
    postgres.freeze(true);
    postgres.freeze(false);
    assert_eq!(database.events(), 1);
    postgres.crash();
    postgres.resume();
    let database = Database::connect(&postgres.url());
    let ids = database.ids("events", "event_id");
    assert_eq!(ids.into_iter().collect::<Vec<_>>(), [("0f8fad5b-d9cb-469f-a165-70867728950e".to_owned(), 1)]);
}

#[test]
fn masks_hide_what_differs_and_nothing_else() {
    let now = service::clock::now().strftime("%Y-%m-%d %H:%M:%S.123").to_string();
    for (text, shown) in [
        (now.as_str(), "<now>"),
        ("2023-11-14 22:13:20.123", "2023-11-14 22:13:20.123"),
        ("id=1c5a8cd5-958a-4a3a-9a94-206cfd14dd57.", "id=<id>."),
        ("0f8fad5b-d9cb-469f-a165-70867728950e", "0f8fad5b-d9cb-469f-a165-70867728950e"),
        ("00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"),
        ("http://localhost:4711/a?u=127.0.0.1%3A80", "http://localhost:<port>/a?u=127.0.0.1%3A<port>"),
    ] {
        assert_eq!(expect::masked(text, &["0f8fad5b-d9cb-469f-a165-70867728950e"]), shown);
    }
}

#[test]
fn a_line_is_read_by_field() {
    let mut columns = vec![""; COUNT];
    columns[0] = "shop";
    columns[COUNT - 1] = "2023-11-14 22:13:20.123";
    let line = Line::parse(&columns.join("\t"));
    assert_eq!(line.get("app_id"), "shop");
    assert_eq!(line.filled(), [("app_id", "shop"), (FIELDS[COUNT - 1].name(), "2023-11-14 22:13:20.123")]);
}

#[test]
fn answers_are_read_in_every_framing() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut heads = [0; 4096];
        for answer in [
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
        ] {
            assert!(stream.read(&mut heads).unwrap() > 0);
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let mut connection = Connection::open(address, std::time::Duration::from_secs(10)).unwrap();
    for (status, body) in [(200, "ok"), (200, "abc"), (503, "")] {
        let answer = connection.request("GET", "/", &[], b"").unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (status, body));
        assert_eq!(answer.header("retry-after"), (status == 503).then_some("7"));
    }
    server.join().unwrap();
}
