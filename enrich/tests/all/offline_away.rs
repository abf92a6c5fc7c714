//! Lines enriched without streams, beside registries that do not answer: what is printed is right, or nothing is.

use std::{io, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use enrich::{
    adapters::remote,
    compatibility::Compatibility,
    enrichments::client::Loader,
    offline::run::{Offline, OfflineError},
    settings::Settings,
};
use event::bad_row::Processor;
use jiff::Timestamp;
use tokio::runtime::Handle;

use super::{
    registry_away::{Registry, Reply, of_schema},
    samples::get,
};

/// Runs lines of these schemas (none: a page view); gives the lines printed and what ended the run before its time.
async fn run(
    registry: &Registry,
    names: &[Option<&str>],
    patience: Duration,
) -> (Vec<String>, Option<OfflineError>) {
    let now: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
    // A clock that stands still, as `--now` sets it: waiting must not depend on it.
    let iglu = registry.client_at(now);
    let processor = Processor { artifact: "piste".into(), version: "0.1.0".into() };
    let offline = Offline {
        settings: Settings::new(Compatibility::default(), processor),
        loader: Loader::new(iglu.clone(), None),
        iglu,
        remote: remote::client::Client::new(remote::client::Settings::default()),
        services: enrich::lookup::client::Client::new(Default::default()),
        now: Some(now),
        seed: Some(1),
        patience,
        jobs: 2,
        runtime: Handle::current(),
    };
    let record = |name: &Option<&str>| match name {
        None => get("e=pv&p=web"),
        Some(name) => of_schema(name, 1),
    };
    let input: Vec<String> = names.iter().map(|name| STANDARD.encode(record(name)) + "\n").collect();
    let ended = tokio::task::spawn_blocking(move || {
        let mut printed = Vec::new();
        let ended = offline.run(io::Cursor::new(input.concat()), &mut printed, |_| ());
        (String::from_utf8(printed).unwrap(), ended)
    });
    let (printed, ended) = ended.await.unwrap();
    (printed.lines().map(str::to_owned).collect(), ended.err())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_decided_ends_the_run() {
    for reply in [Reply::Hang, Reply::Status(500), Reply::Garbage] {
        let registry = Registry::start().await;
        registry.answers("late", reply);
        let names = [None, Some("missing"), Some("late"), None];
        let (printed, error) = run(&registry, &names, Duration::ZERO).await;
        assert_eq!(printed.len(), 2, "{reply:?}");
        assert!(
            printed[0].contains(r#"{"enriched":"#) && printed[1].contains("ResolutionError"),
            "{printed:?}"
        );
        let error = error.unwrap().to_string();
        for part in ["line 3", "iglu:com.acme.away/late/jsonschema/1-0-0", "`Acme`"] {
            assert!(error.contains(part), "{part} is not in {error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_comes_back_is_waited_for() {
    let registry = Registry::start().await;
    registry.answers("late", Reply::Status(500));
    let names = [Some("late"), None];
    let comes_back = async {
        registry.was_asked("late").await;
        registry.answers("late", Reply::Schema);
    };
    let (_, (printed, error)) = tokio::join!(comes_back, run(&registry, &names, Duration::from_secs(600)));
    assert!(error.is_none(), "{error:?}");
    assert!(printed.len() == 2 && printed.iter().all(|line| line.contains(r#"{"enriched":"#)), "{printed:?}");
}
