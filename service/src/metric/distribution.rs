//! Observations counted in buckets. The exporter's own histograms keep every observation until somebody reads them, which is
//! memory and contention on the hottest paths.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// Counts by bucket, and the sum of what was counted.
#[derive(Debug)]
pub(crate) struct Distribution {
    /// Upper bounds, going up.
    bounds: &'static [f64],
    /// One more than bounds: the last is for what is above them all.
    counts: Box<[AtomicU64]>,
    /// In millionths.
    sum: AtomicU64,
}

impl Distribution {
    pub(crate) fn new(bounds: &'static [f64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, sum: AtomicU64::new(0) }
    }

    /// Counts one observation; what is below zero counts as zero.
    pub(crate) fn record(&self, value: f64) {
        let bucket = self.bounds.iter().take_while(|bound| value > **bound).count();
        self.counts[bucket].fetch_add(1, Relaxed);
        self.sum.fetch_add((value * 1e6).round() as u64, Relaxed);
    }

    /// Appends its lines in Prometheus' text format. `labels` are written already, each with a comma behind it.
    pub(crate) fn render(&self, name: &str, labels: &str, out: &mut String) {
        let mut count = 0;
        for (index, counted) in self.counts.iter().enumerate() {
            count += counted.load(Relaxed);
            let bound = self.bounds.get(index).map_or("+Inf".to_owned(), f64::to_string);
            let _ = writeln!(out, "{name}_bucket{{{labels}le=\"{bound}\"}} {count}");
        }
        let labels = labels.strip_suffix(',').map(|labels| format!("{{{labels}}}")).unwrap_or_default();
        let sum = self.sum.load(Relaxed) as f64 / 1e6;
        let _ = writeln!(out, "{name}_sum{labels} {sum}\n{name}_count{labels} {count}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rendered_as_prometheus_reads_it() {
        let distribution = Distribution::new(&[0.5, 1.0, 2.5]);
        for value in [0.25, 0.5, 0.75, 2.5, 7.0, -1.0] {
            distribution.record(value);
        }
        let mut text = String::new();
        distribution.render("piste_x_seconds", "stream=\"raw\",", &mut text);
        distribution.render("y", "", &mut text);
        let expected = "\
piste_x_seconds_bucket{stream=\"raw\",le=\"0.5\"} 3
piste_x_seconds_bucket{stream=\"raw\",le=\"1\"} 4
piste_x_seconds_bucket{stream=\"raw\",le=\"2.5\"} 5
piste_x_seconds_bucket{stream=\"raw\",le=\"+Inf\"} 6
piste_x_seconds_sum{stream=\"raw\"} 11
piste_x_seconds_count{stream=\"raw\"} 6
y_bucket{le=\"0.5\"} 3
y_bucket{le=\"1\"} 4
y_bucket{le=\"2.5\"} 5
y_bucket{le=\"+Inf\"} 6
y_sum 11
y_count 6
";
        assert_eq!(text, expected);
    }
}
