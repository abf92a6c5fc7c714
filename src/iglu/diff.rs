//! `piste iglu diff`: two versions of a schema, before the second one is published.

mod storage;

use std::{
    fs,
    path::{Path, PathBuf},
};

use ::iglu::{
    difference::{Bump, Difference, between, needed},
    lint,
};
use clap::{Args, ValueEnum};
use event::{json::parse, schema_key::SchemaKey};
use serde_json::{Value, json};
use service::exit::{ExitCode, RunError};

use self::storage::Consequences;
use crate::output;

/// Options of `piste iglu diff`.
///
/// Ends with 65 when the version of the second one has not grown enough.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The version that is published: a file with a self-describing schema.
    old: PathBuf,
    /// The one that is to be published.
    new: PathBuf,
    /// How it is told.
    #[arg(long, default_value = "text")]
    format: Format,
    /// The schema of the tables in the database.
    #[arg(long, default_value = "atomic", value_name = "NAME")]
    dbschema: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// A schema in a file.
struct Given {
    key: SchemaKey,
    json: Value,
}

/// Compares, tells, and judges.
pub(crate) fn run(options: &Options) -> Result<ExitCode, RunError> {
    let (old, new) = (read(&options.old)?, read(&options.new)?);
    let same = (&old.key.vendor, &old.key.name, &old.key.format)
        == (&new.key.vendor, &new.key.name, &new.key.format);
    if !same {
        return Err(wrong(format!("{} and {} are not versions of one schema", old.key, new.key)));
    }
    let differences = between(&old.json, &new.json);
    let needs = needed(&differences);
    let grows = Bump::between(old.key.version, new.key.version);
    let fits = grows.is_some_and(|grows| grows >= needs);
    let consequences = Consequences::of(&old, &new, &options.dbschema)?;
    match options.format {
        Format::Text => tell(&old, &new, &differences, needs, grows, &consequences),
        Format::Json => output::line(format_args!(
            "{}",
            json!({
                "old": old.key.to_string(),
                "new": new.key.to_string(),
                "differences": differences.iter().map(shown).collect::<Vec<_>>(),
                "needs": needs.name(),
                "version": needs.after(old.key.version).to_string(),
                "fits": fits,
                "postgres": consequences.postgres,
                "redshift": consequences.redshift,
                "parquet": consequences.parquet,
            })
        )),
    }
    Ok(if fits { ExitCode::Ok } else { ExitCode::Data })
}

fn tell(
    old: &Given,
    new: &Given,
    differences: &[Difference],
    needs: Bump,
    grows: Option<Bump>,
    consequences: &Consequences,
) {
    for Difference { pointer, what, needs } in differences {
        let pointer = if pointer.is_empty() { "/" } else { pointer };
        output::line(format_args!("{:<8}  {pointer}: {what}", needs.name()));
    }
    let Consequences { postgres, redshift, parquet } = consequences;
    for (store, lines) in [("Postgres", postgres), ("Redshift", redshift), ("Parquet", parquet)] {
        lines.iter().for_each(|line| output::line(format_args!("{store:<8}  {line}")));
    }
    let (from, to) = (old.key.version, new.key.version);
    match grows {
        None => output::line(format_args!("{to} is no later version than {from}")),
        Some(grows) if grows < needs => output::line(format_args!(
            "{from} -> {to} grows the {}, and this is a {}: {}",
            grows.name(),
            needs.name(),
            needs.after(from)
        )),
        Some(_) => output::line(format_args!("{from} -> {to} is right: {} is enough", needs.name())),
    }
}

fn shown(difference: &Difference) -> Value {
    let Difference { pointer, what, needs } = difference;
    json!({ "pointer": pointer, "message": what, "needs": needs.name() })
}

fn read(file: &Path) -> Result<Given, RunError> {
    let at = |what: &str| wrong(format!("{}: {what}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| at(&error.to_string()))?;
    let json = parse(&text).map_err(|error| at(&error))?;
    let key =
        lint::self_of(&json).ok_or_else(|| at("is no self-describing schema (`self` and `$schema`)"))?;
    Ok(Given { key, json })
}

fn wrong(what: String) -> RunError {
    RunError::new(ExitCode::Data, what)
}
