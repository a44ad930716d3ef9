//! A Redis that is shared, one that is away, one that is silent and one that comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{ManualClock, SystemClock};
use limiter::{Decision, Escalation, FixedWindow, Limiter, LimiterError, Request, Rule, Source};

use crate::engines::{bucket, check, config, connected, offence, patient, raw, redis_url, server, slots};
use crate::proxy::Proxy;

const HOUR: FixedWindow = FixedWindow { name: "hour", limit: 10, window: Duration::from_secs(3600) };
/// RELIABILITY R5: the first answer without Redis.
const FIRST_ANSWER: Duration = Duration::from_millis(250);

async fn limiter(url: &str) -> Limiter {
    connected(&patient(url), Arc::new(SystemClock)).await
}

/// Waits until the limiter's answers come from `source`, looking without taking.
async fn until(limiter: &Limiter, source: Source) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while limiter.take(&HOUR, "probe", 0).await.source != source {
        assert!(Instant::now() < deadline, "no answer from {source:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn shown(decision: Decision) -> (bool, u32, u32, Source) {
    (decision.allowed, decision.used, decision.remaining, decision.source)
}

#[tokio::test]
async fn a_window_is_shared_by_all_nodes() {
    let config = patient(&redis_url());
    let one = connected(&config, Arc::new(SystemClock)).await;
    let two = connected(&config, Arc::new(SystemClock)).await;
    assert_eq!(shown(one.take(&HOUR, "a", 7).await), (true, 7, 3, Source::Redis));
    assert_eq!(shown(two.take(&HOUR, "a", 4).await), (false, 7, 3, Source::Redis));
    let last = two.take(&HOUR, "a", 3).await;
    assert_eq!(shown(last), (true, 10, 0, Source::Redis));
    assert!(last.reset_after <= HOUR.window && last.reset_after > Duration::ZERO);
    assert_eq!(shown(one.take(&HOUR, "b", 1).await), (true, 1, 9, Source::Redis));
    assert_eq!(shown(one.take(&HOUR, "a", 0).await), (true, 10, 0, Source::Redis));
    assert!(one.ping().await.unwrap() < Duration::from_millis(50));
}

#[tokio::test]
async fn a_storm_is_admitted_up_to_the_limit_exactly() {
    let limiter = limiter(&redis_url()).await;
    let tasks = (0..200).map(|_| {
        let limiter = limiter.clone();
        tokio::spawn(async move { limiter.take(&HOUR, "storm", 1).await })
    });
    let mut admitted = 0;
    for task in tasks.collect::<Vec<_>>() {
        let decision = task.await.unwrap();
        assert_eq!(decision.source, Source::Redis);
        admitted += u32::from(decision.allowed);
    }
    assert_eq!(admitted, HOUR.limit);
}

#[tokio::test]
async fn keys_hide_the_subject_and_end_with_the_window() {
    let config = patient(&redis_url());
    let limiter = connected(&config, Arc::new(SystemClock)).await;
    let decision = limiter.take(&HOUR, "203.0.113.7", 1).await;
    let mut redis = raw(&redis_url()).await;
    let pattern = format!("{}*", config.key_prefix);
    let keys: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut redis).await.unwrap();
    assert_eq!(keys.len(), 1);
    assert!(!keys[0].contains("203.0.113.7"), "{}", keys[0]);
    let ttl: u64 = redis::cmd("PTTL").arg(&keys[0]).query_async(&mut redis).await.unwrap();
    assert!(Duration::from_millis(ttl) <= decision.reset_after);
}

#[tokio::test]
async fn windows_begin_anew() {
    let limiter = limiter(&redis_url()).await;
    let short = FixedWindow { name: "short", limit: 1, window: Duration::from_millis(300) };
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut allowed = 0;
    while allowed < 3 {
        let decision = limiter.take(&short, "a", 1).await;
        assert!(Instant::now() < deadline && decision.source == Source::Redis && decision.used == 1);
        allowed += u32::from(decision.allowed);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_redis_that_forgot_everything_is_lenient_and_no_error() {
    // A database that no other test uses, because it is emptied.
    let limiter = limiter(&server("/10")).await;
    assert_eq!(limiter.take(&HOUR, "a", 10).await.used, 10);
    let mut redis = raw(&server("/10")).await;
    redis::cmd("FLUSHDB").exec_async(&mut redis).await.unwrap();
    redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut redis).await.unwrap();
    assert_eq!(shown(limiter.take(&HOUR, "a", 1).await), (true, 1, 9, Source::Redis));
}

#[tokio::test]
async fn without_redis_this_process_decides_at_once() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    // Never accepted: connected by the kernel, and silent.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for port in [port, silent.local_addr().unwrap().port()] {
        let start = Instant::now();
        let config = config(&format!("redis://127.0.0.1:{port}"));
        let limiter = Limiter::connect(&config, Arc::new(SystemClock)).await.unwrap();
        let decision = limiter.take(&HOUR, "a", 10).await;
        assert!(start.elapsed() < FIRST_ANSWER, "{:?}", start.elapsed());
        assert_eq!(shown(decision), (true, 10, 0, Source::Local));
        assert_eq!(shown(limiter.take(&HOUR, "a", 1).await), (false, 10, 0, Source::Local));
        assert!(matches!(limiter.ping().await, Err(LimiterError::NotConnected)));
    }
}

#[tokio::test]
async fn a_broken_or_silent_connection_heals_by_itself() {
    for silent in [false, true] {
        let proxy = Proxy::start(&redis_url()).await;
        let start = DateTime::<Utc>::from_timestamp(1_800_000_000, 0).unwrap();
        let clock = Arc::new(ManualClock::at(start));
        let limiter = connected(&config(&proxy.url("/9")), clock.clone()).await;
        assert_eq!(limiter.take(&HOUR, "a", 1).await.source, Source::Redis);

        if silent {
            proxy.freeze()
        } else {
            proxy.cut()
        }
        let before = Instant::now();
        let first = limiter.take(&HOUR, "a", 1).await;
        assert!(before.elapsed() < FIRST_ANSWER, "{:?}", before.elapsed());
        assert_eq!(shown(first), (true, 1, 9, Source::Local), "silent: {silent}");

        proxy.restore();
        clock.advance(TimeDelta::milliseconds(4_999));
        assert_eq!(limiter.take(&HOUR, "a", 1).await.source, Source::Local, "the breaker is still open");
        clock.advance(TimeDelta::milliseconds(1));
        until(&limiter, Source::Redis).await;
        assert_eq!(limiter.take(&HOUR, "a", 1).await.used, 2, "Redis remembers its own count");
    }
}

#[tokio::test]
async fn a_clock_that_goes_back_does_not_keep_the_breaker_open() {
    let proxy = Proxy::start(&redis_url()).await;
    let start = DateTime::<Utc>::from_timestamp(1_800_000_000, 0).unwrap();
    let clock = Arc::new(ManualClock::at(start));
    let limiter = connected(&config(&proxy.url("/9")), clock.clone()).await;
    proxy.cut();
    assert_eq!(limiter.take(&HOUR, "a", 1).await.source, Source::Local);
    proxy.restore();
    clock.advance(TimeDelta::hours(-1));
    until(&limiter, Source::Redis).await;
}

#[tokio::test]
async fn a_flush_in_the_middle_begins_everything_anew() {
    let limiter = limiter(&server("/11")).await;
    let settings = Escalation { thresholds: [1, 2, 3, 4], ..Escalation::default() };
    let window = Rule::Window { limit: 3, length: Duration::from_secs(86_400) };
    let checks = [bucket(3), window, slots(3)].map(|rule| check(rule, "a", 3)).to_vec();
    let request = Request { checks, penalty: None };
    let mut redis = raw(&server("/11")).await;
    for round in 0..3 {
        let full = limiter.decide(&request).await;
        assert_eq!((full.allowed(), full.source), (true, Source::Redis), "{round}");
        assert!(!limiter.decide(&request).await.allowed());
        assert!(limiter.decide(&offence("a", settings)).await.blocked.is_some_and(|block| block.entered));
        assert_eq!((limiter.blocked(10).await.len(), limiter.hits_24h("a").await), (1, 1));
        redis::cmd("FLUSHDB").exec_async(&mut redis).await.unwrap();
        redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut redis).await.unwrap();
        assert!(limiter.blocked(10).await.is_empty());
        assert_eq!((limiter.standing("a").await.tier, limiter.hits_24h("a").await), (0, 0));
        let lease = full.lease.unwrap();
        assert!(lease.renew().await, "work that goes on is counted again");
        assert_eq!(limiter.decide(&request).await.outcomes[2].used, 3);
        lease.release().await;
    }
}

#[tokio::test]
async fn limits_leases_and_blocks_go_on_without_redis_and_with_it_again() {
    let proxy = Proxy::start(&redis_url()).await;
    let start = DateTime::<Utc>::from_timestamp(1_800_000_000, 0).unwrap();
    let clock = Arc::new(ManualClock::at(start));
    let limiter = connected(&config(&proxy.url("/9")), clock.clone()).await;
    let settings = Escalation { thresholds: [2, 20, 30, 40], ..Escalation::default() };
    let work = Request { checks: vec![check(slots(1), "a", 1)], penalty: None };
    let shared = limiter.decide(&work).await;
    assert_eq!((shared.allowed(), shared.source), (true, Source::Redis));
    assert_eq!(limiter.decide(&offence("a", settings)).await.blocked, None);

    proxy.cut();
    let before = Instant::now();
    let alone = limiter.decide(&work).await;
    assert!(before.elapsed() < FIRST_ANSWER, "{:?}", before.elapsed());
    assert_eq!((alone.allowed(), alone.source), (true, Source::Local));
    assert!(!limiter.decide(&work).await.allowed(), "the limit of this process");
    assert_eq!(limiter.decide(&offence("a", settings)).await.blocked, None);
    assert!(limiter.decide(&offence("a", settings)).await.blocked.is_some_and(|block| block.entered));
    assert!(matches!(limiter.forgive("a").await, Err(LimiterError::NotConnected)));
    assert_eq!(limiter.standing("a").await.tier, 0, "forgiven here all the same");
    drop(alone);
    assert!(limiter.decide(&work).await.allowed(), "given back without Redis");

    proxy.restore();
    clock.advance(TimeDelta::seconds(5));
    until(&limiter, Source::Redis).await;
    assert_eq!(limiter.standing("a").await.violations, 1, "Redis remembers its own count");
    assert_eq!(limiter.decide(&work).await.refused, Some(0), "and its own leases");
    shared.lease.unwrap().release().await;
    assert!(limiter.decide(&work).await.allowed());
}

#[tokio::test]
async fn what_another_version_stored_counts_as_nothing() {
    let config = patient(&redis_url());
    let limiter = connected(&config, Arc::new(SystemClock)).await;
    let settings = Escalation { thresholds: [1, 2, 3, 4], ..Escalation::default() };
    let checks = [bucket(5), Rule::Window { limit: 5, length: HOUR.window }].map(|rule| check(rule, "a", 1));
    let request = Request { checks: checks.to_vec(), ..offence("a", settings) };
    assert!(limiter.decide(&request).await.allowed());
    assert!(limiter.decide(&offence("a", settings)).await.blocked.is_some());
    let mut redis = raw(&redis_url()).await;
    for kind in ["bucket", "window", "penalty"] {
        let pattern = format!("{}{{limits}}:{kind}:*", config.key_prefix);
        let keys: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut redis).await.unwrap();
        for key in keys {
            redis::cmd("SET").arg(key).arg("v9:something").exec_async(&mut redis).await.unwrap();
        }
    }
    assert_eq!((limiter.standing("a").await.tier, limiter.blocked(10).await.len()), (0, 0));
    let verdict = limiter.decide(&request).await;
    assert_eq!((verdict.allowed(), verdict.source), (true, Source::Redis));
    assert!(verdict.outcomes.iter().all(|outcome| outcome.used == 1));
    assert_eq!(limiter.forgive("a").await.ok(), Some(false));
}
