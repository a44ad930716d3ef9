//! The escalation as it is configured by default, and what operators see of it.

use std::time::Duration;

use limiter::{Block, BlockedSubject, DEFAULT_COOLDOWNS, Escalation, Source, Standing};

use crate::engines::{Engine, check, offence, request, shown, window};

async fn offend(engine: &Engine, subject: &str, settings: Escalation) -> Option<Block> {
    engine.decide(&offence(subject, settings)).await.blocked
}

#[tokio::test]
async fn a_key_climbs_through_all_five_tiers() {
    for engine in Engine::both().await {
        let settings = Escalation::default();
        let mut violations = 0;
        for (tier, threshold) in (2_u8..).zip(settings.thresholds) {
            while violations < threshold - 1 {
                assert_eq!(offend(&engine, "a", settings).await, None, "{violations}");
                violations += 1;
            }
            let cooldown = DEFAULT_COOLDOWNS[usize::from(tier - 2).min(2)];
            let entered = offend(&engine, "a", settings).await;
            assert_eq!(entered, Some(Block { tier, retry_after: cooldown, entered: true }));
            violations += 1;
            engine.pass(Duration::from_secs(1));
            let rest = cooldown - Duration::from_secs(1);
            let blocked = offend(&engine, "a", settings).await;
            assert_eq!(blocked, Some(Block { tier, retry_after: rest, entered: false }));
            let standing = engine.limiter.standing("a").await;
            assert_eq!(standing, Standing { tier, violations, blocked_for: rest }, "no more violations");
            engine.pass(rest);
        }
        let standing = engine.limiter.standing("a").await;
        assert_eq!((standing.tier, standing.violations), (1, 100), "after the highest: the threshold below");
    }
}

#[tokio::test]
async fn an_address_ends_at_the_fourth_and_comes_there_again() {
    for engine in Engine::both().await {
        let settings = Escalation::default().for_addresses();
        let mut entered = Vec::new();
        for _ in 0..400 {
            if let Some(block) = offend(&engine, "a", settings).await {
                entered.push(block.tier);
                engine.pass(block.retry_after);
            }
        }
        assert_eq!(entered[..4], [2, 3, 4, 4]);
        assert_eq!(entered.len(), 2 + 1 + 6, "every 50 violations once more");
    }
}

#[tokio::test]
async fn violations_decay_for_who_slows_down() {
    for engine in Engine::both().await {
        let settings = Escalation::default();
        for _ in 0..19 {
            assert_eq!(offend(&engine, "a", settings).await, None);
        }
        engine.pass(Duration::from_secs(59));
        assert_eq!(engine.limiter.standing("a").await.violations, 19);
        engine.pass(Duration::from_secs(1));
        assert_eq!(engine.limiter.standing("a").await.violations, 18);
        for _ in 0..300 {
            assert_eq!(offend(&engine, "a", settings).await, None);
            engine.pass(settings.decay);
        }
        engine.pass(settings.decay * 18);
        assert_eq!(engine.limiter.standing("a").await, Standing::default());
    }
}

#[tokio::test]
async fn the_blocked_take_nothing_and_are_told_how_the_limits_stand() {
    for engine in Engine::both().await {
        let settings = Escalation { thresholds: [1, 2, 3, 4], ..Escalation::default() };
        let mut both = offence("a", settings);
        both.checks.push(check(window(5), "other", 2));
        let entered = engine.decide(&both).await;
        assert_eq!((entered.refused, shown(&entered)), (Some(0), vec![(false, 0), (true, 0)]));
        both.checks.remove(0);
        let blocked = engine.decide(&both).await;
        assert!(!blocked.allowed() && blocked.blocked.is_some() && blocked.refused.is_none());
        assert_eq!((shown(&blocked), blocked.retry_after()), (vec![(true, 0)], DEFAULT_COOLDOWNS[0]));
        both.penalty.as_mut().unwrap().subject = "b".to_owned();
        assert!(engine.decide(&both).await.allowed(), "somebody else");
    }
}

#[tokio::test]
async fn operators_see_the_blocked_and_let_them_go() {
    for engine in Engine::both().await {
        let settings = Escalation { thresholds: [1, 3, 100, 200], ..Escalation::default() };
        let line = |label: &str, tier, seconds| BlockedSubject {
            label: label.to_owned(),
            tier,
            retry_after: Duration::from_secs(seconds),
        };
        assert!(engine.limiter.blocked(10).await.is_empty());
        for _ in 0..3 {
            offend(&engine, "long", settings).await;
            engine.pass(Duration::from_secs(300));
            offend(&engine, "long", settings).await;
        }
        offend(&engine, "short", settings).await;
        let long = engine.limiter.standing("long").await;
        let lines = engine.limiter.blocked(10).await;
        assert_eq!(lines, [line("key:long", 3, long.blocked_for.as_secs()), line("key:short", 2, 300)]);
        assert_eq!(engine.limiter.blocked(1).await.len(), 1);
        let is_shared = engine.source == Source::Redis;
        let lifted = engine.limiter.forgive_label("key:long").await;
        assert_eq!(lifted.ok(), is_shared.then_some(true));
        let nobody = engine.limiter.forgive_label("key:long").await;
        assert_eq!(nobody.ok(), is_shared.then_some(false));
        assert_eq!(engine.limiter.standing("long").await, Standing::default());
        assert_eq!(engine.limiter.blocked(10).await, [line("key:short", 2, 300)]);
        assert!(engine.limiter.hits_24h("long").await > 0, "hits are not forgotten");
        engine.pass(Duration::from_secs(300));
        assert!(engine.limiter.blocked(10).await.is_empty());
    }
}

#[tokio::test]
async fn hits_are_counted_for_a_day() {
    for engine in Engine::both().await {
        let settings = Escalation { max_tier: 1, ..Escalation::default() };
        for hour in 0..30 {
            offend(&engine, "a", settings).await;
            offend(&engine, "a", settings).await;
            assert_eq!(engine.limiter.hits_24h("a").await, 2 * (hour + 1).min(24));
            assert!(engine.decide(&request(check(window(5), "a", 1))).await.allowed());
            engine.pass(Duration::from_secs(3_600));
        }
        engine.pass(Duration::from_secs(22 * 3_600));
        assert_eq!(engine.limiter.hits_24h("a").await, 2);
        engine.pass(Duration::from_secs(3_600));
        assert_eq!((engine.limiter.hits_24h("a").await, engine.limiter.hits_24h("b").await), (0, 0));
    }
}
