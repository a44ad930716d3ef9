use diesel::migration::Migration;
use diesel::pg::Pg;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::connect::Connector;
use crate::{Config, StoreError};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// The advisory lock's key: the bytes "optimagi" as a number. Two processes that migrate at once take turns.
const LOCK: i64 = 0x6f70_7469_6d61_6769;

/// Applies the embedded migrations that the database does not have yet, and returns their names in order.
/// Safe to run again and by several processes at once.
///
/// # Errors
/// [`StoreError::Unavailable`] where the server cannot be reached, [`StoreError::Migration`] where one
/// fails; each runs in its own transaction, so the ones before it stay.
pub async fn migrate(config: &Config) -> Result<Vec<String>, StoreError> {
    let connector = Connector::new(config)?.without_statement_timeout();
    let connection = tokio::time::timeout(config.connect_timeout, connector.connect()).await;
    let mut connection = connection.map_err(StoreError::unavailable)?.map_err(StoreError::unavailable)?;
    // Held by the session: it ends with the connection, whatever happens.
    connection.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).await?;
    tokio::task::spawn_blocking(move || run(connection))
        .await
        .map_err(|error| StoreError::Migration { source: error.into() })?
}

fn run(connection: AsyncPgConnection) -> Result<Vec<String>, StoreError> {
    let mut connection: AsyncConnectionWrapper<AsyncPgConnection> = connection.into();
    apply(&mut connection).map_err(|source| StoreError::Migration { source })
}

fn apply(connection: &mut impl MigrationHarness<Pg>) -> diesel::migration::Result<Vec<String>> {
    let pending = connection.pending_migrations(MIGRATIONS)?;
    pending
        .iter()
        .map(|migration| {
            connection.run_migration(migration)?;
            Ok(migration.name().to_string())
        })
        .collect()
}
