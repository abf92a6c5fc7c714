//! Destinations, patterns and the configuration file.

use std::{
    sync::{Arc, Barrier},
    thread,
};

use bytes::Bytes;
use loaders::lake::{
    client::{Destination, PutError},
    config::{LakeConfig, Purpose},
    format::FileFormat,
    gzip::GzipLines,
    pending::Note,
    template::{SchemaParts, Template},
};
use object_store::memory::InMemory;

fn gzip(lines: &[&str]) -> Bytes {
    let mut out = GzipLines::default();
    for line in lines {
        out.push(line.as_bytes());
    }
    out.finish().into()
}

#[tokio::test]
async fn a_put_is_repeatable_and_replaces_nothing() {
    async fn check(destination: Destination) {
        destination.reach().await.expect("it answers");
        destination.put("a/b/x.gz", gzip(&["1", "2"])).await.expect("put");
        destination.put("a/b/x.gz", gzip(&["1", "2"])).await.expect("the same again");
        // Compressed by another program, but the same lines.
        let mut stored = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        std::io::Write::write_all(&mut stored, b"1\n2\n").expect("memory");
        let stored = stored.finish().expect("memory");
        destination.put("a/b/x.gz", stored.into()).await.expect("the same lines");
        for other in [gzip(&["1", "3"]), gzip(&["1"]), gzip(&["1", "2", "3"]), Bytes::from_static(b"x")] {
            let error = destination.put("a/b/x.gz", other).await.expect_err("other records");
            assert!(matches!(error, PutError::Other { .. }), "{error}");
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    check(Destination::folder(folder.path().join("new/lake")).expect("made")).await;
    check(Destination::store(Arc::new(InMemory::new()), "p".into())).await;
    check(Destination::open(&format!("file://{}/url", folder.path().display()), None, None).expect("made"))
        .await;
}

#[tokio::test]
async fn what_a_crash_left_half_written_is_removed_and_never_in_the_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let partial = folder.path().join("~partial");
    std::fs::create_dir_all(&partial).expect("made");
    std::fs::write(partial.join("x.gz"), "half").expect("written");
    let destination = Destination::folder(folder.path()).expect("opened");
    destination.put("x.gz", gzip(&["1"])).await.expect("put");
    assert_eq!(std::fs::read_dir(&partial).expect("there").count(), 0);
    assert_eq!(std::fs::read(folder.path().join("x.gz")).expect("there"), gzip(&["1"]));
}

/// As in `piste up`, where two loaders of bad rows write to one folder.
#[tokio::test]
async fn loaders_that_share_a_folder_do_not_disturb_each_other() {
    const LOADERS: usize = 8;
    let folder = tempfile::tempdir().expect("a folder");
    let starts = Arc::new(Barrier::new(LOADERS));
    let load = |loader: usize| {
        let (folder, starts) = (folder.path().to_owned(), starts.clone());
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            starts.wait();
            for n in 0..20 {
                let destination = Destination::folder(folder.join("bad")).expect("opened");
                runtime.block_on(destination.reach()).expect("it answers");
                let key = format!("{loader}/{n}.gz");
                runtime.block_on(destination.put(&key, gzip(&["1"]))).expect("put");
            }
        })
    };
    let loaders: Vec<_> = (0..LOADERS).map(load).collect();
    loaders.into_iter().for_each(|loader| loader.join().expect("a loader"));
    let files = |name: &str| std::fs::read_dir(folder.path().join("bad").join(name)).expect("there").count();
    assert_eq!(files("~partial"), 0);
    assert!((0..LOADERS).all(|loader| files(&loader.to_string()) == 20));
}

#[test]
fn paths_that_mean_nothing_are_refused() {
    let check = |path: &str, part: &str| {
        let error = Destination::open(path, None, None).expect_err(path).to_string();
        assert!(error.contains(part), "{error}");
    };
    check("gs://bucket/a", "unknown scheme `gs`");
    check("s3:///a", "has no bucket");
    check("s3://bucket/a/../b", "..");
    check("s3://bucket/{yyyy}", "braces");
    check("/proc/nowhere/lake", "folder /proc/nowhere/lake");
    for path in ["s3://bucket", "s3://bucket/", "s3a://bucket/a//b/"] {
        Destination::open(path, Some("eu-central-1"), Some("http://localhost:1")).expect(path);
    }
}

#[test]
fn patterns_that_surprise_are_refused() {
    let check = |format: &str, part: &str| {
        let error = Template::parse(format).expect_err(format).to_string();
        assert!(error.contains(part) && error.contains(format), "{error}");
    };
    check("{yyyy", "`{` without");
    check("yyyy}", "`}` without");
    check("{{yyyy}}", "`{` without");
    check("{foo}", "`{foo}` means nothing");
    check("{YYYY-MM-dd}", "means nothing");
    check("{}", "means nothing");
    check("a/../b", "`..` segment");
    check("a\\b", "character");
    check("{mmm}", "means nothing");
    assert!(Template::parse(&"a".repeat(257)).is_err());
}

#[test]
fn patterns_expand() {
    let stamp = "2026-03-09T07:05:03Z".parse().expect("a time stamp");
    let schema = SchemaParts {
        vendor: "com.acme".into(),
        name: "ev".into(),
        format: "jsonschema".into(),
        model: 2,
        version: None,
        event: loaders::lake::template::EventParts::default(),
    };
    let check = |format: &str, expect: &str| {
        assert_eq!(Template::parse(format).expect(format).expand(&schema, stamp), expect, "{format}");
    };
    check("", "");
    check("%Y-%M-%d", "%Y-%M-%d");
    check("/{vendor}.{name}//model={model}/date={yy}-{mm}-{dd}/", "com.acme.ev/model=2/date=2026-03-09");
    check("{yyyy}/{MM}/{dd}/{HH}", "2026/03/09/07");
    check("{yyyy-MM-dd'T'HH:mm:ss} {D} {yy-M-d}", "2026-03-09T07:05:03 68 26-3-9");
    let current = Template::parse_current("{yyyy}/{MM}/{dd}/{HH}/{mm}/{ss}").expect("a pattern");
    assert_eq!(current.expand(&schema, stamp), "2026/03/09/07/05/03");
    // What means nothing in the line 3.x stays, and is named.
    let check = |format: &str, expect: &str, left: &[&str]| {
        let pattern = Template::parse_current(format).expect(format);
        assert_eq!(
            (pattern.expand(&schema, stamp).as_str(), pattern.left()),
            (expect, &left.iter().map(ToString::to_string).collect::<Vec<_>>()[..])
        );
    };
    check("{vendor}.{name}/{schema}/{format}/{model}", "com.acme.ev/ev/jsonschema/2", &[]);
    check(
        "{foo}/{yy}/{hh}/{YYYY}/{yyyy-MM-dd}",
        "{foo}/{yy}/{hh}/{YYYY}/{yyyy-MM-dd}",
        &["{foo}", "{yy}", "{hh}", "{YYYY}", "{yyyy-MM-dd}"],
    );
    check("a}/{{yyyy}}/{}/{dd", "a}/{2026}/{}/{dd", &["{", "{}", "{dd"]);
    assert!(Template::parse_current("{foo}/../{dd}").is_err());
}

#[test]
fn notes_stay_small_and_come_back() {
    let config =
        LakeConfig::new(Purpose::SelfDescribing).with_file_prefix(&"p".repeat(128), "-").expect("a prefix");
    let config = LakeConfig { template: Template::parse(&"\"".repeat(256)).expect("a pattern"), ..config };
    let stamp = "2026-01-02T03:04:05.678Z".parse().expect("a time stamp");
    let note = Note::new(&config, stamp, u64::MAX.into(), u64::MAX.into());
    let bytes = note.encode();
    assert!(bytes.len() <= 1024, "{}", bytes.len());
    let declared = Note::decode(&bytes).expect("readable");
    assert_eq!((declared.note, declared.template), (note, config.template));
    assert_eq!(declared.stamp.to_string(), "2026-01-02T03:04:05Z");
    let golden = br#"{"v":1,"stamp":"2026-01-02T03:04:05Z","first":"17","last":"42","purpose":"SELF_DESCRIBING","format":"{vendor}.{schema}"}"#;
    let config = LakeConfig::new(Purpose::SelfDescribing);
    assert_eq!(Note::new(&config, stamp, 17.into(), 42.into()).encode(), golden);
    let golden = br#"{"v":1,"stamp":"2026-01-02T03:04:05Z","first":"17","last":"42","purpose":"RAW","format":"{mm}{foo}","current":true,"prefix":"p","rejects":5,"compression":"LZO"}"#;
    let config = LakeConfig {
        template: Template::parse_current("{mm}{foo}").expect("a pattern"),
        format: FileFormat::Lzo,
        file_prefix: Some("p".into()),
        rejects: Some(5),
        ..LakeConfig::new(Purpose::Raw)
    };
    assert_eq!(Note::new(&config, stamp, 17.into(), 42.into()).encode(), golden);
    assert_eq!(Note::decode(golden).expect("readable").template, config.template);
}
