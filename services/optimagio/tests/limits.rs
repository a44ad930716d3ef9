//! Limits of requests, as a client meets them.

#![cfg(test)]

mod system;

use std::time::Duration;

use domain::{Clock, SystemClock, Tier};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use system::{Client, Form, SOON, System, answer, plans};
use testkit::own;

/// A picture that no other request has sent.
fn picture(seed: u64) -> Form {
    Form::image("a.jpg", testkit::images::photo_jpeg(64, 48, seed)).text("format", "webp")
}

async fn with_limits(limits: &str) -> System {
    System::with(testkit::settings().await.with("PLAN_CATALOGUE", plans(limits))).await
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_its_share_and_leaves_the_rest_to_others() {
    let system = with_limits("results_per_minute = 1000\nresults_per_minute_per_key = 2\napi_keys = 2").await;
    let (account, key) = system.account(Tier::Free).await;
    let client = Client::new(system.base(), Some(key));
    let first = client.post(picture(1)).await;
    assert_eq!((header(&first, "x-ratelimit-limit"), header(&first, "x-ratelimit-remaining")), ("2", "1"));
    assert!(header(&first, "ratelimit-policy").contains("\"key\";q=2;w=60"));
    assert!(header(&first, "ratelimit").contains("\"account\";r=999"), "{}", header(&first, "ratelimit"));
    assert_eq!(client.post(picture(1)).await.status(), 200, "a cache hit counts for the key");
    let refused = client.post(picture(2)).await;
    let wait: u64 = header(&refused, "retry-after").parse().unwrap();
    assert_eq!(header(&refused, "x-ratelimit-remaining"), "0");
    let reset: i64 = header(&refused, "x-ratelimit-reset").parse().unwrap();
    assert!((0..=60).contains(&(reset - SystemClock.now().timestamp())), "{reset}");
    let (status, body) = answer(refused).await;
    assert_eq!((status, &body["error"]), (429, &json!("rate_limit_exceeded")));
    assert_eq!(
        body["message"],
        format!("Rate limit exceeded: 2/2 requests this minute. Try again in {wait} seconds.")
    );
    for (name, value) in [
        ("limit", json!(2)),
        ("used", json!(2)),
        ("remaining", json!(0)),
        ("retry_after_seconds", json!(wait)),
        ("retry_after", json!(wait)),
        ("current_tier", json!("free")),
        ("next_tier", Value::Null),
    ] {
        assert_eq!(body[name], value, "{name}");
    }
    assert!(body["reset_at"].as_str().unwrap().ends_with('Z'));
    // Looking is free, and other keys have a share of their own.
    let limits = client.get("/api/limits").await;
    assert_eq!((limits.status().as_u16(), header(&limits, "x-ratelimit-remaining")), (200, "0"));
    let other = Client::new(system.base(), Some(system.key_of(account).await));
    assert_eq!(other.post(picture(3)).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_a_day_are_limited_where_a_plan_says_so() {
    let system = with_limits("requests_per_day = 2").await;
    let client = system.client(Tier::Free).await;
    for seed in 0..2 {
        assert_eq!(client.post(picture(seed)).await.status(), 200);
    }
    let (status, body) = answer(client.post(picture(3)).await).await;
    assert_eq!((status, &body["error"]), (429, &json!("daily_limit_exceeded")), "{body}");
    assert!(body["message"].as_str().unwrap().starts_with("Daily limit exceeded: 2/2 requests today."));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_at_the_same_time_are_limited_and_a_place_comes_back() {
    let settings = testkit::settings()
        .await
        .with("PLAN_CATALOGUE", plans("concurrent_requests = 1"))
        .with("SYNC_WAIT_SECONDS", "5");
    // Without a worker a request stays until its wait is over.
    let system = System::apart(settings, 0).await;
    let client = system.client(Tier::Free).await;
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.post(picture(1)).await.status() }
    });
    let sql = system.sql().await;
    testkit::wait_until(SOON, "the first request to be at work", async || {
        sql.query_one("SELECT count(*) FROM jobs", &[]).await.unwrap().get::<_, i64>(0) == 1
    })
    .await;
    let (status, body) = answer(client.post(picture(2)).await).await;
    assert_eq!((status, &body["error"]), (429, &json!("concurrency_limit_exceeded")), "{body}");
    assert_eq!(first.await.unwrap(), 503);
    testkit::wait_until(SOON, "the place to be given back", async || {
        client.post_with(picture(2), "Prefer", "respond-async, wait=0").await.status() == 202
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_minute_makes_work_wait_and_never_answers_429() {
    let settings = testkit::settings()
        .await
        .with("PLAN_CATALOGUE", plans("results_per_minute = 1"))
        .with("SYNC_WAIT_SECONDS", "10");
    let system = System::with(settings).await;
    let client = system.client(Tier::Free).await;
    // A minute that is not about to end.
    testkit::wait_until(Duration::from_secs(70), "the middle of a minute", async || {
        (1..30).contains(&(SystemClock.now().timestamp() % 60))
    })
    .await;
    assert_eq!(client.post(picture(1)).await.status(), 200);
    let full = client.post(picture(2)).await;
    let wait: u64 = header(&full, "retry-after").parse().unwrap();
    let (status, body) = answer(full).await;
    assert_eq!((status, &body["error"]), (503, &json!("overloaded")), "{body}");
    assert!((1..=60).contains(&wait));
    let (status, body) = answer(client.post(picture(1)).await).await;
    assert_eq!((status, &body["cached"]), (200, &json!(true)), "what is cached needs no place");
    let queued = client.post_with(picture(3), "Prefer", "respond-async, wait=0").await;
    assert_eq!(queued.status(), 202);
    let url = header(&queued, "location").to_owned();
    testkit::wait_until(SOON, "the queued job to end", async || {
        answer(client.get(&url).await).await.1["status"] == "completed"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_ignores_refusals_is_blocked_and_at_last_suspended() {
    let settings = testkit::settings()
        .await
        .with("PLAN_CATALOGUE", plans("requests_per_day = 1"))
        .with("ESCALATION_THRESHOLDS", "2,3,4,5")
        .with("ESCALATION_COOLDOWNS_SECONDS", "1,1,1");
    let system = System::with(settings).await;
    let (account, key) = system.account(Tier::Free).await;
    let client = Client::new(system.base(), Some(key));
    assert_eq!(client.post(picture(1)).await.status(), 200);
    let mut seen = Vec::new();
    testkit::wait_until(SOON, "the key to be suspended", async || {
        let (status, body) = answer(client.post(picture(2)).await).await;
        let code = body["error"].as_str().unwrap().to_owned();
        if seen.last() != Some(&code) {
            seen.push(code.clone());
        }
        (status, code.as_str()) == (403, "key_suspended") && body.get("escalation_tier").is_none()
    })
    .await;
    assert_eq!(seen, ["daily_limit_exceeded", "temporarily_blocked", "key_suspended"]);
    let sql = system.sql().await;
    let count = async |query: &str| -> i64 { sql.query_one(query, &[&account.0]).await.unwrap().get(0) };
    assert_eq!(count("SELECT count(*) FROM audit_log WHERE account_id = $1 AND actor = 'system'").await, 1);
    let mails = "SELECT count(*) FROM mails JOIN accounts ON recipient = email WHERE accounts.id = $1";
    testkit::wait_until(SOON, "mails of tiers 4 and 5", async || count(mails).await == 2).await;
    let other = Client::new(system.base(), Some(system.key_of(account).await));
    assert_eq!(other.post(picture(3)).await.status(), 200, "other keys of the account work");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_keys_is_slowed_down_and_good_keys_go_on() {
    let settings = testkit::settings().await.with("EDGE_BAD_CREDENTIALS_PER_MINUTE", "3");
    let system = System::with(settings).await;
    let good = system.client(Tier::Free).await;
    let guess = || {
        let key = auth::ApiKey::generate(&mut rand::rng()).expose().to_owned();
        let client = Client::new(system.base(), Some(key));
        async move { client.get("/api/limits").await.status().as_u16() }
    };
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(guess().await);
    }
    assert_eq!(statuses, [401, 401, 401, 429]);
    assert_eq!(good.get("/api/limits").await.status(), 200);
    assert_eq!(good.post(picture(1)).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_seekers_of_images_have_caps_by_address() {
    let settings =
        testkit::settings().await.with("EDGE_ANONYMOUS_PER_MINUTE", "2").with("EDGE_MISSES_PER_MINUTE", "2");
    let system = System::with(settings).await;
    let nobody = system.anonymous();
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(nobody.request(Method::GET, "/api/limits").send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [401, 401, 429]);
    let absent = "/api/images/v2-00112233445566778899aabbccddeeff-cauto-w0000-h0000-webp-exiffalse";
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(nobody.get(absent).await.status().as_u16());
    }
    assert_eq!(statuses, [404, 404, 429]);
    assert_eq!(nobody.get("/api/health").await.status(), 200, "probes are never limited");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_each_gateway_keeps_its_part_of_the_limits() {
    let redis = own::Redis::start().await;
    let settings = testkit::settings()
        .await
        .with("REDIS_URL", redis.redis().url)
        .with("LIMITER_NODES", "2")
        .with("PLAN_CATALOGUE", plans("results_per_minute_per_key = 4"));
    let system = System::with(settings).await;
    let client = system.client(Tier::Free).await;
    assert_eq!(header(&client.post(picture(1)).await, "x-ratelimit-limit"), "4");
    redis.kill().await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let response = client.post(picture(1)).await;
        assert_eq!(header(&response, "x-ratelimit-policy"), "local");
        assert_eq!(header(&response, "x-ratelimit-limit"), "2");
        statuses.push(response.status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 429]);
    redis.start_again().await;
    testkit::wait_until(SOON, "shared limits again", async || {
        header(&client.get("/api/limits").await, "x-ratelimit-limit") == "4"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_optimize_only_where_an_account_lends_its_name() {
    let settings = testkit::settings()
        .await
        .with("ANONYMOUS_ACCOUNT", "web@example.com")
        .with("ANONYMOUS_PER_MINUTE", "2");
    let system = System::with(settings).await;
    let nobody = system.anonymous();
    assert_eq!(nobody.post(picture(1)).await.status(), 401, "there is no such account yet");
    let new = store::NewAccount {
        email: "web@example.com".to_owned(),
        password_hash: None,
        tier: Tier::Free,
        is_admin: false,
    };
    let account = system.store.create_account(new, SystemClock.now()).await.unwrap();
    let first = nobody.post(picture(1)).await;
    assert!(header(&first, "ratelimit-policy").contains("\"concurrent\";q=2"));
    let (status, body) = answer(first).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(nobody.post(picture(1)).await.status(), 200);
    let (status, body) = answer(nobody.post(picture(2)).await).await;
    assert_eq!((status, &body["error"]), (429, &json!("rate_limit_exceeded")));
    assert_eq!(system.ledger_rows(account.id).await, 1);
    assert_eq!(nobody.get("/api/limits").await.status(), 401, "nothing else is lent");
    let wrong = Client::new(system.base(), Some("opt_wrong".to_owned()));
    assert_eq!(wrong.post(picture(3)).await.status(), 401, "wrong credentials are no missing ones");
    system.assert_books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_spelling_of_the_path_and_many_variants_are_counted_all_the_same() {
    let system = with_limits("results_per_minute_per_key = 3").await;
    let client = system.client(Tier::Free).await;
    let variants = r#"[{"width":10},{"width":20},{"width":30},{"width":40}]"#;
    let (status, body) = answer(client.post(picture(1).text("variants", variants)).await).await;
    assert_eq!(
        (status, &body["error"]),
        (429, &json!("rate_limit_exceeded")),
        "four results do not fit: {body}"
    );
    for left in ["1", "0"] {
        let form = reqwest::multipart::Form::new().text("url", "ftp://x/y.jpg");
        let odd = client.request(Method::POST, "/api/%6Fptimize").multipart(form).send().await.unwrap();
        assert_eq!((odd.status().as_u16(), header(&odd, "x-ratelimit-remaining")), (400, left));
    }
    assert_eq!(client.post(picture(1)).await.status(), 429);
}
