//! The phases of a shutdown on a paused clock: no test waits for real time.
#![cfg(test)]

use std::time::Duration;

use lifecycle::{Config, Drained, HARD_GRACE, ReadyState, Shutdown, Tasks};
use tokio::time::{Instant, sleep};

fn shutdown() -> Shutdown {
    Shutdown::new(Config { grace: Duration::from_secs(5), deadline: Duration::from_secs(25) })
}

async fn drain(shutdown: &Shutdown, tasks: &Tasks) -> (Drained, Duration) {
    let start = Instant::now();
    shutdown.trigger();
    let drained = shutdown.drain(tasks).await;
    (drained, start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn nothing_ends_before_the_trigger() {
    let (shutdown, tasks) = (shutdown(), Tasks::new());
    tasks.spawn("server", shutdown.soft().clone().cancelled_owned());
    let waiting = tokio::time::timeout(Duration::from_secs(3600), shutdown.drain(&tasks)).await;
    assert!(waiting.is_err() && shutdown.readiness().state().is_ready() && !shutdown.is_triggered());
}

#[tokio::test(start_paused = true)]
async fn the_phases_follow_each_other() {
    let (shutdown, tasks) = (shutdown(), Tasks::new());
    let observed = shutdown.clone();
    tasks.spawn("server", async move {
        observed.triggered().await;
        let begin = Instant::now();
        assert_eq!(observed.readiness().state(), ReadyState::Draining);
        observed.soft().cancelled().await;
        assert_eq!(begin.elapsed().as_secs(), 5);
        sleep(Duration::from_secs(7)).await;
        assert!(!observed.hard().is_cancelled(), "work in flight goes on");
    });
    let (drained, took) = drain(&shutdown, &tasks).await;
    assert_eq!((drained, took.as_secs()), (Drained::Clean, 12));
    assert!(shutdown.hard().is_cancelled() && tasks.running().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_deadline_counts_from_the_trigger() {
    let (shutdown, tasks) = (shutdown(), Tasks::new());
    tasks.spawn("worker", shutdown.hard().clone().cancelled_owned());
    let (drained, took) = drain(&shutdown, &tasks).await;
    assert_eq!((drained, took.as_secs()), (Drained::Hurried, 25));
}

#[tokio::test(start_paused = true)]
async fn what_ignores_the_deadline_is_dropped_and_named() {
    let (shutdown, tasks) = (shutdown(), Tasks::new());
    let (alive, dropped) = tokio::sync::oneshot::channel::<()>();
    tasks.spawn("stubborn", async move {
        let _alive = alive;
        std::future::pending::<()>().await;
    });
    tasks.spawn("polite", shutdown.soft().clone().cancelled_owned());
    let (drained, took) = drain(&shutdown, &tasks).await;
    assert_eq!(drained, Drained::Dropped(vec!["stubborn"]));
    assert_eq!(took.as_secs(), 25 + HARD_GRACE.as_secs());
    assert!(dropped.await.is_err(), "the work was dropped");
}

#[tokio::test(start_paused = true)]
async fn a_second_trigger_ends_it_at_once() {
    let (shutdown, tasks) = (shutdown(), Tasks::new());
    tasks.spawn("worker", shutdown.hard().clone().cancelled_owned());
    let other = shutdown.clone();
    tokio::spawn(async move {
        other.triggered().await;
        sleep(Duration::from_secs(2)).await;
        other.trigger_hard();
    });
    let (drained, took) = drain(&shutdown, &tasks).await;
    assert_eq!((drained, took.as_secs()), (Drained::Hurried, 2));
}

#[tokio::test(start_paused = true)]
async fn without_tasks_there_is_nothing_to_wait_for() {
    let (drained, took) = drain(&shutdown(), &Tasks::new()).await;
    assert_eq!((drained, took), (Drained::Clean, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_one_task_only() {
    let (shutdown, tasks) = (shutdown(), Tasks::new());
    tasks.spawn("broken", async { panic!("for the test") });
    tasks.spawn("server", shutdown.soft().clone().cancelled_owned());
    sleep(Duration::from_secs(60)).await;
    assert_eq!(tasks.running(), ["server"]);
    assert!(!shutdown.is_triggered());
    assert_eq!(drain(&shutdown, &tasks).await.0, Drained::Clean);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_essential_task_begins_the_shutdown() {
    for panics in [false, true] {
        let (shutdown, tasks) = (shutdown(), Tasks::new());
        tasks.spawn("server", shutdown.soft().clone().cancelled_owned());
        tasks.spawn_essential("consumer", &shutdown, async move { assert!(!panics, "for the test") });
        let drained = shutdown.drain(&tasks).await;
        assert_eq!((drained, shutdown.readiness().state()), (Drained::Clean, ReadyState::Draining));
    }
}
