//! Opens the store that a configuration names.

use std::{path::Path, sync::Arc};

use ::iglu::server::{
    permission::Permission,
    settings::DUMMY_KEY,
    store::{
        Store, StoreError,
        postgres::client::{Place, Postgres},
        sqlite::client::Sqlite,
    },
};
use service::exit::{ExitCode, RunError};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::settings::{Database, DatabaseKind, IgluServerConfig};

/// Opens it. Tables that are not there are made.
pub(super) async fn open(config: &IgluServerConfig) -> Result<Arc<dyn Store>, RunError> {
    match config.database.kind {
        DatabaseKind::Sqlite => Ok(Arc::new(in_file(&config.database.path)?)),
        DatabaseKind::Dummy => {
            let store = Sqlite::in_memory().map_err(unavailable)?;
            store.add_permissions(vec![(DUMMY_KEY, Permission::of_all())]).await.map_err(unavailable)?;
            Ok(Arc::new(store))
        }
        DatabaseKind::Postgres => {
            let store = Postgres::new(&place(&config.database)?, config.connections());
            match store.set_up().await {
                Ok(()) => {}
                Err(error) if config.database.enable_startup_checks => return Err(unavailable(error)),
                Err(error) => tracing::warn!(%error, "the database does not answer yet"),
            }
            Ok(Arc::new(store))
        }
    }
}

/// The store in a file, in a folder that is made where it is not there.
pub(crate) fn in_file(file: &Path) -> Result<Sqlite, RunError> {
    let at = |error: &dyn std::fmt::Display| RunError::unavailable(format!("{}: {error}", file.display()));
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|error| at(&error))?;
    }
    Sqlite::open(file).map_err(|error| at(&error))
}

fn place(database: &Database) -> Result<Place, RunError> {
    Ok(Place {
        host: database.host.clone().unwrap_or_default(),
        port: database.port,
        dbname: database.dbname.clone().unwrap_or_default(),
        user: database.username.clone().unwrap_or_default(),
        password: database.password.as_ref().map(|password| password.expose().to_owned()),
        tls: tls(database)?,
    })
}

/// How connections are encrypted, in the Postgres loader's way.
#[cfg(feature = "loaders")]
fn tls(database: &Database) -> Result<Option<(MakeRustlsConnect, SslMode)>, RunError> {
    use loaders::postgres::{client::connector, config::PostgresConfig};
    let roots = database.ssl_root_cert.clone();
    let config = PostgresConfig::new(tokio_postgres::Config::new(), &database.ssl_mode, roots, None)
        .map_err(|error| RunError::new(ExitCode::Config, format!("`database.sslMode`: {}", error.what)))?;
    let tls = connector(&config.tls).map_err(|error| RunError::unavailable(error.to_string()))?;
    Ok(Some((tls, config.connection.get_ssl_mode())))
}

/// What encrypts comes with the loaders.
#[cfg(not(feature = "loaders"))]
fn tls(database: &Database) -> Result<Option<(MakeRustlsConnect, SslMode)>, RunError> {
    if ["disable", "allow", "prefer"].contains(&database.ssl_mode.to_lowercase().as_str()) {
        return Ok(None);
    }
    let what = "`database.sslMode`: this executable was built without the feature `loaders`, which encrypts";
    Err(RunError::new(ExitCode::Config, what))
}

fn unavailable(error: StoreError) -> RunError {
    RunError::unavailable(error.to_string())
}
