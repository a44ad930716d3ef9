//! Every kind of tampering is found: one UPDATE each, on a database in which all agrees.

use std::collections::BTreeSet;

use domain::credits::{CreditKind, Fund, Funds};
use store::{CacheHit, Completion, NewJob, WhenExhausted};

use crate::fixture::{Fixture, at, completion, image, message, monthly};

/// A completed and kept job paid from month, top-up and overage, a cache hit, a queued and a paused job.
async fn some_of_everything() -> Fixture {
    let f = Fixture::new().await;
    f.grant(CreditKind::SourceBytes, 300).await;
    f.grant(CreditKind::Images, 5).await;
    let fund = Fund { monthly: Some(500), sells_more: true };
    let funds = Funds::default().with(CreditKind::SourceBytes, fund);
    let new = NewJob { funds, storage_commit: true, keep_original: true, ..f.new_job(1) };
    let id = new.id;
    f.accept(new, at(0)).await;
    f.claim(id, at(1)).await;
    let made = Completion { funds, ..completion(id, 1) };
    f.store.complete_job(made, message(id), at(2)).await.unwrap().unwrap();
    let hit = CacheHit {
        account_id: f.account,
        api_key_id: None,
        site: None,
        image_id: image(1),
        bytes: 400,
        funds,
    };
    f.store.record_cache_hit(hit, at(3)).await.unwrap();
    f.accept(NewJob { funds: monthly(CreditKind::Images, 1), ..f.new_job(2) }, at(4)).await;
    let paused = NewJob {
        funds: monthly(CreditKind::SourceBytes, 0),
        when_exhausted: WhenExhausted::Pause,
        ..f.new_job(3)
    };
    f.accept(paused, at(5)).await;
    f.audit().await;
    f
}

const TAMPERINGS: [(&str, &[&str]); 23] = [
    ("DELETE FROM ledger WHERE kind = 'result'", &["ledger_rows", "bucket_used", "bucket_overage"]),
    (
        "UPDATE jobs SET state = 'completed', finished_at = now() WHERE state = 'quota_paused'",
        &["ledger_rows"],
    ),
    (
        "UPDATE ledger SET month = '2026-10-01' WHERE kind = 'result'",
        &["ledger_owner", "bucket_used", "bucket_overage"],
    ),
    ("UPDATE ledger SET images = 2 WHERE kind = 'result'", &["ledger_images", "bucket_used"]),
    ("UPDATE ledger SET images = 1 WHERE kind = 'cached'", &["ledger_images", "bucket_used"]),
    ("UPDATE ledger SET source_bytes = 999 WHERE kind = 'result'", &["ledger_source_bytes", "bucket_used"]),
    ("UPDATE ledger SET result_bytes = 401 WHERE kind = 'result'", &["ledger_result_bytes", "bucket_used"]),
    ("UPDATE ledger SET result_bytes = 401 WHERE kind = 'cached'", &["bucket_used"]),
    ("UPDATE ledger SET topup_images = 2 WHERE kind = 'result'", &["ledger_parts", "bucket_used"]),
    ("UPDATE ledger SET topup_source_bytes = 299 WHERE kind = 'result'", &["bucket_used"]),
    (
        "UPDATE ledger SET overage_source_bytes = 201 WHERE kind = 'result'",
        &["bucket_used", "bucket_overage"],
    ),
    ("UPDATE results SET byte_size = 401", &["ledger_result_bytes", "stored_bytes"]),
    (
        "UPDATE credit_buckets SET used = used + 1 WHERE kind = 'images' AND period <> 'topup'",
        &["bucket_used"],
    ),
    (
        "UPDATE credit_buckets SET used = 299 WHERE kind = 'source_bytes' AND period = 'topup'",
        &["bucket_used"],
    ),
    ("UPDATE credit_buckets SET overage = 0", &["bucket_overage"]),
    ("UPDATE credit_buckets SET reserved = 0 WHERE kind = 'images'", &["bucket_reserved"]),
    ("UPDATE credit_buckets SET granted = 6 WHERE kind = 'images' AND period = 'topup'", &["topup_granted"]),
    ("UPDATE topups SET amount = amount - 1 WHERE kind = 'images'", &["topup_granted"]),
    (
        "ALTER TABLE credit_buckets DROP CONSTRAINT credit_buckets_check;
         UPDATE credit_buckets SET used = 301 WHERE kind = 'source_bytes' AND period = 'topup'",
        &["topup_overdrawn", "bucket_used"],
    ),
    ("DELETE FROM reservations WHERE kind = 'images'", &["bucket_reserved", "reservation_amount"]),
    (
        "UPDATE reservations SET monthly = 7 WHERE kind = 'source_bytes'",
        &["bucket_reserved", "reservation_amount"],
    ),
    (
        "INSERT INTO reservations SELECT id, 'images', 0, 0, 1 FROM jobs WHERE state = 'quota_paused'",
        &["reservation_of_no_work"],
    ),
    ("UPDATE accounts SET stored_bytes = 1399", &["stored_bytes"]),
];

#[tokio::test]
async fn every_tampering_is_found() {
    for (tampering, expected) in TAMPERINGS {
        let f = some_of_everything().await;
        f.execute(tampering).await;
        let found = f.store.audit_ledger().await.unwrap();
        let kinds: BTreeSet<_> = found.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, expected.iter().copied().collect(), "{tampering}: {found:#?}");
        assert!(found.iter().all(|one| one.account == f.account && one.expected != one.found), "{found:#?}");
    }
}
