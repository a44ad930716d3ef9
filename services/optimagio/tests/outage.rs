//! Dependencies that go away and come back: each test stops a real server of its own.

#![cfg(test)]

mod system;

use std::time::{Duration, Instant};

use domain::Tier;
use reqwest::Method;
use system::{Client, Form, SOON, System, json};
use testkit::own;

async fn probe(client: &Client, seed: u64) -> (u16, serde_json::Value) {
    client.optimize(Form::image("a.jpg", testkit::images::photo_jpeg(80, 60, seed))).await
}

async fn works_again(client: &Client, seed: u64) {
    testkit::wait_until(SOON, "the main path to work again", async || probe(client, seed).await.0 == 200)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_everything_goes_on() {
    let redis = own::Redis::start().await;
    let settings =
        testkit::settings().await.with("REDIS_URL", redis.redis().url).with("AUTH_ATTEMPTS_PER_MINUTE", "20");
    let system = System::with(settings).await;
    let client = system.client(Tier::Pro).await;
    redis.kill().await;
    let start = Instant::now();
    let (status, body) = probe(&client, 1).await;
    assert_eq!(status, 200, "{body}");
    assert!(start.elapsed() < SOON);
    let log_in = || {
        let body = serde_json::json!({"email": "a@example.com", "password": "not the password"});
        system.anonymous().request(Method::POST, "/api/auth/login").json(&body).send()
    };
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(log_in().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [401, 401, 429], "a tenth is let through by each gateway alone");
    let (status, ready) = json(client.get("/api/healthz/ready").await).await;
    assert_eq!((status, &ready["status"]), (200, &"degraded".into()));
    redis.start_again().await;
    testkit::wait_until(SOON, "readiness to recover", async || {
        json(client.get("/api/healthz/ready").await).await.1["checks"]["limiter"] == "ok"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_the_answer_is_quick_and_it_recovers() {
    let postgres = own::Postgres::start().await;
    let settings = testkit::settings().await.with("DATABASE_URL", postgres.url());
    let system = System::with(settings).await;
    let client = system.client(Tier::Pro).await;
    assert_eq!(probe(&client, 1).await.0, 200);
    postgres.kill().await;
    for path in ["/public/formats", "/public/pricing", "/api/health", "/api/healthz/live"] {
        assert_eq!(client.get(path).await.status(), 200, "{path}");
    }
    let start = Instant::now();
    let response = client.post(Form::image("a.jpg", testkit::images::photo_jpeg(80, 60, 2))).await;
    assert!(response.headers().contains_key("retry-after"));
    let (status, body) = json(response).await;
    assert_eq!((status, &body["error"]), (503, &"database_unavailable".into()), "{body}");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(client.get("/api/healthz/ready").await.status(), 503);
    postgres.start_again().await;
    works_again(&client, 3).await;
    assert_eq!(client.get("/api/healthz/ready").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_object_storage_uploads_wait_and_nothing_is_lost() {
    let s3 = own::S3::start().await;
    let bucket = s3.bucket();
    let settings = testkit::settings()
        .await
        .with("S3_ENDPOINT", bucket.endpoint)
        .with("S3_BUCKET", bucket.bucket)
        .with("S3_ACCESS_KEY_ID", bucket.access_key_id)
        .with("S3_SECRET_ACCESS_KEY", bucket.secret_access_key);
    let system = System::with(settings).await;
    let client = system.client(Tier::Pro).await;
    let (_, made) = probe(&client, 1).await;
    s3.kill().await;
    let (status, body) = probe(&client, 2).await;
    assert_eq!((status, &body["error"]), (503, &"storage_unavailable".into()), "{body}");
    let image = client.get(made["data"]["optimized_url"].as_str().unwrap()).await;
    assert_eq!(image.status(), 503);
    let (status, ready) = json(client.get("/api/healthz/ready").await).await;
    assert_eq!((status, &ready["checks"]["storage"]), (200, &"down".into()));
    s3.start_again().await;
    works_again(&client, 2).await;
    assert_eq!(client.get(made["data"]["optimized_url"].as_str().unwrap()).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_broker_work_is_accepted_and_done_when_it_returns() {
    let broker = own::RabbitMq::start().await;
    let settings = testkit::settings()
        .await
        .with("AMQP_URL", broker.broker().url)
        .with("SYNC_WAIT_SECONDS", "2")
        .with("OUTBOX_CAP", "2");
    let system = System::with(settings).await;
    let (account, key) = system.account(Tier::Pro).await;
    let client = Client::new(system.base(), Some(key));
    works_again(&client, 1).await;
    broker.kill().await;
    let (status, body) = probe(&client, 2).await;
    assert_eq!((status, &body["error"]), (503, &"queue_unavailable".into()), "{body}");
    let job = body["status_url"].as_str().unwrap().to_owned();
    assert_eq!(json(client.get(&job).await).await.1["status"], "queued");
    assert_eq!(probe(&client, 3).await.0, 503);
    let (status, body) = probe(&client, 4).await;
    assert_eq!((status, &body["error"]), (503, &"queue_unavailable".into()));
    assert_eq!(body["job_id"], serde_json::Value::Null, "beyond the cap nothing is accepted: {body}");
    broker.start_again().await;
    testkit::wait_until(Duration::from_secs(60), "the accepted job to be done", async || {
        json(client.get(&job).await).await.1["status"] == "completed"
    })
    .await;
    let (status, repeat) = probe(&client, 2).await;
    assert_eq!((status, &repeat["cached"]), (200, &true.into()));
    works_again(&client, 3).await;
    assert_eq!(system.ledger_rows(account).await, 3);
}
