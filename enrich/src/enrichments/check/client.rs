//! Reads the configurations of a folder, each on its own, and asks what is wrong with them.

use std::path::Path;

use event::self_describing::SelfDescribing;
use iglu::client_error::ClientError;

use super::Finding;
use crate::enrichments::{
    InvalidEnrichments,
    client::{LoadError, Loader, files, read_file},
    configuration::Configuration,
};

/// Everything that is wrong with the configurations in a folder; those that are right. What an enrichment needs is
/// fetched.
///
/// # Errors
/// The folder cannot be read, or a registry does not answer.
pub async fn check(loader: &Loader, folder: &Path) -> Result<(Vec<Configuration>, Vec<Finding>), LoadError> {
    let (mut good, mut findings) = (Vec::new(), Vec::new());
    for path in files(folder)? {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let own = |sentence: &str| {
            let sentence =
                sentence.strip_prefix(&file).map_or(sentence, |rest| rest.trim_start_matches([':', ' ']));
            Finding::of_sentence(&file, &text, sentence)
        };
        let configuration = match read_file(&path) {
            Ok(configuration) => configuration,
            Err(what) => {
                findings.push(own(&what));
                continue;
            }
        };
        let data = SelfDescribing::new(configuration.key.clone(), configuration.data.clone());
        match loader.iglu().judge(&data).await {
            Err(ClientError::Resolution(error)) if error.undecided().is_some() => {
                // Loading says which registry did not answer.
                loader.load(std::slice::from_ref(&configuration)).await?;
            }
            Err(error) => findings.extend(Finding::of_reports(&file, &text, &error.to_json())),
            Ok(_) => match loader.load(std::slice::from_ref(&configuration)).await {
                Ok(_) => good.push(configuration),
                Err(LoadError::Invalid(InvalidEnrichments(what))) => {
                    findings.extend(what.iter().map(|what| own(what)));
                }
                Err(LoadError::Unavailable(what)) => findings.push(own(&what)),
            },
        }
    }
    Ok((good, findings))
}
