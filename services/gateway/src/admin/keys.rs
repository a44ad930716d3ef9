//! Keys, stopped and let go again by operators.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::{ApiKeyId, Rejection};
use serde::Deserialize;
use store::Actor;
use utoipa::ToSchema;
use web::{ApiError, SessionCaller};

use super::accounts::MAX_REASON;
use crate::accounts::input;
use crate::accounts::keys::{KeyItem, item};
use crate::app::App;

/// Why a key is stopped.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuspendKey {
    /// Sent to the account, 1–500 characters.
    #[schema(example = "The key was published in a repository.")]
    reason: String,
}

/// Stop a key until it is reactivated. The account is told by mail.
#[utoipa::path(
    post, path = "/api/admin/keys/{id}/suspend", tag = "Admin", operation_id = "adminSuspendKey", request_body = SuspendKey,
    params(("id" = String, Path, description = "Id of the key")),
    responses((status = 200, description = "The key", body = KeyItem), (status = 400, description = "No reason", body = web::ErrorBody), (status = 401, description = "No session", body = web::ErrorBody), (status = 403, description = "Not an operator", body = web::ErrorBody), (status = 404, description = "No such working key", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn suspend(
    caller: SessionCaller,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    caller.require_operator()?;
    let id: ApiKeyId = input::id(&id)?;
    let given: SuspendKey = input::json(&app, &request, payload).await?;
    let reason = input::line("reason", &given.reason, MAX_REASON)?;
    if reason.is_empty() {
        return Err(Rejection::invalid("reason", "`reason` must not be empty.").into());
    }
    let actor = Actor::User(caller.user.id);
    let key = app.store.suspend_key(id, &reason, actor, app.clock.now()).await?;
    Ok(HttpResponse::Ok().json(item(key.ok_or_else(ApiError::not_found)?)))
}

/// Let a stopped key work again. The account is told by mail.
#[utoipa::path(
    post, path = "/api/admin/keys/{id}/reactivate", tag = "Admin", operation_id = "adminReactivateKey",
    params(("id" = String, Path, description = "Id of the key")),
    responses((status = 200, description = "The key", body = KeyItem), (status = 401, description = "No session", body = web::ErrorBody), (status = 403, description = "Not an operator", body = web::ErrorBody), (status = 404, description = "No such suspended key", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn reactivate(
    caller: SessionCaller,
    id: Path<String>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    caller.require_operator()?;
    let id: ApiKeyId = input::id(&id)?;
    let key = app.store.reactivate_key(id, Actor::User(caller.user.id), app.clock.now()).await?;
    // A key that was suspended for its violations is blocked by the limiter too.
    if let Err(error) = app.limiter.forgive(&web::key_subject(id)).await {
        tracing::warn!(%error, "the limiter could not be told of a reactivated key; its block ends by itself");
    }
    Ok(HttpResponse::Ok().json(item(key.ok_or_else(ApiError::not_found)?)))
}
