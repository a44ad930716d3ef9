//! Credits that were paid for, as the payment provider tells of them.

#![cfg(test)]

mod system;

use domain::{Clock, SystemClock, Tier};
use hmac::{Hmac, Mac};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sha2::Sha256;
use system::{Client, Form, System, answer, plans};

fn picture(seed: u64) -> Form {
    Form::image("a.jpg", testkit::images::photo_jpeg(64, 48, seed)).text("format", "webp")
}

fn signed(secret: &str, body: &str) -> String {
    let at = SystemClock.now().timestamp();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.{body}").as_bytes());
    format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_grants_its_credits_once_however_often_it_is_told() {
    let settings = testkit::settings()
        .await
        .with("PLAN_CATALOGUE", plans("monthly_images = 0"))
        .with("STRIPE_WEBHOOK_SECRET", "whsec_test");
    let system = System::with(settings).await;
    let (account, key) = system.account(Tier::Free).await;
    let client = Client::new(system.base(), Some(key));
    assert_eq!(client.optimize(picture(1)).await.0, 402);
    let body = json!({
        "id": "evt_1", "type": "checkout.session.completed",
        "data": {"object": {"id": "cs_1", "payment_status": "paid", "metadata":
            {"account_id": account.to_string(), "kind": "images", "amount": "5"}}},
    })
    .to_string();
    let tell = async |signature: String, body: &str| -> (u16, Value) {
        let request = system.anonymous().request(Method::POST, "/api/payments/webhook");
        let request = request.header("Stripe-Signature", signature).body(body.to_owned());
        let response: Response = request.send().await.unwrap();
        answer(response).await
    };
    assert_eq!(tell(signed("whsec_other", &body), &body).await.0, 400);
    assert_eq!(tell(signed("whsec_test", &body), &body.replace("\"5\"", "\"5000\"")).await.0, 400);
    assert_eq!(tell(signed("whsec_test", &body), &body).await, (200, json!({"granted": true})));
    assert_eq!(tell(signed("whsec_test", &body), &body).await, (200, json!({"granted": false})));
    let unpaid = body.replace("cs_1", "cs_2").replace("\"paid\"", "\"unpaid\"");
    assert_eq!(tell(signed("whsec_test", &unpaid), &unpaid).await, (200, json!({"granted": false})));
    assert_eq!(client.optimize(picture(1)).await.0, 200);
    let (_, limits) = answer(client.get("/api/limits").await).await;
    assert_eq!(limits["credits"]["images"]["topup_remaining"], 4);
    system.assert_books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_provider_nothing_is_sold() {
    let system = System::start().await;
    let told =
        system.anonymous().request(Method::POST, "/api/payments/webhook").body("{}").send().await.unwrap();
    let (status, body) = answer(told).await;
    assert_eq!((status, &body["error"]), (503, &json!("payments_not_configured")));
}
