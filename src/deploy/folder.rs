//! A folder that `piste deploy init` has written.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use serde_json::{Map, Value};
use service::exit::{ExitCode, RunError};

use super::{
    bundle::{self, ENVIRONMENTS},
    preset::Preset,
};

/// Variables of the environment, as Terraform reads them.
const VARIABLES: &str = "terraform.tfvars.json";

/// Where the state is kept.
const BACKEND: &str = "backend.tf";

/// Such a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder {
    root: PathBuf,
    pub(super) preset: Preset,
}

impl Folder {
    /// The folder that is there.
    pub(super) fn open(root: &Path) -> Result<Self, RunError> {
        let presets = Preset::value_variants().iter().copied();
        let mut found = presets.map(|preset| Self { root: root.into(), preset }).filter(Self::is_there);
        found.next().ok_or_else(|| {
            let what = format!("{}: no environment is here; `piste deploy init` makes one", root.display());
            RunError::new(ExitCode::Usage, what)
        })
    }

    /// A new folder, with the files of this build. `backend`: a file that says where the state is kept.
    pub(super) fn make(
        root: &Path,
        preset: Preset,
        variables: &Map<String, Value>,
        backend: Option<&str>,
    ) -> Result<Self, RunError> {
        let this = Self { root: root.into(), preset };
        if let Ok(other) = Self::open(root) {
            let what = format!(
                "{}: an environment `{}` is here already; `piste deploy up` works with it, `--upgrade` gives it the files of this version",
                root.display(),
                other.preset.name()
            );
            return Err(RunError::new(ExitCode::Usage, what));
        }
        this.write_bundle()?;
        if let Some(backend) = backend {
            this.write(&this.environment().join(BACKEND), backend)?;
        }
        // Last: with it the folder counts as made.
        let text = format!("{:#}\n", Value::Object(variables.clone()));
        this.write(&this.environment().join(VARIABLES), &text)?;
        Ok(this)
    }

    /// Gives it the files of this build. Variables, where the state is kept, and the state itself stay.
    pub(super) fn upgrade(&self) -> Result<(), RunError> {
        for part in ["terraform/modules", "terraform/iam", "terraform/pipeline"] {
            let path = self.root.join(part);
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&path, &error)),
                _ => {}
            }
        }
        let folder = self.environment();
        let entries = fs::read_dir(&folder).map_err(|error| failed(&folder, &error))?;
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let old = path.extension().is_some_and(|kind| kind == "tf")
                && path.file_name().is_some_and(|name| name != BACKEND);
            if old {
                fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
            }
        }
        self.write_bundle()
    }

    /// Where Terraform runs.
    pub(super) fn environment(&self) -> PathBuf {
        self.root.join(ENVIRONMENTS).join(self.preset.name())
    }

    /// A variable that is a text.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let text = fs::read(self.environment().join(VARIABLES)).ok()?;
        let variables: Value = serde_json::from_slice(&text).ok()?;
        variables[name].as_str().map(str::to_owned)
    }

    fn is_there(&self) -> bool {
        self.environment().join(VARIABLES).is_file()
    }

    fn write_bundle(&self) -> Result<(), RunError> {
        bundle::files(self.preset).try_for_each(|(path, text)| self.write(&self.root.join(path), text))
    }

    fn write(&self, path: &Path, text: &str) -> Result<(), RunError> {
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        fs::write(path, text).map_err(|error| failed(path, &error))
    }
}

fn failed(path: &Path, error: &io::Error) -> RunError {
    RunError::unavailable(format!("{}: {error}", path.display()))
}
