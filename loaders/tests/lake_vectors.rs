//! The table of conformance of the S3 loader (`spec/loaders-and-leases.md` 1.13): a configuration file, records, and what
//! they become. S10, a kill between a put and its checkpoint, is told by the stories.

use std::io::{Read, Write};

use event::payload::frame::{Compression, FrameWriter};
use flate2::{read::GzDecoder, write::GzEncoder};
use loaders::{
    lake::{
        buffer::Buffer,
        config::Purpose,
        location::Location,
        plan::{Plan, plan, sample},
        settings::S3LoaderConfig,
    },
    parquet::schemas::Schemas,
};
use serde_json::Value;
use service::config::{Sources, examine};
use stream::record::Position;

/// What a configuration and records become.
enum Expect {
    /// The configuration is refused with these words.
    Refused(&'static str),
    /// Names of objects below the bucket and how many records each has; kinds and words of bad rows.
    Written(&'static [(&'static str, u64)], &'static [(&'static str, &'static str)]),
}

use Expect::{Refused, Written};

fn apache(purpose: &str, more: &str) -> String {
    format!("purpose = {purpose}, input.streamName = s\noutput.s3 {{ path = \"s3://b/p\", {more} }}")
}

fn current(purpose: &str, more: &str) -> String {
    format!(
        "purpose = {purpose}, input.streamName = s, decompression.maxBytesSinglePayload = 100\n\
         output {{ good {{ path = \"s3://b/p\", {more} }}, bad.streamName = bad }}"
    )
}

fn row(name: &str, version: &str) -> Vec<u8> {
    format!(r#"{{"schema":"iglu:com.acme/{name}/jsonschema/{version}","data":{{}}}}"#).into_bytes()
}

/// A compressed record; the payload behind the others breaks off.
fn compressed(compression: Compression, payloads: &[Vec<u8>], is_whole: bool) -> Vec<u8> {
    if is_whole {
        let mut writer = FrameWriter::new(compression, 6).expect("memory");
        writer.open(100_000).expect("memory");
        for payload in payloads {
            assert!(writer.push(payload).expect("memory"));
        }
        return writer.finish().expect("memory");
    }
    let mut gzip = GzEncoder::new(vec![], flate2::Compression::default());
    gzip.write_all(&[1, 1]).expect("memory");
    for payload in payloads {
        gzip.write_all(&(payload.len() as u32).to_be_bytes()).expect("memory");
        gzip.write_all(payload).expect("memory");
    }
    gzip.write_all(b"\0\0\0\x0abroken").expect("memory");
    gzip.finish().expect("memory")
}

fn of_versions(versions: [u8; 2]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(vec![], flate2::Compression::default());
    gzip.write_all(&versions).expect("memory");
    gzip.finish().expect("memory")
}

#[test]
fn vectors() {
    let lines = |n: usize| vec![b"a line".to_vec(); n];
    let large = br#"{"schema":"x"}"#.repeat(10);
    let three = vec![row("ev", "1-0-0"), large, row("ev", "1-0-0")];
    let two = vec![row("ev", "1-0-0"); 2];
    let table: Vec<(&str, String, Vec<Vec<u8>>, Expect)> = vec![
        (
            "S1",
            apache("ENRICHED_EVENTS", "filenamePrefix = pre"),
            lines(2),
            Written(&[("p/pre-2021-11-18-230559-1-2.gz", 2)], &[]),
        ),
        (
            "S2",
            apache(
                "SELF_DESCRIBING",
                r#"partitionFormat = "{vendor}.{name}/model={model}/date={yy}-{mm}-{dd}""#,
            ),
            vec![row("ev", "2-0-1")],
            Written(&[("p/com.acme.ev/model=2/date=2021-11-18/2021-11-18-230559-1-1.gz", 1)], &[]),
        ),
        (
            "S3",
            apache("ENRICHED_EVENTS", r#"partitionFormat = "%Y-%M-%d""#),
            lines(1),
            Written(&[("p/%Y-%M-%d/2021-11-18-230559-1-1.gz", 1)], &[]),
        ),
        (
            "S4",
            current("ENRICHED_EVENTS", r#"partitionFormat = "{vendor}""#),
            vec![],
            Refused(
                "`output.good.partitionFormat`: Enriched events can only get partitioned by date and time",
            ),
        ),
        (
            "S5",
            current("SELF_DESCRIBING", "filenamePrefix = pre"),
            vec![row("ev", "1-0-0"), row("ev", "1-0-1"), row("ew", "1-0-0"), row("ev", "1-0-0")],
            Written(
                &[
                    ("p/com.acme.ev/pre2021-11-18-230559-1-4-1-0-0.gz", 2),
                    ("p/com.acme.ev/pre2021-11-18-230559-1-4-1-0-1.gz", 1),
                    ("p/com.acme.ew/pre2021-11-18-230559-1-4-1-0-0.gz", 1),
                ],
                &[],
            ),
        ),
        (
            "S6",
            current("ENRICHED_EVENTS", r#"partitionFormat = "{yyyy}/{MM}/{dd}/{HH}/{mm}/{ss}""#),
            lines(1),
            Written(&[("p/2021/11/18/23/05/59/2021-11-18-230559-1-1.gz", 1)], &[]),
        ),
        (
            "S7",
            current("SELF_DESCRIBING", ""),
            vec![compressed(Compression::Zstd, &three, true)],
            Written(
                &[("p/com.acme.ev/2021-11-18-230559-1-1-1-0-0.gz", 2)],
                &[(
                    "size_violation",
                    "Payload will exceed maximum allowed size of 100 after zstd decompression",
                )],
            ),
        ),
        (
            "S8",
            current("SELF_DESCRIBING", ""),
            vec![compressed(Compression::Gzip, &two, false)],
            Written(
                &[("p/com.acme.ev/2021-11-18-230559-1-1-1-0-0.gz", 2)],
                &[("loader_parsing_error", "corrupt gzip-compressed payload")],
            ),
        ),
        (
            "unknown versions",
            current("ENRICHED_EVENTS", ""),
            vec![of_versions([2, 7]), b"a line".to_vec()],
            Written(
                &[("p/2021-11-18-230559-1-2.gz", 1)],
                &[("loader_parsing_error", "unsupported versions in gzip-compressed record header: 2, 7")],
            ),
        ),
        (
            "what is not self-describing, 2.x",
            apache("SELF_DESCRIBING", r#"partitionFormat = "{vendor}.{schema}/{format}/{model}""#),
            vec![b"no JSON".to_vec(), row("ev", "1-0-1"), row("ev", "1-0-0")],
            Written(
                &[
                    ("p/unknown.unknown/unknown/-1/2021-11-18-230559-1-3.gz", 1),
                    ("p/com.acme.ev/jsonschema/1/2021-11-18-230559-1-3.gz", 2),
                ],
                &[],
            ),
        ),
        (
            "what is not self-describing, 3.x",
            current("SELF_DESCRIBING", ""),
            vec![b"[".to_vec(), br#"{"schema":"iglu:a","data":{}}"#.to_vec(), br#"{"a":1}"#.to_vec()],
            Written(
                &[],
                &[
                    ("generic_error", "Can't parse JSON holding self-describing event: "),
                    ("generic_error", "Can't extract schema from self-describing event: INVALID_IGLUURI"),
                    (
                        "generic_error",
                        "Can't extract schema from self-describing event: INVALID_DATA_PAYLOAD",
                    ),
                ],
            ),
        ),
        (
            "columns",
            current("ENRICHED_EVENTS", "fileFormat = PARQUET"),
            vec![sample(Purpose::EnrichedEvents), b"no event".to_vec()],
            Written(
                &[("p/load_date=2021-11-18/event_name=page_view/2021-11-18-230559-1-2.parquet", 1)],
                &[("loader_parsing_error", "NotTSV")],
            ),
        ),
        (
            "S9",
            apache("RAW", "compression = LZO"),
            lines(250),
            Written(
                &[("p/2021-11-18-230559-1-250.lzo", 250), ("p/2021-11-18-230559-1-250.lzo.index", 0)],
                &[],
            ),
        ),
    ];
    for (id, text, records, expect) in table {
        check(id, &text, &records, &expect);
    }
}

fn check(id: &str, text: &str, records: &[Vec<u8>], expect: &Expect) {
    let found = examine::<S3LoaderConfig>(&Sources::of_text("s3.hocon", text), Some("snowplow"));
    let said: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
    let Written(objects, bad_rows) = expect else {
        let Refused(words) = expect else { unreachable!("there are two kinds") };
        assert!(said.iter().any(|said| said.contains(words)), "{id}: {said:?}");
        return;
    };
    let config = found.config.filter(|_| said.is_empty()).unwrap_or_else(|| panic!("{id}: {said:?}"));
    let Ok(Location::Bucket { folder, .. }) = Location::parse(config.path()) else {
        panic!("{id}: a bucket")
    };
    let lake = config.lake().expect("valid");
    let stamp = "2021-11-18T23:05:59Z".parse().expect("a time stamp");
    let Plan { objects: planned, bad_rows: rows } = plan(&lake, records, &Schemas::default(), stamp);
    let planned: Vec<(String, u64)> =
        planned.into_iter().map(|(key, records)| (format!("{folder}/{key}"), records)).collect();
    let expected: Vec<(String, u64)> =
        objects.iter().map(|(key, records)| ((*key).to_owned(), *records)).collect();
    assert_eq!(planned, expected, "{id}");
    assert_eq!(rows.len(), bad_rows.len(), "{id}: {rows:?}");
    for (row, (kind, words)) in rows.iter().zip(*bad_rows) {
        let row: Value = serde_json::from_str(row).expect("JSON");
        let schema = row["schema"].as_str().expect("a schema");
        assert!(schema.contains(&format!("/{kind}/")), "{id}: {row}");
        assert!(row["data"]["failure"].to_string().contains(words), "{id}: {row}");
    }
    if id == "columns" {
        return;
    }
    // The same records lie in the files.
    let mut buffer = Buffer::new(lake.purpose, lake.template.clone()).rejecting(lake.rejects);
    for (number, record) in (1_u64..).zip(records) {
        buffer.push(Position::from(number), record);
    }
    for (object, (key, records)) in buffer.finish().objects.iter().zip(*objects) {
        let mut lines = String::new();
        GzDecoder::new(&object.packed.bytes[..]).read_to_string(&mut lines).expect("gzip");
        assert_eq!(lines.lines().count() as u64, *records, "{id}: {key}");
        assert!(lines.ends_with('\n'), "{id}: {key}");
    }
}
