//! Services of Amazon Web Services as moto plays them.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    clients::tool,
    http::{self, Answer},
};

/// The server; it ends with this.
#[derive(Debug)]
pub struct Moto {
    server: Child,
    /// Its URL.
    pub endpoint: String,
    address: SocketAddr,
}

impl Moto {
    /// Starts it on a free port.
    pub fn start() -> Self {
        let mut server = Command::new(tool("python/bin/python"))
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("python runs");
        // It says where it listens, then a line for each request: those are read, so that it is never held up.
        let stderr = server.stderr.take().expect("stderr is piped");
        let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
        let endpoint = lines.find_map(|line| Some(line.split_once("Running on ")?.1.trim().to_owned()));
        std::thread::spawn(move || lines.for_each(drop));
        let endpoint = endpoint.expect("moto has ended: `./test tools` installs it");
        let address = endpoint.trim_start_matches("http://").parse().expect("a URL of an address");
        Self { server, endpoint, address }
    }

    /// Calls an operation, named as `Service.Operation`, and returns its answer.
    pub fn call(&self, operation: &str, body: &Value) -> Value {
        let (service, version) = match operation.split('.').next() {
            Some("AmazonSQS") => ("sqs", "1.0"),
            Some("GraniteServiceVersion20100801") => ("monitoring", "1.0"),
            Some("AmazonEC2ContainerServiceV20141113") => ("ecs", "1.1"),
            _ => ("kinesis", "1.1"),
        };
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=key/20260101/eu-central-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let headers = [
            ("X-Amz-Target", operation),
            ("Content-Type", &format!("application/x-amz-json-{version}")),
            ("Authorization", &authorization),
        ];
        let answer = http::once(self.address, "POST", "/", &headers, body.to_string().as_bytes()).unwrap();
        assert_eq!(answer.status, 200, "{operation}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
    }

    /// Calls S3; the target begins with the bucket.
    pub fn s3(&self, method: &str, target: &str, body: &[u8]) -> Vec<u8> {
        self.s3_answer(method, target, body).body
    }

    /// The type of what an object holds.
    pub fn content_type(&self, bucket: &str, key: &str) -> Option<String> {
        let answer = self.s3_answer("GET", &format!("/{bucket}/{key}"), b"");
        answer.header("content-type").map(str::to_owned)
    }

    fn s3_answer(&self, method: &str, target: &str, body: &[u8]) -> Answer {
        let credential = "Credential=key/20260101/us-east-1/s3/aws4_request";
        let authorization = format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0");
        let headers = [("Authorization", authorization.as_str())];
        let answer = http::once(self.address, method, target, &headers, body).unwrap();
        assert_eq!(answer.status, 200, "{method} {target}: {}", answer.text());
        answer
    }

    /// Keys of all objects of a bucket of S3, of which there may be a thousand.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        let listed = String::from_utf8(self.s3("GET", &format!("/{bucket}?list-type=2"), b"")).unwrap();
        assert!(!listed.contains("<IsTruncated>true"), "more than one page of objects");
        let keys = listed.split("<Key>").skip(1).filter_map(|rest| Some(rest.split_once("</Key>")?.0));
        keys.map(str::to_owned).collect()
    }

    /// Keys and contents of these objects.
    pub fn objects(&self, bucket: &str) -> Vec<(String, Vec<u8>)> {
        let content = |key: String| {
            let content = self.s3("GET", &format!("/{bucket}/{key}"), b"");
            (key, content)
        };
        self.keys(bucket).into_iter().map(content).collect()
    }

    /// The data of all records of a stream with one shard.
    pub fn records(&self, stream: &str) -> Vec<Vec<u8>> {
        let from = json!({
            "StreamName": stream, "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON",
        });
        let iterator = self.call("Kinesis_20131202.GetShardIterator", &from)["ShardIterator"].clone();
        let answer = self.call("Kinesis_20131202.GetRecords", &json!({ "ShardIterator": iterator }));
        let records = answer["Records"].as_array().expect("a list of records").iter();
        records.map(|record| STANDARD.decode(record["Data"].as_str().unwrap()).unwrap()).collect()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
