//! A session as a client gets it.

use actix_web::HttpRequest;
use actix_web::http::header;
use auth::Session;
use chrono::{DateTime, Utc};
use domain::{Role, SessionId};
use serde::Serialize;
use store::{Account, NewSession, User};
use utoipa::ToSchema;
use uuid::Uuid;
use web::ApiError;

use crate::app::App;

/// An account as its members see it.
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

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.to_string(),
            email: account.email,
            subscription_tier: account.tier.to_string(),
            created_at: time(account.created_at),
        }
    }
}

/// A person as they see themselves.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserView {
    /// The person.
    id: String,
    /// Their address.
    email: String,
    /// Whether they have followed a link sent to it.
    email_verified: bool,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self { id: user.id.to_string(), email: user.email, email_verified: user.email_verified_at.is_some() }
    }
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
    /// Exchange it once at `/api/auth/refresh` for the next pair of tokens.
    refresh_token: String,
    /// Seconds until it ends, and the session with it.
    #[schema(example = 2_592_000)]
    refresh_expires_in: i64,
    /// The account that the session acts in.
    account: AccountView,
    /// Whose session it is.
    user: UserView,
    /// What they may do in the account: owner, admin or member.
    #[schema(example = "owner")]
    role: String,
}

/// Begins a session of a person in an account.
pub(crate) async fn begin(
    app: &App,
    request: &HttpRequest,
    user: User,
    account: Account,
    role: Role,
) -> Result<SessionToken, ApiError> {
    let now = app.clock.now();
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let refresh_id = Uuid::new_v4();
    let new = NewSession {
        user_id: user.id,
        account_id: account.id,
        refresh_id,
        user_agent: agent.unwrap_or_default().to_owned(),
        expires_at: app.sessions.session_end(now),
    };
    let session_id = app.store.create_session(new, now).await?;
    tokens(app, session_id, refresh_id, (user, account, role), now)
}

/// The pair of tokens of a session.
pub(crate) fn tokens(
    app: &App,
    session_id: SessionId,
    refresh_id: Uuid,
    (user, account, role): (User, Account, Role),
    now: DateTime<Utc>,
) -> Result<SessionToken, ApiError> {
    let session = Session { user_id: user.id, account_id: account.id, session_id };
    let access = app.sessions.issue_access(session, now).map_err(ApiError::internal)?;
    let refresh = app.sessions.issue_refresh(session, refresh_id, now).map_err(ApiError::internal)?;
    Ok(SessionToken {
        access_token: access.token,
        token_type: "Bearer",
        expires_in: access.expires_at.timestamp() - now.timestamp(),
        refresh_token: refresh.token,
        refresh_expires_in: refresh.expires_at.timestamp() - now.timestamp(),
        account: account.into(),
        user: user.into(),
        role: role.to_string(),
    })
}

/// RFC 3339 in UTC, to the second.
pub(crate) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
