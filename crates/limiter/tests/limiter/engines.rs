//! Limiters of either kind, and requests to put to them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Clock, ManualClock};
use limiter::{Check, Config, Escalation, Limiter, Penalty, Request, Rule, Source, Verdict};
use settings::Reader;

pub(crate) const BOTH: [Source; 2] = [Source::Local, Source::Redis];
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// The test server, in a database of these tests' own.
pub(crate) fn redis_url() -> String {
    server("/9")
}

pub(crate) fn server(database: &str) -> String {
    let mut reader = Reader::from_env();
    let url: String = reader.required("TEST_REDIS_URL", "redis://localhost", "Redis for tests");
    reader.finish().unwrap();
    format!("{}{database}", url.trim_end_matches('/'))
}

/// More patient than the default, so that a busy machine does not look like an absent Redis.
pub(crate) fn config(url: &str) -> Config {
    let prefix = format!("test:{}:", uuid::Uuid::new_v4());
    let pairs = [("REDIS_URL", url), ("REDIS_KEY_PREFIX", &prefix), ("LIMITER_TIMEOUT_MS", "100")];
    Config::read(&mut Reader::from_pairs(pairs))
}

/// As patient as can be, where it is not the outage that is tested.
pub(crate) fn patient(url: &str) -> Config {
    Config { timeout: Duration::from_secs(20), ..config(url) }
}

/// A limiter that Redis answers: a busy machine may need more than the first try.
pub(crate) async fn connected(config: &Config, clock: Arc<dyn Clock>) -> Limiter {
    for _ in 0..50 {
        let limiter = Limiter::connect(config, clock.clone()).await.unwrap();
        for _ in 0..20 {
            if limiter.decide(&Request::default()).await.source == Source::Redis {
                return limiter;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    panic!("Redis does not answer");
}

pub(crate) async fn raw(url: &str) -> redis::aio::MultiplexedConnection {
    redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

/// A server that is connected by the kernel and never answers: its limiters decide for themselves.
pub(crate) fn silent_url() -> String {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    std::mem::forget(silent);
    format!("redis://127.0.0.1:{port}")
}

/// One engine and the clock that it goes by.
pub(crate) struct Engine {
    pub(crate) limiter: Limiter,
    pub(crate) source: Source,
    clock: Arc<ManualClock>,
}

impl Engine {
    pub(crate) async fn new(source: Source) -> Self {
        let start = DateTime::<Utc>::from_timestamp(1_800_000_000, 0).unwrap();
        let clock = Arc::new(ManualClock::at(start));
        let url = if source == Source::Redis { redis_url() } else { silent_url() };
        let limiter = Limiter::connect_steered(&patient(&url), clock.clone()).await.unwrap();
        let engine = Self { limiter, source, clock };
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while engine.decide(&Request::default()).await.source != source {
            assert!(std::time::Instant::now() < deadline, "no answer from {source:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        engine
    }

    pub(crate) async fn both() -> [Self; 2] {
        [Self::new(BOTH[0]).await, Self::new(BOTH[1]).await]
    }

    pub(crate) async fn decide(&self, request: &Request) -> Verdict {
        self.limiter.decide(request).await
    }

    /// One check without a penalty.
    pub(crate) async fn ask(&self, rule: Rule, subject: &str, cost: u32) -> Verdict {
        let verdict = self.decide(&request(check(rule, subject, cost))).await;
        assert_eq!(verdict.source, self.source);
        verdict
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(TimeDelta::from_std(time).unwrap());
    }

    pub(crate) fn jump(&self, hours: i64) {
        self.clock.advance(TimeDelta::hours(hours));
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.clock.now().timestamp_millis()).unwrap()
    }
}

pub(crate) fn bucket(limit: u32) -> Rule {
    Rule::Bucket { limit, per: MINUTE }
}

pub(crate) fn window(limit: u32) -> Rule {
    Rule::Window { limit, length: MINUTE }
}

pub(crate) fn slots(limit: u32) -> Rule {
    Rule::Lease { limit, ttl: MINUTE }
}

pub(crate) fn check(rule: Rule, subject: &str, cost: u32) -> Check {
    Check { policy: "test", subject: subject.to_owned(), rule, cost }
}

pub(crate) fn request(check: Check) -> Request {
    Request { checks: vec![check], penalty: None }
}

/// A request that is refused, and whom that is counted against.
pub(crate) fn offence(subject: &str, settings: Escalation) -> Request {
    let penalty = Penalty { subject: subject.to_owned(), label: format!("key:{subject}"), settings };
    Request { penalty: Some(penalty), ..request(check(window(0), subject, 1)) }
}

/// Whether each of the checks fitted, and how much is in use.
pub(crate) fn shown(verdict: &Verdict) -> Vec<(bool, u32)> {
    verdict.outcomes.iter().map(|outcome| (outcome.allowed, outcome.used)).collect()
}
