use std::time::{Duration, Instant};

use limiter::{Request, Source};

use crate::engines::{Engine, MINUTE, check, shown, slots};

/// Waits until so many slots are in use: a dropped guard gives back in the background.
async fn until_used(engine: &Engine, used: u32) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while engine.ask(slots(2), "a", 0).await.outcomes[0].used != used {
        assert!(Instant::now() < deadline, "never {used} slots in use");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_dropped_guard_gives_its_slots_back() {
    for engine in Engine::both().await {
        let both = engine.ask(slots(2), "a", 2).await;
        assert_eq!(shown(&engine.ask(slots(2), "a", 1).await), [(false, 2)]);
        drop(both);
        until_used(&engine, 0).await;
        let one = engine.ask(slots(2), "a", 1).await;
        let two = engine.ask(slots(2), "a", 1).await;
        assert!(one.allowed() && two.allowed());
        drop(one);
        until_used(&engine, 1).await;
        engine.limiter.release(two.lease.unwrap()).await;
        assert_eq!(shown(&engine.ask(slots(2), "a", 2).await), [(true, 2)]);
    }
}

#[tokio::test]
async fn what_a_dead_process_held_ends_by_itself() {
    for engine in Engine::both().await {
        std::mem::forget(engine.ask(slots(2), "a", 1).await);
        engine.pass(MINUTE / 2);
        std::mem::forget(engine.ask(slots(2), "a", 1).await);
        let full = engine.ask(slots(2), "a", 1).await;
        assert_eq!((full.refused, full.retry_after()), (Some(0), MINUTE / 2));
        assert_eq!(engine.ask(slots(2), "a", 2).await.retry_after(), MINUTE);
        engine.pass(MINUTE / 2);
        assert_eq!(shown(&engine.ask(slots(2), "a", 0).await), [(true, 1)]);
        engine.pass(MINUTE / 2);
        assert_eq!(shown(&engine.ask(slots(2), "a", 0).await), [(true, 0)]);
    }
}

#[tokio::test]
async fn a_renewed_lease_lives_on() {
    for engine in Engine::both().await {
        let work = engine.ask(slots(1), "a", 1).await.lease.unwrap();
        for _ in 0..5 {
            engine.pass(MINUTE - Duration::from_millis(1));
            assert!(!engine.ask(slots(1), "a", 1).await.allowed());
            assert!(engine.limiter.renew(&work).await);
        }
        engine.pass(MINUTE);
        assert_eq!(engine.ask(slots(1), "a", 0).await.outcomes[0].used, 0);
        assert!(engine.limiter.renew(&work).await, "late, but the work goes on");
        assert!(!engine.ask(slots(1), "a", 1).await.allowed());
        work.release().await;
        assert!(engine.ask(slots(1), "a", 1).await.allowed());
    }
}

#[tokio::test]
async fn one_request_may_hold_slots_of_several_limits() {
    for engine in Engine::both().await {
        let checks =
            vec![check(slots(2), "key", 1), check(slots(3), "address", 2), check(slots(3), "address", 1)];
        let request = Request { checks, penalty: None };
        let held = engine.decide(&request).await;
        assert_eq!(shown(&held), [(true, 1), (true, 3), (true, 3)]);
        engine.pass(MINUTE / 2);
        let lease = held.lease.unwrap();
        assert!(lease.renew().await);
        engine.pass(MINUTE / 2);
        assert_eq!(shown(&engine.decide(&request).await), [(true, 1), (false, 3), (false, 3)]);
        lease.release().await;
        assert!(engine.decide(&request).await.allowed());
    }
}

#[tokio::test]
async fn who_gives_up_while_redis_decides_leaks_nothing() {
    let engine = Engine::new(Source::Redis).await;
    let asked = Request { checks: vec![check(slots(2), "a", 2)], penalty: None };
    for _ in 0..50 {
        tokio::select! {
            biased;
            verdict = engine.decide(&asked) => panic!("answered at once: {verdict:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    // All of it was sent, in this order.
    until_used(&engine, 0).await;
    assert!(engine.decide(&asked).await.allowed());
}

#[test]
fn a_guard_may_outlive_its_runtime() {
    for source in [Source::Local, Source::Redis] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let engine = runtime.block_on(Engine::new(source));
        let held = runtime.block_on(engine.ask(slots(1), "a", 1));
        drop(runtime);
        drop(held);
    }
}
