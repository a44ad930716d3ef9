//! API keys of an account, managed from its dashboard session.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use auth::ApiKey;
use chrono::{DateTime, Utc};
use domain::plan::Dimension;
use domain::{ApiKeyId, ErrorCode, Rejection, Role};
use serde::{Deserialize, Serialize};
use store::{Actor, ApiKeyChange, NewApiKey, StoreError};
use utoipa::ToSchema;
use web::{ApiError, SessionCaller};

use super::input;
use super::tokens::time;
use crate::app::App;

/// Longest label in characters.
const MAX_LABEL: usize = 100;

/// What to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateKey {
    /// A name to recognise the key by, 1–100 characters.
    #[schema(example = "build server")]
    label: String,
    /// When it stops working, RFC 3339; never if left out.
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

/// A new key. The only time that the key itself is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedKey {
    /// The secret: store it now.
    #[schema(example = "opt_…")]
    key: String,
    /// What lists will show.
    #[serde(flatten)]
    item: KeyItem,
}

/// A key as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyItem {
    /// Names the key in other calls.
    id: String,
    /// Its label.
    label: String,
    /// Its first characters.
    #[schema(example = "opt_4fKq9bTz")]
    prefix: String,
    /// When it was created.
    created_at: String,
    /// When it was last used, to the minute.
    last_used_at: Option<String>,
    /// When it stops working.
    expires_at: Option<String>,
    /// When it was revoked.
    revoked_at: Option<String>,
    /// When it was stopped after abuse or by an operator.
    suspended_at: Option<String>,
    /// Why.
    suspended_reason: Option<String>,
    /// Its own results a minute, in the place of the plan's.
    rate_per_minute: Option<u32>,
}

/// What is to become of a key; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeKey {
    /// A name to recognise the key by, 1–100 characters.
    #[schema(example = "build server")]
    label: Option<String>,
    /// Results a minute, at most those of the account; null is what the plan gives a key.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, example = 100)]
    rate_per_minute: Option<Option<u32>>,
}

/// Tells a member that is null from one that is not there.
fn given<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(input).map(Some)
}

/// Keys of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyList {
    /// The oldest first.
    items: Vec<KeyItem>,
}

/// Create an API key.
#[utoipa::path(
    post, path = "/api/my/keys", tag = "Account", operation_id = "createApiKey", request_body = CreateKey,
    responses(
        (status = 201, description = "The key, shown once", body = CreatedKey),
        (status = 400, description = "Bad label or expiry", body = web::ErrorBody),
        (status = 401, description = "No session", body = web::ErrorBody),
        (status = 409, description = "The plan's number of active keys is reached", body = web::ErrorBody),
    ),
    security(("session" = [])),
)]
pub(crate) async fn create(
    request: HttpRequest,
    caller: SessionCaller,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let asked: CreateKey = input::json(&app, &request, payload).await?;
    let now = app.clock.now();
    let label = check_label(&asked.label)?;
    if asked.expires_at.is_some_and(|end| end <= now) {
        return Err(Rejection::invalid("expires_at", "`expires_at` must lie in the future.").into());
    }
    let key = ApiKey::generate(&mut rand::rng());
    let new = NewApiKey {
        account_id: caller.account.id,
        label,
        prefix: key.prefix().to_owned(),
        hash: key.hash(),
        expires_at: asked.expires_at,
    };
    let limits = app.plans.limits(caller.account.tier, &caller.account.overrides);
    let limit = limits.count(Dimension::ApiKeys).unwrap_or(u32::MAX);
    let stored = app.store.create_api_key(new, limit, now).await.map_err(|error| match error {
        StoreError::LimitReached { .. } => ApiError::new(
            ErrorCode::KeyLimitReached,
            format!("Your plan has {limit} active API keys; revoke one or upgrade."),
        )
        .member("limit", limit),
        other => other.into(),
    })?;
    Ok(HttpResponse::Created().json(CreatedKey { key: key.expose().to_owned(), item: item(stored) }))
}

/// List the account's API keys, without their secrets.
#[utoipa::path(
    get, path = "/api/my/keys", tag = "Account", operation_id = "listApiKeys",
    responses((status = 200, description = "The keys", body = KeyList), (status = 401, description = "No session", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn list(caller: SessionCaller, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let keys = app.store.list_api_keys(caller.account.id).await?;
    Ok(HttpResponse::Ok().json(KeyList { items: keys.into_iter().map(item).collect() }))
}

/// Revoke an API key at once and for good.
#[utoipa::path(
    delete, path = "/api/my/keys/{id}", tag = "Account", operation_id = "revokeApiKey",
    params(("id" = String, Path, description = "Id of the key")),
    responses((status = 204, description = "Revoked"), (status = 401, description = "No session", body = web::ErrorBody), (status = 404, description = "No such active key", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn revoke(
    caller: SessionCaller,
    id: Path<String>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let id: ApiKeyId = input::id(&id)?;
    if app.store.revoke_api_key(caller.account.id, id, app.clock.now()).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::not_found())
    }
}

/// Change the label of an API key, or its share of the account's rate.
#[utoipa::path(
    patch, path = "/api/my/keys/{id}", tag = "Account", operation_id = "changeApiKey", request_body = ChangeKey,
    params(("id" = String, Path, description = "Id of the key")),
    responses(
        (status = 200, description = "The key now", body = KeyItem),
        (status = 400, description = "Bad label, or a rate above the account's", body = web::ErrorBody),
        (status = 401, description = "No session", body = web::ErrorBody),
        (status = 403, description = "Not an admin", body = web::ErrorBody),
        (status = 404, description = "No such active key", body = web::ErrorBody),
    ),
    security(("session" = [])),
)]
pub(crate) async fn change(
    caller: SessionCaller,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let id: ApiKeyId = input::id(&id)?;
    caller.require_role(Role::Admin)?;
    let asked: ChangeKey = input::json(&app, &request, payload).await?;
    let most = app.plans.limits(caller.account.tier, &caller.account.overrides);
    let most = most.count(Dimension::ResultsPerMinute).unwrap_or(i32::MAX.unsigned_abs());
    if asked.rate_per_minute.flatten().is_some_and(|rate| rate == 0 || rate > most) {
        let message = format!("`rate_per_minute` must be from 1 to {most}, or null.");
        return Err(Rejection::invalid("rate_per_minute", message).into());
    }
    let change = ApiKeyChange {
        label: asked.label.as_deref().map(check_label).transpose()?,
        rate_per_minute: asked.rate_per_minute,
    };
    if change.is_empty() {
        let message = "Nothing to change: send label or rate_per_minute.";
        return Err(Rejection::new(ErrorCode::InvalidRequest, message).into());
    }
    let actor = Actor::User(caller.user.id);
    let key = app.store.change_api_key(caller.account.id, id, change, actor, app.clock.now()).await?;
    Ok(HttpResponse::Ok().json(item(key.ok_or_else(ApiError::not_found)?)))
}

fn check_label(given: &str) -> Result<String, Rejection> {
    let label = given.trim();
    if label.is_empty() || label.chars().count() > MAX_LABEL || label.chars().any(char::is_control) {
        let message = format!("`label` must have 1–{MAX_LABEL} characters and no control characters.");
        return Err(Rejection::invalid("label", message));
    }
    Ok(label.to_owned())
}

/// A key as lists show it.
pub(crate) fn item(key: store::ApiKey) -> KeyItem {
    KeyItem {
        id: key.id.to_string(),
        label: key.label,
        prefix: key.prefix,
        created_at: time(key.created_at),
        last_used_at: key.last_used_at.map(time),
        expires_at: key.expires_at.map(time),
        revoked_at: key.revoked_at.map(time),
        suspended_at: key.suspended_at.map(time),
        suspended_reason: key.suspended_reason,
        rate_per_minute: key.rate_per_minute,
    }
}
