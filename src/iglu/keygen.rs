//! `piste iglu keygen`, `server keygen`: a pair of keys of a registry.

use clap::Args;
use service::exit::{ExitCode, RunError};

use super::{
    registry::{ApiKey, Registry, Root},
    said::{Said, tell},
};
use crate::runtime;

/// Options of `piste iglu keygen`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// The registry, without `/api`.
    uri: Root,
    /// The key that may make keys.
    uuid: ApiKey,
    /// What the vendors begin with that the keys are for.
    #[arg(long, default_value = "*", value_parser = prefix)]
    vendor_prefix: String,
}

/// Prints them.
pub(crate) fn run(options: Options) -> Result<ExitCode, RunError> {
    runtime::run(Some(1), async move { Ok(tell(said(options).await)) })
}

async fn said(options: Options) -> Said {
    let registry = Registry::new(options.uri, Some(options.uuid)).map_err(|error| vec![error])?;
    let (read, write) = registry.keys(&options.vendor_prefix).await.map_err(|error| vec![error])?;
    Ok(vec![format!("Read key: {read}"), format!("Write key: {write}")])
}

fn prefix(text: &str) -> Result<String, String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if text == "*" || (!text.is_empty() && text.chars().all(is_part)) {
        return Ok(text.to_owned());
    }
    Err(format!("{text} cannot be the beginning of a vendor: letters, digits, - _ and . make one"))
}
