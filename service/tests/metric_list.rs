//! `docs/metrics.md` lists every metric.
#![allow(clippy::unwrap_used, reason = "test code: a panic is the report")]

use std::{env, fs, path::Path};

use service::metric::ALL;

const HEAD: &str = "# Metrics

What `/metrics` of the admin port says in Prometheus' text format. Labels hold names of streams, roles and reasons, never
anything that a client sent. Counters are those of the process. The metrics that the original sends to a DogStatsD server
(`monitoring.metrics.statsd`) have the original's names and are not listed here; the original has none for its sinks.

| Metric | Kind | Labels | What it says |
|---|---|---|---|
";

#[test]
fn the_list_is_rendered_from_the_table() {
    let rows = ALL.iter().map(|metric| {
        let kind = metric.kind.name();
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        format!("| `{}` | {kind} | {} | {} |\n", metric.name, labels.join(", "), metric.help)
    });
    let rendered = HEAD.to_owned() + &rows.collect::<String>();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
    if env::var_os("PISTE_REWRITE").is_some_and(|on| on == "1") {
        fs::write(path, rendered).unwrap();
    } else {
        let listed = fs::read_to_string(path).unwrap();
        assert!(rendered == listed, "PISTE_REWRITE=1 writes what is rendered now:\n{rendered}");
    }
}
