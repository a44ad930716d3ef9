use std::sync::Arc;
use std::time::Duration;

use domain::Clock;
use redis::aio::MultiplexedConnection;
use redis::{Client, RedisResult};
use uuid::Uuid;

use crate::hashed::{Hashed, Place};
use crate::lease::Lease;
use crate::link::Link;
use crate::local::Local;
use crate::program::Steered;
use crate::rule::Kind;
use crate::scripts::Scripts;
use crate::{
    Check, Config, Decision, Escalation, FixedWindow, LeaseGuard, LimiterError, Request, Source, Verdict,
};

/// Limits and subjects remembered while Redis is away: about 150 bytes each.
const LOCAL_CAPACITY: usize = 100_000;
/// How long a start waits for the first connection; without one it goes on with the limits of this process.
const FIRST_CONNECTION: Duration = Duration::from_millis(150);

/// Takes from limits. Clones share one connection and one set of local limits.
#[derive(Debug, Clone)]
pub struct Limiter {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    link: Arc<Link>,
    pub(crate) local: Local,
    pub(crate) scripts: Scripts,
    timeout: Duration,
    nodes: u32,
    escalation: Escalation,
    /// Only in tests: the scripts go by the injected clock instead of the server's.
    steered: bool,
}

impl Limiter {
    /// A limiter that is connected to Redis, or that will connect as soon as Redis is there: an absent
    /// Redis is no error. Waits 150 ms at most. Must be called on a Tokio runtime.
    ///
    /// # Errors
    /// [`LimiterError::Url`] if the configured URL cannot be used.
    pub async fn connect(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, LimiterError> {
        Self::start(config, clock, false).await
    }

    /// For tests: `clock` is the time in Redis too, not only in this process. Keys then live an hour longer
    /// than they have to, because they end by the server's clock.
    ///
    /// # Errors
    /// Those of [`Limiter::connect`].
    #[doc(hidden)]
    pub async fn connect_steered(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, LimiterError> {
        Self::start(config, clock, true).await
    }

    async fn start(config: &Config, clock: Arc<dyn Clock>, steered: bool) -> Result<Self, LimiterError> {
        let client = Client::open(config.redis_url.expose()).map_err(LimiterError::Url)?;
        let link = Link::new(client, clock);
        let connecting = tokio::spawn(Arc::clone(&link).connect());
        // Both a late connection and a failed one are the link's business.
        let _ = tokio::time::timeout(FIRST_CONNECTION, connecting).await;
        let inner = Inner {
            link,
            local: Local::new(LOCAL_CAPACITY),
            scripts: Scripts::new(&config.key_prefix),
            timeout: config.timeout,
            nodes: config.nodes,
            escalation: config.escalation,
            steered,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Decides one request: all that it asks for is taken, or nothing.
    ///
    /// Never fails and never takes longer than `LIMITER_TIMEOUT_MS`: without Redis this process decides, by
    /// its share of the limits.
    pub async fn decide(&self, request: &Request) -> Verdict {
        let hashed = Hashed::new(request);
        let inner = &self.inner;
        let id = Uuid::new_v4();
        // Guarded before it is asked for: a caller that gives up while Redis decides leaks nothing.
        let mut lease = LeaseGuard::new(self.clone(), id, hashed.leases());
        let shared =
            self.ask(async |mut redis, time| inner.scripts.decide(&mut redis, time, &hashed, id).await);
        let (hashed, answer, source) = match shared.await {
            Ok(answer) => (hashed, answer, Source::Redis),
            Err(_) => {
                let share = hashed.share(inner.nodes);
                let answer = inner.local.decide(&share, id, self.millis());
                (share, answer, Source::Local)
            }
        };
        if let Some(lease) = &mut lease {
            lease.settle(source, answer.is_taken());
        }
        let lease = lease.filter(|_| answer.is_taken());
        answer.into_verdict(hashed.checks.iter().map(|(_, check)| check.as_ref()), source, lease)
    }

    /// Takes `cost` units of `window` for `subject` (an account, a key, an address). Cost 0 only looks.
    /// Like [`Limiter::decide`] with this one check.
    pub async fn take(&self, window: &FixedWindow, subject: &str, cost: u32) -> Decision {
        let request = Request { checks: vec![window.check(subject, cost)], penalty: None };
        let verdict = self.decide(&request).await;
        Decision::new(verdict.outcomes.first(), window, verdict.source)
    }

    /// Gives the cost of `check` back to a bucket, never above its limit, or to the current window, never
    /// below zero: for work that came to nothing. What was taken in an earlier window stays taken there.
    /// Best effort: without Redis only this process knows of it. Leases are given back by their guard.
    pub async fn refund(&self, check: &Check) {
        if check.cost == 0 || check.rule.kind() == Kind::Lease {
            return;
        }
        let place = Place::of(check);
        let scripts = &self.inner.scripts;
        let shared = self.ask(async |mut redis, time| scripts.refund(&mut redis, time, place, check).await);
        if shared.await.is_err() {
            let share = Check { rule: check.rule.share(self.inner.nodes), ..check.clone() };
            self.inner.local.refund(place, &share, self.millis());
        }
    }

    /// Gives a lease back. Best effort; what remains ends with its `ttl`.
    pub async fn release(&self, lease: LeaseGuard) {
        lease.release().await;
    }

    /// Lets the `ttl` of a lease begin anew; see [`LeaseGuard::renew`].
    pub async fn renew(&self, lease: &LeaseGuard) -> bool {
        lease.renew().await
    }

    /// The configured escalation, for keys; [`Escalation::for_addresses`] makes that for addresses of it.
    #[must_use]
    pub fn escalation(&self) -> Escalation {
        self.inner.escalation
    }

    /// How long Redis takes to answer: for health reports. A service is ready without Redis.
    ///
    /// # Errors
    /// [`LimiterError`] if Redis is away or does not answer in time.
    pub async fn ping(&self) -> Result<Duration, LimiterError> {
        let start = tokio::time::Instant::now();
        self.ask(async |mut redis, _| redis::cmd("PING").exec_async(&mut redis).await).await?;
        Ok(start.elapsed())
    }

    pub(crate) async fn end(&self, lease: &Lease) {
        if lease.source == Source::Local {
            return self.end_local(lease);
        }
        let scripts = &self.inner.scripts;
        // Where this fails, the lease ends by itself.
        let _ =
            self.ask(async |mut redis, _| scripts.release(&mut redis, &lease.slots, lease.id).await).await;
    }

    pub(crate) fn end_local(&self, lease: &Lease) {
        self.inner.local.release(&lease.slots, lease.id);
    }

    pub(crate) async fn prolong(&self, lease: &Lease) -> bool {
        if lease.source == Source::Local {
            self.inner.local.renew(&lease.slots, lease.id, self.millis());
            return true;
        }
        let scripts = &self.inner.scripts;
        let ask =
            self.ask(async |mut redis, time| scripts.renew(&mut redis, time, &lease.slots, lease.id).await);
        ask.await.is_ok()
    }

    /// Asks Redis, within the time limit. A failure opens the breaker.
    pub(crate) async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(MultiplexedConnection, Steered) -> RedisResult<T>,
    ) -> Result<T, LimiterError> {
        let (connection, number) = self.inner.link.get().ok_or(LimiterError::NotConnected)?;
        let time = self.inner.steered.then(|| self.millis());
        let result = match tokio::time::timeout(self.inner.timeout, question(connection, time)).await {
            Ok(result) => result.map_err(LimiterError::Redis),
            Err(_) => Err(LimiterError::Timeout),
        };
        result.inspect_err(|error| self.inner.link.failed(number, error))
    }

    /// Milliseconds since 1970; a time before counts as 1970.
    pub(crate) fn millis(&self) -> u64 {
        u64::try_from(self.inner.link.now().timestamp_millis()).unwrap_or(0)
    }
}
