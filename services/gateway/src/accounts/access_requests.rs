//! Plans that must be asked for.

use actix_web::dev::Payload as NoPayload;
use actix_web::http::header;
use actix_web::web::{Data, Payload};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use domain::{AccountId, Rejection};
use serde::{Deserialize, Serialize};
use store::{NewAccessRequest, letters};
use utoipa::ToSchema;
use web::{ApiError, SessionCaller};

use super::{attempts, input};
use crate::app::App;

/// Longest name in characters.
const MAX_NAME: usize = 200;
/// Longest message in characters.
const MAX_MESSAGE: usize = 4_000;

/// Who asks for which plan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessRequest {
    /// Code of the plan.
    #[schema(example = "scale")]
    plan: String,
    /// Where to answer.
    #[schema(example = "you@example.com")]
    email: String,
    /// Your name, at most 200 characters.
    #[serde(default)]
    name: String,
    /// Your company, at most 200 characters.
    #[serde(default)]
    company: String,
    /// What you need, at most 4000 characters.
    #[serde(default)]
    message: String,
}

/// The request was kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessRequested {
    /// Quote it when you write to us.
    id: String,
}

/// Ask for a plan that is sold by contract. A session is not needed; with one the account is noted.
#[utoipa::path(
    post, path = "/api/access-requests", tag = "Account", operation_id = "requestAccess", request_body = AccessRequest,
    responses(
        (status = 201, description = "Kept; somebody answers by mail", body = AccessRequested),
        (status = 400, description = "No such plan, or a field is too long", body = web::ErrorBody),
        (status = 401, description = "A session was sent that does not stand", body = web::ErrorBody),
        (status = 429, description = "Too many attempts", body = web::ErrorBody),
    ),
    security((), ("session" = [])),
)]
pub(crate) async fn ask(
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    attempts::count(&app, &request).await?;
    let account_id = account_of(&request).await?;
    let given: AccessRequest = input::json(&app, &request, payload).await?;
    let new = checked(&app, given, account_id)?;
    let mail = letters::access_request(&app.contact.sales, &new);
    let id = app.store.create_access_request(&new, mail, app.clock.now()).await?;
    Ok(HttpResponse::Created().json(AccessRequested { id: id.to_string() }))
}

/// Nobody need log in, but a session that is sent must stand.
async fn account_of(request: &HttpRequest) -> Result<Option<AccountId>, ApiError> {
    if !request.headers().contains_key(header::AUTHORIZATION) {
        return Ok(None);
    }
    let caller = SessionCaller::from_request(request, &mut NoPayload::None).await?;
    Ok(Some(caller.account.id))
}

fn checked(
    app: &App,
    given: AccessRequest,
    account_id: Option<AccountId>,
) -> Result<NewAccessRequest, Rejection> {
    let plan = given.plan.trim();
    let Some(tier) = app.plans.tier_of(plan) else {
        let known: Vec<_> = app.plans.plans().iter().map(|plan| plan.code.as_str()).collect();
        return Err(Rejection::invalid("plan", format!("`plan` must be one of {}.", known.join(", "))));
    };
    let message = given.message.trim();
    let bad = |c: char| c.is_control() && c != '\n' && c != '\r' && c != '\t';
    if message.chars().count() > MAX_MESSAGE || message.chars().any(bad) {
        let text = format!("`message` may have at most {MAX_MESSAGE} characters.");
        return Err(Rejection::invalid("message", text));
    }
    Ok(NewAccessRequest {
        account_id,
        email: input::email(&given.email)?,
        name: input::line("name", &given.name, MAX_NAME)?,
        company: input::line("company", &given.company, MAX_NAME)?,
        plan: app.plans.plan(tier).code.clone(),
        message: message.to_owned(),
    })
}
