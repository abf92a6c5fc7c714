//! `piste iglu new`: a first version of a schema from samples of its data.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use ::iglu::{sample, spaced::spaced};
use clap::Args;
use event::{
    json::parse,
    schema_key::{SchemaKey, SchemaVersion},
};
use serde_json::Value;
use service::exit::{ExitCode, RunError};

use super::files;
use crate::output;

/// Options of `piste iglu new`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Vendor and name, for example `com.acme/cart`.
    schema: String,
    /// Files with JSON data, one document or one a line; `-` is stdin.
    #[arg(required = true)]
    samples: Vec<PathBuf>,
    /// Write it below this folder, where the other tools find it; without it on stdout.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// The version.
    #[arg(long = "schema-version", value_name = "VERSION", default_value = "1-0-0", value_parser = version)]
    version: SchemaVersion,
}

/// Makes it.
pub(crate) fn run(options: &Options) -> Result<ExitCode, RunError> {
    let uri = format!("iglu:{}/jsonschema/{}", options.schema, options.version);
    let key: SchemaKey = uri.parse().map_err(|_| {
        let what = format!("{}: expected vendor and name, for example com.acme/cart", options.schema);
        RunError::new(ExitCode::Usage, what)
    })?;
    let mut samples = Vec::new();
    for file in &options.samples {
        samples.extend(read(file)?);
    }
    let schema = spaced(&sample::schema(&key, &samples));
    let Some(folder) = &options.out else {
        output::line(format_args!("{schema}"));
        return Ok(ExitCode::Ok);
    };
    let file = folder.join(key.path());
    let written = files::write(&file, &schema, false);
    let line = written.map_err(|problem| {
        RunError::new(ExitCode::Data, problem.split(" You can use").next().unwrap_or_default())
    })?;
    output::line(format_args!("{line}"));
    Ok(ExitCode::Ok)
}

/// The documents of a file.
fn read(file: &Path) -> Result<Vec<Value>, RunError> {
    let wrong = |what: String| RunError::new(ExitCode::Data, format!("{}: {what}", file.display()));
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
    } else {
        text = fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    }
    if let Ok(one) = parse(&text) {
        return Ok(vec![one]);
    }
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let parsed =
        lines.map(|(line, number)| parse(line).map_err(|error| wrong(format!("line {number}: {error}"))));
    let samples: Vec<Value> = parsed.collect::<Result<_, _>>()?;
    if samples.is_empty() { Err(wrong("holds no JSON".into())) } else { Ok(samples) }
}

fn version(text: &str) -> Result<SchemaVersion, String> {
    text.parse().map_err(|_| format!("{text} is no version such as 1-0-0"))
}
