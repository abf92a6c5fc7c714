//! Any bytes end in a response or a closed connection, and the server goes on.

use proptest::{prelude::*, test_runner::TestRunner};

use crate::support::{
    Running,
    ask::{Asker, ask},
    config,
};

/// Pieces of requests, so that some bytes get further than the first line.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            &b"GET /i?e=pv HTTP/1.1\r\n"[..],
            b"POST /com.snowplowanalytics.snowplow/tp2 HTTP/1.1\r\n",
            b"HEAD http://a/r/x?u=%2F HTTP/1.0\r\n",
            b"Content-Length: 5\r\n",
            b"Content-Length: 99999999999\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Expect: 100-continue\r\n",
            b"Cookie: sp=\"a\"; b\r\n",
            b"Origin: http://[::1]:1 x://y\r\n",
            b"Content-Type: a/b; c=\"\\\r\n",
            b"X-Forwarded-For: ,::,1\r\n",
            b"\r\n",
            b"\n",
            b"5\r\nhello\r\n",
            b"0\r\n\r\n",
            b"{\"schema\":",
        ])
        .prop_map(<[u8]>::to_vec),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

#[test]
fn noise_is_answered_or_cut_off() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let text = "cookieBounce { enabled = true }, enableDefaultRedirect = true, streams { good { name = g, maxBytes = 600 } }";
    let _guard = runtime.enter();
    let running = [config(text), config(&format!("{text}, compatibility = \"2\""))].map(Running::start);
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() });
    let law = |bytes: Vec<u8>| {
        runtime.block_on(async {
            for running in &running {
                let mut asker = Asker::connect(running.address).await;
                asker.send(&bytes).await;
                asker.stop_sending().await;
                while asker.answer(true).await.is_some() {}
                let after = ask(running.address, b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n").await;
                prop_assert_eq!(after.map(|a| a.status), Some(200));
                prop_assert!(!running.task.is_finished());
                running.payloads();
                running.bad_rows();
            }
            Ok(())
        })
    };
    runner.run(&noise(), law).unwrap();
}
