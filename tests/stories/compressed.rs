//! Compressed records between collector and enrich, and compressed bodies before the collector.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use service::clock;
use tempfile::TempDir;

use super::crashes::exactly_once;
use crate::support::{
    http,
    load::{self, JSON, Outcome, Shape, TP2},
    piste::{Launch, PATIENCE},
    wait,
};

#[test]
fn events_of_compressed_records_arrive_once() {
    let data = TempDir::new().unwrap();
    let mut promised = Outcome { retry_after: true, ..Outcome::default() };
    // The way of compression, and the line of enrich, may change while records are under way.
    for settings in [
        ["-Dcollector.compression.enabled=true", "-Dcollector.compression.type=zstd"],
        ["-Dcollector.compression.enabled=true", "-Dcollector.compression.type=gzip"],
        ["-Dcollector.compression.enabled=false", "-Denrich.compatibility=3"],
        ["-Dcollector.compression.enabled=true", "-Denrich.compatibility=3"],
    ] {
        let piste = Launch::up(data.path()).with(&settings).start();
        let load = load::start(piste.collector, Shape { connections: 8, ..Shape::default() });
        wait::until("load", PATIENCE, || (load.answered() >= 200).then_some(()));
        let frames = piste.metric("piste_collector_frames_total").unwrap_or_default();
        assert_eq!(frames > 0.0, settings[0].ends_with("true"), "{settings:?}: {frames} records");
        piste.kill();
        promised.add(load.stop());
    }
    assert!(promised.refused.is_empty(), "nothing was refused: {:?}", promised.statuses);

    let piste = Launch::up(data.path()).start();
    exactly_once(&promised, || piste.lake().event_ids(), "the lake");
    assert_eq!(piste.lake().bad().len(), 0, "bad rows");
    // Files of raw payloads can be read by who does not know compressed records.
    wait::until("the raw payloads", PATIENCE, || {
        let raw = piste.lake().lines("raw").join("\n");
        promised.stored.iter().all(|id| raw.contains(id.as_str())).then_some(())
    });
    piste.finish_well();
}

#[test]
fn a_gzip_body_becomes_an_event_where_that_is_wanted() {
    let id = clock::random_id().to_string();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(load::batch(std::slice::from_ref(&id), 10).as_bytes()).unwrap();
    let body = gzip.finish().unwrap();
    for is_wanted in [true, false] {
        let data = TempDir::new().unwrap();
        let setting = format!("-Dcollector.networking.gzipRequestBodies={is_wanted}");
        let piste = Launch::up(data.path()).with(&[&setting]).start();
        let headers = [("Content-Type", JSON), ("Content-Encoding", "gzip")];
        assert_eq!(http::once(piste.collector, "POST", TP2, &headers, &body).unwrap().status, 200);
        let lake = piste.lake();
        let (good, bad) = wait::until("an event or a bad row", PATIENCE, || {
            let (good, bad) = (lake.event_ids(), lake.bad());
            (good.len() + bad.len() > 0).then_some((good, bad))
        });
        if is_wanted {
            assert_eq!((good.get(&id), bad.len()), (Some(&1), 0));
        } else {
            assert_eq!(good.len(), 0);
            let schema = bad[0]["schema"].as_str().unwrap();
            assert!(schema.contains("/tracker_protocol_violations/"), "{schema}");
        }
        piste.finish_well();
    }
}
