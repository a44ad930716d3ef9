use domain::AccountId;
use store::Completion;

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
    assert!(f.store.commit_result(&image(1), true).await.unwrap());
    assert!(f.store.commit_result(&image(1), false).await.unwrap());
    let found = f.store.live_result(f.account, &image(1), at(9_999_999)).await.unwrap().unwrap();
    assert_eq!((found.storage_commit, found.keep_original, found.expires_at), (true, true, None));
    assert!(!f.store.commit_result(&image(2), true).await.unwrap());
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
    f.store.commit_result(&image(1), false).await.unwrap();
    f.complete(id, 1, at(4_001)).await.unwrap();
    let found = f.store.live_result(f.account, &image(1), at(9_999_999)).await.unwrap().unwrap();
    assert_eq!((found.storage_commit, found.expires_at), (true, None));
}

#[tokio::test]
async fn a_cache_hit_is_an_event_and_no_ledger_entry() {
    let f = Fixture::new().await;
    f.store.record_cache_hit(f.account, None, &image(1), 400, at(5)).await.unwrap();
    let hit = "SELECT count(*) FROM events WHERE kind = 'result.cached' AND payload->>'bytes' = '400'";
    assert_eq!((f.number(hit).await, f.rows("ledger").await), (1, 0));
}
