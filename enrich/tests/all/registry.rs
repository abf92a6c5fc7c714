//! Schemas for tests: our own, beside those of Iglu Central where the machine has them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use enrich::{
    lookup::{Answered, client::Client as Services},
    output::{Lookup, Outcome, Output},
    process::process_with,
    settings::Settings,
};
use event::schema_key::SchemaKey;
use iglu::{
    client::Client,
    resolver_config::{Connection, Repository, ResolverConfig},
};
use jiff::Timestamp;
use tempfile::TempDir;
use uuid::Uuid;

/// A registry in a folder, and a client of it.
pub struct Registry {
    client: Arc<Client>,
    runtime: tokio::runtime::Runtime,
    folder: TempDir,
}

impl Registry {
    /// One registry named as the recordings name it, at a clock that stands still.
    pub fn at(now: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let schemas = folder.path().join("schemas");
        fs::create_dir(&schemas).unwrap();
        link(&own(), &schemas);
        if let Some(central) = central() {
            link(&central, &schemas);
        }
        let repository = Repository {
            name: "Iglu Central".into(),
            priority: 0,
            vendor_prefixes: vec!["com.snowplowanalytics".into()],
            connection: Connection::Folder(folder.path().to_owned()),
        };
        let config = ResolverConfig { cache_size: 500, cache_ttl: None, repositories: vec![repository] };
        let client = Arc::new(Client::new(config, move || now));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { client, runtime, folder }
    }

    /// The client, for the shell.
    pub fn client(&self) -> Arc<Client> {
        Arc::clone(&self.client)
    }

    /// Processes a record, fetching what it needs. `None`: it needs a schema of Iglu Central, which is not there.
    pub fn process(
        &self,
        record: &[u8],
        settings: &Settings,
        now: Timestamp,
        ids: &mut dyn FnMut() -> Uuid,
    ) -> Option<Vec<Output>> {
        self.process_asking(record, settings, now, ids, &Services::new(Default::default()))
    }

    /// The same, asking services.
    pub fn process_asking(
        &self,
        record: &[u8],
        settings: &Settings,
        now: Timestamp,
        ids: &mut dyn FnMut() -> Uuid,
        services: &Services,
    ) -> Option<Vec<Output>> {
        let mut answers = Answered::default();
        let record = record.to_vec().into();
        let mut asked: Vec<SchemaKey> = Vec::new();
        loop {
            let needs = match process_with(&record, self.client.cache(), &answers, settings, now, ids) {
                Outcome::Done(outputs) => {
                    let is_known = |key: &SchemaKey| {
                        key.vendor == "com.acme.piste" || iglu::built_in::schema(key).is_some()
                    };
                    return (central().is_some() || asked.iter().all(is_known)).then_some(outputs);
                }
                Outcome::Need(needs) => needs,
            };
            for need in needs {
                let key = match need {
                    Lookup::Schema(key) => key,
                    Lookup::Service(question) => {
                        let answer = self.runtime.block_on(services.ask(&question));
                        answers.services.insert(question.key(), answer);
                        continue;
                    }
                    Lookup::Remote(_) => panic!("{need:?}"),
                };
                assert!(!asked.contains(&key), "{key} is needed again");
                self.runtime.block_on(self.client.fetch(&key));
                asked.push(key);
            }
        }
    }

    /// Where the schemas are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/schemas")
}

/// A folder with schemas of Iglu Central.
pub fn central() -> Option<PathBuf> {
    let named = std::env::var_os("PISTE_IGLU_CENTRAL").map(PathBuf::from);
    let golden = std::env::var_os("PISTE_GOLDEN").map(|golden| Path::new(&golden).join("schemas"));
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/golden/schemas");
    let folder = [named, golden, Some(beside)].into_iter().flatten().find(|folder| folder.is_dir())?;
    let inner = folder.join("schemas");
    Some(if inner.is_dir() { inner } else { folder })
}

/// Puts the vendors of a folder into another, where they are not there yet.
fn link(from: &Path, to: &Path) {
    for vendor in fs::read_dir(from).unwrap() {
        let vendor = vendor.unwrap();
        let target = to.join(vendor.file_name());
        if !target.exists() {
            std::os::unix::fs::symlink(vendor.path().canonicalize().unwrap(), target).unwrap();
        }
    }
}
