//! The walk over all versions of a model up to one, which needs no lists from registries (`spec/iglu.md` 3.7). Pure.

use event::schema_key::{SchemaKey, SchemaVersion};

use crate::{
    client_error::{RegistryError, ResolutionError},
    resolver_config::{Connection, Repository},
};

/// The walk.
#[derive(Debug)]
pub(crate) struct Until {
    max: SchemaVersion,
    next: Option<SchemaKey>,
}

impl Until {
    /// From the first version of the model up to `max`.
    pub(crate) fn new(max: &SchemaKey) -> Self {
        let first = SchemaVersion { revision: 0, addition: 0, ..max.version };
        Self { max: max.version, next: Some(SchemaKey { version: first, ..max.clone() }) }
    }

    /// The next schema to look up; none: done.
    pub(crate) fn next(&self) -> Option<&SchemaKey> {
        self.next.as_ref()
    }

    /// The schema was there.
    pub(crate) fn found(&mut self) {
        let max = self.max;
        self.next = self.next.take().filter(|key| key.version < max).map(|key| {
            let version = SchemaVersion { addition: key.version.addition + 1, ..key.version };
            SchemaKey { version, ..key }
        });
    }

    /// The schema was not to be had: the revision ends here, or the walk fails.
    pub(crate) fn missing(
        &mut self,
        error: &ResolutionError,
        repositories: &[Repository],
    ) -> Result<(), SchemaKey> {
        let Some(key) = self.next.take() else { return Ok(()) };
        let version = key.version;
        let may_end =
            version.addition > 0 && version.revision < self.max.revision && is_not_found(error, repositories);
        if !may_end {
            return Err(key);
        }
        let version = SchemaVersion { revision: version.revision + 1, addition: 0, ..version };
        self.next = Some(SchemaKey { version, ..key });
        Ok(())
    }
}

/// Whether the failure means that there is no such schema: a registry that broke down proves nothing. Static registries
/// answer 403 for what they do not have.
fn is_not_found(error: &ResolutionError, repositories: &[Repository]) -> bool {
    let is_missing = |repository: &Repository| {
        error.lookup_history.get(&repository.name).is_none_or(|history| {
            history.errors.iter().any(|error| !matches!(error, RegistryError::RepoFailure(_)))
        })
    };
    let is_central = |repository: &&Repository| match &repository.connection {
        Connection::Http { uri, .. } => uri.contains("iglucentral"),
        Connection::Folder(_) | Connection::BuiltIn => false,
    };
    let (central, custom): (Vec<_>, Vec<_>) = repositories.iter().partition(is_central);
    custom.into_iter().all(is_missing) && (central.is_empty() || central.into_iter().any(is_missing))
}
