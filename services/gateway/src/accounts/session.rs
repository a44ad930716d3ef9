//! Sign-up and log-in.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use auth::AuthError;
use domain::{ErrorCode, Rejection, Tier};
use serde::{Deserialize, Serialize};
use store::{Account, NewAccount, StoreError};
use utoipa::ToSchema;
use web::ApiError;

use super::{attempts, json};
use crate::app::App;

/// Longest e-mail address (RFC 5321).
const MAX_EMAIL: usize = 254;

/// E-mail and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// E-mail address; upper and lower case are the same.
    #[schema(example = "you@example.com")]
    email: String,
    /// 10–200 characters.
    #[schema(example = "correct horse battery", min_length = 10, max_length = 200)]
    password: String,
}

/// An account as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountView {
    /// The account.
    id: String,
    /// Its address.
    email: String,
    /// Its access tier.
    #[schema(example = "free")]
    subscription_tier: String,
    /// When it was made, RFC 3339 in UTC.
    created_at: String,
}

/// A dashboard session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionToken {
    /// Send it as `Authorization: Bearer`.
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until it ends.
    #[schema(example = 900)]
    expires_in: i64,
    /// Whose session it is.
    account: AccountView,
}

/// Make an account in the free tier.
#[utoipa::path(
    post, path = "/api/auth/signup", tag = "Account", operation_id = "signUp", request_body = Credentials,
    responses(
        (status = 201, description = "The account and a session", body = SessionToken),
        (status = 400, description = "Bad e-mail or password", body = web::ErrorBody),
        (status = 409, description = "The address has an account", body = web::ErrorBody),
        (status = 429, description = "Too many attempts", body = web::ErrorBody),
    ),
    security(()),
)]
pub(crate) async fn sign_up(
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    attempts::count(&app, &request).await?;
    let given: Credentials = json(&app, &request, payload).await?;
    let email = check_email(&given.email)?;
    let hash = tokio::task::spawn_blocking(move || auth::hash_password(&given.password))
        .await
        .map_err(ApiError::internal)?
        .map_err(password_error)?;
    let account = NewAccount { email, password_hash: Some(hash), tier: Tier::Free, is_admin: false };
    let account = app.store.create_account(account, app.clock.now()).await.map_err(|error| match error {
        StoreError::AlreadyExists { .. } => ApiError::new(
            ErrorCode::AlreadyExists,
            "This e-mail address has an account already; log in instead.",
        ),
        other => other.into(),
    })?;
    Ok(HttpResponse::Created().json(session_for(&app, account)?))
}

/// Start a dashboard session.
#[utoipa::path(
    post, path = "/api/auth/login", tag = "Account", operation_id = "logIn", request_body = Credentials,
    responses(
        (status = 200, description = "A session", body = SessionToken),
        (status = 401, description = "Wrong e-mail or password", body = web::ErrorBody),
        (status = 403, description = "Account suspended", body = web::ErrorBody),
        (status = 429, description = "Too many attempts", body = web::ErrorBody),
    ),
    security(()),
)]
pub(crate) async fn log_in(
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    attempts::count(&app, &request).await?;
    let given: Credentials = json(&app, &request, payload).await?;
    let email = given.email.trim().to_lowercase();
    let user = if email.len() > MAX_EMAIL { None } else { app.store.user_by_email(&email).await? };
    let hash = user.and_then(|user| user.password_hash);
    let account = app.store.account_by_email(&email).await?;
    // The same work whether or not the address is known.
    let right = tokio::task::spawn_blocking(move || auth::verify_password(&given.password, hash.as_deref()))
        .await
        .map_err(ApiError::internal)?;
    match account {
        Some(account) if right => {
            web::refuse_stopped(account.state)?;
            Ok(HttpResponse::Ok().json(session_for(&app, account)?))
        }
        _ => Err(ApiError::new(ErrorCode::Unauthorized, "E-mail or password is wrong.")),
    }
}

fn session_for(app: &App, account: Account) -> Result<SessionToken, ApiError> {
    let now = app.clock.now();
    let token = app.sessions.issue_access(account.id, now).map_err(ApiError::internal)?;
    Ok(SessionToken {
        access_token: token.token,
        token_type: "Bearer",
        expires_in: (token.expires_at - now).num_seconds(),
        account: AccountView {
            id: account.id.to_string(),
            email: account.email,
            subscription_tier: account.tier.to_string(),
            created_at: account.created_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        },
    })
}

/// Enough to catch typing mistakes; only a message to the address proves it.
fn check_email(given: &str) -> Result<String, Rejection> {
    let email = given.trim().to_lowercase();
    let plausible = email.len() <= MAX_EMAIL
        && !email.chars().any(|c| c.is_control() || c.is_whitespace())
        && email.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.contains('@') && !host.starts_with('.')
        });
    if plausible { Ok(email) } else { Err(Rejection::invalid("email", "`email` is not an e-mail address.")) }
}

fn password_error(error: AuthError) -> ApiError {
    match error {
        AuthError::PasswordLength => Rejection::invalid("password", format!("`password`: {error}.")).into(),
        other => ApiError::internal(other),
    }
}
