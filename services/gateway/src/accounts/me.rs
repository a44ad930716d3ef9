//! What a person manages for themselves: password, sessions, and the accounts they are in.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::{ErrorCode, Rejection, Role, SessionId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{ApiError, SessionCaller};

use super::tokens::{AccountView, time};
use super::{attempts, input};
use crate::app::App;
use crate::intents::{self, Action};

/// The old and the new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePassword {
    /// The one until now.
    old_password: String,
    /// 10–200 characters.
    #[schema(min_length = 10, max_length = 200)]
    new_password: String,
}

/// A session in the list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Names the session in other calls.
    id: String,
    /// The account that it acts in.
    account_id: String,
    /// What the client says it is.
    user_agent: String,
    /// The log-in.
    created_at: String,
    /// The newest refresh.
    last_used_at: String,
    /// When it ends by itself.
    expires_at: String,
    /// Whether it is the one that asks.
    current: bool,
}

/// Sessions of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionList {
    /// The newest first.
    items: Vec<SessionView>,
}

/// An account of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MyAccount {
    /// The account.
    #[serde(flatten)]
    account: AccountView,
    /// active, past_due, cancelled, suspended or archived.
    #[schema(example = "active")]
    state: String,
    /// owner, admin or member.
    #[schema(example = "owner")]
    role: String,
    /// Whether this session acts in it.
    current: bool,
}

/// Accounts of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MyAccounts {
    /// The one that they own first.
    items: Vec<MyAccount>,
}

/// Change the password. Every other session of the person ends.
#[utoipa::path(
    post, path = "/api/auth/password", tag = "Account", operation_id = "changePassword", request_body = ChangePassword,
    responses(
        (status = 204, description = "Changed"),
        (status = 400, description = "The old password is wrong, or the new one too short", body = web::ErrorBody),
        (status = 401, description = "No session", body = web::ErrorBody),
        (status = 429, description = "Too many attempts", body = web::ErrorBody),
    ),
    security(("session" = [])),
)]
pub(crate) async fn change_password(
    caller: SessionCaller,
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    attempts::count(&app, &request).await?;
    let given: ChangePassword = input::json(&app, &request, payload).await?;
    let wrong = || Rejection::invalid("old_password", "`old_password` is wrong.");
    let old = caller.user.password_hash.ok_or_else(wrong)?;
    if !input::verify_password(given.old_password, Some(old.clone())).await? {
        return Err(wrong().into());
    }
    let new = input::hash_password("new_password", given.new_password).await?;
    let now = app.clock.now();
    if !app.store.change_password(caller.user.id, &old, &new, caller.session_id, now).await? {
        return Err(wrong().into());
    }
    Ok(HttpResponse::NoContent().finish())
}

/// List the sessions of the person, in every account.
#[utoipa::path(
    get, path = "/api/my/sessions", tag = "Account", operation_id = "listSessions",
    responses((status = 200, description = "The sessions", body = SessionList), (status = 401, description = "No session", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn sessions(caller: SessionCaller, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let sessions = app.store.list_sessions(caller.user.id, app.clock.now()).await?;
    let view = |session: store::SessionItem| SessionView {
        current: session.id == caller.session_id.0,
        id: session.id.to_string(),
        account_id: session.account_id.to_string(),
        user_agent: session.user_agent,
        created_at: time(session.created_at),
        last_used_at: time(session.last_used_at),
        expires_at: time(session.expires_at),
    };
    Ok(HttpResponse::Ok().json(SessionList { items: sessions.into_iter().map(view).collect() }))
}

/// End a session of the person at once.
#[utoipa::path(
    delete, path = "/api/my/sessions/{id}", tag = "Account", operation_id = "revokeSession",
    params(("id" = String, Path, description = "Id of the session")),
    responses((status = 204, description = "Ended"), (status = 401, description = "No session", body = web::ErrorBody), (status = 404, description = "No such session", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn revoke_session(
    caller: SessionCaller,
    id: Path<String>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let id: SessionId = input::id(&id)?;
    if app.store.revoke_session(caller.user.id, id, app.clock.now()).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::not_found())
    }
}

/// List the accounts that the person is a member of.
#[utoipa::path(
    get, path = "/api/my/accounts", tag = "Account", operation_id = "listAccounts",
    responses((status = 200, description = "The accounts", body = MyAccounts), (status = 401, description = "No session", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn accounts(caller: SessionCaller, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let memberships = app.store.accounts_of(caller.user.id).await?;
    let view = |one: store::Membership| MyAccount {
        state: one.account.state.to_string(),
        role: one.role.to_string(),
        current: one.account.id == caller.account.id,
        account: one.account.into(),
    };
    Ok(HttpResponse::Ok().json(MyAccounts { items: memberships.into_iter().map(view).collect() }))
}

/// Put the account away: keys and sessions stop working, nothing is deleted, and the owner's next log-in brings it
/// back. Takes an intent `account.close` for the account's id.
#[utoipa::path(
    post, path = "/api/my/account/close", tag = "Account", operation_id = "closeAccount",
    params(("X-Action-Intent" = String, Header, description = "Intent for `account.close` and the account's id")),
    responses(
        (status = 204, description = "Put away"),
        (status = 401, description = "No session", body = web::ErrorBody),
        (status = 403, description = "No intent, or not the owner", body = web::ErrorBody),
        (status = 409, description = "The intent was used before", body = web::ErrorBody),
    ),
    security(("session" = [])),
)]
pub(crate) async fn close(
    caller: SessionCaller,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    caller.require_role(Role::Owner)?;
    if caller.account.is_admin {
        let message = "An account of operators cannot be closed over HTTP.";
        return Err(ApiError::new(ErrorCode::Forbidden, message));
    }
    let object = caller.account.id.to_string();
    intents::require(&app, &caller, &request, Action::AccountClose, &object).await?;
    if !app.store.close_account(caller.account.id, caller.user.id, app.clock.now()).await? {
        let message =
            "Only an active account can be closed; contact support about one that is past due or cancelled.";
        return Err(ApiError::new(ErrorCode::Forbidden, message));
    }
    Ok(HttpResponse::NoContent().finish())
}
