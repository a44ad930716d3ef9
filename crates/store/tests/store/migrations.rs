use domain::JobId;
use store::{Claim, Store};

use crate::fixture::{LEASE, at, client, completion, config, image, message};

/// A database as an operator creates it: empty.
async fn empty() -> testkit::TestDatabase {
    let database = testkit::database().await;
    let statements = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";
    client(&database.url).await.batch_execute(statements).await.unwrap();
    database
}

#[tokio::test]
async fn a_second_run_applies_nothing() {
    let database = empty().await;
    let config = config(&database.url);
    let applied = store::migrate(&config).await.unwrap();
    assert_eq!(applied.first().map(String::as_str), Some("2026-11-20-000000_create_core"));
    assert!(store::migrate(&config).await.unwrap().is_empty());
    store::Store::connect(&config).unwrap().ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_take_turns() {
    let database = empty().await;
    let config = config(&database.url);
    let (one, two) = tokio::join!(store::migrate(&config), store::migrate(&config));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(one.is_empty() != two.is_empty(), "{one:?} {two:?}");
}

const OLDER: [&str; 3] = [
    include_str!("../../../../migrations/2026-11-20-000000_create_core/up.sql"),
    include_str!("../../../../migrations/2026-11-21-000000_add_output_options/up.sql"),
    include_str!("../../../../migrations/2026-11-24-000000_add_placeholders/up.sql"),
];
const CREDITS: &str = include_str!("../../../../migrations/2026-11-26-000000_add_members_and_credits/up.sql");

/// An account with two kept results of one kept source, in two months, and a queued job.
const USED: &str = "
    INSERT INTO accounts (id, email, tier) VALUES ('00000000-0000-0000-0000-00000000000a', 'a@example.com', 'pro');
    INSERT INTO sources VALUES ('00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-00000000000a',
        sha256('a'), 1000, 'png', 1, 1, 1, 'source', now(), now());
    INSERT INTO jobs (id, account_id, source_id, image_id, class, state, storage_commit, keep_original,
        original_filename, reserved_month, created_at, enqueued_at, finished_at)
    SELECT id::uuid, '00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-00000000000b',
        image_id, 'paid', state, true, true, 'a.png', month::date, now(), now(), finished_at
    FROM (VALUES
        ('00000000-0000-0000-0000-000000000001', 'IMAGE1', 'completed', '2026-10-01', now()),
        ('00000000-0000-0000-0000-000000000002', 'IMAGE2', 'completed', '2026-11-01', now()),
        ('00000000-0000-0000-0000-000000000003', 'IMAGE3', 'queued', '2026-11-01', NULL)
    ) AS new (id, image_id, state, month, finished_at);
    INSERT INTO results (image_id, account_id, job_id, source_id, object_key, sha256, byte_size, format, width,
        height, encoder, storage_commit, keep_original, processed_at)
    SELECT image_id, account_id, id, source_id, 'result', sha256('a'), 400, 'webp', 1, 1, 'libwebp', true, true,
        now()
    FROM jobs WHERE state = 'completed';
    INSERT INTO ledger (job_id, account_id, month, images, source_bytes, result_bytes, created_at)
    SELECT id, account_id, reserved_month, 1, 1000, 400, now() FROM jobs WHERE state = 'completed'";

#[tokio::test]
async fn what_was_used_and_kept_before_is_in_the_books() {
    let database = empty().await;
    let client = client(&database.url).await;
    for older in OLDER {
        client.batch_execute(older).await.unwrap();
    }
    let mut used = USED.to_owned();
    for number in 1..=3 {
        used = used.replace(&format!("IMAGE{number}"), &image(number).to_string());
    }
    client.batch_execute(&used).await.unwrap();
    client.batch_execute(CREDITS).await.unwrap();
    let store = Store::connect(&config(&database.url)).unwrap();
    assert_eq!(store.audit_ledger().await.unwrap(), []);
    let stored: i64 = client.query_one("SELECT stored_bytes FROM accounts", &[]).await.unwrap().get(0);
    assert_eq!(stored, 1_800);
    // The job has set nothing aside, and is charged when it ends.
    let job = JobId("00000000-0000-0000-0000-000000000003".parse().unwrap());
    let claim = store.claim_job(job, at(0), LEASE, false).await.unwrap();
    assert!(matches!(claim, Claim::Won(_)), "{claim:?}");
    store.complete_job(completion(job, 1), message(job), at(1)).await.unwrap().unwrap();
    assert_eq!(store.audit_ledger().await.unwrap(), []);
}
