//! A clock that jumps by an hour locks nobody out (RELIABILITY R22).

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use domain::ManualClock;
use limiter::{Escalation, Rule, Source};

use crate::engines::{
    Engine, MINUTE, bucket, check, connected, offence, patient, redis_url, request, slots, window,
};

async fn exhaust(engine: &Engine, rule: Rule, subject: &str) {
    let taken = engine.ask(rule, subject, 5).await;
    assert!(taken.allowed(), "{rule:?}");
    std::mem::forget(taken);
    assert!(!engine.ask(rule, subject, 1).await.allowed(), "{rule:?}");
}

#[tokio::test]
async fn forward_everything_is_as_after_an_hour() {
    for engine in Engine::both().await {
        for rule in [bucket(5), window(5), slots(5)] {
            exhaust(&engine, rule, "a").await;
            engine.jump(1);
            exhaust(&engine, rule, "a").await;
        }
    }
}

#[tokio::test]
async fn backward_nobody_waits_longer_than_one_period() {
    for engine in Engine::both().await {
        for rule in [bucket(5), window(5), slots(5)] {
            exhaust(&engine, rule, "a").await;
            engine.jump(-1);
            let wait = engine.ask(rule, "a", 5).await.retry_after();
            assert!(wait <= MINUTE, "{rule:?} {wait:?}");
            engine.pass(MINUTE);
            assert!(engine.ask(rule, "a", 5).await.allowed(), "{rule:?}");
        }
    }
}

#[tokio::test]
async fn backward_who_only_knocks_gets_in_too() {
    for engine in Engine::both().await {
        for rule in [bucket(5), slots(5)] {
            exhaust(&engine, rule, "a").await;
            engine.jump(-1);
            let mut knocks = 0;
            while !engine.ask(rule, "a", 1).await.allowed() {
                engine.pass(Duration::from_secs(1));
                knocks += 1;
                assert!(knocks <= 60, "{rule:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_block_lasts_no_longer_than_its_cooldown_after_a_jump() {
    for engine in Engine::both().await {
        let settings = Escalation { thresholds: [1, 2, 3, 4], ..Escalation::default() };
        let five_minutes = settings.cooldowns[0];
        let request = offence("a", settings);
        assert!(engine.decide(&request).await.blocked.is_some_and(|block| block.entered));
        engine.jump(-1);
        let block = engine.decide(&request).await.blocked.unwrap();
        assert_eq!((block.tier, block.retry_after, block.entered), (2, five_minutes, false));
        engine.pass(five_minutes);
        assert_eq!(engine.limiter.standing("a").await.tier, 1, "not blocked any more");
        engine.jump(1);
        assert_eq!(engine.limiter.standing("a").await.violations, 0);
        assert!(engine.decide(&request).await.blocked.is_some_and(|block| block.entered));
        engine.jump(1);
        assert_eq!(engine.limiter.standing("a").await.tier, 0);
    }
}

#[tokio::test]
async fn in_production_the_clock_of_redis_counts() {
    let clock = Arc::new(ManualClock::at(DateTime::from_timestamp(1_800_000_000, 0).unwrap()));
    let limiter = connected(&patient(&redis_url()), clock.clone()).await;
    let day = Duration::from_secs(86_400);
    let rules = [Rule::Bucket { limit: 1, per: 300 * day }, Rule::Window { limit: 1, length: 300 * day }];
    let asked = rules.map(|rule| request(check(rule, "a", 1)));
    for request in &asked {
        assert!(limiter.decide(request).await.allowed());
    }
    clock.advance(TimeDelta::days(10_000));
    for request in &asked {
        let verdict = limiter.decide(request).await;
        assert_eq!((verdict.source, verdict.refused), (Source::Redis, Some(0)));
    }
}
