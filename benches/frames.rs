//! Compressed records: bytes and CPU time per payload, by kind, level and payloads a record.
//!
//! `cargo bench --bench frames`. The payloads are requests of one page view each, from many visitors of one site. CPU time
//! is the thread's own, so that it means something on a busy machine too.

use std::{fmt::Write as _, fs, process::ExitCode};

use collector::compression::framer::{Framer, Targets};
use event::payload::{CollectorPayload, SCHEMA, frame::Compression};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PAYLOADS: usize = 20_000;
const MAX_BYTES: usize = 1_000_000;

const WAYS: [(&str, Compression, i32); 7] = [
    ("zstd 1", Compression::Zstd, 1),
    ("zstd 3", Compression::Zstd, 3),
    ("zstd 9", Compression::Zstd, 9),
    ("zstd 15", Compression::Zstd, 15),
    ("gzip 1", Compression::Gzip, 1),
    ("gzip 6", Compression::Gzip, 6),
    ("gzip 9", Compression::Gzip, 9),
];

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:132.0) Gecko/20100101 Firefox/132.0",
];
const PAGES: [&str; 6] =
    ["", "hats", "hats/red-felt-hat", "coats?utm_source=news&utm_medium=email", "cart", "checkout/address"];

/// Numbers that look random and are the same every time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn id(&mut self) -> Uuid {
        Uuid::from_u64_pair(self.next(), self.next())
    }
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let payloads = payloads();
    let plain = payloads.iter().map(Vec::len).sum::<usize>() / payloads.len();
    let mut table = format!("{PAYLOADS} payloads of {plain} bytes on average\n");
    let _ =
        writeln!(table, "{:8} {:>10} {:>12} {:>12} {:>8}", "", "a record", "bytes each", "us each", "ratio");
    for (name, compression, level) in WAYS {
        for a_record in [1, 10, 100, usize::MAX] {
            let (records, bytes, us) = measure(&payloads, compression, level, a_record);
            let each = bytes as f64 / PAYLOADS as f64;
            let (held, ratio) = (PAYLOADS / records, plain as f64 / each);
            let _ = writeln!(table, "{name:8} {held:>10} {each:>12.0} {us:>12.1} {ratio:>8.1}");
        }
    }
    print(&table);
    ExitCode::SUCCESS
}

#[expect(clippy::print_stdout, reason = "the table is what a bench is for")]
fn print(table: &str) {
    println!("{table}");
}

/// Records, their bytes, and microseconds of CPU a payload.
fn measure(
    payloads: &[Vec<u8>],
    compression: Compression,
    level: i32,
    a_record: usize,
) -> (usize, usize, f64) {
    let mut framer = Framer::new(compression, level).expect("a compressor");
    let targets = Targets { current: MAX_BYTES, largest: MAX_BYTES };
    let (mut frames, mut records, mut bytes) = (Vec::new(), 0, 0);
    let begun = on_cpu();
    for payload in payloads {
        let too_large = framer.add(payload, (), targets, &mut frames).expect("memory");
        assert!(too_large.is_none());
        if framer.payloads() == a_record {
            frames.extend(framer.close().expect("memory"));
        }
        for frame in frames.drain(..) {
            records += 1;
            bytes += frame.record.len();
        }
    }
    if let Some(frame) = framer.close().expect("memory") {
        records += 1;
        bytes += frame.record.len();
    }
    (records, bytes, (on_cpu() - begun) / payloads.len() as f64)
}

/// Microseconds that this thread has run.
fn on_cpu() -> f64 {
    let said = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    said.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).expect("nanoseconds") / 1e3
}

fn payloads() -> Vec<Vec<u8>> {
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    let visitors: Vec<_> =
        (0..500).map(|_| (noise.id(), noise.id(), noise.below(AGENTS.len()), noise.next() as u32)).collect();
    (0..PAYLOADS)
        .map(|n| {
            let (duid, nuid, agent, address) = visitors[noise.below(visitors.len())];
            let (agent, page) = (AGENTS[agent], PAGES[noise.below(PAGES.len())]);
            let [a, b, c, d] = address.to_be_bytes();
            let ip = format!("{a}.{b}.{c}.{d}");
            let url = format!("https://www.example.com/shop/{page}");
            let at = 1_704_067_190_000 + n as i64 * 7;
            let (eid, view) = (noise.id(), noise.id());
            let contexts = format!(
                r#"{{\"schema\":\"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0\",\"data\":[{{\"schema\":\"iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0\",\"data\":{{\"id\":\"{view}\"}}}}]}}"#
            );
            let body = format!(
                r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[{{"e":"pv","url":"{url}","page":"Shop - the best hats in town","refr":"https://www.google.com/","tv":"js-3.24.0","tna":"sp1","aid":"shop","p":"web","cookie":"1","cs":"UTF-8","lang":"en-GB","res":"1920x1080","cd":"24","tz":"Europe/Berlin","dtm":"{at}","vp":"1280x720","ds":"1263x{}","vid":"{}","sid":"{}","duid":"{duid}","eid":"{eid}","stm":"{}","co":"{contexts}"}}]}}"#,
                1000 + noise.below(3000),
                1 + noise.below(9),
                noise.id(),
                at + 250,
            );
            let headers = [
                "Host: collector.example.com".to_owned(),
                format!("User-Agent: {agent}"),
                "Accept: */*".into(),
                "Accept-Language: en-GB,en;q=0.5".into(),
                "Accept-Encoding: gzip, deflate, br, zstd".into(),
                format!("Referer: {url}"),
                "Origin: https://www.example.com".into(),
                format!("Cookie: sp={nuid}"),
                format!("X-Forwarded-For: {ip}"),
                format!("Content-Length: {}", body.len()),
                "Content-Type: application/json; charset=UTF-8".into(),
                "application/json".into(),
            ];
            let payload = CollectorPayload {
                schema: SCHEMA.into(),
                ip_address: Some(ip),
                timestamp: at + 300,
                encoding: Some("UTF-8".into()),
                collector: Some("ssc-0.1.0-logsink".into()),
                user_agent: Some(agent.into()),
                referer_uri: Some(url),
                path: Some("/com.snowplowanalytics.snowplow/tp2".into()),
                querystring: Some(String::new()),
                body: Some(body.into()),
                headers: Some(headers.to_vec()),
                content_type: Some("application/json".into()),
                hostname: None,
                network_userid: Some(nuid.to_string()),
            };
            let mut bytes = Vec::new();
            payload.encode(&mut bytes);
            bytes
        })
        .collect()
}
