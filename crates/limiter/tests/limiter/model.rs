//! Both engines against a model that keeps the whole history and finds every instant by search.

use std::time::Duration;

use limiter::{Check, LeaseGuard, Request, Rule, Source};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::engines::Engine;

const POLICIES: [&str; 4] = ["one", "two", "three", "four"];

#[derive(Debug, Clone)]
enum Step {
    Advance(u64),
    /// Pairs of a place and a cost; a place may be named twice.
    Decide(Vec<(usize, u32)>),
    Refund(usize, u32),
    Release(usize),
    Renew(usize),
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let rule = (0..3, 0_u32..7, 1_u64..2_000).prop_map(|(kind, limit, period)| {
        let period = Duration::from_millis(period);
        match kind {
            0 => Rule::Bucket { limit, per: period },
            1 => Rule::Window { limit, length: period },
            _ => Rule::Lease { limit, ttl: period },
        }
    });
    prop::collection::vec(rule, POLICIES.len())
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let places = 0..POLICIES.len();
    let step = prop_oneof![
        4 => (0_u64..900).prop_map(Step::Advance),
        8 => prop::collection::vec((places.clone(), 0_u32..5), 1..4).prop_map(Step::Decide),
        1 => (places, 0_u32..5).prop_map(|(place, cost)| Step::Refund(place, cost)),
        1 => (0_usize..40).prop_map(Step::Release),
        1 => (0_usize..40).prop_map(Step::Renew),
    ];
    prop::collection::vec(step, 1..60)
}

fn period(rule: &Rule) -> u64 {
    let (Rule::Bucket { per: time, .. } | Rule::Window { length: time, .. } | Rule::Lease { ttl: time, .. }) =
        rule;
    u64::try_from(time.as_millis()).unwrap()
}

/// One place of the model.
struct Place {
    rule: Rule,
    /// Units taken, or given back if negative, and when.
    taken: Vec<(u64, i128)>,
    /// Leases and their ends.
    held: Vec<(usize, u64)>,
}

impl Place {
    /// Whole units that are free at the instant `at`, negative if there are too many leases.
    fn free(&self, at: u64) -> i128 {
        let (limit, period) = (i128::from(self.rule.limit()), period(&self.rule));
        match self.rule {
            Rule::Bucket { .. } => {
                let (full, mut level, mut then) = (limit * i128::from(period), limit * i128::from(period), 0);
                for &(when, cost) in self.taken.iter().chain([&(at, 0)]) {
                    level = full.min(level + i128::from(when - then) * limit);
                    level = full.min(level - cost * i128::from(period));
                    then = when;
                }
                level.div_euclid(i128::from(period))
            }
            Rule::Window { .. } => {
                let now = self.taken.iter().filter(|(when, _)| when / period == at / period);
                limit - now.fold(0, |used, (_, cost)| 0.max(used + cost))
            }
            Rule::Lease { .. } => {
                let held = self.held.iter().filter(|(_, ends)| *ends > at).count();
                limit - i128::try_from(held).unwrap()
            }
        }
    }

    /// The first instant from `now` on at which `enough` units are free.
    fn first(&self, now: u64, enough: i128) -> u64 {
        let (mut below, mut above) = (now, now + period(&self.rule));
        while below < above {
            let middle = below + (above - below) / 2;
            if self.free(middle) >= enough { above = middle } else { below = middle + 1 }
        }
        below - now
    }

    fn reset_after(&self, now: u64, cost: u32, allowed: bool) -> u64 {
        let (limit, free) = (i128::from(self.rule.limit()), self.free(now));
        match self.rule {
            Rule::Window { .. } => {
                (now..).position(|at| at / period(&self.rule) > now / period(&self.rule)).unwrap() as u64
            }
            Rule::Bucket { .. } if limit == 0 => period(&self.rule),
            Rule::Lease { .. } if free == limit => {
                if allowed {
                    0
                } else {
                    period(&self.rule)
                }
            }
            Rule::Bucket { .. } | Rule::Lease { .. } => {
                let enough = if allowed { free + 1 } else { i128::from(cost) };
                self.first(now, enough.min(limit))
            }
        }
    }
}

struct Case<'a> {
    engine: &'a Engine,
    subject: String,
    places: Vec<Place>,
    guards: Vec<Option<LeaseGuard>>,
    /// What each guard holds: places and slots.
    leased: Vec<Vec<(usize, u32)>>,
}

impl Case<'_> {
    fn check(&self, place: usize, cost: u32) -> Check {
        Check { policy: POLICIES[place], subject: self.subject.clone(), rule: self.places[place].rule, cost }
    }

    async fn decide(&mut self, asked: &[(usize, u32)]) {
        let now = self.engine.now();
        let mut pending = [0; POLICIES.len()];
        let fits = asked.iter().map(|&(place, cost)| {
            let demand = pending[place] + cost;
            let fits = cost == 0 || self.places[place].free(now) >= i128::from(demand);
            pending[place] = if fits { demand } else { pending[place] };
            (fits, demand)
        });
        let fits: Vec<(bool, u32)> = fits.collect();
        let refused = fits.iter().position(|(fits, _)| !fits);
        let checks = asked.iter().map(|&(place, cost)| self.check(place, cost)).collect();
        let verdict = self.engine.decide(&Request { checks, penalty: None }).await;
        assert_eq!((verdict.source, verdict.refused), (self.engine.source, refused));
        if refused.is_none() {
            self.take(asked, now, verdict.lease);
        } else {
            assert!(verdict.lease.is_none());
        }
        for ((outcome, &(place, _)), (fits, demand)) in verdict.outcomes.iter().zip(asked).zip(fits) {
            let model = &self.places[place];
            let (limit, free) = (i128::from(model.rule.limit()), model.free(now));
            assert_eq!((outcome.policy, outcome.allowed), (POLICIES[place], fits));
            assert_eq!(
                (i128::from(outcome.used), i128::from(outcome.remaining)),
                (limit - free, free.max(0))
            );
            let reset = u64::try_from(outcome.reset_after.as_millis()).unwrap();
            assert_eq!(reset, model.reset_after(now, demand, fits), "{:?} {outcome:?}", model.rule);
        }
    }

    fn take(&mut self, asked: &[(usize, u32)], now: u64, guard: Option<LeaseGuard>) {
        let mut leased = Vec::new();
        for &(place, cost) in asked {
            let model = &mut self.places[place];
            if let Rule::Lease { .. } = model.rule {
                let ends = now + period(&model.rule);
                model.held.extend((0..cost).map(|_| (self.guards.len(), ends)));
                leased.extend((cost > 0).then_some((place, cost)));
            } else {
                model.taken.push((now, i128::from(cost)));
            }
        }
        assert_eq!(guard.is_some(), !leased.is_empty());
        if guard.is_some() {
            self.guards.push(guard);
            self.leased.push(leased);
        }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Advance(millis) => self.engine.pass(Duration::from_millis(millis)),
            Step::Decide(asked) => self.decide(&asked).await,
            Step::Refund(place, cost) => {
                self.engine.limiter.refund(&self.check(place, cost)).await;
                self.places[place].taken.push((self.engine.now(), -i128::from(cost)));
            }
            Step::Release(number) => {
                if let Some(guard) = self.guards.get_mut(number).and_then(Option::take) {
                    self.engine.limiter.release(guard).await;
                    self.places.iter_mut().for_each(|place| place.held.retain(|(of, _)| *of != number));
                }
            }
            Step::Renew(number) => {
                if let Some(Some(guard)) = self.guards.get(number) {
                    assert!(self.engine.limiter.renew(guard).await);
                    self.places.iter_mut().for_each(|place| place.held.retain(|(of, _)| *of != number));
                    for &(place, cost) in &self.leased[number] {
                        let ends = self.engine.now() + period(&self.places[place].rule);
                        self.places[place].held.extend((0..cost).map(|_| (number, ends)));
                    }
                }
            }
        }
    }
}

fn agrees(source: Source, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let engine = runtime.block_on(Engine::new(source));
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(&(rules(), steps()), |(rules, steps)| {
        let place = |rule| Place { rule, taken: Vec::new(), held: Vec::new() };
        let mut case = Case {
            engine: &engine,
            subject: uuid::Uuid::new_v4().to_string(),
            places: rules.into_iter().map(place).collect(),
            guards: Vec::new(),
            leased: Vec::new(),
        };
        runtime.block_on(async {
            for step in steps {
                case.step(step).await;
            }
            for guard in case.guards.drain(..).flatten() {
                guard.release().await;
            }
        });
        Ok(())
    });
    result.unwrap();
}

#[test]
fn this_process_agrees_with_it() {
    agrees(Source::Local, 500);
}

#[test]
fn the_script_agrees_with_it() {
    agrees(Source::Redis, 300);
}
