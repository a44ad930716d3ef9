//! Invitations.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use auth::SecretToken;
use chrono::TimeDelta;
use domain::{ErrorCode, Role};
use serde::Deserialize;
use store::letters::{self, Link};
use store::{Account, Actor, NewInvitation, NewMail, StoreError};
use utoipa::ToSchema;
use uuid::Uuid;
use web::{ApiError, SessionCaller};

use super::members::{InvitationView, assignable};
use super::seats;
use crate::accounts::input;
use crate::app::App;

/// How long an invitation can be accepted.
const LIFETIME: TimeDelta = TimeDelta::days(7);

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invite {
    /// Where the invitation is sent.
    #[schema(example = "colleague@example.com")]
    email: String,
    /// admin or member.
    #[schema(value_type = String, example = "member")]
    role: Role,
}

/// Invite a person by mail. Members and open invitations together fill the plan's seats.
#[utoipa::path(
    post, path = "/api/my/team/invitations", tag = "Team", operation_id = "inviteMember", request_body = Invite,
    responses(
        (status = 201, description = "Invited", body = InvitationView),
        (status = 400, description = "Bad address or role", body = web::ErrorBody),
        (status = 401, description = "No session", body = web::ErrorBody),
        (status = 403, description = "Not an admin", body = web::ErrorBody),
        (status = 409, description = "A member or invited already, or the plan's seats are taken", body = web::ErrorBody),
    ),
    security(("session" = [])),
)]
pub(crate) async fn invite(
    caller: SessionCaller,
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    caller.require_role(Role::Admin)?;
    let given: Invite = input::json(&app, &request, payload).await?;
    let email = input::email(&given.email)?;
    let role = assignable(given.role)?;
    let token = SecretToken::generate(&mut rand::rng());
    let now = app.clock.now();
    let new = NewInvitation {
        account_id: caller.account.id,
        email: email.clone(),
        role,
        token_hash: token.hash(),
        invited_by: caller.user.id,
        expires_at: now + LIFETIME,
    };
    let mail = letter(&app, &caller.account, &email, role, &token);
    let limit = seats(&app, &caller).unwrap_or(u32::MAX);
    let invited = app.store.invite(new, limit, mail, now).await.map_err(refusal)?;
    Ok(HttpResponse::Created().json(InvitationView::from(invited)))
}

/// Mail an invitation again. It lives seven days more, and the link of the earlier mail works no longer.
#[utoipa::path(
    post, path = "/api/my/team/invitations/{id}/resend", tag = "Team", operation_id = "resendInvitation",
    params(("id" = String, Path, description = "Id of the invitation")),
    responses(
        (status = 200, description = "Sent again", body = InvitationView),
        (status = 401, description = "No session", body = web::ErrorBody),
        (status = 403, description = "Not an admin", body = web::ErrorBody),
        (status = 404, description = "No such open invitation", body = web::ErrorBody),
        (status = 409, description = "It had ended, and its seat is taken", body = web::ErrorBody),
    ),
    security(("session" = [])),
)]
pub(crate) async fn resend(
    caller: SessionCaller,
    id: Path<String>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let id: Uuid = input::id(&id)?;
    caller.require_role(Role::Admin)?;
    let token = SecretToken::generate(&mut rand::rng());
    let now = app.clock.now();
    let mail = |to: &store::Invitation| letter(&app, &caller.account, &to.email, to.role, &token);
    let limit = seats(&app, &caller).unwrap_or(u32::MAX);
    let sent = app
        .store
        .resend_invitation((caller.account.id, id), token.hash(), now + LIFETIME, limit, mail, now)
        .await
        .map_err(refusal)?
        .ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok().json(InvitationView::from(sent)))
}

/// Withdraw an invitation; its link works no longer.
#[utoipa::path(
    delete, path = "/api/my/team/invitations/{id}", tag = "Team", operation_id = "revokeInvitation",
    params(("id" = String, Path, description = "Id of the invitation")),
    responses(
        (status = 204, description = "Withdrawn"),
        (status = 401, description = "No session", body = web::ErrorBody),
        (status = 403, description = "Not an admin", body = web::ErrorBody),
        (status = 404, description = "No such open invitation", body = web::ErrorBody),
    ),
    security(("session" = [])),
)]
pub(crate) async fn revoke(
    caller: SessionCaller,
    id: Path<String>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let id: Uuid = input::id(&id)?;
    caller.require_role(Role::Admin)?;
    let actor = Actor::User(caller.user.id);
    if app.store.revoke_invitation(caller.account.id, id, actor, app.clock.now()).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::not_found())
    }
}

fn letter(app: &App, account: &Account, to: &str, role: Role, token: &SecretToken) -> NewMail {
    let team = if account.name.is_empty() { &account.email } else { &account.name };
    letters::invitation(to, team, role.as_str(), Link { base: &app.base_url, token: token.expose() })
}

fn refusal(error: StoreError) -> ApiError {
    match error {
        StoreError::LimitReached { limit } => ApiError::new(
            ErrorCode::SeatLimitReached,
            format!("Your plan has {limit} seats; remove a member, withdraw an invitation or upgrade."),
        )
        .member("limit", limit),
        StoreError::AlreadyExists { .. } => ApiError::new(
            ErrorCode::AlreadyExists,
            "This address is a member or is invited already; an invitation can be sent again.",
        ),
        other => other.into(),
    }
}
