//! The bodies about usage, member by member as the documents print them.

#![cfg(test)]

mod system;

use domain::{BillingMonth, Clock, SystemClock, Tier};
use reqwest::Method;
use serde_json::{Value, json};
use store::NewAccount;
use system::{Client, Form, SOON, System, answer, plans};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_free_account_has_the_documented_limits() {
    let system = System::start().await;
    let client = system.client(Tier::Free).await;
    let month = BillingMonth::containing(SystemClock.now());
    let (status, mut body) = answer(client.get("/api/limits").await).await;
    assert_eq!(status, 200);
    let extra = body.as_object_mut().unwrap();
    assert!(extra.remove("requests").is_some() && extra.remove("credits").is_some());
    assert_eq!(
        body,
        json!({
            "subscription_tier": "free",
            "is_admin": false,
            "lifecycle": {
                "state": "active", "reason": "", "previous_tier": "", "target_tier": "",
                "storage_bytes_at_transition": 0, "storage_cap_bytes_at_transition": 0, "warning_count": 0,
            },
            "storage": {"used_bytes": 0, "included_bytes": 0, "remaining_bytes": 0, "hard_limit_bytes": 0},
            "limits": {
                "monthly_images": 100, "file_size_mb": 10, "bandwidth_bytes": 1_000_000_000, "minute_requests": 30,
                "max_api_keys": 1, "team_seats": 1,
            },
            "usage": {
                "monthly_images": 0, "bandwidth_bytes": 0, "minute_requests": 0, "team_seats": 1, "active_seats": 1,
                "pending_seats": 0, "month_start": month.first_day().to_string(),
                "month_end": month.last_day().to_string(), "reserved_images": 0, "paused_jobs": 0,
            },
            "remaining": {
                "monthly_images": 100, "bandwidth_bytes": 1_000_000_000, "minute_requests": 30, "team_seats": 0,
            },
            "pricing": {
                "tier": "free", "display_name": "Free", "monthly_cents": 0, "annual_cents": 0,
                "annual_discount_percent": 15,
            },
        })
    );
    let (_, quota) = answer(client.get("/api/user/usage").await).await;
    let reset = month.reset_at().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    assert_eq!(
        quota,
        json!({
            "plan": "free", "quota": 100, "used": 0, "remaining": 100, "percent_used": 0, "reset_date": reset,
        })
    );
    let nobody = system.anonymous();
    for path in ["/api/limits", "/api/my/limits", "/api/user/usage", "/api/usage", "/api/my/usage"] {
        assert_eq!(nobody.get(path).await.status(), 401, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn compressions_and_ai_credits_have_the_documented_shape() {
    let settings = testkit::settings().await.with("PLAN_CATALOGUE", "credits");
    let system = System::with(settings).await;
    let client = system.client(Tier::Pro).await;
    let (_, usage) = answer(client.get("/api/usage").await).await;
    assert_eq!(
        usage,
        json!({
            "plan": "pro", "compressor_used": 0, "compressor_limit": 99_999, "ia_credits_used": 0,
            "ia_credits_monthly": 1_000, "ia_topup_credits": 0, "ia_credits_remaining": 1_000, "canCompress": true,
            "canUseIA": true, "topups": {"small": "small", "medium": "medium", "large": "large"},
        })
    );
    let free = system.client(Tier::Free).await;
    let (_, usage) = answer(free.get("/api/usage").await).await;
    assert_eq!((&usage["ia_credits_monthly"], &usage["canUseIA"]), (&json!(0), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_who_is_blocked_and_lifts_it() {
    let settings = testkit::settings()
        .await
        .with("PLAN_CATALOGUE", plans("requests_per_day = 1"))
        .with("ESCALATION_THRESHOLDS", "1,50,60,70");
    let system = System::with(settings).await;
    let hash =
        tokio::task::spawn_blocking(|| auth::hash_password("an operator horse")).await.unwrap().unwrap();
    let new = NewAccount {
        email: "root@example.com".to_owned(),
        password_hash: Some(hash),
        tier: Tier::Free,
        is_admin: true,
    };
    system.store.create_account(new, SystemClock.now()).await.unwrap();
    let log_in = json!({"email": "root@example.com", "password": "an operator horse"});
    let nobody = system.anonymous();
    let request = nobody.request(Method::POST, "/api/auth/login").json(&log_in);
    let (_, session) = answer(request.send().await.unwrap()).await;
    let token = format!("Bearer {}", session["access_token"].as_str().unwrap());
    let ask = async |method: Method, path: &str| -> (u16, Value) {
        let response = nobody.request(method, path).header("Authorization", &token).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    };
    let (account, key) = system.account(Tier::Free).await;
    let client = Client::new(system.base(), Some(key));
    let picture = || Form::image("a.jpg", testkit::images::photo_jpeg(64, 48, 1)).text("format", "webp");
    assert_eq!(client.optimize(picture()).await.0, 200);
    let (status, body) = client.optimize(picture()).await;
    assert_eq!((status, &body["error"]), (429, &json!("temporarily_blocked")));
    assert_eq!((&body["escalation_tier"], &body["retry_after"]), (&json!(2), &json!(300)));
    let (_, limits) = answer(client.get("/api/limits").await).await;
    assert_eq!(limits["requests"]["escalation_tier"], 2, "looking at limits is not blocked");
    let (_, blocks) = ask(Method::GET, "/api/admin/blocks").await;
    let label = blocks["items"][0]["label"].as_str().unwrap().to_owned();
    assert!(label.starts_with("key:"), "{blocks}");
    assert_eq!(ask(Method::DELETE, &format!("/api/admin/blocks/{label}")).await.0, 204);
    assert_eq!(ask(Method::DELETE, &format!("/api/admin/blocks/{label}")).await.0, 404);
    assert_eq!(ask(Method::GET, "/api/admin/blocks").await.1["items"], json!([]));
    // The counts of requests are written behind the callers' backs.
    testkit::wait_until(SOON, "the day's requests to be written", async || {
        answer(client.get("/api/limits").await).await.1["requests"]["today"].as_u64().unwrap() >= 2
    })
    .await;
    let grant = json!({"kind": "images", "amount": 3, "note": "for the trouble"});
    let path = format!("/api/admin/accounts/{account}/topups");
    let given = nobody.request(Method::POST, &path).header("Authorization", &token).json(&grant);
    assert_eq!(given.send().await.unwrap().status(), 201);
    assert_eq!(client.request(Method::POST, &path).json(&grant).send().await.unwrap().status(), 403);
    let usage = ask(Method::GET, "/api/admin/usage").await.1;
    assert_eq!(usage["by_account"][0]["key"], account.to_string());
    let log = ask(Method::GET, &format!("/api/admin/audit-log?account_id={account}")).await.1;
    assert_eq!(log["items"][0]["action"], "credits.granted");
    system.assert_books_balance().await;
}
