//! `piste iglu push`, `static push`: publishes the schemas of a folder.

use std::path::PathBuf;

use clap::Args;
use indicatif::ProgressIterator as _;
use service::exit::{ExitCode, RunError};

use super::{
    files::{self, SchemaFile},
    registry::{Answer, ApiKey, Registry, Root},
    said::{Said, tell},
};
use crate::{output, runtime};

/// Options of `piste iglu push`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// A folder of schemas (`vendor/name/jsonschema/version`), or one of its files.
    input: PathBuf,
    /// The registry, without `/api`.
    uri: Root,
    /// A key that may write.
    uuid: ApiKey,
    /// Everybody may read them.
    #[arg(long)]
    public: bool,
    /// End with 1 where the registry refuses one that it does not have exactly so. `piste iglu push` always does.
    #[arg(long)]
    strict: bool,
}

impl Options {
    /// What a configuration of `deploy` asks for.
    pub(crate) fn new(input: PathBuf, uri: Root, uuid: ApiKey, public: bool) -> Self {
        Self { input, uri, uuid, public, strict: false }
    }

    /// A refusal is a failure.
    pub(crate) fn strictly(self) -> Self {
        Self { strict: true, ..self }
    }
}

/// Publishes, in the order of versions.
pub(crate) fn run(options: Options) -> Result<ExitCode, RunError> {
    runtime::run(Some(1), async move {
        Ok(match said(&options).await {
            Ok((lines, refused)) => {
                let code = tell(Ok(lines));
                if refused > 0 && options.strict {
                    output::error_line(format_args!("{refused} schemas were refused"));
                    ExitCode::Unwell
                } else {
                    code
                }
            }
            Err(lines) => tell(Err(lines)),
        })
    })
}

/// A line for each schema, and how many were refused.
pub(crate) async fn said(options: &Options) -> Result<(Vec<String>, usize), Vec<String>> {
    let schemas = files::read_whole(&options.input)?;
    let registry = Registry::new(options.uri.clone(), Some(options.uuid.clone())).map_err(|e| vec![e])?;
    let (mut lines, mut refused) = (Vec::new(), 0);
    for schema in schemas.iter().progress() {
        let path = schema.key.path();
        let answer = match registry.publish(&path, options.public, &schema.json).await {
            Ok(answer) => answer,
            Err(error) => {
                // What was published before is told in any case.
                let _ = tell(Said::Ok(lines));
                return Err(vec![error]);
            }
        };
        if options.strict && answer.status == 409 && is_there(&registry, schema).await? {
            lines.push(format!("Schema is there already at {}", schema.key));
            continue;
        }
        refused += usize::from(!(200..300).contains(&answer.status));
        lines.push(line(&answer));
    }
    Ok((lines, refused))
}

/// Whether the registry has it, with the same content.
async fn is_there(registry: &Registry, schema: &SchemaFile) -> Result<bool, Vec<String>> {
    let there = registry.schema(&schema.key.path()).await.map_err(|error| vec![error])?;
    Ok(there.is_some_and(|there| there == schema.json))
}

/// What was answered: the message and the schema, else all of it.
fn line(answer: &Answer) -> String {
    let json = event::json::parse(&answer.body).unwrap_or_default();
    match (json["message"].as_str(), json["location"].as_str()) {
        (Some(message), Some(location)) => format!("{message} at {location}  ({})", answer.status),
        _ => answer.body.clone(),
    }
}
