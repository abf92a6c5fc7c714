//! `piste deploy init`: a folder with all that Terraform needs.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};
use service::exit::{ExitCode, RunError};

use super::{folder::Folder, preset::Preset};
use crate::output;

/// Writes a folder with the Terraform of this version, and a file of variables.
///
/// Every variable of deploy/terraform can be given with --var, or changed in terraform.tfvars.json later.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// What is deployed.
    #[arg(long, required_unless_present = "upgrade")]
    preset: Option<Preset>,
    /// The region of AWS.
    #[arg(long, value_parser = region, required_unless_present = "upgrade")]
    region: Option<String>,
    /// Name of the environment, with which all names begin [default: piste]
    #[arg(long, value_name = "NAME", value_parser = prefix)]
    prefix: Option<String>,
    /// A name of the collector, for example c.acme.com; may be given several times.
    #[arg(long, value_name = "HOST")]
    domain: Vec<String>,
    /// The hosted zone of these names in Route 53: certificate and records are made there.
    #[arg(long, value_name = "ID", requires = "domain")]
    zone: Option<String>,
    /// Keep the state in this bucket, which is there already; without it the state is a file in the folder.
    #[arg(long, value_name = "BUCKET")]
    state_bucket: Option<String>,
    /// A variable of Terraform; what is no JSON is a text. May be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    var: Vec<(String, Value)>,
    /// The folder.
    #[arg(long, value_name = "DIR", default_value = "piste-aws")]
    dir: PathBuf,
    /// Give the folder, which is there, the files of this version; variables and state stay.
    #[arg(long, conflicts_with_all = ["preset", "region", "prefix", "domain", "zone", "state_bucket", "var"])]
    upgrade: bool,
}

/// Writes it, and says what comes next.
pub(crate) fn run(options: &Options) -> Result<ExitCode, RunError> {
    let dir = options.dir.display();
    let (Some(preset), Some(region)) = (options.preset, &options.region) else {
        Folder::open(&options.dir)?.upgrade()?;
        output::line(format_args!("{dir} has the files of piste {}", env!("CARGO_PKG_VERSION")));
        output::line(format_args!("next: piste deploy up --dir {dir}"));
        return Ok(ExitCode::Ok);
    };
    let variables = variables(options, region);
    let backend = options.state_bucket.as_ref().map(|bucket| {
        let prefix = options.prefix.as_deref().unwrap_or("piste");
        backend(bucket, prefix, region)
    });
    Folder::make(&options.dir, preset, &variables, backend.as_deref())?;
    output::line(format_args!("{dir} is ready for `{}` in {region}", preset.name()));
    if backend.is_none() {
        output::line(format_args!("the state will be a file in it: keep it, or give --state-bucket"));
    }
    output::line(format_args!("next: piste deploy up --dir {dir}"));
    Ok(ExitCode::Ok)
}

fn variables(options: &Options, region: &str) -> Map<String, Value> {
    let mut variables = Map::new();
    variables.insert("region".into(), json!(region));
    if let Some(prefix) = &options.prefix {
        variables.insert("prefix".into(), json!(prefix));
    }
    if !options.domain.is_empty() {
        variables.insert("domain_names".into(), json!(options.domain));
    }
    if let Some(zone) = &options.zone {
        variables.insert("route53_zone_id".into(), json!(zone));
    }
    variables.extend(options.var.iter().cloned());
    variables
}

fn backend(bucket: &str, prefix: &str, region: &str) -> String {
    let (bucket, key, region) = (json!(bucket), json!(format!("{prefix}.tfstate")), json!(region));
    format!(
        "# Where the state is kept.\n\nterraform {{\n  backend \"s3\" {{\n    bucket       = {bucket}\n    key          = {key}\n    region       = {region}\n    encrypt      = true\n    use_lockfile = true\n  }}\n}}\n"
    )
}

fn region(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('-').collect();
    let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    if let [words @ .., number] = parts.as_slice()
        && words.len() >= 2
        && words.iter().copied().all(word)
        && number.len() == 1
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is no region, such as eu-west-1"))
}

fn prefix(text: &str) -> Result<String, String> {
    let fits = (1..=20).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if fits {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "`{text}` is not 1 to 20 small letters, digits and dashes, with a letter at the beginning"
        ))
    }
}

fn variable(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not NAME=VALUE"))?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || !name.bytes().all(fits) {
        return Err(format!("`{name}` is no name of a variable"));
    }
    Ok((name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| json!(value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_and_names() {
        for text in ["eu-west-1", "us-gov-east-1", "ap-southeast-4"] {
            assert_eq!(region(text), Ok(text.into()));
        }
        for text in ["", "eu-west", "EU-west-1", "eu-west-1a", "eu--1", "1"] {
            assert!(region(text).is_err(), "{text}");
        }
        for text in ["piste", "a", "sp-1"] {
            assert_eq!(prefix(text), Ok(text.into()));
        }
        for text in ["", "1a", "a-", "A", "a_b", &"a".repeat(21)] {
            assert!(prefix(text).is_err(), "{text}");
        }
    }

    #[test]
    fn variables_are_json_or_texts() {
        for (text, name, value) in [
            ("edge=nlb", "edge", json!("nlb")),
            ("postgres_db_enabled=true", "postgres_db_enabled", json!(true)),
            ("alarm_emails=[\"a@b.c\"]", "alarm_emails", json!(["a@b.c"])),
            ("x=a=b", "x", json!("a=b")),
        ] {
            assert_eq!(variable(text), Ok((name.to_owned(), value)));
        }
        assert!(variable("x").is_err() && variable("=1").is_err() && variable("a b=1").is_err());
    }

    #[test]
    fn the_backend_is_terraform() {
        let text = backend("states", "piste", "eu-west-1");
        assert!(
            text.contains("    key          = \"piste.tfstate\"\n    region       = \"eu-west-1\"\n"),
            "{text}"
        );
    }
}
