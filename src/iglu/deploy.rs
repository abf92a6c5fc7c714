//! `piste iglu deploy`, `static deploy`: lint, tables and publication by one configuration (`spec/iglu.md` 5.7).

use std::{
    env,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Deserialize;
use service::{
    config::{self, Sources},
    exit::{ExitCode, RunError},
};

use super::{
    files, generate,
    lint::{self, arguments},
    push,
    registry::{ApiKey, Root},
    s3cp,
    said::{Said, tell},
};
use crate::runtime;

/// Options of `piste iglu deploy`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// The configuration, as igluctl has it.
    config: PathBuf,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    #[serde(default)]
    #[expect(dead_code, reason = "for people only")]
    description: Option<String>,
    input: String,
    lint: Lint,
    generate: Generate,
    actions: Vec<Action>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lint {
    /// The linters to leave out: the original takes these for them, whatever the name says.
    #[serde(default)]
    included_checks: Vec<String>,
    /// The same, by its right name.
    #[serde(default)]
    skip_checks: Vec<String>,
    #[serde(default)]
    skipped_schemas: Vec<String>,
}

#[derive(Deserialize)]
struct Generate {
    output: String,
    dbschema: String,
    force: bool,
}

/// One that is not meant for an action is not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    action: String,
    registry: Option<String>,
    apikey: Option<String>,
    is_public: Option<bool>,
    bucket_path: Option<String>,
    profile: Option<String>,
    region: Option<String>,
    #[serde(default)]
    skip_schema_lists: bool,
}

enum Step {
    Push(push::Options),
    Copy(s3cp::Options),
}

/// Everything, up to the first step that fails.
pub(crate) fn run(options: Options) -> Result<ExitCode, RunError> {
    runtime::run(Some(1), async move { Ok(tell(said(&options.config).await)) })
}

async fn said(file: &Path) -> Said {
    let config = read(file)?;
    let invalid = |what: String| vec![format!("Configuration is invalid: {what}")];
    let input = path(&config.input);
    let skipped = [config.lint.included_checks, config.lint.skip_checks].concat();
    if !skipped.is_empty() {
        arguments::linters(&skipped.join(",")).map_err(|error| vec![error])?;
    }
    let keys = match config.lint.skipped_schemas.as_slice() {
        [] => vec![],
        keys => arguments::keys(&keys.join(",")).map_err(invalid)?.0,
    };
    let steps: Vec<Step> = config
        .actions
        .into_iter()
        .map(|action| step(action, &input))
        .collect::<Result<_, _>>()
        .map_err(invalid)?;
    let mut lines = lint::said(&input, &skipped, &keys)?;
    let Generate { output, dbschema, force } = config.generate;
    generate::said(&generate::Options::new(input, path(&output), dbschema, force))?;
    for step in steps {
        match step {
            Step::Push(options) => lines.extend(push::said(&options).await?.0),
            Step::Copy(options) => lines.extend(s3cp::said(&options).await?),
        }
    }
    Ok(lines)
}

fn read(file: &Path) -> Result<Config, Vec<String>> {
    if let Err(error) = std::fs::File::open(file) {
        let (shown, reason) = (file.display(), files::reason(&error));
        return Err(vec![format!("Cannot read [{shown}]: Cannot read: {shown} ({reason})")]);
    }
    // Older configurations are self-describing: what counts stands under `data`.
    let loaded = config::load::<Config>(&Sources::of_process([file.to_owned()], vec![]), Some("data"));
    Ok(loaded
        .map_err(|error| vec![format!("Configuration is invalid: Could not parse config: {error}")])?
        .config)
}

fn step(action: Action, input: &Path) -> Result<Step, String> {
    let needs = |key: &str| format!("action {} needs {key}", action.action);
    match action.action.as_str() {
        "push" => {
            let root: Root = action.registry.as_ref().ok_or_else(|| needs("registry"))?.parse()?;
            let key = api_key(action.apikey.as_ref().ok_or_else(|| needs("apikey"))?)?;
            let public = action.is_public.ok_or_else(|| needs("isPublic"))?;
            Ok(Step::Push(push::Options::new(input.to_owned(), root, key, public)))
        }
        "s3cp" => {
            let path = action.bucket_path.as_ref().ok_or_else(|| needs("bucketPath"))?;
            let lists = !action.skip_schema_lists;
            let (profile, region) = (action.profile.clone(), action.region.clone());
            Ok(Step::Copy(s3cp::Options::new(input.to_owned(), path, profile, region, lists)))
        }
        unknown => Err(format!("Unknown IgluCtl action: {unknown}")),
    }
}

/// A key, or `$` and the name of a variable of the environment that holds one.
fn api_key(text: &str) -> Result<ApiKey, String> {
    let Some(name) = text.strip_prefix('$') else {
        return text.parse().map_err(|error| format!("apikey can have ENVVAR or UUID format; {error}"));
    };
    env::var(name).map_err(|_| format!("Environment variable {name} is not available"))?.parse()
}

/// A path, which may be written as a URI.
fn path(text: &str) -> PathBuf {
    PathBuf::from(text.strip_prefix("file://").unwrap_or(text))
}
