//! `piste iglu verify`: versions whose data do not fit into the columns of those before (`spec/iglu.md` 5.10).

use std::path::PathBuf;

use ::iglu::{
    field::{Field, merge, select},
    redshift::model::Model,
};
use clap::{Args, Subcommand};
use service::exit::{ExitCode, RunError};

use super::{
    files,
    models::{Version, models},
    registry::{ApiKey, Registry, Root},
    said::{Said, tell},
};
use crate::runtime;

/// What is verified.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Target {
    /// The schemas of a folder, for lakes of Parquet files.
    Parquet(ParquetOptions),
    /// The schemas of a registry, for Redshift.
    Redshift(RedshiftOptions),
}

/// Options of `piste iglu verify parquet`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ParquetOptions {
    /// A folder of schemas (`vendor/name/jsonschema/version`), or one of its files.
    input: PathBuf,
    /// End with 1 where something breaks.
    #[arg(long)]
    fail_on_breaking: bool,
}

/// Options of `piste iglu verify redshift`.
#[derive(Args, Clone, Debug)]
pub(crate) struct RedshiftOptions {
    /// The registry, without `/api`.
    #[arg(long, value_name = "URI")]
    server: Root,
    /// A key that may read.
    #[arg(long, value_name = "UUID")]
    apikey: Option<ApiKey>,
    /// Name the versions and what breaks.
    #[arg(long, short)]
    verbose: bool,
    /// End with 1 where something breaks.
    #[arg(long)]
    fail_on_breaking: bool,
}

/// Tells what breaks.
pub(crate) fn run(target: Target) -> Result<ExitCode, RunError> {
    match target {
        Target::Parquet(options) => Ok(judge(parquet(&options), options.fail_on_breaking)),
        Target::Redshift(options) => {
            let fails = options.fail_on_breaking;
            runtime::run(Some(1), async move { Ok(judge(redshift(options).await, fails)) })
        }
    }
}

fn judge(said: Said, fails: bool) -> ExitCode {
    match said {
        Ok(lines) if lines.is_empty() => tell(Ok(vec!["No breaking changes detected".into()])),
        Ok(lines) if fails => {
            tell(Ok(lines));
            ExitCode::Unwell
        }
        other => tell(other),
    }
}

fn parquet(options: &ParquetOptions) -> Said {
    let schemas = files::read_whole(&options.input)?;
    let models = models(schemas.into_iter().map(|schema| (schema.key, schema.json)))?;
    Ok(models.iter().flat_map(|model| broken_fields(model)).collect())
}

fn broken_fields(model: &[Version]) -> Vec<String> {
    let mut found = Vec::new();
    let mut good: Option<Field> = None;
    for version in model {
        let path = version.key.path();
        let Some(newer) = select::unstruct(&path, &version.syntax) else { continue };
        match &good {
            None => good = Some(newer),
            Some(older) => match merge::merge(older, &newer) {
                Some(merged) => good = Some(merged),
                None => {
                    let changes = merge::breaking(older, &newer).join("\n");
                    found.push(format!("Breaking change introduced by '{path}'. Changes: {changes}"));
                }
            },
        }
    }
    found
}

async fn redshift(options: RedshiftOptions) -> Said {
    let registry = Registry::new(options.server, options.apikey).map_err(|error| vec![error])?;
    let models = models(registry.keyed_schemas().await.map_err(|error| vec![error])?)?;
    let mut lines = Vec::new();
    for model in &models {
        let versions: Vec<_> = model.iter().map(|version| (version.key.clone(), &version.syntax)).collect();
        let Some(table) = Model::of(&versions).filter(|table| !table.recovered.is_empty()) else { continue };
        let key = &table.latest;
        let criterion = format!("iglu:{}/{}/{}/{}-*-*", key.vendor, key.name, key.format, key.version.model);
        if !options.verbose {
            lines.push(criterion);
            continue;
        }
        lines.push(format!("{criterion}:"));
        for recovered in &table.recovered {
            lines.push(format!("  {}: [{}]", recovered.key, recovered.reasons.join(",")));
        }
    }
    Ok(lines)
}
