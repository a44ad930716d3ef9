use domain::credits::CreditKind;
use domain::{AccountId, JobId, JobState};
use store::{Accepted, Job, NewJob, OutgoingMessage, Source, WhenExhausted};

use crate::fixture::{Fixture, at, message, monthly, new_account, plans};

/// Sets the account's limit of images a month.
async fn limit(f: &Fixture, account: AccountId, images: u64) {
    let set = format!(
        "UPDATE accounts SET tier = 'free', overrides = '{{\"monthly_images\": {images}}}' WHERE id = '{account}'"
    );
    f.execute(&set).await;
}

/// Paused jobs of an account, one a second from `from`.
async fn paused(f: &Fixture, account: AccountId, numbers: std::ops::Range<u32>, from: i64) -> Vec<JobId> {
    let mut ids = Vec::new();
    for (number, second) in numbers.zip(from..) {
        let new = NewJob {
            account_id: account,
            funds: monthly(CreditKind::Images, 0),
            when_exhausted: WhenExhausted::Pause,
            ..f.new_job(number)
        };
        ids.push(new.id);
        assert!(matches!(f.accept(new, at(second)).await, Accepted::Paused(_)));
    }
    ids
}

fn make(job: &Job, source: &Source) -> OutgoingMessage {
    assert_eq!((job.state, source.byte_size), (JobState::Queued, 1_000));
    message(job.id)
}

#[tokio::test]
async fn credits_bring_paused_jobs_back_the_oldest_first_and_fairly() {
    let f = Fixture::new().await;
    let other = f.store.create_account(new_account("other@example.com"), at(0)).await.unwrap().id;
    let mine = paused(&f, f.account, 0..6, 0).await;
    let others = paused(&f, other, 10..13, 100).await;
    let plans = plans();
    for account in [f.account, other] {
        limit(&f, account, 0).await;
    }
    assert_eq!(f.store.resume_paused(&plans, at(200), 2, 10, make).await.unwrap(), []);
    limit(&f, f.account, 5).await;
    limit(&f, other, 2).await;
    let resume = async |second| f.store.resume_paused(&plans, at(second), 2, 10, make).await.unwrap();
    let first = resume(201).await;
    assert_eq!(first, [mine[0], mine[1], others[0], others[1]]);
    f.audit().await;
    assert_eq!(resume(202).await, [mine[2], mine[3]]);
    assert_eq!(resume(203).await, [mine[4]]);
    assert_eq!(resume(204).await, []);
    assert_eq!((f.rows("outbox").await, f.store.paused_jobs(f.account).await.unwrap()), (7, 1));
    let job = f.store.job(mine[0]).await.unwrap().unwrap();
    assert_eq!((job.state, job.enqueued_at), (JobState::Queued, at(201)));
    f.audit().await;
}

#[tokio::test]
async fn a_suspended_account_is_passed_over_and_the_limit_holds() {
    let f = Fixture::new().await;
    let other = f.store.create_account(new_account("other@example.com"), at(0)).await.unwrap().id;
    paused(&f, f.account, 0..3, 0).await;
    let others = paused(&f, other, 10..13, 100).await;
    f.execute(&format!("UPDATE accounts SET state = 'suspended' WHERE id = '{}'", f.account)).await;
    let resumed = f.store.resume_paused(&plans(), at(200), 9, 2, make).await.unwrap();
    assert_eq!(resumed, others[..2]);
    f.audit().await;
}

#[tokio::test]
async fn a_new_month_pays_for_what_was_paused_in_the_last() {
    let f = Fixture::new().await;
    let ids = paused(&f, f.account, 0..2, 0).await;
    limit(&f, f.account, 1).await;
    let december = at(15 * 86_400);
    assert_eq!(f.store.resume_paused(&plans(), december, 9, 9, make).await.unwrap(), ids[..1]);
    assert_eq!(f.bucket(CreditKind::Images, at(0)).await, [0; 5]);
    assert_eq!(f.bucket(CreditKind::Images, december).await, [0, 1, 0, 0, 0]);
    let job = f.store.job(ids[0]).await.unwrap().unwrap();
    assert_eq!(job.reserved_month.to_string(), "2026-12");
    f.audit().await;
    // So does a request for the same work.
    let again = NewJob { funds: monthly(CreditKind::Images, 2), ..f.new_job(1) };
    let resumed = f.accept(again, december).await;
    assert!(matches!(resumed, Accepted::Resumed { job, .. } if job == ids[1]), "{resumed:?}");
    let job = f.store.job(ids[1]).await.unwrap().unwrap();
    assert_eq!(job.reserved_month.to_string(), "2026-12");
    f.audit().await;
}

#[tokio::test]
async fn a_source_that_does_not_fit_is_passed_over() {
    let f = Fixture::new().await;
    let mut large = NewJob {
        funds: monthly(CreditKind::Images, 0),
        when_exhausted: WhenExhausted::Pause,
        ..f.new_job(1)
    };
    large.source.byte_size = 5_000;
    f.accept(large, at(0)).await;
    let small = paused(&f, f.account, 2..4, 1).await;
    f.execute("UPDATE accounts SET tier = 'free', overrides = '{\"monthly_source_bytes\": 1999}'").await;
    assert_eq!(f.store.resume_paused(&plans(), at(9), 9, 9, make).await.unwrap(), small[..1]);
    f.audit().await;
}
