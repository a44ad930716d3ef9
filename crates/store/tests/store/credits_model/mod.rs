//! The buckets follow a model that counts unit by unit, whatever happens in whatever order.

mod account;
mod step;
mod world;

use domain::JobState;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use step::step;
use world::World;

async fn follow(runner: &mut TestRunner, histories: usize) -> Seen {
    let steps = prop::collection::vec(step(), 80..120);
    let mut seen = Seen::default();
    for _ in 0..histories {
        let mut world = World::new().await;
        for step in steps.new_tree(runner).unwrap().current() {
            eprintln!("{step:?}");
            world.happen(step).await;
            world.compare().await;
        }
        seen.look(&world);
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_follow_the_model() {
    follow(&mut TestRunner::default(), 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_follow_the_model_in_histories_that_reach_everything() {
    let seen = follow(&mut TestRunner::deterministic(), 4).await;
    eprintln!("{seen:?}");
    assert!(seen.completed > 10 && seen.topup > 0 && seen.overage > 0, "{seen:?}");
    assert!(seen.paused > 0 && seen.kept > 0, "{seen:?}");
}

/// What the histories have reached: a model that nothing happens to agrees with anything.
#[derive(Debug, Default)]
struct Seen {
    completed: usize,
    paused: usize,
    topup: u64,
    overage: u64,
    kept: usize,
}

impl Seen {
    fn look(&mut self, world: &World) {
        let in_state = |state| world.jobs.iter().filter(|job| job.state == state).count();
        self.completed += in_state(JobState::Completed);
        self.paused += in_state(JobState::QuotaPaused);
        for account in &world.accounts {
            self.topup += account.topup.iter().map(|counts| counts.used).sum::<u64>();
            self.overage += account.months.values().flatten().map(|counts| counts.overage).sum::<u64>();
            self.kept += account.kept.len();
        }
    }
}
