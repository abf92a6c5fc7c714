//! `piste postgres-loader --offline` and `piste to-json`: archived lines, loaded once however often it is tried, or printed.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use event::atomic::{COUNT, Field};
use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;
use loaders::{
    lake::template::Template,
    parquet::{Options, gather::Gathering, schemas::Schemas},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{database::Database, postgres::Postgres};

const SCALARS: &str = "iglu:com.acme.pg/scalars/jsonschema/1-0-0";

/// A folder of files, and a database.
struct Place {
    folder: TempDir,
    postgres: Postgres,
}

struct Ended {
    code: Option<i32>,
    printed: String,
    said: String,
}

fn line(number: u32) -> String {
    let contexts = json!({
        "schema": "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0",
        "data": [{"schema": SCALARS, "data": {"s": "x", "i": number}}],
    });
    let mut columns = vec![String::new(); COUNT];
    for (field, text) in [
        (Field::EventId, format!("00000000-0000-4000-8000-{number:012x}")),
        (Field::CollectorTstamp, "2026-11-21 10:00:00.000".to_owned()),
        (Field::VCollector, "piste".to_owned()),
        (Field::VEtl, "piste".to_owned()),
        (Field::UserId, number.to_string()),
        (Field::Contexts, contexts.to_string()),
    ] {
        columns[field as usize] = text;
    }
    columns.join("\t")
}

fn lines(numbers: std::ops::Range<u32>) -> String {
    numbers.map(|number| line(number) + "\n").collect()
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A file of the lake loader's Parquet mode.
fn columns(numbers: std::ops::Range<u32>) -> Vec<u8> {
    let schema =
        include_str!("../../loaders/tests/golden/postgres/schemas/com.acme.pg/scalars/jsonschema/1-0-0");
    let mut schemas = Schemas::default();
    schemas.add(&SCALARS.parse().unwrap(), &serde_json::from_str(schema).unwrap());
    let mut gathering = Gathering::new(Template::parse_for_events("").unwrap(), Options::default());
    numbers.for_each(|number| gathering.push(&line(number)).unwrap());
    let mut files = gathering.finish(&schemas, Timestamp::UNIX_EPOCH);
    let file = files.next().unwrap().file;
    assert!(file.refused.is_empty(), "{:?}", file.refused);
    file.bytes
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: TempDir::new().unwrap(), postgres: Postgres::start() };
        let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("loaders/tests/golden/postgres/schemas");
        let resolver = json!({
            "schema": "iglu:com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-1",
            "data": {"cacheSize": 100, "repositories": [
                {"name": "ours", "priority": 0, "vendorPrefixes": [], "connection": {"embedded": {"path": schemas}}},
            ]},
        });
        place.write("resolver.json", resolver.to_string().as_bytes());
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_piste"));
        command.args(["--log", "warn", "postgres-loader", "--iglu-config", "resolver.json"]);
        command.args(["--postgres", &self.postgres.url()]).args(arguments);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn load(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.start(arguments))
    }

    fn database(&self) -> Database {
        Database::connect(&self.postgres.url())
    }

    /// Every event up to `count` is there, once, with its entity.
    fn holds(&self, count: usize) {
        let database = self.database();
        for (table, column) in [("events", "event_id"), ("com_acme_pg_scalars_1", "root_id")] {
            let ids = database.ids(table, column);
            assert_eq!(ids.len(), count, "{table}");
            assert!(ids.values().all(|times| *times == 1), "{table} without doubles");
        }
    }
}

impl Ended {
    fn of(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        Self {
            code: output.status.code(),
            printed: String::from_utf8(output.stdout).unwrap(),
            said: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

#[test]
fn files_are_loaded_once_whatever_they_are_called() {
    let place = Place::new();
    place.write("a.tsv", lines(0..1500).as_bytes());
    place.write("b.gz", &packed(&lines(1500..2000)));
    // The last line of the last file has no end, and one is blank.
    place.write("c.tsv", format!("{}\n{}", lines(2000..2001), line(2001)).as_bytes());
    let files = ["--offline", "a.tsv", "b.gz", "c.tsv"];

    let dry = place.load(&[&files[..], &["--dry-run"]].concat());
    assert_eq!(dry.code, Some(0), "{}", dry.said);
    for table in ["\"events\"", "\"piste_checkpoints\"", "\"com_acme_pg_scalars_1\""] {
        assert!(
            dry.printed.contains(&format!("CREATE TABLE IF NOT EXISTS \"atomic\".{table}")),
            "{}",
            dry.printed
        );
    }
    assert!(!place.database().has_events(), "nothing was changed");

    let first = place.load(&files);
    assert_eq!(first.code, Some(0), "{}", first.said);
    assert_eq!(first.printed, "2002 events loaded, 0 were there already, 0 bad rows\n");
    place.holds(2002);
    let again = place.load(&files);
    assert_eq!(
        (again.code, again.printed.as_str()),
        (Some(0), "0 events loaded, 0 were there already, 0 bad rows\n")
    );
    // Under other names, packed the other way, and twice at once.
    place.write("renamed.gz", &packed(&lines(0..1500)));
    place.write("unpacked", lines(1500..2000).as_bytes());
    let renamed = place.load(&["--offline", "renamed.gz", "unpacked", "a.tsv"]);
    assert_eq!(renamed.code, Some(0), "{}", renamed.said);
    place.holds(2002);
}

/// With the original's configuration: everything below a folder, and bad rows in a file.
#[test]
fn a_source_of_files_is_loaded_to_its_end() {
    let place = Place::new();
    fs::create_dir_all(place.path("in/2026/11")).unwrap();
    place.write("in/a.tsv", lines(0..700).as_bytes());
    place.write("in/2026/b.gz", &packed(&format!("{}no event\n", lines(700..1300))));
    place.write("in/2026/11/c.parquet", &columns(1300..1400));
    place.write(
        "loader.hocon",
        br#"
        purpose = ENRICHED_EVENTS
        input { type = Local, path = in, checkpointSettings.maxBatchSize = 10 }
        output {
          good { type = Postgres, host = none, database = none, username = postgres, sslMode = DISABLE }
          bad { type = Local, path = bad.jsonl }
        }
        "#,
    );
    let host = place.postgres.host();
    let load = |more: &[&str]| {
        let of = |key: &str, value: &str| format!("-Doutput.good.{key}={value}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_piste"));
        command.args(["--log", "warn", "postgres-loader", "--resolver", "resolver.json"]);
        command.args(["--config", "loader.hocon", "-Dmonitoring.healthProbe.port=0"]);
        command.args([of("host", &host), of("database", "postgres")]).args(more);
        command.current_dir(place.folder.path()).stdin(Stdio::null());
        Ended::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    };
    let dry = load(&["--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.said);
    assert!(dry.printed.contains("\"com_acme_pg_scalars_1\""), "{}", dry.printed);
    let bad = || fs::read_to_string(place.path("bad.jsonl")).unwrap();
    for _ in 0..2 {
        let ended = load(&[]);
        assert_eq!(ended.code, Some(0), "{}", ended.said);
        place.holds(1400);
        let row: Value = serde_json::from_str(&bad()).unwrap();
        assert_eq!(row["data"]["payload"], "no event", "once, however often it is loaded");
    }
    for (path, said) in [("nowhere", "input.path nowhere: "), ("in/empty", "there is no file in it")] {
        fs::create_dir_all(place.path("in/empty")).unwrap();
        let ended = load(&[&format!("-Dinput.path={path}")]);
        assert_eq!(ended.code, Some(69), "{}", ended.said);
        assert!(ended.said.contains(said), "{}", ended.said);
    }
}

#[test]
fn files_of_columns_are_loaded_once_too() {
    let place = Place::new();
    place.write("a.parquet", &columns(0..1200));
    place.write("b.gz", &packed(&lines(1200..1300)));
    let dry = place.load(&["--offline", "a.parquet", "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.said);
    assert!(dry.printed.contains("\"com_acme_pg_scalars_1\""), "{}", dry.printed);
    let first = place.load(&["--offline", "a.parquet", "b.gz"]);
    assert_eq!(first.code, Some(0), "{}", first.said);
    assert_eq!(first.printed, "1300 events loaded, 0 were there already, 0 bad rows\n");
    place.holds(1300);
    place.write("under-another-name", &columns(0..1200));
    place.write("more.parquet", &columns(1300..1301));
    let again = place.load(&["--offline", "under-another-name", "more.parquet", "a.parquet"]);
    assert_eq!(again.code, Some(0), "{}", again.said);
    assert_eq!(again.printed, "1 events loaded, 0 were there already, 0 bad rows\n");
    place.holds(1301);
    let mut command = Command::new(env!("CARGO_BIN_EXE_piste"));
    command.args(["to-json", "more.parquet"]).current_dir(place.folder.path());
    let printed = Ended::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    assert_eq!(printed.code, Some(0), "{}", printed.said);
    let event: Value = serde_json::from_str(&printed.printed).unwrap();
    assert_eq!(event["user_id"], "1300");
    let entity = json!([{"_schema_version": "1-0-0", "s": "x", "i": 1300}]);
    assert_eq!(event["contexts_com_acme_pg_scalars_1"], entity);
}

#[test]
fn bad_lines_are_told_with_their_place() {
    let place = Place::new();
    let unknown = line(7).replace("scalars", "nobody");
    place.write("a.gz", &packed(&format!("{}no event\n{}{unknown}\n", lines(0..3), lines(3..5))));
    let ended = place.load(&["--offline", "a.gz"]);
    assert_eq!(ended.code, Some(65), "{}", ended.said);
    assert_eq!(ended.printed, "5 events loaded, 0 were there already, 2 bad rows\n");
    let rows: Vec<(&str, Value)> = ended
        .said
        .lines()
        .filter_map(|said| said.split_once(": {").map(|(place, _)| (place, &said[place.len() + 2..])))
        .map(|(place, row)| (place, serde_json::from_str(row).unwrap()))
        .collect();
    let places: Vec<&str> = rows.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, ["a.gz:4", "a.gz:7"], "{}", ended.said);
    assert_eq!(rows[0].1["data"]["payload"], "no event");
    place.holds(5);

    // Into a file, behind what it holds.
    place.write("bad.jsonl", b"{}\n");
    place.write("more", b"neither\n");
    let ended = place.load(&["--offline", "more", "--bad", "bad.jsonl"]);
    assert_eq!(ended.code, Some(65), "{}", ended.said);
    let kept = fs::read_to_string(place.path("bad.jsonl")).unwrap();
    let kept: Vec<Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((kept.len(), &kept[1]["data"]["payload"]), (2, &json!("neither")));
}

#[test]
fn what_cannot_be_is_said_at_once() {
    let mut place = Place::new();
    place.write("a.tsv", lines(0..1).as_bytes());
    place.write("cut.gz", &packed(&lines(0..500))[..200]);
    place.write("columns.parquet", b"PAR1xxxxPAR1");
    let check = |place: &Place, arguments: &[&str], code: i32, what: &str| {
        let ended = place.load(arguments);
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.said);
        assert!(ended.said.contains(what), "{arguments:?}: {}", ended.said);
    };
    check(&place, &["--offline", "a.tsv", "none.gz"], 69, "none.gz");
    check(&place, &["--offline", "-"], 64, "cannot be read twice");
    check(&place, &["--offline", "cut.gz"], 69, "cut.gz");
    check(&place, &["--offline", "columns.parquet"], 69, "columns.parquet");
    assert!(!place.database().has_events() || place.database().events() == 0);
    place.postgres.crash();
    check(&place, &["--offline", "a.tsv"], 69, "schema atomic");
    place.postgres.resume();
}

#[test]
fn a_load_that_is_killed_again_and_again_goes_on() {
    const KILLS: u64 = 40;
    let place = Place::new();
    let count = 120_000;
    place.write("a.gz", &packed(&lines(0..count / 2)));
    place.write("b.parquet", &columns(count / 2..count / 2 + 10_000));
    place.write("c.tsv", lines(count / 2 + 10_000..count).as_bytes());
    let files = ["--offline", "a.gz", "b.parquet", "c.tsv"];
    let mut loaded = Vec::new();
    for kill in 0..KILLS {
        let mut child = place.start(&files);
        // SIGKILL, at another moment each time: early ones within the start, late ones within the work.
        std::thread::sleep(Duration::from_millis(100 + kill * 97 % 700));
        child.kill().unwrap();
        let ended = Ended::of(child);
        if ended.code.is_some() {
            break;
        }
        loaded.push(place.database().events());
    }
    assert!(loaded.is_sorted(), "{loaded:?}");
    let ended = place.load(&files);
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    place.holds(count as usize);
}

#[test]
fn lines_become_the_json_of_the_sdk() {
    let folder = TempDir::new().unwrap();
    let recorded = include_str!("../../event/tests/golden/sdk/events.jsonl");
    let cases: Vec<Value> = recorded.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // A line with a line break in it is none in a file.
    let cases: Vec<&Value> =
        cases.iter().filter(|case| !case["tsv"].as_str().unwrap().contains('\n')).collect();
    let text: String = cases.iter().map(|case| format!("{}\n", case["tsv"].as_str().unwrap())).collect();
    fs::write(folder.path().join("events.gz"), packed(&text)).unwrap();
    for (arguments, from_stdin) in [(["--sdk", "3", "events.gz"], false), (["--sdk", "2", "-"], true)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_piste"));
        command.arg("to-json").args(arguments).current_dir(folder.path());
        let input = if from_stdin {
            fs::File::open(folder.path().join("events.gz")).unwrap().into()
        } else {
            Stdio::null()
        };
        let child = command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let ended = Ended::of(child);
        assert_eq!(ended.code, Some(65), "{}", ended.said);
        let expect = |case: &Value| case.get("sdk_2").filter(|_| from_stdin).unwrap_or(case).clone();
        let good: Vec<Value> =
            cases.iter().map(|case| expect(case)).filter(|case| case.get("ok").is_some()).collect();
        let printed: Vec<&str> = ended.printed.lines().collect();
        assert_eq!(printed.len(), good.len());
        let different = printed.iter().zip(&good).filter(|(ours, theirs)| {
            let theirs: Value = serde_json::from_str(theirs["ok"].as_str().unwrap()).unwrap();
            serde_json::from_str::<Value>(ours).unwrap() != theirs
        });
        // Data that is no object: docs/compatibility.md.
        assert!(different.count() <= 1, "{arguments:?}");
        let bad = cases.iter().enumerate().filter(|(_, case)| case.get("error").is_some());
        let places: Vec<String> = bad.map(|(i, _)| format!("{}:{}:", arguments[2], i + 1)).collect();
        let said: Vec<&str> = ended.said.lines().filter(|line| !line.starts_with("piste: ")).collect();
        assert_eq!(said.len(), places.len(), "{}", ended.said);
        assert!(
            said.iter().zip(&places).all(|(said, place)| said.starts_with(place.as_str())),
            "{}",
            ended.said
        );
    }
}
