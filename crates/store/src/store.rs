use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::QueueMode;
use diesel_async::pooled_connection::deadpool::{Hook, HookError, Object, Pool};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolError, RecyclingMethod,
};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::FutureExt;

use crate::connect::Connector;
use crate::{Alerts, Config, StoreError};

/// A pool of connections to PostgreSQL. Cloning it shares the pool.
#[derive(Clone)]
pub struct Store {
    pool: Pool<AsyncPgConnection>,
    acquire_timeout: Duration,
    alerts: Arc<Alerts>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("connections", &self.pool.status()).finish()
    }
}

/// A connection that rested longer is asked for a sign of life before it is used: its server may have
/// vanished without closing it.
const REST: Duration = Duration::from_millis(500);

impl Store {
    /// Builds the pool. The server need not be up: connections are made when they are needed, and a
    /// connection that broke is dropped, so the pool recovers by itself.
    ///
    /// # Errors
    /// [`StoreError::Config`] where the URL is not usable.
    pub fn connect(config: &Config) -> Result<Self, StoreError> {
        let connector = Connector::new(config)?;
        let mut manager = ManagerConfig::default();
        // The connection's own task notices a closed socket at once, so a connection in use is not asked
        // for a sign of life: that would cost every call a round trip. One that has rested is.
        manager.recycling_method = RecyclingMethod::Fast;
        manager.custom_setup = Box::new(move |_| {
            let connector = connector.clone();
            async move { connector.connect().await }.boxed()
        });
        // The URL is with the connector; the manager has no use for it.
        let manager = AsyncDieselConnectionManager::new_with_config(String::new(), manager);
        let pool = Pool::builder(manager)
            .max_size(config.max_connections)
            // The one used last has its statements prepared and needs no sign of life.
            .queue_mode(QueueMode::Lifo)
            .pre_recycle(Hook::async_fn(|connection, metrics| {
                Box::pin(wake(connection, metrics.last_used()))
            }))
            .build()
            .map_err(|error| StoreError::Config { source: error.into() })?;
        Ok(Self { pool, acquire_timeout: config.connect_timeout, alerts: Arc::default() })
    }

    /// The same with other warnings than the default ones.
    #[must_use]
    pub fn alerting(mut self, alerts: Alerts) -> Self {
        self.alerts = Arc::new(alerts);
        self
    }

    /// When accounts are warned.
    pub(crate) fn alerts(&self) -> &Alerts {
        &self.alerts
    }

    /// Asks the server for a sign of life.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where there is none.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let answer = tokio::time::timeout(self.acquire_timeout, connection.batch_execute("SELECT 1")).await;
        Ok(answer.map_err(StoreError::unavailable)??)
    }

    /// A connection. One timeout spans the wait for the pool and for the server, or the two would add up.
    pub(crate) async fn connection(&self) -> Result<Object<AsyncPgConnection>, StoreError> {
        let connection = tokio::time::timeout(self.acquire_timeout, self.pool.get()).await;
        connection.map_err(StoreError::unavailable)?.map_err(StoreError::unavailable)
    }
}

async fn wake(connection: &mut AsyncPgConnection, rested: Duration) -> Result<(), HookError> {
    if rested < REST {
        return Ok(());
    }
    connection.batch_execute("").await.map_err(|error| HookError::Backend(PoolError::QueryError(error)))
}
