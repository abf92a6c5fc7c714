//! The demo's story as a table: what was sent, how it was answered, where it went and why.

use std::{collections::BTreeSet, time::Duration};

use super::{Told, arrivals::Outcome};
use crate::output::line;

/// Prints one line per step and outcome, below it why it failed, and at the end the files they are in.
pub(crate) fn print(told: &[Told], waited: Duration) {
    let width = told.iter().map(|t| t.step.what.chars().count()).max().unwrap_or_default();
    line(format_args!(""));
    line(format_args!("{:>2}  {:width$}  answer  went to   as", "#", "what was sent"));
    for (n, t) in told.iter().enumerate() {
        let (number, what, status) = ((n + 1).to_string(), t.step.what.as_str(), t.status.to_string());
        let mut first = (number.as_str(), what, status.as_str());
        for arrival in &t.arrivals {
            let (number, what, status) = std::mem::take(&mut first);
            let (place, kind) = match &arrival.outcome {
                Outcome::Enriched { name } => ("enriched", name),
                Outcome::Bad { kind, .. } => ("bad", kind),
            };
            line(format_args!("{number:>2}  {what:width$}  {status:6}  {place:8}  {kind}"));
            if let Outcome::Bad { reason, .. } = &arrival.outcome {
                line(format_args!("      why: {}", shortened(reason)));
            }
        }
        if t.arrivals.len() < t.step.outcomes {
            let (number, what, status) = first;
            line(format_args!(
                "{number:>2}  {what:width$}  {status:6}  not there yet: see /health and the log"
            ));
        }
    }
    line(format_args!(""));
    let files: BTreeSet<_> = told.iter().flat_map(|t| &t.arrivals).map(|a| &a.file).collect();
    line(format_args!("in the lake after {:.1} s:", waited.as_secs_f64()));
    for file in files {
        line(format_args!("  {}", file.display()));
    }
}

/// Prints how many of the events Postgres holds.
pub(crate) fn print_rows(rows: i64) {
    line(format_args!("in Postgres: {rows} rows of atomic.events"));
}

fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
