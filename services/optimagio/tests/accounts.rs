//! From nothing to a working key over HTTP, and every way in which credentials are refused.

#![cfg(test)]

mod system;

use domain::Tier;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use system::{Client, Form, System, json as answer};

#[tokio::test(flavor = "multi_thread")]
async fn sign_up_log_in_make_a_key_use_it_and_revoke_it() {
    let system = System::start().await;
    let nobody = system.anonymous();
    let post = |path: &str, body: serde_json::Value| nobody.request(Method::POST, path).json(&body).send();
    let credentials = json!({"email": "New.User@Example.com", "password": "correct horse battery"});
    let (status, body) = answer(post("/api/auth/signup", credentials.clone()).await.unwrap()).await;
    assert_eq!(status, 201, "{body}");
    assert_eq!(body["account"]["email"], "new.user@example.com");
    assert_eq!(body["account"]["subscription_tier"], "free");
    let (status, body) = answer(post("/api/auth/signup", credentials.clone()).await.unwrap()).await;
    assert_eq!((status, &body["error"]), (409, &"already_exists".into()));

    let wrong = json!({"email": "new.user@example.com", "password": "wrong horse battery"});
    let (status, body) = answer(post("/api/auth/login", wrong).await.unwrap()).await;
    assert_eq!((status, &body["error"]), (401, &"unauthorized".into()));
    let (status, body) = answer(post("/api/auth/login", credentials).await.unwrap()).await;
    assert_eq!((status, &body["token_type"]), (200, &"Bearer".into()));
    let session = format!("Bearer {}", body["access_token"].as_str().unwrap());

    let keys = |method: Method, path: &str| nobody.request(method, path).header("Authorization", &session);
    let created = keys(Method::POST, "/api/my/keys").json(&json!({"label": "laptop"})).send().await.unwrap();
    let (status, created) = answer(created).await;
    assert_eq!(status, 201, "{created}");
    let key = created["key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("opt_") && key.starts_with(created["prefix"].as_str().unwrap()));
    let second = keys(Method::POST, "/api/my/keys").json(&json!({"label": "two"})).send().await.unwrap();
    let (status, body) = answer(second).await;
    assert_eq!((status, &body["error"]), (409, &"key_limit_reached".into()));

    let client = Client::new(system.base(), Some(key.clone()));
    let image = testkit::images::photo_jpeg(64, 48, 1);
    let (status, body) = client.optimize(Form::image("a.jpg", image.clone())).await;
    assert_eq!(status, 200, "{body}");
    let mut body = Value::Null;
    testkit::wait_until(system::SOON, "the use of the key to be noted", async || {
        body = answer(keys(Method::GET, "/api/my/keys").send().await.unwrap()).await.1;
        body["items"][0]["last_used_at"].is_string()
    })
    .await;
    assert!(!body.to_string().contains(&key), "a list never shows a key");

    let path = format!("/api/my/keys/{}", created["id"].as_str().unwrap());
    assert_eq!(keys(Method::DELETE, &path).send().await.unwrap().status(), 204);
    assert_eq!(keys(Method::DELETE, &path).send().await.unwrap().status(), 404);
    let (status, _) = client.optimize(Form::image("a.jpg", image)).await;
    assert_eq!(status, 401);
    assert!(!system.logs().contains(&key), "a key reached the log");
    assert!(!system.logs().contains("correct horse"), "a password reached the log");
    system.assert_no_errors_logged();
}

/// Headers without those that differ between any two responses.
fn stable(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut kept: Vec<_> = headers
        .iter()
        .filter(|(name, _)| {
            !["date", "x-request-id"].contains(&name.as_str()) && !name.as_str().contains("ratelimit")
        })
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    // The server's header map is unordered: the order says nothing.
    kept.sort();
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_key_gets_the_same_answer() {
    let system = System::start().await;
    let (_, good) = system.account(Tier::Free).await;
    let unknown = auth::ApiKey::generate(&mut rand::rng()).expose().to_owned();
    let mut wrong_sum = good.clone();
    let last = wrong_sum.pop().unwrap();
    wrong_sum.push(if last == 'a' { 'b' } else { 'a' });
    let upper = good.to_uppercase();
    let candidates =
        ["", "opt_", "secret", &unknown, &wrong_sum, &upper, "eyJhbGciOiJub25lIn0.e30.", &"x".repeat(5_000)];
    let mut seen = Vec::new();
    for candidate in candidates {
        let client = Client::new(system.base(), None);
        for (name, value) in
            [("X-API-Key", candidate.to_owned()), ("Authorization", format!("Bearer {candidate}"))]
        {
            let request = client.request(Method::POST, "/api/optimize").header(name, value).body("");
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 401, "{name}: {candidate}");
            let headers = stable(response.headers());
            seen.push((headers, response.text().await.unwrap()));
        }
    }
    let missing = system.anonymous().request(Method::POST, "/api/optimize").body("").send().await.unwrap();
    seen.push((stable(missing.headers()), missing.text().await.unwrap()));
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert!(seen[0].0.contains(&("www-authenticate".to_owned(), "Bearer realm=\"optimagio\"".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn both_headers_work_and_different_credentials_are_ambiguous() {
    let system = System::start().await;
    let (_, key) = system.account(Tier::Free).await;
    let (_, other) = system.account(Tier::Free).await;
    let nobody = system.anonymous();
    let send = |headers: Vec<(&'static str, String)>| {
        let mut request = nobody.request(Method::GET, "/api/v1/jobs/00000000-0000-7000-8000-000000000000");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.send()
    };
    let bearer = format!("Bearer {key}");
    assert_eq!(send(vec![("X-API-Key", key.clone())]).await.unwrap().status(), 404);
    assert_eq!(send(vec![("Authorization", bearer.clone())]).await.unwrap().status(), 404);
    assert_eq!(
        send(vec![("X-API-Key", key), ("Authorization", bearer.clone())]).await.unwrap().status(),
        404
    );
    let both = send(vec![("X-API-Key", other), ("Authorization", bearer)]).await.unwrap();
    let (status, body) = answer(both).await;
    assert_eq!((status, &body["error"]), (400, &"ambiguous_credentials".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down_by_address() {
    let settings = testkit::settings().await.with("AUTH_ATTEMPTS_PER_MINUTE", "3");
    let system = System::with(settings).await;
    let wrong = json!({"email": "someone@example.com", "password": "not the password"});
    let log_in = || system.anonymous().request(Method::POST, "/api/auth/login").json(&wrong).send();
    let mut last = log_in().await.unwrap();
    for _ in 0..3 {
        last = log_in().await.unwrap();
    }
    let retry_after: u32 = last.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    let (status, body) = answer(last).await;
    assert_eq!((status, &body["error"]), (429, &"rate_limit_exceeded".into()));
    assert_eq!(body["retry_after_seconds"], retry_after);
    assert_eq!((&body["limit"], &body["remaining"]), (&3.into(), &0.into()));
}
