//! Logs to stderr and metrics for Prometheus; the only file that names an exporter.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::IsTerminal,
    str::FromStr,
    sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError},
};

use metrics::{Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tracing_subscriber::{EnvFilter, fmt};

use crate::metric::{self, Definition, Distribution, Kind};

/// Names the environment variable that filters logs: `info`, `debug`, `warn,collector=debug` ...
pub const LOG_VARIABLE: &str = "PISTE_LOG";

/// Names the environment variable that chooses the format: `text` or `json`.
pub const LOG_FORMAT_VARIABLE: &str = "PISTE_LOG_FORMAT";

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// How to log; what is `None` is decided by the environment, then by what stderr is.
#[derive(Clone, Debug, Default)]
pub struct LogOptions {
    /// `text` at a terminal, else `json`.
    pub format: Option<LogFormat>,
    /// A filter as in [`LOG_VARIABLE`]; `info` by default.
    pub filter: Option<String>,
}

/// The options for logging are wrong, or logging is set up already.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TelemetryError(pub String);

impl FromStr for LogFormat {
    type Err = TelemetryError;

    fn from_str(text: &str) -> Result<Self, TelemetryError> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(TelemetryError(format!("log format: expected text or json, found `{other}`"))),
        }
    }
}

/// Sends logs to stderr from now on. Called once, by `main`.
///
/// # Errors
///
/// A filter or format that cannot be understood, or a second call.
pub fn init(options: &LogOptions) -> Result<(), TelemetryError> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let filter = options.filter.clone().or_else(|| variable(LOG_VARIABLE)).unwrap_or_else(|| "info".into());
    let filter = EnvFilter::try_new(&filter).map_err(|e| {
        TelemetryError(format!("log filter `{filter}`: {e}; expected for example `info,enrich=debug`"))
    })?;
    let terminal = std::io::stderr().is_terminal();
    let format = match options.format {
        Some(format) => format,
        None => match variable(LOG_FORMAT_VARIABLE) {
            Some(text) => text.parse()?,
            None if terminal => LogFormat::Text,
            None => LogFormat::Json,
        },
    };
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.with_ansi(terminal).with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).try_init(),
    }
    .map_err(|e| TelemetryError(e.to_string()))
}

/// Gives every metric these labels besides its own. To be called before any metric moves.
///
/// # Errors
///
/// A metric has moved, or it is the second call.
pub fn label_all(labels: BTreeMap<String, String>) -> Result<(), TelemetryError> {
    let too_late = |_| TelemetryError("labels of all metrics come too late".into());
    LABELS.set(labels).map_err(too_late)
}

/// All metrics that have moved, as Prometheus' text format.
pub fn render() -> String {
    // Nothing panics that leaves the list broken.
    ASKED.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|state| state());
    let mut text = EXPORTER.handle.render();
    let distributions = distributions();
    for family in distributions.chunk_by(|one, other| one.name == other.name) {
        let Registered { name, help, .. } = &family[0];
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
        for Registered { labels, distribution, .. } in family {
            distribution.render(name, labels, &mut text);
        }
        text.push('\n');
    }
    text
}

/// From now on `state` is called before metrics are rendered, to set those that somebody knows and nobody moves.
pub fn ask(state: impl Fn() + Send + 'static) {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(state));
}

static ASKED: Mutex<Vec<Box<dyn Fn() + Send>>> = Mutex::new(Vec::new());

/// Content type of [`render`].
pub const RENDERED_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

struct Exporter {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

/// Labels of all metrics.
static LABELS: OnceLock<BTreeMap<String, String>> = OnceLock::new();

/// A distribution that has moved, under its name and labels.
struct Registered {
    name: &'static str,
    help: &'static str,
    /// As they are rendered, each with a comma behind it.
    labels: String,
    distribution: Arc<Distribution>,
}

/// Sorted by name and labels.
static DISTRIBUTIONS: Mutex<Vec<Registered>> = Mutex::new(Vec::new());

fn distributions() -> MutexGuard<'static, Vec<Registered>> {
    DISTRIBUTIONS.lock().unwrap_or_else(PoisonError::into_inner)
}

// Handles register here directly: metrics count from the first move on, whether or not `init` has been called.
static EXPORTER: LazyLock<Exporter> = LazyLock::new(|| {
    let mut builder = PrometheusBuilder::new();
    for (name, value) in LABELS.get_or_init(BTreeMap::new) {
        builder = builder.add_global_label(name, value);
    }
    let recorder = builder.build_recorder();
    for each in metric::ALL {
        let (name, help) = (each.name.into(), each.help.into());
        match each.kind {
            Kind::Counter => recorder.describe_counter(name, None, help),
            Kind::Gauge => recorder.describe_gauge(name, None, help),
            Kind::Histogram => {}
        }
    }
    Exporter { handle: recorder.handle(), recorder }
});

const METADATA: Metadata<'static> = Metadata::new("piste", Level::INFO, None);

pub(crate) fn register_counter(definition: &Definition, values: &[&str]) -> metrics::Counter {
    EXPORTER.recorder.register_counter(&key(definition, values), &METADATA)
}

pub(crate) fn register_gauge(definition: &Definition, values: &[&str]) -> metrics::Gauge {
    EXPORTER.recorder.register_gauge(&key(definition, values), &METADATA)
}

pub(crate) fn register_histogram(
    definition: &Definition,
    values: &[&str],
    buckets: &'static [f64],
) -> Arc<Distribution> {
    let Definition { name, help, .. } = *definition;
    let everywhere = LABELS.get_or_init(BTreeMap::new).iter().map(|(name, value)| (&**name, &**value));
    let labels = everywhere.chain(definition.labels.iter().copied().zip(values.iter().copied()));
    let labels: String = labels.map(|(name, value)| format!("{name}={value:?},")).collect();
    let mut all = distributions();
    let at = all.partition_point(|other| (other.name, &*other.labels) < (name, &*labels));
    let distribution = Arc::new(Distribution::new(buckets));
    all.insert(at, Registered { name, help, labels, distribution: distribution.clone() });
    distribution
}

fn key(definition: &Definition, values: &[&str]) -> Key {
    debug_assert_eq!(definition.labels.len(), values.len(), "{}: one value a label", definition.name);
    let labels =
        definition.labels.iter().zip(values).map(|(name, value)| Label::new(*name, (*value).to_owned()));
    Key::from_parts(definition.name, labels.collect::<Vec<_>>())
}
