//! Credits, as an account meets them: spent, used up, bought, and explained.

#![cfg(test)]

mod system;

use domain::credits::CreditKind;
use domain::{Clock, SystemClock, Tier};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use store::{NewTopup, TopupSource};
use system::{Client, Form, SOON, System, answer, plans};

fn picture(seed: u64) -> Form {
    Form::image("a.jpg", testkit::images::photo_jpeg(64, 48, seed)).text("format", "webp")
}

async fn with_limits(limits: &str) -> System {
    System::with(testkit::settings().await.with("PLAN_CATALOGUE", plans(limits))).await
}

async fn limits(client: &Client) -> Value {
    answer(client.get("/api/limits").await).await.1
}

/// The documented refusal of a plan with two images.
async fn assert_images_are_used_up(refused: Response) {
    assert!(refused.headers().get("retry-after").is_none(), "waiting does not help");
    let (status, body) = answer(refused).await;
    assert_eq!(status, 402, "{body}");
    for (name, value) in [
        ("error", json!("monthly_quota_exceeded")),
        ("code", json!("QUOTA_EXCEEDED")),
        ("message", json!("Monthly image quota exhausted: 2/2 images used.")),
        ("limit", json!(2)),
        ("used", json!(2)),
        ("remaining", json!(0)),
        ("retry_after_seconds", Value::Null),
        ("current_tier", json!("free")),
        ("next_tier", Value::Null),
    ] {
        assert_eq!(body[name], value, "{name}");
    }
    assert!(body["reset_at"].as_str().unwrap().ends_with("-01T00:00:00Z"));
    assert!(body["upgrade_url"].as_str().unwrap().starts_with("https://"));
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_spent_one_by_one_and_a_top_up_goes_on() {
    let system = with_limits("monthly_images = 2\nbandwidth_bytes = 1000000").await;
    let (account, key) = system.account(Tier::Free).await;
    let client = Client::new(system.base(), Some(key));
    let mut bytes = 0;
    for seed in 0..2 {
        let (status, body) = client.optimize(picture(seed)).await;
        assert_eq!(status, 200, "{body}");
        bytes += body["optimized_size"].as_u64().unwrap();
    }
    assert_images_are_used_up(client.post(picture(2)).await).await;
    let (status, again) = client.optimize(picture(0)).await;
    assert_eq!((status, &again["cached"]), (200, &json!(true)), "what exists costs no image");
    bytes += again["optimized_size"].as_u64().unwrap();
    let (status, broken) = client.optimize(Form::image("a.jpg", vec![0xff; 40])).await;
    assert_eq!((status, &broken["error"]), (400, &json!("unsupported_format")));

    let topup = NewTopup {
        account_id: account,
        kind: CreditKind::Images,
        amount: 1.try_into().unwrap(),
        source: TopupSource::Admin { by: None },
        note: String::new(),
    };
    system.store.grant_topup(topup, SystemClock.now()).await.unwrap();
    let (status, body) = client.optimize(picture(2)).await;
    assert_eq!(status, 200, "{body}");
    bytes += body["optimized_size"].as_u64().unwrap();
    assert_eq!(client.optimize(picture(3)).await.0, 402);

    let limits = limits(&client).await;
    assert_eq!(limits["usage"]["monthly_images"], 2);
    assert_eq!(limits["usage"]["bandwidth_bytes"], bytes);
    assert_eq!(
        limits["remaining"],
        json!({
            "monthly_images": 0,
            "bandwidth_bytes": 1_000_000 - bytes,
            "minute_requests": null,
            "team_seats": null,
        })
    );
    let images = &limits["credits"]["images"];
    assert_eq!((&images["topup_granted"], &images["topup_remaining"]), (&json!(1), &json!(0)));
    let (_, quota) = answer(client.get("/api/user/usage").await).await;
    assert_eq!(
        (&quota["quota"], &quota["used"], &quota["percent_used"]),
        (&json!(2), &json!(2), &json!(100))
    );
    assert!(quota["reset_date"].as_str().unwrap().ends_with("-01T00:00:00.000Z"));
    let (_, usage) = answer(client.get("/api/usage").await).await;
    assert_eq!((&usage["compressor_used"], &usage["canCompress"]), (&json!(2), &json!(false)));
    let history = answer(client.get("/api/my/usage").await).await.1;
    assert_eq!((&history["total"]["images"], &history["total"]["cache_hits"]), (&json!(3), &json!(1)));
    system.assert_books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bandwidth_is_checked_before_work_and_recorded_with_the_result() {
    let system = with_limits("bandwidth_bytes = 1").await;
    let client = system.client(Tier::Free).await;
    assert_eq!(client.optimize(picture(1)).await.0, 200, "there was a byte left");
    for seed in [1, 2] {
        let (status, body) = client.optimize(picture(seed)).await;
        assert_eq!((status, &body["error"]), (402, &json!("bandwidth_quota_exceeded")), "{body}");
        assert!(body["used"].as_u64().unwrap() > 1);
        assert_eq!((&body["limit"], &body["remaining"]), (&json!(1), &json!(0)));
    }
    system.assert_books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_library_keeps_the_result_for_the_usual_time_only() {
    let system = with_limits("storage_bytes = 1\nmonthly_images = 10").await;
    let client = system.client(Tier::Free).await;
    for cached in [false, true] {
        let (status, body) = client.optimize(picture(1).text("storage_commit", "true")).await;
        assert_eq!((status, &body["cached"]), (200, &json!(cached)), "{body}");
        let refusal = &body["storage_commit"];
        assert_eq!(refusal["committed"], false);
        assert_eq!((&refusal["error"], &refusal["cap_bytes"]), (&json!("storage_cap_reached"), &json!(1)));
        assert!(client.download(&body).await.len() > 1);
    }
    let body = client.optimize(picture(2)).await.1;
    assert!(body.get("storage_commit").is_none());
    assert_eq!(limits(&client).await["storage"]["used_bytes"], 0);
    system.assert_books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_estimate_says_what_fits_and_reserves_nothing() {
    let system = with_limits("monthly_images = 3\nmonthly_source_bytes = 1000\nfile_bytes = 600").await;
    let client = system.client(Tier::Free).await;
    let ask = |body: Value| client.request(Method::POST, "/api/estimate").json(&body).send();
    let (status, body) = answer(ask(json!({"sizes": [400, 500]})).await.unwrap()).await;
    assert_eq!(status, 200);
    assert_eq!(
        body,
        json!({
            "images": 2, "source_bytes": 900, "fits": true, "exceeds": [], "images_available": 3,
            "source_bytes_available": 1000, "files_too_large": 0,
        })
    );
    let (_, body) = answer(ask(json!({"sizes": [400, 700], "variants": 2})).await.unwrap()).await;
    assert_eq!(body["exceeds"], json!(["monthly_images", "monthly_source_bytes", "file_bytes"]));
    assert_eq!(body["fits"], false);
    let (_, body) = answer(ask(json!({"files": 4, "total_bytes": 10})).await.unwrap()).await;
    assert_eq!(body["exceeds"], json!(["monthly_images"]));
    for bad in [
        json!({}),
        json!({"sizes": [1], "files": 1}),
        json!({"sizes": [-1]}),
        json!({"variants": 0, "files": 1}),
    ] {
        assert_eq!(ask(bad).await.unwrap().status(), 400);
    }
    assert_eq!(limits(&client).await["usage"]["reserved_images"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn uses_are_told_apart_by_site() {
    let system = with_limits("monthly_images = 10").await;
    let client = system.client(Tier::Free).await;
    for (seed, name, value) in [
        (1, "X-Client-Site", "Shop"),
        (2, "Origin", "https://blog.example"),
        (3, "Referer", "https://blog.example/post"),
        (3, "X-Client-Site", "shop"),
    ] {
        assert_eq!(client.post_with(picture(seed), name, value).await.status(), 200);
    }
    let (_, history) = answer(client.get("/api/my/usage").await).await;
    let mut sites: Vec<_> = history["by_site"]
        .as_array()
        .unwrap()
        .iter()
        .map(|site| {
            (
                site["key"].as_str().unwrap(),
                site["images"].as_u64().unwrap(),
                site["cache_hits"].as_u64().unwrap(),
            )
        })
        .collect();
    sites.sort_unstable();
    assert_eq!(sites, [("blog.example", 2, 0), ("shop", 1, 1)]);
    let (status, _) = answer(client.get("/api/my/usage?from=2026-12-01&to=2026-11-01").await).await;
    assert_eq!(status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_the_free_tier_is_compressed_harder_and_told_so() {
    let settings = testkit::settings().await.with("QUEUE_CAPACITY", "1").with("SYNC_WAIT_SECONDS", "20");
    let system = System::apart(settings, 0).await;
    let free = system.client(Tier::Free).await;
    for seed in 0..3 {
        let queued = free.post_with(picture(seed), "Prefer", "respond-async, wait=0").await;
        assert_eq!(queued.status(), 202);
    }
    testkit::wait_until(SOON, "the load to be seen", async || {
        free.get("/api/healthz/ready").await.status() == 503
    })
    .await;
    let ask = tokio::spawn({
        let free = free.clone();
        async move { free.optimize(picture(9).text("compression", "low")).await }
    });
    let paid = system.client(Tier::Pro).await;
    let ask_paid = tokio::spawn(async move { paid.optimize(picture(9).text("compression", "low")).await });
    let sql = system.sql().await;
    testkit::wait_until(SOON, "both jobs to be accepted", async || {
        sql.query_one("SELECT count(*) FROM jobs", &[]).await.unwrap().get::<_, i64>(0) == 5
    })
    .await;
    let _worker = system::Role::start(&["serve", "--only", "worker"], &system.settings).await;
    let (status, body) = ask.await.unwrap();
    assert_eq!((status, &body["data"]["adaptive"]), (200, &json!(true)), "{body}");
    assert!(body["data"]["id"].as_str().unwrap().contains("-cmedium-"));
    let (status, body) = ask_paid.await.unwrap();
    assert_eq!(status, 200, "{body}");
    assert!(
        body["data"].get("adaptive").is_none() && body["data"]["id"].as_str().unwrap().contains("-clow-")
    );
    testkit::wait_until(SOON, "the load to be over", async || {
        free.get("/api/healthz/ready").await.status() == 200
    })
    .await;
    let (status, body) = free.optimize(picture(9).text("compression", "low")).await;
    assert_eq!((status, &body["cached"]), (200, &json!(false)), "what was adapted is not what was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_original_comes_back_byte_by_byte_and_costs_nothing() {
    let system = with_limits("monthly_images = 2\nstorage_bytes = 1000000").await;
    let client = system.client(Tier::Free).await;
    let source = testkit::images::photo_jpeg(64, 48, 5);
    let form = Form::image("sea & sun.jpg", source.clone()).text("format", "webp");
    let (_, body) = client.optimize(form.text("storage_commit", "true").text("keep_original", "true")).await;
    let url = format!("{}/original", body["data"]["optimized_url"].as_str().unwrap());
    let before = limits(&client).await;
    assert_eq!(
        before["storage"]["used_bytes"],
        source.len() + body["optimized_size"].as_u64().unwrap() as usize
    );
    let original = client.get(&url).await;
    assert_eq!(original.headers()["content-type"], "image/jpeg");
    assert_eq!(original.bytes().await.unwrap().to_vec(), source);
    assert_eq!(limits(&client).await["usage"], before["usage"], "restoring is free");
    let other = system.client(Tier::Free).await;
    assert_eq!(other.get(&url).await.status(), 404);
    assert_eq!(system.anonymous().get(&url).await.status(), 401);
    let (_, plain) = client.optimize(picture(6).text("storage_commit", "true")).await;
    let url = format!("{}/original", plain["data"]["optimized_url"].as_str().unwrap());
    assert_eq!(client.get(&url).await.status(), 404, "no original was kept");
    system.assert_books_balance().await;
}
