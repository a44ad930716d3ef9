//! Taking the seat that one was offered.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::Rejection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::ApiError;

use crate::accounts::tokens::{AccountView, SessionToken, begin};
use crate::accounts::{count_attempt, input};
use crate::app::App;

/// The secret of an invitation, and a password for who is new.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accept {
    /// As the mail gives it.
    token: String,
    /// 10–200 characters; for people who have no confirmed address here yet.
    #[serde(default)]
    #[schema(min_length = 10, max_length = 200)]
    password: Option<String>,
}

/// A seat that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// The account of the team.
    account: AccountView,
    /// What the person may do in it.
    #[schema(example = "member")]
    role: String,
    /// A session in the account for who has just chosen a password; others log in or switch.
    session: Option<SessionToken>,
}

/// Accept an invitation.
#[utoipa::path(
    post, path = "/api/team/accept", tag = "Team", operation_id = "acceptInvitation", request_body = Accept,
    responses(
        (status = 200, description = "A member now", body = Accepted),
        (status = 400, description = "The token is unknown, used, withdrawn or too old, or a password is missing or not wanted", body = web::ErrorBody),
        (status = 403, description = "Account suspended", body = web::ErrorBody),
        (status = 429, description = "Too many attempts", body = web::ErrorBody),
    ),
    security(()),
)]
pub(crate) async fn accept(
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    count_attempt(&app, &request).await?;
    let given: Accept = input::json(&app, &request, payload).await?;
    let token = input::secret(&given.token)?;
    let now = app.clock.now();
    let state = app.store.invitation_by_token(token.hash(), now).await?.ok_or_else(input::bad_secret)?;
    let account = app.store.account(state.invitation.account_id).await?.ok_or_else(input::bad_secret)?;
    web::refuse_stopped(account.state)?;
    let hash = match (given.password, state.needs_password) {
        (Some(password), true) => Some(input::hash_password("password", password).await?),
        (None, false) => None,
        (None, true) => {
            let message = "`password` is missing: choose one, you have no confirmed address here yet.";
            return Err(Rejection::invalid("password", message).into());
        }
        (Some(_), false) => {
            let message = "`password` is not wanted: you have one already; accept without it.";
            return Err(Rejection::invalid("password", message).into());
        }
    };
    let accepted = app.store.accept_invitation(token.hash(), hash.as_deref(), now).await?;
    let accepted = accepted.ok_or_else(input::bad_secret)?;
    let session = match app.store.user_by_email(&state.invitation.email).await? {
        Some(user) if hash.is_some() && user.id == accepted.user_id => {
            Some(begin(&app, &request, user, account.clone(), accepted.role).await?)
        }
        _ => None,
    };
    let role = accepted.role.to_string();
    Ok(HttpResponse::Ok().json(Accepted { account: account.into(), role, session }))
}
