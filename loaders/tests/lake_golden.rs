//! Recorded cases of the S3 loader 2.2.9: names, partitions, bytes, limits. Where piste differs on purpose, a table
//! here says how and why.

use std::{io::Read, str::FromStr};

use jiff::Timestamp;
use loaders::lake::{
    buffer::{Buffer, Limits},
    config::{LakeConfig, Purpose},
    format::FileFormat,
    gzip::GzipLines,
    key::BatchName,
    location::Location,
    raw_block::RawBlocks,
    template::Template,
};
use serde_json::Value;
use stream::record::{Position, SequenceNumber, ShardId};

fn cases(file: &str) -> Vec<Value> {
    let path = format!("{}/tests/golden/s3/{file}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the golden file is there");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn text<'a>(case: &'a Value, key: &str) -> Option<&'a str> {
    case[key].as_str()
}

fn purpose(case: &Value) -> Purpose {
    match text(case, "purpose") {
        Some("RAW") => Purpose::Raw,
        Some("ENRICHED_EVENTS") => Purpose::EnrichedEvents,
        Some("SELF_DESCRIBING") => Purpose::SelfDescribing,
        other => panic!("purpose {other:?}"),
    }
}

fn stamp(case: &Value) -> Timestamp {
    format!("{}Z", text(case, "now").expect("now")).parse().expect("a time stamp")
}

fn position(text: &str) -> Option<Position> {
    Some(Position { sequence: SequenceNumber::from_str(text).ok()?, sub_sequence: 0 })
}

fn template(case: &Value) -> Result<Template, String> {
    match text(case, "partitionFormat") {
        Some(format) => Template::parse(format).map_err(|e| e.to_string()),
        None => Ok(LakeConfig::new(purpose(case)).template),
    }
}

/// What piste does otherwise, on purpose: `Err` with a part of the refusal at start, or its own folder.
const DIFFERENT: &[(&str, Result<&str, &str>)] = &[
    // A path without a scheme is a local folder.
    ("key-003", Err("a local folder")),
    // Slashes at the beginning and in a row vanish.
    ("key-005", Ok("a/b/")),
    ("key-006", Err("`..` segment")),
    // The original takes the scheme for a bucket.
    ("key-007", Ok("dir/")),
    ("key-008", Err("unknown scheme `https`")),
    // Braces are expanded in the partition format only.
    ("key-010", Err("braces")),
    ("key-013", Err("filename prefix")),
    ("key-015", Err("filename prefix")),
    // What the original drops braces from, or expands into something that is no date.
    ("key-030", Err("means nothing")),
    ("key-052", Err("means nothing")),
    ("key-053", Err("means nothing")),
    ("key-056", Err("means nothing")),
    ("key-059", Err("means nothing")),
    ("key-062", Err("means nothing")),
    ("key-064", Err("means nothing")),
    ("key-066", Err("means nothing")),
    ("key-067", Err("means nothing")),
    ("key-068", Err("means nothing")),
    ("key-071", Err("without its")),
    ("key-072", Err("without its")),
    ("key-073", Err("without its")),
    ("key-075", Err("without its")),
    ("key-076", Err("means nothing")),
    ("key-089", Err("means nothing")),
    ("key-090", Err("means nothing")),
    // The original takes the hour and day of the put; here all parts of a name come from one time.
    ("key-093", Ok("dir/sub/2024-12-31/31/")),
    // No schema keys: a value never changes a path.
    ("key-098", Ok("dir/sub/unknown.unknown/")),
    ("key-099", Ok("dir/sub/unknown.unknown/")),
    ("key-100", Ok("dir/sub/unknown.unknown/")),
    // Sequence numbers are numbers.
    ("key-103", Err("no sequence number")),
];

fn key(case: &Value) -> Result<String, String> {
    let template = template(case)?;
    let mut config = LakeConfig::new(purpose(case));
    if let Some(prefix) = text(case, "filenamePrefix") {
        config = config.with_file_prefix(prefix, "-").map_err(|e| e.to_string())?;
    }
    let folder = match Location::parse(text(case, "path").expect("path")).map_err(|e| e.to_string())? {
        Location::Bucket { folder, .. } => folder,
        Location::Folder(_) => return Err("a local folder".into()),
    };
    let end = |key: &str| text(case, key).and_then(position).ok_or("no sequence number");
    let name = BatchName {
        template: &template,
        file_prefix: config.file_prefix.as_deref(),
        ending: ".gz",
        stamp: stamp(case),
        first: end("firstSeq")?,
        last: end("lastSeq")?,
        shard: &ShardId::numbered(3),
    };
    let sdj = &case["sdj"];
    let record = format!(
        r#"{{"schema":{},"data":{{}}}}"#,
        Value::from(format!(
            "iglu:{}/{}/{}/{}-0-0",
            sdj["vendor"].as_str().unwrap_or_default(),
            sdj["name"].as_str().unwrap_or_default(),
            sdj["format"].as_str().unwrap_or_default(),
            sdj["model"],
        ))
    );
    let mut buffer = Buffer::new(config.purpose, template.clone());
    buffer.push(name.first, record.as_bytes());
    let object = buffer.finish().objects.remove(0);
    let slash = if folder.is_empty() { "" } else { "/" };
    Ok(format!("{folder}{slash}{}", name.key(&object.schema)))
}

#[test]
fn names_are_those_of_the_original() {
    for case in cases("key") {
        let id = text(&case, "id").expect("id");
        let different = DIFFERENT.iter().find(|(known, _)| *known == id).map(|(_, what)| *what);
        let (ours, theirs) = (key(&case), text(&case["expect"], "key"));
        let why = &case["why"];
        match (different, &ours) {
            (None, Ok(ours)) => assert_eq!(Some(ours.as_str()), theirs, "{id} {why}"),
            (Some(Err(part)), Err(error)) => assert!(error.contains(part), "{id} {why}: {error}"),
            (Some(Ok(folder)), Ok(ours)) => {
                let file = ours.strip_prefix(folder).unwrap_or_else(|| panic!("{id} {why}: {ours}"));
                assert!(!file.contains('/') && Some(ours.as_str()) != theirs, "{id} {why}: {ours}");
            }
            _ => panic!("{id} {why}: {ours:?}, recorded {theirs:?}"),
        }
    }
}

#[test]
fn partitions_hold_the_records_of_the_original() {
    for case in cases("partition") {
        let purpose = purpose(&case);
        let template = template(&case).expect("a pattern");
        let mut buffer = Buffer::new(purpose, template.clone());
        let records: Vec<Vec<u8>> = case["records"]
            .as_array()
            .expect("records")
            .iter()
            .map(|r| base64(r.as_str().expect("text")))
            .collect();
        for (index, record) in records.iter().enumerate() {
            buffer.push(Position::from(index as u64), record);
        }
        let closed = buffer.finish();
        let meta = &case["expect"]["meta"];
        let earliest = text(meta, "earliestTstamp").map(|time| time.parse::<Timestamp>().expect("a time"));
        assert_eq!(closed.collected, earliest, "{}", case["id"]);
        let mut ours: Vec<(String, u64, Vec<u8>)> = closed
            .objects
            .into_iter()
            .map(|object| {
                (template.expand(&object.schema, stamp(&case)), object.records, gunzip(&object.packed.bytes))
            })
            .collect();
        ours.sort();
        let mut theirs: std::collections::BTreeMap<String, (u64, Vec<u8>)> =
            std::collections::BTreeMap::new();
        for group in case["expect"]["groups"].as_array().expect("groups") {
            let key = group["object"]["key"].as_str().expect("key");
            let folder =
                key.strip_prefix("dir/").expect("below the path").rsplit_once('/').map_or("", |(f, _)| f);
            let (count, lines) = theirs.entry(folder.to_owned()).or_default();
            for index in group["records"].as_array().expect("records") {
                *count += 1;
                lines.extend_from_slice(&records[index.as_u64().expect("an index") as usize]);
                lines.push(b'\n');
            }
        }
        let theirs: Vec<(String, u64, Vec<u8>)> = theirs.into_iter().map(|(f, (c, l))| (f, c, l)).collect();
        assert!(ours == theirs, "{} {}", case["id"], case["why"]);
    }
}

#[test]
fn files_hold_the_bytes_of_the_original() {
    for case in cases("gzip") {
        let mut lines = GzipLines::default();
        for record in case["records"].as_array().expect("records") {
            lines.push(&base64(record.as_str().expect("text")));
        }
        let ours = lines.finish();
        let theirs = base64(case["expect"]["files"][0]["bytes"].as_str().expect("bytes"));
        assert_eq!(ours[..10], theirs[..10], "{}: header", case["id"]);
        assert_eq!(gunzip(&ours), gunzip(&theirs), "{}", case["id"]);
    }
}

#[test]
fn blocks_of_records_are_those_of_the_original() {
    for case in cases("rawblock") {
        let (mut blocks, mut ours) = (RawBlocks::default(), Vec::new());
        for record in case["records"].as_array().expect("records") {
            blocks.push(&base64(record.as_str().expect("text")), &mut ours);
        }
        blocks.close(&mut ours);
        assert!(ours == base64(text(&case["expect"], "bytes").expect("bytes")), "{}", case["id"]);
    }
}

/// The original makes bad rows of what its serializer throws at. Here nothing throws: the same records are written.
#[test]
fn what_the_original_cannot_serialize_is_written() {
    for case in cases("bad") {
        assert!(text(&case["expect"], "schema").expect("a schema").contains("/generic_error/"));
        let record = base64(case["records"][0].as_str().expect("text"));
        for format in [FileFormat::Gzip, FileFormat::Lzo] {
            let mut buffer = Buffer::new(Purpose::Raw, Template::default()).in_format(format);
            buffer.push(Position::from(1), &record);
            let closed = buffer.finish();
            assert_eq!((closed.objects.len(), closed.rejected.len()), (1, 0), "{}", case["id"]);
        }
    }
}

#[test]
fn limits_are_reached_where_the_original_reaches_them() {
    for case in cases("buffer") {
        let limit = |key: &str| case[key].as_u64().expect("a limit");
        let limits = Limits { records: limit("recordLimit"), bytes: limit("byteLimit"), ..Limits::NONE };
        let empty = || Buffer::new(Purpose::EnrichedEvents, Template::default());
        let mut buffer = empty();
        for (index, step) in case["expect"]["steps"].as_array().expect("steps").iter().enumerate() {
            let size = case["sizes"][index].as_u64().expect("a size") as usize;
            buffer.push(Position::from(1000 + index as u64), &vec![b'x'; size]);
            let (first, last) = buffer.span().expect("not empty");
            let found = (first.sequence.to_string(), last.sequence.to_string(), buffer.records());
            let expect = (text(step, "first"), text(step, "last"), step["count"].as_u64());
            assert_eq!(
                (Some(found.0.as_str()), Some(found.1.as_str()), Some(found.2)),
                expect,
                "{}",
                case["id"]
            );
            assert_eq!(Some(buffer.is_full(limits)), step["shouldFlush"].as_bool(), "{} {index}", case["id"]);
            if buffer.is_full(limits) {
                buffer = empty();
            }
        }
    }
}

#[test]
fn large_batches_are_one_member_with_all_lines() {
    let mut lines = GzipLines::default();
    let mut expect = Vec::new();
    for n in 0..40_000_u64 {
        let line = format!("{} {n}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        lines.push(line.as_bytes());
        expect.extend_from_slice(line.as_bytes());
        expect.push(b'\n');
    }
    assert_eq!(gunzip(&lines.finish()), expect);
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).expect("one gzip member");
    out
}

/// Standard base64, as the golden files have it.
fn base64(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut out) = (0_u32, 0, Vec::new());
    for byte in text.bytes().filter(|b| *b != b'=') {
        let value = alphabet.iter().position(|a| *a == byte).expect("base64");
        bits = bits << 6 | u32::try_from(value).expect("six bits");
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    out
}
