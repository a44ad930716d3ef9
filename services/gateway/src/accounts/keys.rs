//! API keys of an account, managed from its dashboard session.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use auth::ApiKey;
use chrono::{DateTime, Utc};
use domain::{ApiKeyId, ErrorCode, Rejection};
use serde::{Deserialize, Serialize};
use store::{NewApiKey, StoreError};
use utoipa::ToSchema;
use web::{ApiError, SessionCaller};

use super::json;
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
}

/// Keys of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyList {
    /// The newest first.
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
    let asked: CreateKey = json(&app, &request, payload).await?;
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
    let limit = limits.count(domain::plan::Dimension::ApiKeys).unwrap_or(u32::MAX);
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
    let id: ApiKeyId = id.parse().map_err(|_| ApiError::not_found())?;
    if app.store.revoke_api_key(caller.account.id, id, app.clock.now()).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::not_found())
    }
}

fn check_label(given: &str) -> Result<String, Rejection> {
    let label = given.trim();
    if label.is_empty() || label.chars().count() > MAX_LABEL || label.chars().any(char::is_control) {
        let message = format!("`label` must have 1–{MAX_LABEL} characters and no control characters.");
        return Err(Rejection::invalid("label", message));
    }
    Ok(label.to_owned())
}

fn item(key: store::ApiKey) -> KeyItem {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    KeyItem {
        id: key.id.to_string(),
        label: key.label,
        prefix: key.prefix,
        created_at: time(key.created_at),
        last_used_at: key.last_used_at.map(time),
        expires_at: key.expires_at.map(time),
        revoked_at: key.revoked_at.map(time),
    }
}
