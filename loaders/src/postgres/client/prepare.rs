//! What has to be there before anything is loaded.

use iglu::table::{migration::Change, name::quote};

use super::{
    super::{
        atomic::{self, EVENTS},
        config::PostgresConfig,
        statement,
    },
    Session, SessionError,
};

impl Session {
    /// A session that can only read.
    ///
    /// # Errors
    /// Not reached, or not allowed.
    pub async fn look(config: &PostgresConfig) -> Result<Self, SessionError> {
        let session = Self::connected(config).await?;
        session.execute("SET default_transaction_read_only = on").await?;
        Ok(session)
    }

    /// The statements that make what is missing: the schema, the table of events where there are any, and that of checkpoints.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn missing(&self, checkpoints: &str, has_events: bool) -> Result<Vec<String>, SessionError> {
        // IF NOT EXISTS asks for rights that an account that only loads need not have.
        let schema_is_there =
            self.client.query_opt(statement::SCHEMA_EXISTS, &[&self.schema]).await?.is_some();
        let mut statements = Vec::new();
        if !schema_is_there {
            statements.push(format!("CREATE SCHEMA IF NOT EXISTS {}", quote(&self.schema)));
        }
        if has_events && !(schema_is_there && self.existing(EVENTS).await?.is_some()) {
            let table = statement::table_in(&self.schema, EVENTS);
            statements.push(Change::Create(atomic::columns()).sql(&table));
        }
        if !(schema_is_there && self.existing(checkpoints).await?.is_some()) {
            statements.push(self.checkpoints.create.clone());
        }
        Ok(statements)
    }

    /// Makes what is missing.
    pub(super) async fn prepare(&self, checkpoints: &str, has_events: bool) -> Result<(), SessionError> {
        let statements = self.missing(checkpoints, has_events).await?;
        if statements.is_empty() {
            return Ok(());
        }
        for statement in &statements {
            let what = statement.split('(').next().unwrap_or(statement).trim_end();
            tracing::info!(schema = self.schema, "{what}");
        }
        self.begin().await?;
        self.client.execute(statement::LOCK, &[&self.schema]).await?;
        self.execute(&statements.join(";")).await?;
        self.commit().await
    }

    /// The tables that have a comment, with it.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn commented(&self) -> Result<Vec<(String, String)>, SessionError> {
        let rows = self.client.query(statement::COMMENTED, &[&self.schema]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}
