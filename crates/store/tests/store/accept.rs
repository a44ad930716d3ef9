use std::collections::BTreeMap;

use chrono::{TimeDelta, TimeZone, Utc};
use domain::{AccountId, BillingMonth, JobId, JobState};
use store::{Accepted, NewJob, StoreError};

use crate::fixture::{Fixture, at, image, message};

#[tokio::test]
async fn a_job_comes_with_its_source_and_message() {
    let f = Fixture::new().await;
    let mut new = f.new_job(1);
    new.trace_context = BTreeMap::from([("traceparent".to_owned(), "00-a-b-01".to_owned())]);
    let id = new.id;
    let Accepted::Created { outbox_id } = f.accept(new.clone(), at(0)).await else { panic!("joined") };
    let job = f.store.job(id).await.unwrap().unwrap();
    assert_eq!((job.state, job.attempt, job.image_id), (JobState::Queued, 0, image(1)));
    assert_eq!(job.trace_context, new.trace_context);
    assert_eq!(job.source_id, new.source.id);
    assert_eq!(f.number(&format!("SELECT count(*) FROM outbox WHERE id = {outbox_id}")).await, 1);
    assert_eq!(f.store.job_of_account(f.account, id).await.unwrap().map(|job| job.id), Some(id));
    assert_eq!(f.store.job_of_account(AccountId::generate(), id).await.unwrap(), None);
}

#[tokio::test]
async fn the_same_bytes_are_one_source() {
    let f = Fixture::new().await;
    let one = f.new_job(1);
    let two = NewJob { source: NewJob::clone(&one).source, ..f.new_job(2) };
    let ids = [one.id, two.id];
    f.accept(one, at(0)).await;
    f.accept(two, at(5)).await;
    let jobs = [f.store.job(ids[0]).await.unwrap().unwrap(), f.store.job(ids[1]).await.unwrap().unwrap()];
    assert_eq!(jobs[0].source_id, jobs[1].source_id);
    assert_eq!(f.rows("sources").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_identical_requests_at_once_are_one_job() {
    let f = Fixture::new().await;
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (store, new) = (f.store.clone(), f.new_job(1));
            tokio::spawn(async move {
                let id = new.id;
                (id, store.accept_job(new, message, at(0)).await.unwrap())
            })
        })
        .collect();
    let (mut created, mut joined): (Vec<JobId>, Vec<JobId>) = (Vec::new(), Vec::new());
    for task in tasks {
        match task.await.unwrap() {
            (id, Accepted::Created { .. }) => created.push(id),
            (_, Accepted::Joined(id)) => joined.push(id),
            (_, other) => panic!("{other:?}"),
        }
    }
    assert_eq!((created.len(), joined.len()), (1, 19));
    assert!(joined.iter().all(|id| *id == created[0]));
    assert_eq!([f.rows("jobs").await, f.rows("outbox").await, f.rows("sources").await], [1, 1, 1]);
}

#[tokio::test]
async fn a_request_that_looked_too_early_joins_the_finished_job() {
    let f = Fixture::new().await;
    let done = f.queued(1).await;
    let attempt = f.claim(done, at(1)).await.attempt;
    f.complete(done, attempt, at(2)).await.unwrap();
    assert_eq!(f.accept(f.new_job(1), at(3)).await, Accepted::Joined(done));
    assert_eq!(f.rows("jobs").await, 1);
    // The result expires at 3,600 s.
    assert!(matches!(f.accept(f.new_job(1), at(3_600)).await, Accepted::Created { .. }));
}

#[tokio::test]
async fn joining_adds_the_wish_to_keep() {
    let f = Fixture::new().await;
    let id = f.queued(1).await;
    let keep = NewJob { storage_commit: true, keep_original: true, ..f.new_job(1) };
    assert_eq!(f.accept(keep, at(1)).await, Accepted::Joined(id));
    assert_eq!(f.accept(f.new_job(1), at(1)).await, Accepted::Joined(id));
    let job = f.store.job(id).await.unwrap().unwrap();
    assert!(job.storage_commit && job.keep_original);
    let attempt = f.claim(id, at(2)).await.attempt;
    f.complete(id, attempt, at(3)).await.unwrap();
    let result = f.store.image(&image(1).to_string(), at(9_999_999)).await.unwrap().unwrap();
    assert_eq!((result.storage_commit, result.keep_original, result.expires_at), (true, true, None));
}

#[tokio::test]
async fn another_account_does_not_join() {
    let f = Fixture::new().await;
    f.queued(1).await;
    let other =
        f.store.create_account(crate::fixture::new_account("other@example.com"), at(0)).await.unwrap();
    let new = NewJob { account_id: other.id, ..f.new_job(1) };
    assert!(matches!(f.accept(new, at(0)).await, Accepted::Created { .. }));
}

#[tokio::test]
async fn nul_in_a_name_is_refused_and_in_a_header_replaced() {
    let f = Fixture::new().await;
    let named = NewJob { original_filename: "a\0.png".to_owned(), ..f.new_job(1) };
    let refused = f.store.accept_job(named, message, at(0)).await;
    assert!(matches!(refused, Err(StoreError::InvalidText { what: "original_filename" })), "{refused:?}");
    let url = NewJob { src_url: Some("http://a/\0".to_owned()), ..f.new_job(1) };
    let refused = f.store.accept_job(url, message, at(0)).await;
    assert!(matches!(refused, Err(StoreError::InvalidText { what: "src_url" })), "{refused:?}");
    let traced =
        NewJob { trace_context: BTreeMap::from([("a".to_owned(), "\0".to_owned())]), ..f.new_job(1) };
    assert!(matches!(f.accept(traced, at(0)).await, Accepted::Created { .. }));
}

#[tokio::test]
async fn the_month_of_acceptance_pays() {
    let f = Fixture::new().await;
    let last_second = Utc.with_ymd_and_hms(2026, 12, 31, 23, 59, 59).unwrap();
    let new = f.new_job(1);
    let id = new.id;
    f.accept(new, last_second).await;
    assert_eq!(f.claim(id, last_second).await.job.reserved_month, BillingMonth::containing(last_second));
    f.complete(id, 1, last_second + TimeDelta::seconds(2)).await.unwrap();
    let booked = "SELECT count(*) FROM ledger WHERE month = '2026-12-01' AND images = 1";
    assert_eq!((f.number(booked).await, f.rows("ledger").await), (1, 1));
}

#[tokio::test]
async fn sizes_beyond_the_column_are_an_error() {
    let f = Fixture::new().await;
    let mut new = f.new_job(1);
    new.source.byte_size = u64::MAX;
    let refused = f.store.accept_job(new, message, at(0)).await;
    assert!(matches!(refused, Err(StoreError::Corrupt { what: "byte_size" })), "{refused:?}");
    assert_eq!([f.rows("jobs").await, f.rows("outbox").await], [0, 0]);
}
