//! `piste iglu s3cp`, `static s3cp`: a static registry in a bucket (`spec/iglu.md` 5.6).

use std::path::{Path, PathBuf};

use ::iglu::schema_list::{ModelList, lists};
use clap::Args;
use event::{json::to_compact, schema_key::SchemaKey};
use indicatif::ProgressIterator as _;
use object_store::{
    Attribute, Attributes, ObjectStore, PutOptions,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    local::LocalFileSystem,
};
use serde_json::Value;
use service::exit::{ExitCode, RunError};

use super::{
    files, profile,
    said::{Said, tell},
};
use crate::{output, runtime};

/// What the objects hold.
const CONTENT: &str = "application/json; charset=utf-8";

/// Options of `piste iglu s3cp`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// A folder of schemas (`vendor/name/jsonschema/version`), or one of its files.
    input: PathBuf,
    /// The bucket; with `file://` before it a folder.
    bucket: String,
    /// Where in the bucket `schemas/` is.
    #[arg(long, value_name = "PATH")]
    s3path: Option<String>,
    /// A key of AWS; without it and `--profile` those of the environment or the machine.
    #[arg(long = "accessKeyId", value_name = "KEY")]
    access_key: Option<String>,
    /// Its secret.
    #[arg(long = "secretAccessKey", value_name = "KEY")]
    secret_key: Option<String>,
    /// A profile of the file of credentials.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The bucket's region.
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// A server with the protocol of S3.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Write no lists of schemas.
    #[arg(long)]
    skip_schema_lists: bool,
}

impl Options {
    /// What a configuration of `deploy` asks for; `path` is the bucket with or without a path.
    pub(crate) fn new(
        input: PathBuf,
        path: &str,
        profile: Option<String>,
        region: Option<String>,
        lists: bool,
    ) -> Self {
        let (bucket, path) = match path.strip_prefix("file://") {
            Some(_) => (path, None),
            None => match path.trim_start_matches("s3://").split_once('/') {
                Some((bucket, path)) if !path.is_empty() => (bucket, Some(path.to_owned())),
                Some((bucket, _)) => (bucket, None),
                None => (path.trim_start_matches("s3://"), None),
            },
        };
        Self {
            input,
            bucket: bucket.to_owned(),
            s3path: path,
            access_key: None,
            secret_key: None,
            profile,
            region,
            endpoint: None,
            skip_schema_lists: !lists,
        }
    }
}

/// Writes them.
pub(crate) fn run(options: Options) -> Result<ExitCode, RunError> {
    runtime::run(Some(1), async move { Ok(tell(said(&options).await)) })
}

/// A line for each object, told as it is written.
pub(crate) async fn said(options: &Options) -> Said {
    let store = open(options).map_err(|error| vec![error])?;
    let schemas = files::read_whole(&options.input)?;
    let put = async |path: &str, json: &Value| -> Result<String, Vec<String>> {
        let key = key(options.s3path.as_deref(), path);
        let mut attributes = Attributes::new();
        // A folder has no place for it.
        if !options.bucket.starts_with("file://") {
            attributes.insert(Attribute::ContentType, CONTENT.into());
        }
        let how = PutOptions { attributes, ..PutOptions::default() };
        let place = object_store::path::Path::parse(&key).map_err(|error| vec![error.to_string()])?;
        let wrong = |error: object_store::Error| vec![format!("Cannot write [{key}]: {error}")];
        store.put_opts(&place, to_compact(json).into(), how).await.map_err(wrong)?;
        Ok(match options.bucket.strip_prefix("file://") {
            Some(folder) => format!("file://{folder}/{key}"),
            None => format!("s3://{}/{key}", options.bucket),
        })
    };
    for schema in schemas.iter().progress() {
        let url = put(&schema.key.path(), &schema.json).await?;
        let file = files::absolute(&schema.path);
        output::line(format_args!("File [{}] uploaded as [{url}]", file.display()));
    }
    if options.skip_schema_lists {
        return Ok(vec![]);
    }
    let keys: Vec<SchemaKey> = schemas.into_iter().map(|schema| schema.key).collect();
    let mut whole: Vec<String> = Vec::new();
    for ModelList { path, uris, name } in lists(&keys) {
        let Some(uris) = uris else {
            output::line(format_args!("No schema list for {name} because order is ambiguous"));
            continue;
        };
        let url = put(&path, &Value::from(uris.clone())).await?;
        output::line(format_args!("Schema list uploaded as [{url}]"));
        whole.extend(uris);
    }
    // A folder cannot have a file called as a folder in it.
    if !options.bucket.starts_with("file://") {
        let url = put("", &Value::from(whole)).await?;
        output::line(format_args!("Schema list uploaded as [{url}]"));
    }
    Ok(vec![])
}

fn key(prefix: Option<&str>, path: &str) -> String {
    let parts = [prefix.unwrap_or_default().trim_matches('/'), "schemas", path];
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("/")
}

fn open(options: &Options) -> Result<Box<dyn ObjectStore>, String> {
    let invalid = "Configuration is invalid: Invalid AWS authentication method. Following methods are supported: static \
                   credentials, profile, default credentials chain";
    let own = match (&options.access_key, &options.secret_key, &options.profile) {
        (Some(id), Some(secret), None) => {
            Some(profile::Credentials { id: id.clone(), secret: secret.clone(), token: None })
        }
        (None, None, Some(name)) => Some(profile::read(name)?),
        (None, None, None) => None,
        _ => return Err(invalid.to_owned()),
    };
    if let Some(folder) = options.bucket.strip_prefix("file://") {
        files::writable(Path::new(folder)).map_err(|lines| lines.join("\n"))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| error.to_string())?;
        return Ok(Box::new(store));
    }
    let bucket = options.bucket.trim_start_matches("s3://").trim_end_matches('/');
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
    if let Some(region) = &options.region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(true);
    }
    if let Some(profile::Credentials { id, secret, token }) = own {
        builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        if let Some(token) = token {
            builder = builder.with_config(AmazonS3ConfigKey::Token, token);
        }
    }
    builder.build().map(|store| Box::new(store) as Box<dyn ObjectStore>).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_objects() {
        assert_eq!(key(None, "a/b/jsonschema/1-0-0"), "schemas/a/b/jsonschema/1-0-0");
        assert_eq!(key(Some("/x/y/"), ""), "x/y/schemas");
        let of = |path: &str| {
            let options = Options::new(PathBuf::new(), path, None, None, true);
            (options.bucket, options.s3path)
        };
        assert_eq!(of("s3://b/p/q"), ("b".into(), Some("p/q".into())));
        assert_eq!(of("s3://b/"), ("b".into(), None));
        assert_eq!(of("b"), ("b".into(), None));
        assert_eq!(of("file:///x/y"), ("file:///x/y".into(), None));
    }
}
