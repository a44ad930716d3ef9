use chrono::{DateTime, TimeZone, Utc};
use domain::credits::{CreditKind, Exhausted, Fund, Funds};
use domain::{BillingMonth, ErrorCode, JobState, Rejection};
use store::{Accepted, CacheHit, Claim, Completion, Granted, NewJob, NewTopup, TopupSource, WhenExhausted};

use crate::fixture::{Fixture, LEASE, at, completion, image, message, monthly, topup};

const IMAGES: CreditKind = CreditKind::Images;

/// The job `image(number)` with what may be spent.
fn with(f: &Fixture, number: u32, funds: Funds) -> NewJob {
    NewJob { funds, ..f.new_job(number) }
}

async fn complete_with(f: &Fixture, new: NewJob, now: DateTime<Utc>) {
    let (id, funds) = (new.id, new.funds);
    assert!(matches!(f.accept(new, now).await, Accepted::Created { .. }));
    let attempt = f.claim(id, now).await.attempt;
    let made = Completion { funds, expires_at: Some(now), ..completion(id, attempt) };
    f.store.complete_job(made, message(id), now).await.unwrap().unwrap();
}

async fn fail(f: &Fixture, id: domain::JobId, attempt: Option<u32>) -> bool {
    let rejection = Rejection::new(ErrorCode::InvalidImage, "x");
    f.store.fail_job(id, attempt, &rejection, message(id), at(3)).await.unwrap().is_some()
}

#[tokio::test]
async fn credits_are_set_aside_then_used_or_given_back() {
    let f = Fixture::new().await;
    let (done, failed) = (f.queued(1).await, f.queued(2).await);
    assert_eq!(f.bucket(IMAGES, at(0)).await, [0, 2, 0, 0, 0]);
    assert_eq!(f.bucket(CreditKind::SourceBytes, at(0)).await, [0, 2_000, 0, 0, 0]);
    f.audit().await;
    for id in [done, failed] {
        f.claim(id, at(1)).await;
    }
    f.complete(done, 1, at(2)).await.unwrap();
    assert!(fail(&f, failed, Some(1)).await);
    assert_eq!(f.bucket(IMAGES, at(0)).await, [1, 0, 0, 0, 0]);
    assert_eq!(f.bucket(CreditKind::SourceBytes, at(0)).await, [1_000, 0, 0, 0, 0]);
    assert_eq!(f.bucket(CreditKind::ResultBytes, at(0)).await, [400, 0, 0, 0, 0]);
    assert_eq!(f.rows("reservations").await, 0);
    f.audit().await;
}

#[tokio::test]
async fn without_credits_a_request_is_refused_and_leaves_nothing() {
    let f = Fixture::new().await;
    let month = BillingMonth::containing(at(0));
    let funds = monthly(IMAGES, 1);
    assert!(matches!(f.accept(with(&f, 1, funds), at(0)).await, Accepted::Created { .. }));
    let refused = Exhausted { kind: IMAGES, limit: 1, used: 1, month };
    assert_eq!(f.accept(with(&f, 2, funds), at(1)).await, Accepted::Refused(refused));
    assert_eq!([f.rows("jobs").await, f.rows("sources").await, f.rows("outbox").await], [1, 1, 1]);

    let funds = monthly(CreditKind::SourceBytes, 1_999);
    let refused = Exhausted { kind: CreditKind::SourceBytes, limit: 1_999, used: 1_000, month };
    assert_eq!(f.accept(with(&f, 2, funds), at(1)).await, Accepted::Refused(refused));

    let funds = monthly(CreditKind::ResultBytes, 400);
    complete_with(&f, with(&f, 3, funds), at(1)).await;
    let refused = Exhausted { kind: CreditKind::ResultBytes, limit: 400, used: 400, month };
    assert_eq!(f.accept(with(&f, 2, funds), at(1)).await, Accepted::Refused(refused));
    assert_eq!(f.store.bandwidth_left(f.account, &funds, at(1)).await.unwrap(), Err(refused));
    assert_eq!(f.store.bandwidth_left(f.account, &Funds::default(), at(1)).await.unwrap(), Ok(()));
    f.audit().await;
}

#[tokio::test]
async fn the_month_is_spent_first_then_topups_then_overage() {
    let f = Fixture::new().await;
    f.grant(IMAGES, 2).await;
    let funds = Funds::default().with(IMAGES, Fund { monthly: Some(1), sells_more: true });
    for number in 1..=4 {
        complete_with(&f, with(&f, number, funds), at(1)).await;
        f.audit().await;
    }
    assert_eq!(f.bucket(IMAGES, at(0)).await, [1, 0, 1, 2, 0]);
    let rows = "SELECT count(*) FROM ledger WHERE images = 1 AND topup_images + overage_images <= 1";
    assert_eq!(f.number(rows).await, 4);
    let split = "SELECT (10 * sum(topup_images) + sum(overage_images))::bigint FROM ledger";
    assert_eq!(f.number(split).await, 21);
}

#[tokio::test]
async fn a_job_that_joins_sets_nothing_aside() {
    let f = Fixture::new().await;
    let funds = monthly(IMAGES, 1);
    let first = with(&f, 1, funds);
    let id = first.id;
    f.accept(first, at(0)).await;
    assert_eq!(f.accept(with(&f, 1, funds), at(0)).await, Accepted::Joined(id));
    assert_eq!(f.bucket(IMAGES, at(0)).await, [0, 1, 0, 0, 0]);
    f.audit().await;
}

#[tokio::test]
async fn a_paused_job_holds_its_image_and_no_credits() {
    let f = Fixture::new().await;
    let paused = NewJob { when_exhausted: WhenExhausted::Pause, ..with(&f, 1, monthly(IMAGES, 0)) };
    let id = paused.id;
    assert_eq!(f.accept(paused.clone(), at(0)).await, Accepted::Paused(id));
    assert_eq!([f.rows("outbox").await, f.rows("reservations").await], [0, 0]);
    assert_eq!(f.store.paused_jobs(f.account).await.unwrap(), 1);
    assert_eq!(f.store.claim_job(id, at(1), LEASE, false).await.unwrap(), Claim::Paused);
    assert_eq!(f.store.republish_stuck(at(900), at(800), 9, |_, _| panic!("no")).await.unwrap(), []);
    // Another request for the same work: it waits too, is refused, or queues the job.
    let again = NewJob { id: domain::JobId::generate(), ..paused };
    assert_eq!(f.accept(again.clone(), at(1)).await, Accepted::Paused(id));
    let refuse = NewJob { when_exhausted: WhenExhausted::Refuse, ..again.clone() };
    assert!(matches!(f.accept(refuse, at(1)).await, Accepted::Refused(_)));
    f.audit().await;
    let rich = NewJob { funds: Funds::default(), storage_commit: true, ..again };
    let resumed = f.accept(rich, at(2)).await;
    assert!(matches!(resumed, Accepted::Resumed { job, .. } if job == id), "{resumed:?}");
    let body = format!("SELECT count(*) FROM outbox WHERE job_id = '{id}' AND message_id = '{id}'");
    assert_eq!(f.number(&body).await, 1);
    let job = f.store.job(id).await.unwrap().unwrap();
    assert_eq!((job.state, job.storage_commit, job.enqueued_at), (JobState::Queued, true, at(2)));
    assert_eq!(f.bucket(IMAGES, at(0)).await, [0, 1, 0, 0, 0]);
    f.audit().await;
}

#[tokio::test]
async fn a_paused_job_can_fail_and_costs_nothing() {
    let f = Fixture::new().await;
    let paused = NewJob { when_exhausted: WhenExhausted::Pause, ..with(&f, 1, monthly(IMAGES, 0)) };
    let id = paused.id;
    f.accept(paused, at(0)).await;
    assert!(!fail(&f, id, Some(0)).await, "nobody holds it");
    assert!(fail(&f, id, None).await);
    f.audit().await;
}

/// R24: reserved in one month and done in the next, it is counted once, in the month of the reservation.
#[tokio::test]
async fn the_month_of_the_reservation_pays_whenever_the_job_ends() {
    let f = Fixture::new().await;
    let december = Utc.with_ymd_and_hms(2026, 12, 31, 23, 59, 59).unwrap();
    let january = Utc.with_ymd_and_hms(2027, 1, 1, 0, 0, 1).unwrap();
    let funds = monthly(IMAGES, 2);
    let (done, failed) = (with(&f, 1, funds), with(&f, 2, funds));
    let ids = [done.id, failed.id];
    for new in [done, failed] {
        f.accept(new, december).await;
    }
    // The new month is whole.
    assert!(matches!(f.accept(with(&f, 3, monthly(IMAGES, 1)), january).await, Accepted::Created { .. }));
    f.audit().await;
    for id in ids {
        f.claim(id, january).await;
    }
    let made = Completion { funds, ..completion(ids[0], 1) };
    f.store.complete_job(made, message(ids[0]), january).await.unwrap().unwrap();
    assert!(fail(&f, ids[1], None).await);
    assert_eq!(f.bucket(IMAGES, december).await, [1, 0, 0, 0, 0]);
    assert_eq!(f.bucket(CreditKind::ResultBytes, december).await, [400, 0, 0, 0, 0]);
    assert_eq!(f.bucket(IMAGES, january).await, [0, 1, 0, 0, 0]);
    assert_eq!(f.bucket(CreditKind::ResultBytes, january).await, [0, 0, 0, 0, 0]);
    f.audit().await;
}

#[tokio::test]
async fn a_job_of_the_version_before_is_charged_when_it_ends() {
    let f = Fixture::new().await;
    let (done, failed) = (f.queued(1).await, f.queued(2).await);
    f.execute("DELETE FROM reservations; DELETE FROM credit_buckets").await;
    for id in [done, failed] {
        f.claim(id, at(1)).await;
    }
    f.complete(done, 1, at(2)).await.unwrap();
    assert!(fail(&f, failed, Some(1)).await);
    assert_eq!(f.bucket(IMAGES, at(0)).await, [1, 0, 0, 0, 0]);
    assert_eq!(f.bucket(CreditKind::SourceBytes, at(0)).await, [1_000, 0, 0, 0, 0]);
    f.audit().await;
}

#[tokio::test]
async fn a_cache_hit_takes_bandwidth_from_month_topup_and_overage() {
    let f = Fixture::new().await;
    f.grant(CreditKind::ResultBytes, 100).await;
    let fund = Fund { monthly: Some(300), sells_more: true };
    let hit = CacheHit {
        account_id: f.account,
        api_key_id: None,
        site: None,
        image_id: image(1),
        bytes: 450,
        funds: Funds::default().with(CreditKind::ResultBytes, fund),
    };
    f.store.record_cache_hit(hit, at(1)).await.unwrap();
    assert_eq!(f.bucket(CreditKind::ResultBytes, at(0)).await, [300, 0, 50, 100, 0]);
    f.audit().await;
}

#[tokio::test]
async fn a_payment_grants_once_and_an_operator_each_time() {
    let f = Fixture::new().await;
    let source = TopupSource::Payment { reference: "pay_1".to_owned() };
    let bought = NewTopup { source, ..topup(f.account, IMAGES, 50) };
    let granted = f.store.grant_topup(bought.clone(), at(1)).await.unwrap();
    assert!(matches!(granted, Granted::Granted(_)));
    assert_eq!(f.store.grant_topup(bought.clone(), at(2)).await.unwrap(), Granted::AlreadyGranted);
    f.grant(IMAGES, 5).await;
    f.grant(IMAGES, 5).await;
    f.grant(CreditKind::Ai, 7).await;
    let usage = f.store.usage(f.account, BillingMonth::containing(at(0))).await.unwrap();
    let granted: Vec<_> = usage.kinds.iter().map(|of| of.topup_granted).collect();
    assert_eq!(granted, [60, 0, 0, 7]);
    let topups = f.store.topups(f.account).await.unwrap();
    assert_eq!(topups.len(), 4);
    assert_eq!((topups[0].amount, &topups[0].source, topups[0].created_at), (50, &bought.source, at(1)));
    assert_eq!(f.number("SELECT count(*) FROM events WHERE kind = 'credits.granted'").await, 4);
    f.audit().await;
}
