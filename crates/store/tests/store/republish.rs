use std::sync::Mutex;

use domain::JobId;

use crate::fixture::{Fixture, at, message};

async fn republish(f: &Fixture, now: i64, queued_before: i64) -> Vec<JobId> {
    let make = |job: &store::Job, source: &store::Source| {
        assert_eq!(source.id, job.source_id);
        message(job.id)
    };
    f.store.republish_stuck(at(now), at(queued_before), 100, make).await.unwrap()
}

async fn lose_messages(f: &Fixture) {
    f.store.sweep_outbox(1_000, at(1_000_000), |_| async { true }).await.unwrap();
}

#[tokio::test]
async fn jobs_that_nobody_would_touch_get_a_new_message() {
    let f = Fixture::new().await;
    let (queued, held, dead, done) =
        (f.queued(1).await, f.queued(2).await, f.queued(3).await, f.queued(4).await);
    assert!(republish(&f, 100, 100).await.is_empty(), "their messages are still in the outbox");
    lose_messages(&f).await;
    f.claim(dead, at(10)).await;
    f.claim(held, at(50)).await;
    f.claim(done, at(50)).await;
    f.complete(done, 1, at(51)).await.unwrap();
    lose_messages(&f).await;
    assert!(republish(&f, 100, 0).await.is_empty(), "too early");
    let mut stuck = republish(&f, 100, 40).await;
    stuck.sort();
    let mut expected = vec![queued, dead];
    expected.sort();
    assert_eq!(stuck, expected);
    assert_eq!(f.rows("outbox").await, 2);
    lose_messages(&f).await;
    assert!(republish(&f, 105, 70).await.is_empty(), "the new message is young; {held} is held");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_share_the_jobs() {
    let f = Fixture::new().await;
    for number in 0..20 {
        f.queued(number).await;
    }
    lose_messages(&f).await;
    let seen = Mutex::new(Vec::new());
    tokio::join!(
        async {
            let jobs = republish(&f, 100, 40).await;
            seen.lock().unwrap().extend(jobs);
        },
        async {
            let jobs = republish(&f, 100, 40).await;
            seen.lock().unwrap().extend(jobs);
        },
    );
    let mut seen = seen.into_inner().unwrap();
    assert_eq!((seen.len(), f.rows("outbox").await), (20, 20));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 20);
}
