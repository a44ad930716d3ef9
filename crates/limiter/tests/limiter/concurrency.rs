use std::sync::Arc;
use std::time::Duration;

use domain::SystemClock;
use limiter::{Limiter, Request, Rule, Source};

use crate::engines::{check, connected, patient, redis_url, silent_url};

const CALLERS: usize = 50;
const LIMIT: u32 = 60;

/// 50 callers ask 5 times each, over two connections; returns how often one was admitted.
async fn storm(nodes: [Limiter; 2], request: Request, source: Source) -> u32 {
    let callers = (0..CALLERS).map(|caller| {
        let (limiter, request) = (nodes[caller % 2].clone(), request.clone());
        tokio::spawn(async move {
            let mut held = Vec::new();
            for _ in 0..5 {
                let verdict = limiter.decide(&request).await;
                assert_eq!(verdict.source, source);
                held.extend(verdict.allowed().then_some(verdict));
            }
            held
        })
    });
    let mut held = Vec::new();
    for caller in callers.collect::<Vec<_>>() {
        held.extend(caller.await.unwrap());
    }
    u32::try_from(held.len()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_callers_are_admitted_up_to_the_limit_exactly() {
    let (hour, day) = (Duration::from_secs(3_600), Duration::from_secs(86_400));
    let rules = [
        Rule::Bucket { limit: LIMIT, per: day },
        Rule::Window { limit: LIMIT, length: day },
        Rule::Lease { limit: LIMIT, ttl: hour },
    ];
    for source in [Source::Redis, Source::Local] {
        let config = patient(&if source == Source::Redis { redis_url() } else { silent_url() });
        let one = match source {
            Source::Redis => connected(&config, Arc::new(SystemClock)).await,
            Source::Local => Limiter::connect(&config, Arc::new(SystemClock)).await.unwrap(),
        };
        let two = match source {
            Source::Redis => connected(&config, Arc::new(SystemClock)).await,
            Source::Local => one.clone(),
        };
        for rule in rules {
            let request = Request { checks: vec![check(rule, "one", 1)], penalty: None };
            assert_eq!(storm([one.clone(), two.clone()], request, source).await, LIMIT, "{rule:?}");
        }
        let together = rules.map(|rule| check(rule, "together", 1)).to_vec();
        let request = Request { checks: together, penalty: None };
        assert_eq!(storm([one.clone(), two.clone()], request.clone(), source).await, LIMIT);
        let left = one.decide(&Request { checks: request.checks[..2].to_vec(), penalty: None }).await;
        assert!(left.outcomes.iter().all(|outcome| outcome.used == LIMIT), "{left:?}");
    }
}
