use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, Sha256Hash};
use redis::Client;

use crate::fixed_window::FixedWindowScript;
use crate::link::Link;
use crate::local::LocalWindows;
use crate::{Config, Decision, FixedWindow, LimiterError};

/// Subjects remembered while Redis is away: about 100 bytes each.
const LOCAL_CAPACITY: usize = 100_000;
/// How long a start waits for the first connection; without one it goes on with local windows.
const FIRST_CONNECTION: Duration = Duration::from_millis(150);

/// Takes from limits. Clones share one connection and one set of local windows.
#[derive(Debug, Clone)]
pub struct Limiter {
    link: Arc<Link>,
    local: Arc<LocalWindows>,
    script: Arc<FixedWindowScript>,
    prefix: Arc<str>,
    timeout: Duration,
}

impl Limiter {
    /// A limiter that is connected to Redis, or that will connect as soon as Redis is there: an absent
    /// Redis is no error. Waits 150 ms at most. Must be called on a Tokio runtime.
    ///
    /// # Errors
    /// [`LimiterError::Url`] if the configured URL cannot be used.
    pub async fn connect(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, LimiterError> {
        let client = Client::open(config.redis_url.expose()).map_err(LimiterError::Url)?;
        let link = Link::new(client, clock);
        let connecting = tokio::spawn(Arc::clone(&link).connect());
        // Both a late connection and a failed one are the link's business.
        let _ = tokio::time::timeout(FIRST_CONNECTION, connecting).await;
        Ok(Self {
            link,
            local: Arc::new(LocalWindows::new(LOCAL_CAPACITY)),
            script: Arc::new(FixedWindowScript::new()),
            prefix: config.key_prefix.as_str().into(),
            timeout: config.timeout,
        })
    }

    /// Takes `cost` units of `window` for `subject` (an account, a key, an address). Cost 0 only looks.
    ///
    /// Never fails and never takes longer than `LIMITER_TIMEOUT_MS`: without Redis this process decides.
    pub async fn take(&self, window: &FixedWindow, subject: &str, cost: u32) -> Decision {
        let subject = Sha256Hash::of(subject.as_bytes());
        match self.take_shared(window, subject, cost).await {
            Some(decision) => decision,
            None => self.local.take(window, subject, cost, self.link.now()),
        }
    }

    /// How long Redis takes to answer: for health reports. A service is ready without Redis.
    ///
    /// # Errors
    /// [`LimiterError`] if Redis is away or does not answer in time.
    pub async fn ping(&self) -> Result<Duration, LimiterError> {
        let (mut connection, number) = self.link.get().ok_or(LimiterError::NotConnected)?;
        let start = tokio::time::Instant::now();
        let ping = redis::cmd("PING");
        let result = match tokio::time::timeout(self.timeout, ping.exec_async(&mut connection)).await {
            Ok(result) => result.map_err(LimiterError::Redis),
            Err(_) => Err(LimiterError::Timeout),
        };
        result.inspect_err(|error| self.link.failed(number, error))?;
        Ok(start.elapsed())
    }

    async fn take_shared(&self, window: &FixedWindow, subject: Sha256Hash, cost: u32) -> Option<Decision> {
        let (mut connection, number) = self.link.get()?;
        let key = self.key(window, subject);
        let take = self.script.take(&mut connection, &key, window, cost);
        let result = match tokio::time::timeout(self.timeout, take).await {
            Ok(result) => result.map_err(LimiterError::Redis),
            Err(_) => Err(LimiterError::Timeout),
        };
        result.inspect_err(|error| self.link.failed(number, error)).ok()
    }

    /// The subject's hash and not its name: an address or a key must not be readable in Redis, and every
    /// key has the same length.
    fn key(&self, window: &FixedWindow, subject: Sha256Hash) -> String {
        format!("{}window:{}:{subject}", self.prefix, window.name)
    }
}
