//! The lake loader's share of an event: lines into gzip objects, beside the codec alone over the same bytes.
//!
//! `cargo bench --bench lake -- backlog 1024` loads a backlog of so many megabytes instead, and says what that took; with
//! `parquet` behind it as Parquet files, with `postgres` by the Postgres loader.

mod backlog;
#[path = "../../tests/support/postgres.rs"]
#[allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "shared with the stories")]
mod postgres;
#[path = "../../tests/support/wait.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the stories")]
mod wait;

use std::{hint::black_box, io::Write as _};

use criterion::{Criterion, Throughput, criterion_group};
use loaders::lake::{
    buffer::Buffer,
    config::{LakeConfig, Purpose},
};
use stream::record::Position;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EVENTS: u64 = 1000;

/// Lines of about a kilobyte that compress as enriched events do: most of a line is like the one before.
fn lines() -> Vec<String> {
    let line = |n: u64| {
        let id = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        format!(
            "shop\tweb\t2026-01-02 03:04:05.{:03}\t2026-01-02 03:04:04.{:03}\t\tpage_view\t{id:016x}-{n:08x}\t\tsp1\tjs-3.24.0\t\
             ssc\tpiste\t\t203.0.113.7\t\t{id:032x}\t{}\t{}\thttps://www.example.com/shop/{}\tThe best hats in town\t\
             https://www.google.com/{}\t{}",
            n % 1000,
            n * 7 % 1000,
            n % 50,
            "\t".repeat(20),
            id % 97,
            "\t".repeat(80),
            r#"{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0","data":[{"schema":"iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0","data":{"id":"b5f2a3c4-0d1e-4f60-8a7b-9c0d1e2f3a4b"}}]}"#,
        )
    };
    (0..EVENTS).map(line).collect()
}

fn row(n: u64) -> String {
    let kind = if n.is_multiple_of(3) { "schema_violations" } else { "adapter_failures" };
    format!(
        r#"{{"schema":"iglu:com.snowplowanalytics.snowplow.badrows/{kind}/jsonschema/2-0-0","data":{{"processor":{{"artifact":"piste","version":"0.1.0"}},"payload":"{}"}}}}"#,
        n.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    )
}

fn gather(config: &LakeConfig, lines: &[String]) -> usize {
    let mut buffer = Buffer::new(config.purpose, config.template.clone());
    for (index, line) in lines.iter().enumerate() {
        buffer.push(Position::from(index as u64 + 1), line.as_bytes());
    }
    buffer.finish().objects.iter().map(|object| object.packed.bytes.len()).sum()
}

fn lake(c: &mut Criterion) {
    let lines = lines();
    let rows: Vec<String> = (0..EVENTS).map(row).collect();
    let mut group = c.benchmark_group("lake");
    group.throughput(Throughput::Elements(EVENTS));
    let enriched = LakeConfig::new(Purpose::EnrichedEvents);
    group.bench_function("enriched", |b| b.iter(|| black_box(gather(&enriched, &lines))));
    let bad = LakeConfig::new(Purpose::SelfDescribing);
    group.bench_function("self-describing", |b| b.iter(|| black_box(gather(&bad, &rows))));
    let joined = lines.join("\n");
    group.bench_function("codec alone", |b| {
        b.iter(|| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
            encoder.write_all(joined.as_bytes()).expect("memory");
            black_box(encoder.finish().expect("memory").len())
        });
    });
    group.finish();
}

criterion_group!(benches, lake);
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if !backlog::main(&arguments, &lines()) {
        benches();
        Criterion::default().configure_from_args().final_summary();
    }
}
