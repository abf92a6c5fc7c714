//! What piste says when it cannot or will not start: in words, and by its exit code.

use std::fs;

use tempfile::TempDir;

use crate::support::{
    http,
    piste::{self, Launch},
};

#[test]
fn a_second_one_on_the_same_folder_says_who_holds_it() {
    let data = TempDir::new().unwrap();
    let first = Launch::up(data.path()).start();
    let second = Launch::up(data.path()).run();
    assert_eq!(second.code, Some(69), "{}", second.stderr);
    let said = &second.stderr;
    assert!(said.contains(&data.path().display().to_string()), "it names the folder:\n{said}");
    assert!(said.contains(&first.id().to_string()), "it names the process {}:\n{said}", first.id());
    assert_eq!(http::get(first.collector, "/health").unwrap().status, 200, "the first one is not disturbed");
    first.finish_well();

    // Nobody holds it any more, whatever files are left.
    Launch::up(data.path()).start().kill();
    Launch::up(data.path()).start().finish_well();
}

#[test]
fn a_port_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let options = ["--listen", "--admin-listen", "--iglu-listen"];
    for option in options {
        let data = TempDir::new().unwrap();
        let data = data.path().join("d").display().to_string();
        let mut arguments = vec!["up", "--data", &data, option, &address];
        for other in options.iter().filter(|other| **other != option) {
            arguments.extend([*other, "127.0.0.1:0"]);
        }
        let ended = piste::run(&arguments);
        assert_eq!(ended.code, Some(69), "{}", ended.stderr);
        assert!(ended.stderr.contains(&address) && ended.stderr.contains(option), "{}", ended.stderr);
    }
}

#[test]
fn a_wrong_command_line() {
    for arguments in [
        &["up", "--no-such-flag"][..],
        &["up", "--listen", "nowhere"],
        &["up", "-Dkey"],
        &["fly"],
        &["send", "--events", "many"],
        &[],
    ] {
        let ended = piste::run(arguments);
        assert_eq!(ended.code, Some(64), "{arguments:?}: {}", ended.stderr);
        assert!(!ended.stderr.is_empty(), "{arguments:?} says what is wrong");
    }
    let flag = piste::run(&["up", "--listne", "127.0.0.1:0"]);
    assert!(flag.stderr.contains("--listen"), "it says what was meant:\n{}", flag.stderr);
}

/// A configuration file, and what the message must name besides the file.
fn check(text: &str, names: &[&str]) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("piste.hocon");
    fs::write(&file, text).unwrap();
    let file = file.display().to_string();
    let ended = Launch::up(&folder.path().join("data")).with(&["--config", &file]).run();
    assert_eq!(ended.code, Some(78), "{text}\n{}", ended.stderr);
    for name in names.iter().chain([&file.as_str()]) {
        assert!(ended.stderr.contains(name), "`{name}` in the message for\n{text}\n{}", ended.stderr);
    }
    assert!(!folder.path().join("data").exists(), "nothing was begun");
}

#[test]
fn a_wrong_configuration_names_file_line_and_key() {
    check("collector {\n  cookie {\n    enabled = maybe\n  }\n}\n", &["collector.cookie.enabled", ":3"]);
    check("log {\n  maxBytes = lots\n}\n", &["log.maxBytes", ":2"]);
    check("\n\nlog { shards = -1 }\n", &["log.shards", ":3"]);
    check("listen = \"9090 or so\"\n", &["listen", ":1"]);
    check("collector {\n  cookie {\n", &[":"]);
    check("data = ${PISTE_STORY_IS_NOT_SET}\n", &["PISTE_STORY_IS_NOT_SET"]);
}

#[test]
fn a_wrong_override_names_the_key() {
    let data = TempDir::new().unwrap();
    let ended = Launch::up(&data.path().join("data")).with(&["-Dcollector.cookie.enabled=maybe"]).run();
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    assert!(ended.stderr.contains("collector.cookie.enabled"), "{}", ended.stderr);
}

#[test]
fn a_configuration_that_is_not_there() {
    let data = TempDir::new().unwrap();
    let ended = Launch::up(&data.path().join("data")).with(&["--config", "/no/such/file.hocon"]).run();
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    assert!(ended.stderr.contains("/no/such/file.hocon"), "{}", ended.stderr);
}

#[test]
fn an_unknown_key_is_reported_and_not_fatal() {
    let data = TempDir::new().unwrap();
    let piste = Launch::up(data.path()).with(&["-Dcollector.cokie.enabled=true"]).start();
    let ended = piste.finish_well();
    assert!(ended.stderr.contains("collector.cokie"), "{}", ended.stderr);
}

#[test]
fn help_and_version() {
    for arguments in [&["--help"][..], &["up", "--help"], &["send", "--help"], &["--version"]] {
        let ended = piste::run(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.stderr);
        assert!(!ended.stdout.is_empty(), "{arguments:?} prints on stdout");
    }
}
