//! `piste enrich --offline`: an archive of payloads enriched again, whatever way it is read.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use event::{atomic::Field, enriched::EnrichedEvent};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::clients;

/// A folder with a registry, configurations and input.
struct Place(TempDir);

struct Ended {
    code: Option<i32>,
    lines: Vec<String>,
    said: String,
}

/// Enrichments of recorded cases that need no file and are here.
const CONFIGURED: [&str; 6] = [
    "anon_ip",
    "campaign_attribution",
    "cookie_extractor_config",
    "http_header_extractor_config",
    "event_fingerprint_config",
    "pii_enrichment_config",
];

impl Place {
    fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("enrich/tests/golden");
        let resolver = json!({
            "schema": "iglu:com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-1",
            "data": {"cacheSize": 100, "repositories": [
                {"name": "ours", "priority": 0, "vendorPrefixes": [], "connection": {"embedded": {"path": recorded}}},
            ]},
        });
        place.write("resolver.json", resolver.to_string().as_bytes());
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    fn enrich(&self, arguments: &[&str], stdin: &[u8]) -> Ended {
        let resolver = self.path("resolver.json").display().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_piste"));
        command.args(["enrich", "--now", "1704067200123", "--seed", "7", "--iglu-config", &resolver]);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (mut to, input) = (child.stdin.take().unwrap(), stdin.to_vec());
        // Who reads a file closes the pipe.
        let writer = std::thread::spawn(move || drop(to.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "whole lines");
        Ended {
            code: output.status.code(),
            lines: text.split_terminator('\n').map(str::to_owned).collect(),
            said: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// All recorded payloads of all groups; a case keeps its enrichments where they need nothing else.
fn archive() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("enrich/tests/golden");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    assert!(files.len() >= 10);
    let mut archive = String::new();
    for line in files
        .iter()
        .flat_map(|file| fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
    {
        let case = event::json::parse_folded(&line).unwrap();
        let name = |config: &Value| config["schema"].as_str().unwrap().split('/').nth(1).unwrap().to_owned();
        let is_here = |config: &Value| CONFIGURED.contains(&name(config).as_str());
        let enrichments = case["enrichments"].as_array().unwrap();
        let payload = case["payload_b64"].as_str().unwrap();
        match enrichments.iter().all(is_here) && !enrichments.is_empty() {
            true => {
                archive.push_str(&json!({"payload_b64": payload, "enrichments": enrichments}).to_string())
            }
            false => archive.push_str(payload),
        }
        archive.push('\n');
    }
    archive
}

fn gzipped(text: &str) -> Vec<u8> {
    // Two members: archives are put together of parts.
    let (first, second) = text.split_at(text[..text.len() / 2].rfind('\n').unwrap() + 1);
    let member = |part: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(part.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    [member(first), member(second)].concat()
}

/// The lines of a kind among the outcomes.
fn of_kind(lines: &[String], kind: &str) -> Vec<String> {
    let outcomes = lines.iter().flat_map(|line| {
        let line = event::json::parse_folded(line).unwrap();
        line["outcomes"].as_array().unwrap().clone()
    });
    outcomes.filter_map(|outcome| Some(outcome.get(kind)?.as_str()?.to_owned())).collect()
}

#[test]
fn however_it_is_read_the_bytes_are_the_same() {
    let place = Place::new();
    let archive = archive();
    let plain = place.write("archive", archive.as_bytes());
    let packed = place.write("archive.gz", &gzipped(&archive));
    for line in ["3", "6"] {
        let first = place.enrich(&["--compatibility", line, "--jobs", "1", "--offline", &plain], b"");
        assert_eq!(first.code, Some(0), "{}", first.said);
        assert_eq!(first.lines.len(), archive.lines().count());
        let jobs = ["--compatibility", line, "--jobs", "4", "--offline"];
        let read = |file: &str, stdin: &[u8]| place.enrich(&[&jobs[..], &[file]].concat(), stdin);
        for other in [read(&packed, b""), read("-", archive.as_bytes()), read("-", &gzipped(&archive))] {
            assert_eq!(other.code, Some(0), "{}", other.said);
            assert!(other.lines == first.lines, "line {line}");
        }
        let good = of_kind(&first.lines, "enriched");
        assert!(good.len() > 400, "{}", good.len());
        for text in good.iter().chain(&of_kind(&first.lines, "failed")) {
            let mut again = Vec::new();
            EnrichedEvent::split_tsv(text).unwrap().write_tsv(&mut again);
            assert_eq!(String::from_utf8(again).unwrap(), *text);
        }
        assert_eq!(clients::python_reader(&good).len(), good.len());
        assert_eq!(clients::node_reader(&good).len(), good.len());
    }
}

/// Payloads of page views, in Base64.
fn views(count: usize) -> Vec<String> {
    use base64::Engine as _;
    let view = |n: usize| {
        let mut payload = Vec::new();
        event::payload::CollectorPayload {
            schema: event::payload::SCHEMA.into(),
            timestamp: 1_704_067_199_500,
            ip_address: Some("203.0.113.7".into()),
            encoding: Some("UTF-8".into()),
            collector: Some("ssc".into()),
            path: Some("/i".into()),
            querystring: Some(format!("e=pv&p=web&aid=n{n}&refr=https%3A%2F%2Facme.com%2F%3Fq%3Dx")),
            ..event::payload::CollectorPayload::default()
        }
        .encode(&mut payload);
        base64::engine::general_purpose::STANDARD.encode(payload)
    };
    (0..count).map(view).collect()
}

#[test]
fn lines_that_hold_nothing() {
    let place = Place::new();
    let [a, b] = views(2).try_into().unwrap();
    let input =
        format!("{a}\n\n???\n{{\"payload_b64\":1}}\n{{\"payload_b64\":\"{b}\",\"enrichments\":[1]}}\n{b}");
    let ended = place.enrich(&["--offline", "-"], input.as_bytes());
    assert_eq!(ended.code, Some(65), "{}", ended.said);
    assert!(ended.said.contains("4 of 6 lines hold no payload"), "{}", ended.said);
    let errors: Vec<_> = ended
        .lines
        .iter()
        .map(|line| event::json::parse(line).unwrap()["error"].as_str().map(str::to_owned))
        .collect();
    assert_eq!((&errors[0], &errors[5]), (&None, &None));
    for (number, start) in
        [(2, "an empty line"), (3, "not Base64"), (4, "no such object"), (5, "enrichments[0]")]
    {
        let error = errors[number - 1].as_ref().unwrap();
        assert!(error.starts_with(&format!("line {number}: {start}")), "{error}");
    }
    assert_eq!(of_kind(&ended.lines, "enriched").len(), 2);
}

#[test]
fn enrichments_and_their_files_in_folders() {
    let place = Place::new();
    let config = |name: &str, version: &str, parameters: Value| {
        json!({
            "schema": format!("iglu:com.snowplowanalytics.snowplow/{name}/jsonschema/{version}"),
            "data": {"vendor": "com.snowplowanalytics.snowplow", "name": name, "enabled": true, "parameters": parameters},
        })
        .to_string()
    };
    let anon = config("anon_ip", "1-0-1", json!({"anonOctets": 2}));
    place.write("enrichments/anon.json", anon.as_bytes());
    let uri = "https://assets.example.com/somewhere/far";
    let referers =
        config("referer_parser", "2-0-0", json!({"internalDomains": [], "database": "r.json", "uri": uri}));
    place.write("enrichments/referers.json", referers.as_bytes());
    place.write("assets/r.json", br#"{"search":{"Acme":{"domains":["acme.com"],"parameters":["q"]}}}"#);
    let folder = |name: &str| place.path(name).display().to_string();
    let folders = ["--enrichments", &folder("enrichments"), "--assets", &folder("assets"), "--offline", "-"];
    let [view] = views(1).try_into().unwrap();
    let ended = place.enrich(&folders, view.as_bytes());
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    let [line] = of_kind(&ended.lines, "enriched").try_into().unwrap();
    let event = EnrichedEvent::parse_tsv(&line).unwrap();
    let fields =
        [Field::UserIpaddress, Field::RefrMedium, Field::RefrSource, Field::RefrTerm, Field::EtlTstamp];
    let found = fields.map(|field| event.get(field).unwrap_or(""));
    assert_eq!(found, ["203.0.x.x", "search", "Acme", "x", "2024-01-01 00:00:00.123"]);

    // What is wrong is said before anything is read, all at once.
    place.write("enrichments/anon.json", anon.replace("\"anonOctets\":2", "\"anonOctets\":7").as_bytes());
    place.write("enrichments/extra.json", b"{");
    let ended = place.enrich(&folders, view.as_bytes());
    assert_eq!((ended.code, ended.lines.len()), (Some(78), 0), "{}", ended.said);
    assert!(ended.said.contains("extra.json"), "{}", ended.said);
    fs::remove_file(place.path("enrichments/extra.json")).unwrap();
    let ended = place.enrich(&folders, view.as_bytes());
    assert_eq!(ended.code, Some(78), "{}", ended.said);
    assert!(
        ended.said.contains("anon.json") && ended.said.contains("$.parameters.anonOctets"),
        "{}",
        ended.said
    );
}

#[test]
fn what_is_not_to_be_had() {
    let place = Place::new();
    let missing = place.path("nothing").display().to_string();
    let ended = place.enrich(&["--offline", &missing], b"");
    assert_eq!((ended.code, ended.lines.len()), (Some(69), 0), "{}", ended.said);
    assert!(ended.said.contains(&missing), "{}", ended.said);
    let broken = place.write("broken.gz", &gzipped(&views(50).join("\n"))[..400]);
    let ended = place.enrich(&["--offline", &broken], b"");
    assert_eq!(ended.code, Some(69), "{}", ended.said);
    assert!(ended.said.contains("broken.gz"), "{}", ended.said);
}
