//! Sudden deaths in the middle of work: every accepted job ends, and is paid for once.

#![cfg(test)]

mod system;

use std::time::Duration;

use domain::{AccountId, Tier};
use reqwest::Method;
use reqwest::multipart::Part;
use serde_json::Value;
use system::{Client, System, json};
use testkit::own;

/// Accepts a job without waiting for it; its status address.
async fn submit(client: &Client, seed: u64) -> String {
    let part = Part::bytes(testkit::images::photo_jpeg(500, 400, seed)).file_name("a.jpg");
    let form = reqwest::multipart::Form::new().part("image", part).text("format", "avif");
    let request = client.request(Method::POST, "/api/optimize").header("Prefer", "respond-async, wait=0");
    let (status, body) = json(request.multipart(form).send().await.unwrap()).await;
    assert_eq!(status, 202, "{body}");
    body["status_url"].as_str().unwrap().to_owned()
}

async fn submit_many(client: &Client, seeds: std::ops::Range<u64>) -> Vec<String> {
    let mut jobs = Vec::new();
    for seed in seeds {
        jobs.push(submit(client, seed).await);
    }
    jobs
}

async fn all_complete(client: &Client, jobs: &[String]) {
    for job in jobs {
        let mut last = Value::Null;
        testkit::wait_until(Duration::from_secs(60), format!("{job} to end"), async || {
            last = json(client.get(job).await).await.1;
            last["status"] == "completed" || last["status"] == "failed"
        })
        .await;
        assert_eq!(last["status"], "completed", "{last}");
        assert_eq!(client.get(last["result_url"].as_str().unwrap()).await.status(), 200);
    }
}

/// One ledger row for each completed job, none for another, and nothing left to publish.
async fn assert_books_balance(system: &System, account: AccountId, jobs: usize) {
    assert_eq!(system.ledger_rows(account).await, i64::try_from(jobs).unwrap());
    let sql = system.sql().await;
    let wrong = "SELECT count(*) FROM jobs LEFT JOIN ledger ON ledger.job_id = jobs.id
                 WHERE (jobs.state = 'completed') <> (ledger.id IS NOT NULL)";
    assert_eq!(sql.query_one(wrong, &[]).await.unwrap().get::<_, i64>(0), 0);
    testkit::wait_until(system::SOON, "the outbox to be empty", async || {
        sql.query_one("SELECT count(*) FROM outbox", &[]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_in_mid_encode_loses_nothing() {
    let mut system = System::apart(testkit::settings().await, 2).await;
    let (account, key) = system.account(Tier::Business).await;
    let client = Client::new(system.base(), Some(key));
    let jobs = submit_many(&client, 0..12).await;
    for _ in 0..2 {
        let sql = system.sql().await;
        testkit::wait_until(system::SOON, "a job in work", async || {
            let query = "SELECT count(*) FROM jobs WHERE state = 'processing'";
            sql.query_one(query, &[]).await.unwrap().get::<_, i64>(0) > 0
        })
        .await;
        let mut worker = system.roles.remove(2);
        worker.kill();
        let fresh = system::Role::start(&["serve", "--only", "worker"], &system.settings).await;
        system.roles.push(fresh);
    }
    all_complete(&client, &jobs).await;
    assert_books_balance(&system, account, jobs.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_killed_after_accepting_loses_nothing() {
    // No worker yet: the gateway dies with accepted jobs that nobody has begun.
    let mut system = System::apart(testkit::settings().await, 0).await;
    let (account, key) = system.account(Tier::Business).await;
    let client = Client::new(system.base(), Some(key.clone()));
    let jobs = submit_many(&client, 20..26).await;
    system.roles.remove(0).kill();
    let gateway = system::Role::start(&["serve", "--only", "gateway"], &system.settings).await;
    let base = format!("http://{}", gateway.address("gateway is listening").await);
    system.roles.push(gateway);
    system.roles.push(system::Role::start(&["serve", "--only", "worker"], &system.settings).await);
    let client = Client::new(&base, Some(key));
    all_complete(&client, &jobs).await;
    assert_books_balance(&system, account, jobs.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_killed_for_a_while_loses_nothing() {
    let broker = own::RabbitMq::start().await;
    let settings = testkit::settings().await.with("AMQP_URL", broker.broker().url);
    let system = System::apart(settings, 1).await;
    let (account, key) = system.account(Tier::Business).await;
    let client = Client::new(system.base(), Some(key));
    let mut jobs = submit_many(&client, 40..46).await;
    broker.kill().await;
    jobs.extend(submit_many(&client, 46..50).await);
    broker.start_again().await;
    all_complete(&client, &jobs).await;
    assert_books_balance(&system, account, jobs.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn object_storage_lost_after_accepting_delays_and_loses_nothing() {
    let s3 = own::S3::start().await;
    let bucket = s3.bucket();
    let settings = testkit::settings()
        .await
        .with("S3_ENDPOINT", bucket.endpoint)
        .with("S3_BUCKET", bucket.bucket)
        .with("S3_ACCESS_KEY_ID", bucket.access_key_id)
        .with("S3_SECRET_ACCESS_KEY", bucket.secret_access_key);
    let mut system = System::apart(settings, 0).await;
    let (account, key) = system.account(Tier::Business).await;
    let client = Client::new(system.base(), Some(key));
    let jobs = submit_many(&client, 80..83).await;
    s3.kill().await;
    system.roles.push(system::Role::start(&["serve", "--only", "worker"], &system.settings).await);
    let sql = system.sql().await;
    testkit::wait_until(system::SOON, "every job to be given back", async || {
        let query = "SELECT count(*) FROM jobs WHERE state = 'queued' AND releases = 1";
        sql.query_one(query, &[]).await.unwrap().get::<_, i64>(0) == 3
    })
    .await;
    s3.start_again().await;
    all_complete(&client, &jobs).await;
    assert_books_balance(&system, account, jobs.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_finishes_what_is_in_flight() {
    let mut system = System::apart(testkit::settings().await, 1).await;
    let (account, key) = system.account(Tier::Business).await;
    let client = Client::new(system.base(), Some(key));
    let jobs = submit_many(&client, 60..66).await;
    let worker = system.roles.last_mut().unwrap();
    assert_eq!(worker.terminate().await, Some(0));
    assert!(!worker.log().contains("dropping what still runs"), "{}", worker.log());
    system.roles.push(system::Role::start(&["serve", "--only", "worker"], &system.settings).await);
    all_complete(&client, &jobs).await;
    assert_books_balance(&system, account, jobs.len()).await;
    assert_eq!(system.roles[0].terminate().await, Some(0));
}
