use domain::credits::{CreditKind, Fund, Funds};
use store::{Accepted, Alerts, CacheHit, CommitOutcome, Completion, NewJob};

use crate::fixture::{Fixture, at, completion, image, message, monthly};

async fn hit(f: &Fixture, store: &store::Store, bytes: u64) {
    let hit = CacheHit {
        account_id: f.account,
        api_key_id: None,
        site: None,
        image_id: image(1),
        bytes,
        funds: monthly(CreditKind::ResultBytes, 1_000),
    };
    store.record_cache_hit(hit, at(1)).await.unwrap();
}

#[tokio::test]
async fn each_threshold_is_told_once_by_mail_and_event() {
    let f = Fixture::new().await;
    let url = "https://example.com/plans".to_owned();
    let store = f.store.clone().alerting(Alerts { upgrade_url: url, ..Alerts::default() });
    for (bytes, mails) in [(799, 0), (1, 1), (100, 1), (60, 2), (40, 3), (500, 3)] {
        hit(&f, &store, bytes).await;
        assert_eq!(f.rows("mails").await, mails, "after another {bytes}");
    }
    let mail = "SELECT count(*) FROM mails WHERE recipient = 'owner@example.com'
        AND subject LIKE '% bandwidth %' AND body LIKE '%1.0 kB%2026-12-01%https://example.com/plans%'";
    assert_eq!(f.number(mail).await, 3);
    let event = "SELECT count(*) FROM events WHERE kind = 'quota.threshold' AND payload->>'threshold' = '95'
        AND payload->>'kind' = 'result_bytes' AND payload->>'used' = '960' AND payload->>'limit' = '1000'
        AND payload->>'period' = '2026-11'";
    assert_eq!(f.number(event).await, 1);
}

#[tokio::test]
async fn a_raised_and_passed_again_threshold_is_not_told_again() {
    let f = Fixture::new().await;
    let images = |limit| monthly(CreditKind::Images, limit);
    for (number, limit) in [(1, 1), (2, 10), (3, 3), (4, 4)] {
        let new = NewJob { funds: images(limit), ..f.new_job(number) };
        let id = new.id;
        assert!(matches!(f.accept(new, at(0)).await, Accepted::Created { .. }));
        f.claim(id, at(1)).await;
        let made = Completion { funds: images(limit), ..completion(id, 1) };
        f.store.complete_job(made, message(id), at(2)).await.unwrap().unwrap();
    }
    assert_eq!([f.rows("quota_alerts").await, f.rows("mails").await], [3, 3]);
    f.audit().await;
}

#[tokio::test]
async fn credits_that_have_no_limit_or_a_month_that_is_over_warn_nobody() {
    let f = Fixture::new().await;
    let unlimited = Funds::default().with(CreditKind::Ai, Fund { monthly: Some(0), sells_more: false });
    let (one, two) = (f.queued(1).await, f.queued(2).await);
    f.claim(one, at(1)).await;
    f.claim(two, at(1)).await;
    let made = Completion { funds: unlimited, ..completion(one, 1) };
    f.store.complete_job(made, message(one), at(2)).await.unwrap().unwrap();
    let next_month = at(30 * 86_400);
    let made = Completion { funds: monthly(CreditKind::Images, 1), ..completion(two, 1) };
    f.store.complete_job(made, message(two), next_month).await.unwrap().unwrap();
    assert_eq!(f.rows("mails").await, 0);
}

#[tokio::test]
async fn the_storage_library_warns_too() {
    let f = Fixture::new().await;
    let id = f.queued(1).await;
    f.claim(id, at(1)).await;
    f.complete(id, 1, at(2)).await.unwrap();
    let committed = f.store.commit_result(&image(1), false, Some(420), at(3)).await.unwrap();
    assert_eq!(committed, CommitOutcome::Committed);
    let told = "SELECT count(*) FROM mails JOIN quota_alerts ON true
        WHERE kind = 'storage' AND body LIKE '%400 bytes of 420 bytes%'";
    // 80 and 95 %: two warnings, two mails.
    assert_eq!(f.number(told).await, 4);
}
