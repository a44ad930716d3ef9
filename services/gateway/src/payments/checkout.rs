//! Starting a checkout at the payment provider.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::plan::TopupPack;
use domain::{ErrorCode, Rejection};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{ApiError, SessionCaller};

use crate::accounts::input;
use crate::app::App;

/// What to buy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckoutRequest {
    /// A pack of the catalogue: see `topups` of `/api/usage`.
    #[schema(example = "small")]
    pack: String,
}

/// A checkout that was begun.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checkout {
    /// The provider's id of it.
    id: String,
    /// Where the buyer pays.
    url: String,
}

/// Buy credits on top of the plan.
#[utoipa::path(
    post, path = "/api/my/topups/checkout", tag = "Credits", operation_id = "startCheckout",
    request_body = CheckoutRequest,
    responses(
        (status = 200, description = "Where to pay", body = Checkout),
        (status = 400, description = "No such pack", body = web::ErrorBody),
        (status = 401, description = "No session", body = web::ErrorBody),
        (status = 503, description = "No payment provider is configured", body = web::ErrorBody),
    ),
    security(("session" = [])),
)]
pub(crate) async fn start(
    caller: SessionCaller,
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let asked: CheckoutRequest = input::json(&app, &request, payload).await?;
    let pack = pack(&app, &asked.pack)?;
    let Some(key) = &app.payments.secret_key else { return Err(super::not_configured()) };
    let form = form(&app, &caller, pack);
    let answer = app
        .client
        .post(format!("{}/v1/checkout/sessions", app.payments.api_url.trim_end_matches('/')))
        .bearer_auth(key.expose())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(serde_urlencoded::to_string(form).map_err(ApiError::internal)?)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(unreachable)?;
    let checkout: ProviderCheckout = answer.json().await.map_err(unreachable)?;
    Ok(HttpResponse::Ok().json(Checkout { id: checkout.id, url: checkout.url }))
}

#[derive(Deserialize)]
struct ProviderCheckout {
    id: String,
    url: String,
}

fn pack<'a>(app: &'a App, code: &str) -> Result<&'a TopupPack, Rejection> {
    let packs = app.plans.topups();
    packs.iter().find(|pack| pack.code == code).ok_or_else(|| {
        let known: Vec<_> = packs.iter().map(|pack| pack.code.as_str()).collect();
        Rejection::invalid("pack", format!("`pack` must be one of: {}.", known.join(", ")))
    })
}

/// The metadata comes back with the notice of the payment: it says what was bought, and for whom.
fn form(app: &App, caller: &SessionCaller, pack: &TopupPack) -> Vec<(&'static str, String)> {
    let url = &app.payments.return_url;
    vec![
        ("mode", "payment".to_owned()),
        ("success_url", format!("{url}?checkout=done")),
        ("cancel_url", format!("{url}?checkout=cancelled")),
        ("client_reference_id", caller.account.id.to_string()),
        ("line_items[0][quantity]", "1".to_owned()),
        ("line_items[0][price_data][currency]", app.plans.currency.to_lowercase()),
        ("line_items[0][price_data][unit_amount]", pack.cents.to_string()),
        ("line_items[0][price_data][product_data][name]", format!("{} {}", pack.amount, pack.kind)),
        ("metadata[account_id]", caller.account.id.to_string()),
        ("metadata[kind]", pack.kind.to_string()),
        ("metadata[amount]", pack.amount.to_string()),
    ]
}

fn unreachable(error: reqwest::Error) -> ApiError {
    ApiError::unavailable(ErrorCode::Overloaded, 30).caused_by(error.without_url())
}
