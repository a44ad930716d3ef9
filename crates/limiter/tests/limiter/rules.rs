use std::sync::Arc;
use std::time::Duration;

use domain::SystemClock;
use limiter::{Check, Config, Limiter, Request, Rule, Source};

use crate::engines::{
    Engine, MINUTE, bucket, check, connected, offence, patient, raw, redis_url, request, shown, silent_url,
    slots, window,
};

/// One check of each kind.
fn three(costs: [u32; 3]) -> Request {
    let rules = [bucket(5), window(5), slots(5)];
    let checks = rules.into_iter().zip(costs).map(|(rule, cost)| check(rule, "a", cost));
    Request { checks: checks.collect(), penalty: None }
}

#[tokio::test]
async fn everything_is_taken_or_nothing() {
    for engine in Engine::both().await {
        let first = engine.decide(&three([2, 2, 2])).await;
        assert!(first.allowed() && first.lease.is_some());
        for (costs, refused) in [([4, 1, 1], 0), ([1, 4, 1], 1), ([1, 1, 4], 2), ([1, 9, 9], 1)] {
            let verdict = engine.decide(&three(costs)).await;
            assert_eq!((verdict.refused, verdict.allowed()), (Some(refused), false), "{costs:?}");
            assert!(verdict.lease.is_none());
            let fits = costs.map(|cost| (cost <= 3, 2));
            assert_eq!(shown(&verdict), fits, "{costs:?} took something");
        }
        assert_eq!(shown(&engine.decide(&three([3, 3, 0])).await), [(true, 5), (true, 5), (true, 2)]);
    }
}

#[tokio::test]
async fn a_look_takes_nothing_and_is_never_refused() {
    for engine in Engine::both().await {
        for rule in [bucket(1), window(1), slots(1)] {
            let held = engine.ask(rule, "a", 1).await;
            let look = engine.ask(rule, "a", 0).await;
            assert_eq!((look.allowed(), shown(&look)), (true, vec![(true, 1)]));
            assert!(look.lease.is_none());
            assert_eq!(look.outcomes[0].remaining, 0);
            drop(held);
        }
    }
}

#[tokio::test]
async fn a_bucket_gives_a_burst_and_then_an_even_flow() {
    for engine in Engine::both().await {
        let full = engine.ask(bucket(6), "a", 6).await;
        assert_eq!(full.outcomes[0].reset_after, Duration::from_secs(10));
        let refused = engine.ask(bucket(6), "a", 2).await;
        assert_eq!((refused.refused, refused.retry_after()), (Some(0), Duration::from_secs(20)));
        engine.pass(Duration::from_millis(19_999));
        assert!(!engine.ask(bucket(6), "a", 2).await.allowed());
        engine.pass(Duration::from_millis(1));
        assert!(engine.ask(bucket(6), "a", 2).await.allowed());
        engine.pass(MINUTE * 5);
        let look = engine.ask(bucket(6), "a", 0).await;
        assert_eq!((look.outcomes[0].remaining, look.outcomes[0].reset_after), (6, Duration::ZERO));
        let never = engine.ask(bucket(6), "a", 7).await;
        assert_eq!((never.refused, never.retry_after()), (Some(0), Duration::ZERO));
    }
}

#[tokio::test]
async fn what_is_refunded_can_be_taken_again_and_no_more() {
    for engine in Engine::both().await {
        for rule in [bucket(3), window(3)] {
            assert!(engine.ask(rule, "a", 3).await.allowed());
            engine.limiter.refund(&check(rule, "a", 1)).await;
            assert_eq!(shown(&engine.ask(rule, "a", 1).await), [(true, 3)]);
            engine.limiter.refund(&check(rule, "a", 1_000)).await;
            assert_eq!(shown(&engine.ask(rule, "a", 0).await), [(true, 0)]);
            engine.limiter.refund(&check(rule, "new", 1)).await;
            assert!(!engine.ask(rule, "new", 4).await.allowed(), "above the limit");
        }
        assert!(engine.ask(window(3), "late", 3).await.allowed());
        engine.pass(MINUTE);
        engine.limiter.refund(&check(window(3), "late", 3)).await;
        assert_eq!(shown(&engine.ask(window(3), "late", 1).await), [(true, 1)]);
        let held = engine.ask(slots(1), "a", 1).await;
        engine.limiter.refund(&check(slots(1), "a", 1)).await;
        assert!(!engine.ask(slots(1), "a", 1).await.allowed(), "a lease is given back by its guard");
        drop(held);
    }
}

#[tokio::test]
async fn a_lowered_limit_counts_what_was_taken() {
    for engine in Engine::both().await {
        let mut held = Vec::new();
        for rule in [bucket, window, slots] {
            held.push(engine.ask(rule(5), "a", 4).await);
            let lowered = engine.ask(rule(2), "a", 1).await;
            assert_eq!((lowered.refused, lowered.outcomes[0].remaining), (Some(0), 0));
            let raised = engine.ask(rule(9), "a", 5).await;
            assert_eq!(raised.outcomes[0].used, 9, "{:?}", raised.outcomes);
            held.push(raised);
        }
    }
}

#[tokio::test]
async fn a_node_alone_gives_its_part() {
    let config = Config { nodes: 4, ..patient(&silent_url()) };
    let limiter = Limiter::connect(&config, Arc::new(SystemClock)).await.unwrap();
    for rule in [bucket(10), slots(10), Rule::Window { limit: 10, length: MINUTE * 60 }] {
        let verdict = limiter.decide(&request(check(rule, "a", 3))).await;
        assert_eq!((verdict.allowed(), verdict.source), (true, Source::Local));
        assert_eq!((verdict.outcomes[0].limit, verdict.outcomes[0].remaining), (3, 0));
        assert!(!limiter.decide(&request(check(rule, "a", 1))).await.allowed());
        limiter.refund(&check(rule, "a", 1)).await;
        let free = !matches!(rule, Rule::Lease { .. });
        assert_eq!(limiter.decide(&request(check(rule, "a", 1))).await.allowed(), free);
    }
}

#[tokio::test]
async fn keys_hide_their_subjects_and_all_of_them_end() {
    let config = patient(&redis_url());
    let limiter = connected(&config, Arc::new(SystemClock)).await;
    let settings = limiter::Escalation { thresholds: [1, 2, 3, 4], ..Default::default() };
    let mut offence = offence("203.0.113.7", settings);
    let look = |rule, cost| Check { policy: "kept", ..check(rule, "203.0.113.7", cost) };
    offence.penalty.as_mut().unwrap().label = "ip:somebody".to_owned();
    assert!(limiter.decide(&offence).await.blocked.is_some());
    let checks = vec![look(bucket(5), 1), look(window(5), 1), look(slots(5), 1)];
    let _held = limiter.decide(&Request { checks, penalty: None }).await;
    let mut redis = raw(&redis_url()).await;
    let pattern = format!("{}*", config.key_prefix);
    let keys: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut redis).await.unwrap();
    assert_eq!(keys.len(), 7, "three limits, record, hits, blocked and labels: {keys:?}");
    for key in keys {
        assert!(!key.contains("203.0.113.7") && key.contains("{limits}"), "{key}");
        let ttl: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut redis).await.unwrap();
        assert!(ttl > 0 && ttl <= 90_000_000, "{key}: {ttl}");
    }
}
