//! Notices of payments.

use std::num::NonZeroU64;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::credits::CreditKind;
use domain::{AccountId, ErrorCode};
use serde::Deserialize;
use serde_json::json;
use store::{Granted, NewTopup, TopupSource};
use web::ApiError;

use super::signature;
use crate::accounts::input;
use crate::app::App;

/// Largest notice in bytes.
const MAX_NOTICE: u64 = 256_000;
/// Kinds of notices that mean that a checkout was paid.
const PAID: [&str; 2] = ["checkout.session.completed", "checkout.session.async_payment_succeeded"];

#[derive(Deserialize)]
struct Notice {
    #[serde(rename = "type")]
    kind: String,
    data: NoticeData,
}

#[derive(Deserialize)]
struct NoticeData {
    object: serde_json::Value,
}

/// A paid checkout, as far as it concerns us.
#[derive(Deserialize)]
struct Paid {
    id: String,
    payment_status: String,
    metadata: Bought,
}

#[derive(Deserialize)]
struct Bought {
    account_id: AccountId,
    kind: CreditKind,
    amount: String,
}

impl Paid {
    /// What was bought; none where that is no number of ours.
    fn amount(&self) -> Option<NonZeroU64> {
        self.metadata.amount.parse().ok().filter(|amount: &NonZeroU64| i64::try_from(amount.get()).is_ok())
    }
}

/// Take a notice of a payment. Signed by the provider; the same payment grants its credits once, however often it
/// is told.
#[utoipa::path(
    post, path = "/api/payments/webhook", tag = "Credits", operation_id = "paymentNotice",
    request_body(content = Object, description = "An event of the payment provider"),
    params(("Stripe-Signature" = String, Header, description = "`t=UNIX,v1=HEX`")),
    responses(
        (status = 200, description = "Taken; `granted` says whether credits were granted by it"),
        (status = 400, description = "Not signed by the provider, or not understood", body = web::ErrorBody),
        (status = 503, description = "No payment provider is configured", body = web::ErrorBody),
    ),
    security(()),
)]
pub(crate) async fn take(
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let Some(secret) = &app.payments.webhook_secret else { return Err(super::not_configured()) };
    let body = input::body(MAX_NOTICE, &app, &request, payload).await?;
    let header = request.headers().get("stripe-signature").and_then(|value| value.to_str().ok());
    let now = app.clock.now();
    if !signature::is_valid(header.unwrap_or_default(), &body, secret.expose(), now) {
        let message = "The signature is missing, wrong or too old.";
        return Err(ApiError::new(ErrorCode::InvalidRequest, message));
    }
    let notice: Notice = serde_json::from_slice(&body).map_err(not_understood)?;
    if !PAID.contains(&notice.kind.as_str()) {
        return Ok(HttpResponse::Ok().json(json!({ "granted": false })));
    }
    // A checkout of something else at the same provider has no metadata of ours.
    let paid =
        serde_json::from_value::<Paid>(notice.data.object).ok().filter(|paid| paid.payment_status == "paid");
    let Some((paid, amount)) = paid.and_then(|paid| paid.amount().map(|amount| (paid, amount))) else {
        return Ok(HttpResponse::Ok().json(json!({ "granted": false })));
    };
    if app.store.account(paid.metadata.account_id).await?.is_none() {
        tracing::error!(reference = paid.id, "a payment names an account that does not exist");
        return Ok(HttpResponse::Ok().json(json!({ "granted": false })));
    }
    let topup = NewTopup {
        account_id: paid.metadata.account_id,
        kind: paid.metadata.kind,
        amount,
        source: TopupSource::Payment { reference: paid.id },
        note: String::new(),
    };
    let granted = app.store.grant_topup(topup, now).await?;
    Ok(HttpResponse::Ok().json(json!({ "granted": matches!(granted, Granted::Granted(_)) })))
}

fn not_understood(error: impl std::fmt::Display) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, format!("The notice is not as expected: {error}."))
}
