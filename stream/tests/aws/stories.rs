//! The producer over SQS and moto, which plays SQS as others understand it. `./test tools` installs it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use aws_sdk_sqs::{
    Client,
    config::{BehaviorVersion, Builder, Credentials, Region},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use stream::{
    health::Health,
    producer::{Producer, Route},
    record::Record,
    sqs::producer::{self, Settings},
};

use crate::support::{connection, expect, load, sending, until, within_reason};

/// The server; it ends with this.
struct Moto {
    server: Child,
    endpoint: String,
}

impl Moto {
    fn start() -> Self {
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/python/bin/python");
        let mut server = Command::new(&python)
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}: run ./test tools", python.display()));
        // It says where it listens, then one line per request: those are read until it ends, so that it is never held up.
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines().map_while(Result::ok);
        let endpoint = lines.find_map(|line| Some(line.split_once("Running on ")?.1.trim().to_owned()));
        std::thread::spawn(move || lines.for_each(drop));
        Self { endpoint: endpoint.expect("moto has ended: run ./test tools"), server }
    }

    fn client(&self) -> Client {
        let config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .endpoint_url(&self.endpoint)
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"));
        Client::from_conf(config.build())
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moto_has_what_was_acknowledged() {
    within_reason(async {
        let moto = tokio::task::spawn_blocking(Moto::start).await.unwrap();
        let client = moto.client();
        let settings = Settings {
            sending: sending(),
            key_attribute: true,
            ..Settings::new("buffer", connection(&moto.endpoint))
        };
        let producer = producer::open(settings).await;
        until(&*producer, |health| health.to_string().contains("there is none of this name")).await;
        let url = client.create_queue().queue_name("buffer").send().await.unwrap().queue_url.unwrap();
        until(&*producer, Health::is_well).await;
        let mut acknowledged = load(producer.clone(), 5, 10).await;
        let large: Vec<_> = (0..4).map(|n| Record::new(format!("large {n}"), vec![n; 190_000])).collect();
        producer.append(large.clone(), Route::ByKey).await.unwrap();
        acknowledged.extend(large);
        assert_eq!(producer.facts().counts.failed_calls, 0);
        let mut found: Vec<(Bytes, Bytes)> = Vec::new();
        while found.len() < acknowledged.len() {
            let receive = client.receive_message().queue_url(&url).max_number_of_messages(10);
            let messages =
                receive.message_attribute_names("kinesisKey").send().await.unwrap().messages.unwrap();
            for message in messages {
                let key = message.message_attributes.unwrap()["kinesisKey"].string_value.clone().unwrap();
                found.push((key.into(), STANDARD.decode(message.body.unwrap()).unwrap().into()));
            }
        }
        // A queue of this kind keeps no order.
        found.sort();
        acknowledged.sort_by(|a, b| a.data.cmp(&b.data));
        expect(&acknowledged, &found, false);
    })
    .await;
}
