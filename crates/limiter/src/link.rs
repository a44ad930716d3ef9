use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::Clock;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError};

/// How long Redis is left alone after a failure (RELIABILITY D17).
pub const RETRY_AFTER: Duration = Duration::from_secs(5);
/// A connection is set up beside the requests, so it may take longer than any of them would wait.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Debug)]
enum State {
    /// Usable. The number tells connections apart: an old one's failure says nothing about this one.
    Connected(MultiplexedConnection, u64),
    /// A task is setting up a connection.
    Connecting,
    /// The breaker is open since then.
    Broken(DateTime<Utc>),
}

/// One shared connection and the circuit breaker in front of it.
///
/// Own code beside the library's `ConnectionManager`, because that one makes requests wait while it
/// reconnects, and keeps a connection whose other end went silent.
pub(crate) struct Link {
    client: Client,
    clock: Arc<dyn Clock>,
    state: Mutex<(State, u64)>,
}

impl Link {
    /// A link that has not connected yet.
    pub(crate) fn new(client: Client, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { client, clock, state: Mutex::new((State::Connecting, 0)) })
    }

    /// The instant of the injected clock.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The connection, if there is one now. Where it broke long enough ago, a task begins to set up
    /// another one, and this caller goes without.
    pub(crate) fn get(self: &Arc<Self>) -> Option<(MultiplexedConnection, u64)> {
        let mut state = self.lock();
        match &state.0 {
            State::Connected(connection, number) => Some((connection.clone(), *number)),
            State::Broken(since) if self.is_time_to_retry(*since) => {
                state.0 = State::Connecting;
                drop(state);
                tokio::spawn(Arc::clone(self).connect());
                None
            }
            State::Connecting | State::Broken(_) => None,
        }
    }

    /// Sets up the connection and closes the breaker, or opens it again.
    pub(crate) async fn connect(self: Arc<Self>) {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(CONNECT_TIMEOUT));
        let connect = self.client.get_multiplexed_async_connection_with_config(&config);
        let result = match tokio::time::timeout(CONNECT_TIMEOUT, connect).await {
            Ok(result) => result,
            Err(_) => Err(RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))),
        };
        match result {
            Ok(connection) => {
                let mut state = self.lock();
                state.1 += 1;
                state.0 = State::Connected(connection, state.1);
                tracing::info!("Redis is connected: rate limits are shared");
            }
            Err(error) => self.open(&error),
        }
    }

    /// Opens the breaker because connection `number` failed.
    pub(crate) fn failed(&self, number: u64, cause: &dyn std::fmt::Display) {
        let current = matches!(&self.lock().0, State::Connected(_, current) if *current == number);
        if current {
            self.open(cause);
        }
    }

    fn open(&self, cause: &dyn std::fmt::Display) {
        self.lock().0 = State::Broken(self.clock.now());
        tracing::warn!(%cause, "Redis is away: rate limits hold for this process only");
    }

    /// Also when the clock went back: the breaker must not stay open for as long as the jump was.
    fn is_time_to_retry(&self, since: DateTime<Utc>) -> bool {
        let age = self.clock.now() - since;
        age < TimeDelta::zero() || age.to_std().is_ok_and(|age| age >= RETRY_AFTER)
    }

    fn lock(&self) -> MutexGuard<'_, (State, u64)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Link {
    /// Without the client, whose address may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let connected = matches!(self.lock().0, State::Connected(..));
        f.debug_struct("Link").field("connected", &connected).finish_non_exhaustive()
    }
}
