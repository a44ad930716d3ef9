use domain::AccountId;
use domain::credits::Funds;
use store::{CacheHit, CommitOutcome, Completion};

use crate::fixture::{Fixture, at, completion, image, message};

async fn finished(f: &Fixture, number: u32) {
    let id = f.queued(number).await;
    f.claim(id, at(1)).await;
    f.complete(id, 1, at(2)).await.unwrap();
}

#[tokio::test]
async fn a_result_is_found_until_it_expires() {
    let f = Fixture::new().await;
    finished(&f, 1).await;
    let found = f.store.live_result(f.account, &image(1), at(3_599)).await.unwrap().unwrap();
    assert_eq!((found.byte_size, found.original_size, found.quality), (400, 1_000, Some(82.5)));
    assert_eq!((found.original_filename.as_str(), found.expires_at), ("cat.png", Some(at(3_600))));
    assert_eq!(f.store.live_result(f.account, &image(1), at(3_600)).await.unwrap(), None);
    assert_eq!(f.store.live_result(AccountId::generate(), &image(1), at(3)).await.unwrap(), None);
    assert!(f.store.image(&image(1).to_string(), at(3)).await.unwrap().is_some());
    assert_eq!(f.store.image("nonsense", at(3)).await.unwrap(), None);
}

#[tokio::test]
async fn a_committed_result_does_not_expire() {
    let f = Fixture::new().await;
    finished(&f, 1).await;
    let commit = |number, original| {
        let store = f.store.clone();
        async move { store.commit_result(&image(number), original, None, at(5)).await.unwrap() }
    };
    assert_eq!(commit(1, true).await, CommitOutcome::Committed);
    assert_eq!(commit(1, false).await, CommitOutcome::Committed);
    let found = f.store.live_result(f.account, &image(1), at(9_999_999)).await.unwrap().unwrap();
    assert_eq!((found.storage_commit, found.keep_original, found.expires_at), (true, true, None));
    assert_eq!(commit(2, true).await, CommitOutcome::Missing);
}

#[tokio::test]
async fn an_expired_result_is_replaced() {
    let f = Fixture::new().await;
    finished(&f, 1).await;
    let new = f.new_job(1);
    let id = new.id;
    f.accept(new, at(4_000)).await;
    f.claim(id, at(4_000)).await;
    let better = Completion { byte_size: 300, expires_at: Some(at(9_000)), ..completion(id, 1) };
    f.store.complete_job(better, message(id), at(4_001)).await.unwrap().unwrap();
    let found = f.store.live_result(f.account, &image(1), at(4_002)).await.unwrap().unwrap();
    assert_eq!((found.byte_size, found.expires_at), (300, Some(at(9_000))));
    assert_eq!((f.rows("results").await, f.rows("ledger").await), (1, 2));
}

#[tokio::test]
async fn a_result_kept_meanwhile_stays_kept_when_replaced() {
    let f = Fixture::new().await;
    finished(&f, 1).await;
    let new = f.new_job(1);
    let id = new.id;
    f.accept(new, at(4_000)).await;
    f.claim(id, at(4_000)).await;
    f.store.commit_result(&image(1), false, None, at(4_000)).await.unwrap();
    f.complete(id, 1, at(4_001)).await.unwrap();
    let found = f.store.live_result(f.account, &image(1), at(9_999_999)).await.unwrap().unwrap();
    assert_eq!((found.storage_commit, found.expires_at), (true, None));
}

#[tokio::test]
async fn a_cache_hit_is_an_event_and_bandwidth_and_no_image() {
    let f = Fixture::new().await;
    let hit = CacheHit {
        account_id: f.account,
        api_key_id: None,
        site: Some("shop".to_owned()),
        image_id: image(1),
        bytes: 400,
        funds: Funds::default(),
    };
    f.store.record_cache_hit(hit, at(5)).await.unwrap();
    let event = "SELECT count(*) FROM events WHERE kind = 'result.cached' AND payload->>'bytes' = '400'";
    assert_eq!(f.number(event).await, 1);
    let row = "SELECT count(*) FROM ledger WHERE kind = 'cached' AND images = 0 AND source_bytes = 0
        AND result_bytes = 400 AND site = 'shop' AND job_id IS NULL";
    assert_eq!(f.number(row).await, 1);
    let used = "SELECT used FROM credit_buckets WHERE kind = 'result_bytes' AND period = '2026-11'";
    assert_eq!(f.number(used).await, 400);
}
