//! The description of the API is complete: every route is in it, and every documented route answers.

#![cfg(test)]

mod system;

use domain::ErrorCode;
use reqwest::Method;
use system::{System, json};

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_route_exists_and_is_described_in_full() {
    let settings = testkit::settings()
        .await
        .with("EDGE_ANONYMOUS_PER_MINUTE", "10000")
        .with("AUTH_ATTEMPTS_PER_MINUTE", "10000")
        .with("STRIPE_WEBHOOK_SECRET", "whsec_test");
    let system = System::with(settings).await;
    let client = system.anonymous();
    let (status, document) = json(client.get("/openapi.json").await).await;
    assert_eq!(status, 200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 11, "{:?}", paths.keys());
    let mut operations = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            operations.push(operation["operationId"].as_str().unwrap().to_owned());
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let real = path.replace("{id}", "x").replace("{job_id}", "x");
            let response = client.request(method.clone(), &real).send().await.unwrap();
            assert_ne!(response.status(), 405, "{method} {path} is not routed");
            if response.status() == 404 {
                assert!(path.contains('{'), "{method} {path} is not routed");
            }
            assert!(response.status().as_u16() < 500, "{method} {path}: {}", response.status());
        }
    }
    operations.sort();
    let all = operations.len();
    operations.dedup();
    assert_eq!(operations.len(), all, "operation ids are unique");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_for_people_are_there() {
    let system = System::start().await;
    let client = system.anonymous();
    let docs = client.get("/docs").await;
    assert_eq!(docs.status(), 200);
    assert!(docs.url().path().starts_with("/docs/"));
    assert!(docs.text().await.unwrap().contains("swagger-ui"));
    let page = client.get("/docs/errors").await.text().await.unwrap();
    for code in ErrorCode::ALL {
        assert!(page.contains(&format!("id=\"{code}\"")), "{code} is not explained");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_routes_answer_as_documented() {
    let system = System::start().await;
    let client = system.anonymous();
    let (status, body) = json(client.get("/api/health").await).await;
    assert_eq!(status, 200);
    assert_eq!(body, serde_json::json!({"status": "ok", "service": "optimagio-api", "version": "2.0.0"}));
    testkit::wait_until(system::SOON, "readiness", async || {
        json(client.get("/api/healthz/ready").await).await.1["status"] == "ready"
    })
    .await;
    assert_eq!(client.get("/api/healthz/live").await.status(), 200);
    assert_eq!(client.get("/metrics").await.status(), 404, "metrics have a listener of their own");
}
