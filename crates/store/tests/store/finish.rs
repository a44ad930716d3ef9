use domain::{ErrorCode, JobId, JobState, Rejection};
use store::Accepted;

use crate::fixture::{Fixture, at, message};

#[tokio::test]
async fn a_completed_job_has_one_result_ledger_entry_event_and_message() {
    let f = Fixture::new().await;
    let id = f.queued(1).await;
    f.claim(id, at(1)).await;
    let outbox_id = f.complete(id, 1, at(2)).await.unwrap();
    assert_eq!(f.complete(id, 1, at(3)).await, None, "a second time");
    let job = f.store.job(id).await.unwrap().unwrap();
    assert_eq!((job.state, job.finished_at, job.lease_until), (JobState::Completed, Some(at(2)), None));
    assert_eq!([f.rows("results").await, f.rows("ledger").await, f.rows("events").await], [1, 1, 1]);
    let exact = "SELECT count(*) FROM ledger WHERE images = 1 AND source_bytes = 1000 AND result_bytes = 400";
    assert_eq!(f.number(exact).await, 1);
    assert_eq!(f.number(&format!("SELECT count(*) FROM outbox WHERE id = {outbox_id}")).await, 1);
    let event =
        "SELECT count(*) FROM events WHERE kind = 'job.completed' AND payload->>'optimized_size' = '400'";
    assert_eq!(f.number(event).await, 1);
}

#[tokio::test]
async fn an_older_attempt_changes_nothing() {
    let f = Fixture::new().await;
    let id = f.queued(1).await;
    f.claim(id, at(0)).await;
    assert_eq!(f.claim(id, at(60)).await.attempt, 2);
    assert_eq!(f.complete(id, 1, at(61)).await, None);
    assert!(!f.store.release_job(id, 1, at(61)).await.unwrap());
    let failed = f
        .store
        .fail_job(id, Some(1), &Rejection::new(ErrorCode::InvalidImage, "x"), message(id), at(61))
        .await;
    assert_eq!(failed.unwrap(), None);
    assert_eq!([f.rows("results").await, f.rows("ledger").await, f.rows("events").await], [0, 0, 0]);
    assert!(f.complete(id, 2, at(62)).await.is_some());
    assert_eq!(f.complete(id, 1, at(63)).await, None);
    assert_eq!(f.rows("ledger").await, 1);
}

#[tokio::test]
async fn a_failed_job_keeps_its_reason_and_costs_nothing() {
    let f = Fixture::new().await;
    let id = f.queued(1).await;
    f.claim(id, at(1)).await;
    let rejection = Rejection::new(ErrorCode::InvalidImage, "no\0 image");
    let fail = || f.store.fail_job(id, Some(1), &rejection, message(id), at(2));
    assert!(fail().await.unwrap().is_some());
    assert_eq!(fail().await.unwrap(), None);
    assert_eq!(f.complete(id, 1, at(3)).await, None);
    let job = f.store.job(id).await.unwrap().unwrap();
    assert_eq!((job.state, job.error_code), (JobState::Failed, Some(ErrorCode::InvalidImage)));
    assert_eq!(job.error_message.as_deref(), Some("no\u{fffd} image"));
    assert_eq!([f.rows("ledger").await, f.rows("events").await], [0, 1]);
    // The way is free for another try of the owner.
    assert!(matches!(f.accept(f.new_job(1), at(4)).await, Accepted::Created { .. }));
}

#[tokio::test]
async fn without_an_attempt_any_unfinished_job_fails() {
    let f = Fixture::new().await;
    let (queued, held) = (f.queued(1).await, f.queued(2).await);
    f.claim(held, at(1)).await;
    for id in [queued, held] {
        let rejection = Rejection::new(ErrorCode::ProcessingFailed, "x");
        let fail = || f.store.fail_job(id, None, &rejection, message(id), at(2));
        assert!(fail().await.unwrap().is_some());
        assert_eq!(fail().await.unwrap(), None);
    }
    let unknown = JobId::generate();
    let failed = f
        .store
        .fail_job(unknown, None, &Rejection::new(ErrorCode::ProcessingFailed, "x"), message(queued), at(2))
        .await;
    assert_eq!(failed.unwrap(), None);
}

#[tokio::test]
async fn a_released_job_is_queued_again_with_its_count() {
    let f = Fixture::new().await;
    let id = f.queued(1).await;
    f.claim(id, at(1)).await;
    assert!(f.store.release_job(id, 1, at(2)).await.unwrap());
    assert!(!f.store.release_job(id, 1, at(2)).await.unwrap());
    let job = f.store.job(id).await.unwrap().unwrap();
    assert_eq!((job.state, job.attempt, job.lease_until), (JobState::Queued, 1, None));
    assert_eq!(f.claim(id, at(3)).await.attempt, 2);
}

#[tokio::test]
async fn an_outage_of_ours_never_uses_up_the_attempts() {
    let f = Fixture::new().await;
    let id = f.queued(1).await;
    for attempt in 1..=10 {
        assert_eq!(f.claim(id, at(i64::from(attempt))).await.attempt, attempt);
        assert!(f.store.release_job(id, attempt, at(i64::from(attempt))).await.unwrap());
    }
    let job = f.store.job(id).await.unwrap().unwrap();
    assert_eq!((job.attempt, job.counted_attempts()), (10, 0));
}
