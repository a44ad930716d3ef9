//! Log-in, its refresh and its end.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::{AccountId, AccountState, ErrorCode, Role};
use serde::Deserialize;
use store::{Membership, Rotation, User};
use utoipa::ToSchema;
use uuid::Uuid;
use web::{ApiError, SessionCaller};

use super::tokens::SessionToken;
use super::{attempts, input, tokens};
use crate::app::App;

/// E-mail, password and, for people with several accounts, the account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogIn {
    /// E-mail address; upper and lower case are the same.
    #[schema(example = "you@example.com")]
    email: String,
    /// The password.
    #[schema(example = "correct horse battery")]
    password: String,
    /// The account to act in; without it the one that the person owns.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    account_id: Option<AccountId>,
}

/// The newest refresh token of a session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshRequest {
    /// As the last answer gave it.
    refresh_token: String,
}

/// Another account of the person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switch {
    /// The account to act in.
    #[schema(value_type = String)]
    account_id: AccountId,
}

/// Start a dashboard session. The owner's log-in brings an archived account back.
#[utoipa::path(
    post, path = "/api/auth/login", tag = "Account", operation_id = "logIn", request_body = LogIn,
    responses(
        (status = 200, description = "A session", body = SessionToken),
        (status = 401, description = "Wrong e-mail or password", body = web::ErrorBody),
        (status = 403, description = "Account suspended", body = web::ErrorBody),
        (status = 404, description = "No such account of this person", body = web::ErrorBody),
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
    let given: LogIn = input::json(&app, &request, payload).await?;
    let email = given.email.trim().to_lowercase();
    let user = if email.len() > input::MAX_EMAIL { None } else { app.store.user_by_email(&email).await? };
    // The same work whether or not the address is known.
    let stored = user.as_ref().and_then(|user| user.password_hash.clone());
    let right = input::verify_password(given.password, stored).await?;
    match user {
        Some(user) if right => enter(&app, &request, user, given.account_id).await,
        _ => Err(ApiError::new(ErrorCode::Unauthorized, "E-mail or password is wrong.")),
    }
}

/// A session of a person who has proved who they are.
async fn enter(
    app: &App,
    request: &HttpRequest,
    user: User,
    asked: Option<AccountId>,
) -> Result<HttpResponse, ApiError> {
    let mut memberships = app.store.accounts_of(user.id).await?.into_iter();
    let found = match asked {
        Some(id) => memberships.find(|one| one.account.id == id).ok_or_else(ApiError::not_found)?,
        None => memberships.next().ok_or_else(|| {
            ApiError::new(ErrorCode::Forbidden, "You are no member of any account any longer.")
        })?,
    };
    let Membership { mut account, role } = found;
    if account.state == AccountState::Archived
        && role == Role::Owner
        && app.store.reopen_account(account.id, user.id, app.clock.now()).await?
    {
        account.state = AccountState::Active;
    }
    web::refuse_stopped(account.state)?;
    Ok(HttpResponse::Ok().json(tokens::begin(app, request, user, account, role).await?))
}

/// Exchange a refresh token for the next pair of tokens. It works once: a second use ends the session.
#[utoipa::path(
    post, path = "/api/auth/refresh", tag = "Account", operation_id = "refreshSession", request_body = RefreshRequest,
    responses(
        (status = 200, description = "The session goes on", body = SessionToken),
        (status = 401, description = "Unknown, used or ended", body = web::ErrorBody),
        (status = 403, description = "Account suspended", body = web::ErrorBody),
    ),
    security(()),
)]
pub(crate) async fn refresh(
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let given: RefreshRequest = input::json(&app, &request, payload).await?;
    let now = app.clock.now();
    let token =
        app.sessions.verify_refresh(&given.refresh_token, now).map_err(|_| ApiError::unauthorized())?;
    let session = token.session;
    let holder = app
        .store
        .session(session.session_id, session.user_id, session.account_id, now)
        .await?
        .ok_or_else(ApiError::unauthorized)?;
    web::refuse_stopped(holder.account.state)?;
    let (next, end) = (Uuid::new_v4(), app.sessions.session_end(now));
    match app.store.rotate_session(session.session_id, token.refresh_id, next, end, now).await? {
        Rotation::Rotated => {}
        Rotation::Reused => {
            tracing::warn!(session = %session.session_id, "an old refresh token was used; the session ends");
            return Err(ApiError::unauthorized());
        }
        Rotation::Gone => return Err(ApiError::unauthorized()),
    }
    let whose = (holder.user, holder.account, holder.role);
    Ok(HttpResponse::Ok().json(tokens::tokens(&app, session.session_id, next, whose, now)?))
}

/// End this session.
#[utoipa::path(
    post, path = "/api/auth/logout", tag = "Account", operation_id = "logOut",
    responses((status = 204, description = "Its tokens work no longer"), (status = 401, description = "No session", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn log_out(caller: SessionCaller, app: Data<App>) -> Result<HttpResponse, ApiError> {
    app.store.revoke_session(caller.user.id, caller.session_id, app.clock.now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Start a session in another account of the person; this one goes on.
#[utoipa::path(
    post, path = "/api/auth/switch", tag = "Account", operation_id = "switchAccount", request_body = Switch,
    responses(
        (status = 200, description = "A session in the other account", body = SessionToken),
        (status = 401, description = "No session", body = web::ErrorBody),
        (status = 403, description = "Account suspended", body = web::ErrorBody),
        (status = 404, description = "No such account of this person", body = web::ErrorBody),
    ),
    security(("session" = [])),
)]
pub(crate) async fn switch(
    caller: SessionCaller,
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let given: Switch = input::json(&app, &request, payload).await?;
    enter(&app, &request, caller.user, Some(given.account_id)).await
}
