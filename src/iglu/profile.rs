//! Profiles of the file of credentials that the tools of AWS keep.

use std::{env, fs, path::PathBuf};

/// What a profile holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) token: Option<String>,
}

/// Reads a profile from `AWS_SHARED_CREDENTIALS_FILE`, or from `.aws/credentials` in the home folder.
pub(super) fn read(profile: &str) -> Result<Credentials, String> {
    let told = env::var_os("AWS_SHARED_CREDENTIALS_FILE").map(PathBuf::from);
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".aws/credentials"));
    let file = told.or_else(home).ok_or("there is no home folder with a file of credentials")?;
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    of(&text, profile).ok_or_else(|| {
        format!(
            "{} has no profile {profile} with aws_access_key_id and aws_secret_access_key",
            file.display()
        )
    })
}

fn of(text: &str, profile: &str) -> Option<Credentials> {
    let mut is_profile = false;
    let mut values: [Option<String>; 3] = Default::default();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            is_profile = name.trim() == profile;
        } else if let Some((key, value)) = line.split_once('=').filter(|_| is_profile) {
            let names = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"];
            if let Some(at) = names.iter().position(|name| *name == key.trim()) {
                values[at] = Some(value.trim().to_owned());
            }
        }
    }
    let [id, secret, token] = values;
    Some(Credentials { id: id?, secret: secret?, token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles() {
        let text =
            "[default]\naws_access_key_id = A\naws_secret_access_key=B\n# x\n[two]\naws_access_key_id=C\n";
        let expected = Credentials { id: "A".into(), secret: "B".into(), token: None };
        assert_eq!(of(text, "default"), Some(expected));
        assert_eq!(of(text, "two"), None);
    }
}
