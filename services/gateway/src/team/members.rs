//! Who is in the team.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::{ErrorCode, Rejection, Role, UserId};
use serde::{Deserialize, Serialize};
use store::{Actor, Invitation, Member, Removal};
use utoipa::ToSchema;
use web::{ApiError, SessionCaller};

use super::seats;
use crate::accounts::input;
use crate::accounts::tokens::time;
use crate::app::App;
use crate::intents::{self, Action};

/// A member of the team.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberView {
    /// Names the member in other calls.
    user_id: String,
    /// Their address.
    email: String,
    /// owner, admin or member.
    #[schema(example = "member")]
    role: String,
    /// Since when.
    joined_at: String,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        Self {
            user_id: member.user_id.to_string(),
            email: member.email,
            role: member.role.to_string(),
            joined_at: time(member.joined_at),
        }
    }
}

/// An invitation that was neither accepted nor withdrawn.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationView {
    /// Names the invitation in other calls.
    id: String,
    /// Whom.
    email: String,
    /// What they will be.
    #[schema(example = "member")]
    role: String,
    /// When it was made.
    created_at: String,
    /// When it ends; an ended one holds no seat and can be sent again.
    expires_at: String,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id.to_string(),
            email: invitation.email,
            role: invitation.role.to_string(),
            created_at: time(invitation.created_at),
            expires_at: time(invitation.expires_at),
        }
    }
}

/// Seats of the plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Seats {
    /// Members and invitations that have not ended.
    used: usize,
    /// How many there may be; null is no limit.
    limit: Option<u32>,
}

/// The team of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Team {
    /// The account.
    account_id: String,
    /// What the caller may do.
    #[schema(example = "owner")]
    role: String,
    /// Seats.
    seats: Seats,
    /// Members, the earliest first.
    members: Vec<MemberView>,
    /// Invitations, the earliest first.
    invitations: Vec<InvitationView>,
}

/// Another role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeRole {
    /// admin or member.
    #[schema(value_type = String, example = "admin")]
    role: Role,
}

/// List members and invitations.
#[utoipa::path(
    get, path = "/api/my/team", tag = "Team", operation_id = "getTeam",
    responses((status = 200, description = "The team", body = Team), (status = 401, description = "No session", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn team(caller: SessionCaller, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let now = app.clock.now();
    let members = app.store.list_members(caller.account.id).await?;
    let invitations = app.store.list_invitations(caller.account.id).await?;
    let offered = invitations.iter().filter(|invitation| invitation.expires_at > now).count();
    Ok(HttpResponse::Ok().json(Team {
        account_id: caller.account.id.to_string(),
        role: caller.role.to_string(),
        seats: Seats { used: members.len() + offered, limit: seats(&app, &caller) },
        members: members.into_iter().map(MemberView::from).collect(),
        invitations: invitations.into_iter().map(InvitationView::from).collect(),
    }))
}

/// Remove a member, or leave the team. Takes an intent `team.remove` for the user id.
#[utoipa::path(
    delete, path = "/api/my/team/members/{user_id}", tag = "Team", operation_id = "removeMember",
    params(
        ("user_id" = String, Path, description = "The member"),
        ("X-Action-Intent" = String, Header, description = "Intent for `team.remove` and the user id"),
    ),
    responses(
        (status = 204, description = "Removed; their sessions in the account have ended"),
        (status = 401, description = "No session", body = web::ErrorBody),
        (status = 403, description = "No intent, the role does not suffice, or the owner", body = web::ErrorBody),
        (status = 404, description = "No such member", body = web::ErrorBody),
        (status = 409, description = "The intent was used before", body = web::ErrorBody),
    ),
    security(("session" = [])),
)]
pub(crate) async fn remove(
    caller: SessionCaller,
    request: HttpRequest,
    user_id: Path<String>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let user: UserId = input::id(&user_id)?;
    if user != caller.user.id {
        caller.require_role(Role::Admin)?;
    }
    intents::require(&app, &caller, &request, Action::TeamRemove, &user.to_string()).await?;
    let actor = Actor::User(caller.user.id);
    match app.store.remove_member(caller.account.id, user, actor, app.clock.now()).await? {
        Removal::Removed => Ok(HttpResponse::NoContent().finish()),
        Removal::NotFound => Err(ApiError::not_found()),
        Removal::IsOwner => {
            Err(ApiError::new(ErrorCode::Forbidden, "The owner of an account cannot be removed."))
        }
    }
}

/// Make a member an admin, or an admin a member.
#[utoipa::path(
    patch, path = "/api/my/team/members/{user_id}", tag = "Team", operation_id = "changeMemberRole", request_body = ChangeRole,
    params(("user_id" = String, Path, description = "The member")),
    responses(
        (status = 204, description = "Changed"),
        (status = 400, description = "Not admin or member", body = web::ErrorBody),
        (status = 401, description = "No session", body = web::ErrorBody),
        (status = 403, description = "Not the owner", body = web::ErrorBody),
        (status = 404, description = "No such member", body = web::ErrorBody),
    ),
    security(("session" = [])),
)]
pub(crate) async fn change_role(
    caller: SessionCaller,
    request: HttpRequest,
    user_id: Path<String>,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let user: UserId = input::id(&user_id)?;
    caller.require_role(Role::Owner)?;
    let given: ChangeRole = input::json(&app, &request, payload).await?;
    let role = assignable(given.role)?;
    let actor = Actor::User(caller.user.id);
    if app.store.change_member_role(caller.account.id, user, role, actor, app.clock.now()).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::not_found())
    }
}

/// An account has one owner, whom nobody appoints.
pub(super) fn assignable(role: Role) -> Result<Role, Rejection> {
    match role {
        Role::Admin | Role::Member => Ok(role),
        Role::Owner => Err(Rejection::invalid("role", "`role` must be admin or member.")),
    }
}
