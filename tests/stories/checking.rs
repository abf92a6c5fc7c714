//! `piste check`: findings on stderr, the configuration on stdout, the exit code.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::piste::{self, Ended};

const ROLES: [&str; 6] = ["collector", "enrich", "s3-loader", "postgres-loader", "iglu-server", "up"];

/// Checks a file of this text.
fn check(role: &str, text: &str, more: &[&str]) -> (Ended, String) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("role.hocon");
    fs::write(&file, text).unwrap();
    let file = file.display().to_string();
    let mut arguments = vec!["check", "--role", role, "--config", &file];
    arguments.extend(more);
    (piste::run(&arguments), file)
}

const GOOD: &str = r#"
collector {
  interface = "0.0.0.0"
  port = 8080
  telemetry { disable = true }
  cokie { name = x }
  ssl { keyStore = "/k.p12", keyStorePassword = hunter2 }
  streams {
    good = raw, bad = bad-1
    sink { enabled = kinesis, region = eu-central-1, threadPoolSize = 10
      customEndpoint = "https://u:hunter2@localhost:4566" }
  }
}
"#;

#[test]
fn a_good_file() {
    let (ended, file) = check("collector", GOOD, &["-Dcollector.cookie.name=id"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let said: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(
        said,
        [
            format!("warning: {file}:6:3: `cokie`: nothing reads this key; did you mean `cookie`?"),
            format!(
                "note: {file}:10:54: `streams.sink.threadPoolSize` has no effect: no thread waits for a call"
            ),
            format!("note: {file}:5:3: `telemetry` has no effect: nothing phones home"),
        ]
    );
    for line in ["collector {", "  port = 8080", "    name = \"id\"", "  preTerminationPeriod = 10 seconds"] {
        assert!(ended.stdout.lines().any(|printed| printed == line), "{line}:\n{}", ended.stdout);
    }
    assert!(!ended.stdout.contains("hunter2"), "secrets are masked:\n{}", ended.stdout);
    assert!(ended.stdout.contains("https://u:***@localhost:4566"), "{}", ended.stdout);

    // What is printed is a configuration itself, with nothing left to say but what was not read as it stood.
    let (again, _) = check("collector", &ended.stdout, &[]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(again.stdout, ended.stdout);
}

#[test]
fn a_wrong_file_says_all_that_is_wrong() {
    let text = "collector {\n  port = 808080\n  cookie { sameSite = Never }\n  networking { dropPayloadSize = 5 }\n}\n";
    let (ended, file) = check("collector", text, &["-Dcollector.streams.sink.enabled=stdout"]);
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    assert_eq!(ended.stdout, "", "there is nothing to run with");
    for (line, column, key) in
        [(2, 3, "port"), (3, 12, "cookie.sameSite"), (4, 16, "networking.dropPayloadSize")]
    {
        let said = format!("error: {file}:{line}:{column}: `{key}`: ");
        assert!(ended.stderr.contains(&said), "{said}\n{}", ended.stderr);
    }
    let (ended, file) = check("collector", "collector {\n  port = = 1\n}\n", &[]);
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    assert!(ended.stderr.starts_with(&format!("error: {file}:2:")), "{}", ended.stderr);
}

#[test]
fn findings_as_json() {
    let text = "collector { port = x, prot = 1, license { accept = true } }";
    let (ended, file) = check("collector", text, &["--format", "json"]);
    assert_eq!(ended.code, Some(78));
    let found: Value = serde_json::from_str(&ended.stdout).unwrap();
    let error = &found["errors"][0];
    assert_eq!((error["file"].as_str(), error["key"].as_str()), (Some(file.as_str()), Some("port")));
    assert_eq!((error["line"].as_u64(), error["column"].as_u64()), (Some(1), Some(13)));
    assert_eq!(found["unknown"][0]["nearest"], "port");
    assert_eq!(found["unused"][0]["key"], "license");
    assert!(found["configuration"].is_null());

    let (ended, _) = check("collector", GOOD, &["--format=json"]);
    let found: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(ended.code, Some(0));
    assert_eq!(found["configuration"]["collector"]["port"], 8080);
    assert_eq!(found["configuration"]["collector"]["ssl"]["keyStorePassword"], "***");
}

#[test]
fn every_role_is_checked_by_its_reference() {
    for role in ROLES {
        let printed = piste::run(&["check", "--role", role, "--reference"]);
        assert_eq!(printed.code, Some(0), "{role}: {}", printed.stderr);
        let more: &[&str] = match role {
            "collector" => &["-Dcollector.streams.sink.enabled=stdout"],
            "enrich" => &["-Dinput.type=log", "-Doutput.good.type=stdout", "-Doutput.bad.type=stdout"],
            "s3-loader" => &["-Dpurpose=RAW", "-Dinput.type=log", "-Doutput.s3.path=lake"],
            "postgres-loader" => &[
                "-Dpurpose=ENRICHED_EVENTS",
                "-Dinput.type=log",
                "-Doutput.bad.type=log",
                "-Doutput.good.host=localhost",
                "-Doutput.good.database=snowplow",
                "-Doutput.good.username=snowplow",
            ],
            _ => &[],
        };
        let (ended, _) = check(role, &printed.stdout, more);
        assert_eq!(ended.code, Some(0), "{role}: {}", ended.stderr);
        let (ended, _) = check(role, "a = [1", &[]);
        assert_eq!(ended.code, Some(78), "{role}: {}", ended.stderr);
    }
    let (ended, file) = check("up", "collector {\n  cookie.name = \"a b\"\n}\nlisten = x\n", &[]);
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    for said in [format!("{file}:2:3: `collector.cookie.name`: "), format!("{file}:4:1: `listen`: ")] {
        assert!(ended.stderr.contains(&said), "{said}\n{}", ended.stderr);
    }
}

#[test]
fn a_file_of_enrich() {
    let text = r#"
input { streamName = raw, initialPosition { type = TRIM_HORIZON }, bufferSize = 3 }
output {
  good { streamName = enriched, partitionKey = user_id }
  bad { streamNam = bad, streamName = bad }
}
license.accept = true
"#;
    let (ended, file) = check("enrich", text, &["-DcpuParallelismFraction=2"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(
        ended.stderr.lines().collect::<Vec<_>>(),
        [
            format!(
                "warning: {file}:5:9: `output.bad.streamNam`: nothing reads this key; did you mean `streamName`?"
            ),
            format!(
                "note: {file}:2:68: `input.bufferSize` has no effect: how much is read ahead depends on what waits"
            ),
            format!("note: {file}:7:1: `license` has no effect: nothing here is licensed"),
        ]
    );
    for line in [
        "input {",
        "  streamName = \"raw\"",
        "cpuParallelismFraction = 2.0",
        "    partitionKey = \"user_id\"",
    ] {
        assert!(ended.stdout.lines().any(|printed| printed == line), "{line}:\n{}", ended.stdout);
    }

    let wrong = "input.streamName = raw\noutput {\n  good { streamName = a, partitionKey = usr_id }\n  bad.type = kafka\n}\n";
    let (ended, file) = check("enrich", wrong, &[]);
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    for said in [
        format!("error: {file}:3:26: `output.good.partitionKey`: `usr_id` is no atomic field"),
        format!("error: {file}:4:3: `output.bad.type`: expected one of kinesis, log, stdout, found `kafka`"),
    ] {
        assert!(ended.stderr.contains(&said), "{said}\n{}", ended.stderr);
    }
}

#[test]
fn files_of_the_loaders() {
    let text = r#"
purpose = ENRICHED_EVENTS
input { type = Kinesis, streamName = enriched, initialPosition = LATEST }
output {
  good { host = db, database = d, username = u, password = hunter2, maxConnections = 10, usrname = u }
  bad { type = Kinesis, streamName = bad }
}
"#;
    let (ended, file) = check("postgres-loader", text, &["-Doutput.good.sslMode=PREFER"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(
        ended.stderr.lines().collect::<Vec<_>>(),
        [
            format!(
                "warning: {file}:5:90: `output.good.usrname`: nothing reads this key; did you mean `username`?"
            ),
            format!(
                "note: {file}:5:69: `output.good.maxConnections` has no effect: one connection loads everything"
            ),
        ]
    );
    for line in ["    sslMode = \"PREFER\"", "    port = 5432", "    password = \"***\""] {
        assert!(ended.stdout.lines().any(|printed| printed == line), "{line}:\n{}", ended.stdout);
    }
    let wrong = text.replace("db, ", "\"\", ").replace("= Kinesis, streamName = bad", "= File");
    let (ended, file) = check("postgres-loader", &wrong, &[]);
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    for said in [
        format!("error: {file}:5:10: `output.good.host`: is required"),
        format!(
            "error: {file}:6:9: `output.bad.type`: expected one of kinesis, log, local, noop, found `File`"
        ),
    ] {
        assert!(ended.stderr.contains(&said), "{said}\n{}", ended.stderr);
    }

    let text = "purpose = RAW\ninput.streamName = raw\noutput.s3 { path = \"gs://b\", compresion = LZO }\n";
    let (ended, file) = check("s3-loader", text, &["-Dbuffer.recordLimit=0"]);
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    for said in [
        format!("error: {file}:3:13: `output.s3.path`: path `gs://b`: unknown scheme `gs`"),
        "error: -Dbuffer.recordLimit: `buffer.recordLimit`: expected a number above 0".to_owned(),
        format!(
            "warning: {file}:3:30: `output.s3.compresion`: nothing reads this key; did you mean `compression`?"
        ),
    ] {
        assert!(ended.stderr.contains(&said), "{said}\n{}", ended.stderr);
    }
}

/// Where records would go, without going anywhere.
#[test]
fn what_the_s3_loader_would_write() {
    let folder = TempDir::new().unwrap();
    let records = folder.path().join("records");
    let row = |version: &str| format!(r#"{{"schema":"iglu:com.acme/a/jsonschema/{version}","data":{{}}}}"#);
    fs::write(&records, [row("1-0-0"), row("1-0-1"), row("1-0-0"), "no JSON".into()].join("\n")).unwrap();
    let file = folder.path().join("role.hocon");
    let dry = |text: &str, more: &[&str]| {
        fs::write(&file, text).unwrap();
        let file = file.display().to_string();
        let ended = piste::run(&[&["s3-loader", "--dry-run", "--config", &file][..], more].concat());
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let lines = ended.stdout.lines();
        let told =
            lines.map(|line| regex::Regex::new(r"\d{4}-\d\d-\d\d-\d{6}").unwrap().replace(line, "T").into());
        told.collect::<Vec<String>>()
    };
    let current = r#"
        purpose = SELF_DESCRIBING, input.streamName = rows
        output { good.path = "s3://acme/bad/", bad.streamName = bad }
    "#;
    let told = dry(current, &["--records", &records.display().to_string()]);
    assert_eq!(
        told[..4],
        [
            "records of Kinesis stream rows, as snowplow-s3-loader",
            "2 records in the file s3://acme/bad/com.acme.a/T-1-4-1-0-0.gz",
            "1 record in the file s3://acme/bad/com.acme.a/T-1-4-1-0-1.gz",
            "1 bad rows in Kinesis stream bad",
        ]
    );
    assert!(told[4].contains("/generic_error/") && told.len() == 5, "{told:?}");
    let apache = r#"
        purpose = RAW, input { type = log, streamName = raw }
        output.s3 { path = lake, partitionFormat = "a", filenamePrefix = pre, compression = LZO }
    "#;
    let told = dry(apache, &[]);
    assert_eq!(
        told,
        [
            "records of the log's stream raw, as lake",
            "1 record in the file lake/a/pre-T-1-1.lzo",
            "the index of that file: lake/a/pre-T-1-1.lzo.index",
        ]
    );
    // Columns: the schemas of the records are asked for.
    let columns = r#"
        purpose = ENRICHED_EVENTS, input { type = log, streamName = enriched }
        output { good { path = lake, fileFormat = parquet }, bad { type = log, streamName = bad } }
    "#;
    let event = |n: usize, page: &str| {
        let contexts = format!(
            r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0","data":[{{"schema":"iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0","data":{{"id":{page}}}}}]}}"#
        );
        let mut columns = vec![String::new(); event::atomic::COUNT];
        for (name, text) in [
            ("collector_tstamp", "2026-01-02 03:04:05.678"),
            ("event_id", &format!("00000000-0000-4000-8000-{n:012}")),
            ("v_collector", "ssc"),
            ("v_etl", "piste"),
            ("event_name", "page_view"),
            ("contexts", &contexts),
        ] {
            columns[event::atomic::Field::named(name).unwrap() as usize] = text.to_owned();
        }
        columns.join("\t")
    };
    let good = r#""00000000-0000-4000-8000-000000000001""#;
    fs::write(&records, [event(1, good), event(2, good), event(3, "7")].join("\n")).unwrap();
    let resolver = folder.path().join("resolver.json");
    let built_in = r#"{"schema":"iglu:com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-1","data":{"cacheSize":500,"repositories":[]}}"#;
    fs::write(&resolver, built_in).unwrap();
    let more = ["--records", &records.display().to_string(), "--resolver", &resolver.display().to_string()];
    let told = dry(columns, &more);
    assert!(
        told[1].starts_with("2 records in the file lake/") && told[1].ends_with("T-1-3.parquet"),
        "{told:?}"
    );
    assert!(told[2].starts_with("1 bad rows in") && told[3].contains("/loader_iglu_error/"), "{told:?}");
    let (ended, _) = check("s3-loader", current, &["-Doutput.good.partitionFormat={mm}/{foo}"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for note in [
        "note: `output.good.partitionFormat`: `{foo}` means nothing in a file of the line 3.x",
        "note: `output.good.partitionFormat`: `{mm}` is minutes in a file of the line 3.x",
        "note: 1 record in the file s3://acme/bad/",
        "note: 0 bad rows in Kinesis stream bad",
    ] {
        assert!(ended.stderr.contains(note), "{note}:\n{}", ended.stderr);
    }
    let ended = piste::run(&["s3-loader", "--records", "-"]);
    assert_eq!(ended.code, Some(64), "{}", ended.stderr);
}

#[test]
fn a_wrong_command_line() {
    for arguments in
        [&["check"][..], &["check", "--role", "fly"], &["check", "--role", "collector", "--format", "xml"]]
    {
        assert_eq!(piste::run(arguments).code, Some(64), "{arguments:?}");
    }
}

/// A configuration of an enrichment, its parameters from line 6 on.
fn configuration(name: &str, parameters: &str) -> String {
    let vendor = "com.snowplowanalytics.snowplow";
    format!(
        r#"{{
"schema": "iglu:{vendor}/{name}/jsonschema/1-0-0",
"data": {{
"vendor": "{vendor}", "name": "{name}", "enabled": true,
"parameters": {{
{parameters}}}}}}}
"#
    )
}

#[test]
fn enrichments_of_a_folder() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let put = |name: &str, text: &str| fs::write(place(name), text).unwrap();
    fs::create_dir(place("good")).unwrap();
    put("good/anon.json", &configuration("anon_ip", r#""anonOctets": 2"#));
    // function process(event) { event.setSe_label("by a script"); }
    let script = "ZnVuY3Rpb24gcHJvY2VzcyhldmVudCkgeyBldmVudC5zZXRTZV9sYWJlbCgiYnkgYSBzY3JpcHQiKTsgfQ==";
    put("good/script.json", &configuration("javascript_script_config", &format!(r#""script": "{script}""#)));
    let ended = piste::run(&["check", "--enrichments", &place("good")]);
    let names = "javascript_script_config\nanon_ip\n";
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), names), "{}", ended.stderr);
    put("event", "e=se&p=web&se_ca=c&se_ac=a&ip=203.0.113.77");
    let ended = piste::run(&["check", "--enrichments", &place("good"), "--try", &place("event")]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let event: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&event["se_label"], &event["user_ipaddress"]), (&"by a script".into(), &"203.0.x.x".into()));
    put("event", "e=nonsense");
    let ended = piste::run(&["check", "--enrichments", &place("good"), "--try", &place("event")]);
    assert_eq!(ended.code, Some(65), "{}", ended.stderr);
    assert!(ended.stdout.contains("Not a valid event type"), "{}", ended.stdout);

    fs::create_dir(place("bad")).unwrap();
    put("bad/a.json", &configuration("anon_ip", "\"anonOctets\":\n \"two\""));
    // throw new Error(1)
    put("bad/b.json", &configuration("javascript_script_config", r#""script": "dGhyb3cgbmV3IEVycm9yKDEp""#));
    put("bad/c.json", "{");
    let currency = "\"apiKey\": \"k\", \"rateAt\": \"EOD_PRIOR\",\n\"accountType\": \"DEVELOPER\",\n\"baseCurrency\": \"EUX\"";
    put("bad/d.json", &configuration("currency_conversion_config", currency));
    let ended = piste::run(&["check", "--enrichments", &place("bad")]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(78), ""), "{}", ended.stderr);
    let said: Vec<_> =
        ended.stderr.lines().map(|line| line.replace(&format!("{}/", place("bad")), "")).collect();
    assert_eq!(said[0], "error: a.json:6: parameters.anonOctets: string found, number expected");
    let script = "error: b.json: Error compiling JavaScript function: [Error: 1 in b.json at line number 1";
    assert!(said[1].starts_with(script), "{said:#?}");
    assert!(said[2].starts_with("error: c.json"), "{said:#?}");
    let currency = "error: d.json:8: parameters.baseCurrency: Unknown currency 'EUX'";
    assert_eq!(said.last().unwrap(), currency);
}
