//! Both engines against a model of one subject's violations that lives from millisecond to millisecond.

use std::time::Duration;

use limiter::{Block, Escalation, Request, Source};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::engines::{Engine, offence};

/// What happens, and how many milliseconds later the next thing does.
#[derive(Debug, Clone, Copy)]
enum Event {
    Refused,
    Passed,
    Forgiven,
}

fn settings() -> impl Strategy<Value = Escalation> {
    let gaps = prop::array::uniform4(1_u32..4);
    let cooldowns = prop::array::uniform3(1_u64..200);
    (gaps, cooldowns, 1_u64..80, 1_u8..6).prop_map(|(gaps, cooldowns, decay, max_tier)| {
        let mut sum = 0;
        let thresholds = gaps.map(|gap| {
            sum += gap;
            sum
        });
        let cooldowns = cooldowns.map(Duration::from_millis);
        Escalation { thresholds, cooldowns, decay: Duration::from_millis(decay), max_tier }
    })
}

fn events() -> impl Strategy<Value = Vec<(Event, u64)>> {
    let event = prop_oneof![
        8 => Just(Event::Refused), 2 => Just(Event::Passed), 1 => Just(Event::Forgiven),
    ];
    prop::collection::vec((event, prop_oneof![0_u64..5, 0_u64..250]), 1..60)
}

#[derive(Debug)]
struct Model {
    settings: Escalation,
    violations: u32,
    /// Milliseconds until the next violation is forgiven.
    forgiven_in: u64,
    tier: u8,
    blocked_for: u64,
    hits: u32,
}

impl Model {
    fn decay(&self) -> u64 {
        u64::try_from(self.settings.decay.as_millis()).unwrap()
    }

    fn tick(&mut self) {
        if self.blocked_for > 0 {
            self.blocked_for -= 1;
            if self.blocked_for == 0 {
                if self.tier == self.settings.max_tier {
                    self.violations = if self.tier == 2 { 0 } else { self.threshold(self.tier - 1) };
                }
                self.forgiven_in = self.decay();
            }
        } else if self.violations > 0 {
            self.forgiven_in -= 1;
            if self.forgiven_in == 0 {
                self.violations -= 1;
                self.forgiven_in = self.decay();
            }
        }
    }

    fn threshold(&self, tier: u8) -> u32 {
        self.settings.thresholds[usize::from(tier) - 2]
    }

    fn refuse(&mut self) -> Option<Block> {
        self.hits += 1;
        if self.blocked_for > 0 {
            return self.block(false);
        }
        if self.violations == 0 {
            self.forgiven_in = self.decay();
        }
        self.violations += 1;
        let reached = (2..=self.settings.max_tier).find(|tier| self.threshold(*tier) == self.violations);
        self.tier = reached?;
        let cooldown = self.settings.cooldowns[usize::from(self.tier - 2).min(2)];
        self.blocked_for = u64::try_from(cooldown.as_millis()).unwrap();
        self.block(true)
    }

    fn block(&self, entered: bool) -> Option<Block> {
        let retry_after = Duration::from_millis(self.blocked_for);
        (self.blocked_for > 0).then_some(Block { tier: self.tier, retry_after, entered })
    }
}

async fn step(engine: &Engine, model: &mut Model, subject: &str, event: Event) {
    let refused = offence(subject, model.settings);
    let was_blocked = model.blocked_for > 0;
    match event {
        Event::Refused => {
            let verdict = engine.decide(&refused).await;
            assert_eq!(verdict.blocked, model.refuse(), "{model:?}");
            assert_eq!(verdict.refused, (!was_blocked).then_some(0));
        }
        Event::Passed => {
            let passing = Request { checks: Vec::new(), ..refused };
            let verdict = engine.decide(&passing).await;
            assert_eq!((verdict.blocked, verdict.refused), (model.block(false), None), "{model:?}");
            model.hits += u32::from(was_blocked);
        }
        Event::Forgiven => {
            let any = model.violations > 0 || was_blocked;
            let forgiven = engine.limiter.forgive(subject).await;
            // Without Redis only this process forgives, and says so.
            assert_eq!(forgiven.ok(), (engine.source == Source::Redis).then_some(any), "{model:?}");
            (model.violations, model.blocked_for) = (0, 0);
        }
    }
    let standing = engine.limiter.standing(subject).await;
    let tier = if model.blocked_for > 0 { model.tier } else { u8::from(model.violations > 0) };
    assert_eq!((standing.tier, standing.violations), (tier, model.violations), "{model:?}");
    assert_eq!(standing.blocked_for, Duration::from_millis(model.blocked_for));
}

fn agrees(source: Source, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let engine = runtime.block_on(Engine::new(source));
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(&(settings(), events()), |(settings, events)| {
        let subject = uuid::Uuid::new_v4().to_string();
        let mut model = Model { settings, violations: 0, forgiven_in: 0, tier: 0, blocked_for: 0, hits: 0 };
        runtime.block_on(async {
            for (event, millis) in events {
                step(&engine, &mut model, &subject, event).await;
                engine.pass(Duration::from_millis(millis));
                (0..millis).for_each(|_| model.tick());
            }
            assert_eq!(engine.limiter.hits_24h(&subject).await, model.hits);
        });
        Ok(())
    });
    result.unwrap();
}

#[test]
fn this_process_agrees_with_the_model() {
    agrees(Source::Local, 500);
}

#[test]
fn the_script_agrees_with_the_model() {
    agrees(Source::Redis, 120);
}
