//! What was done, and what was asked for.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use domain::AccountId;
use serde::{Deserialize, Serialize};
use store::{Actor, AuditRecord};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use web::{ApiError, SessionCaller};

use super::rows;
use crate::accounts::input;
use crate::accounts::tokens::time;
use crate::app::App;

/// Which entries of the audit log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Of this account; of all without it.
    #[param(value_type = Option<String>)]
    account_id: Option<AccountId>,
    /// Older than the entry with this id.
    before: Option<i64>,
    /// At most 200; 50 without it.
    limit: Option<u32>,
}

/// Which page of the access requests.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// At most 200; 50 without it.
    limit: Option<u32>,
    /// How many to leave out.
    #[serde(default)]
    offset: u32,
}

/// Something that was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditItem {
    /// Its place in the log.
    id: i64,
    /// Whom it is about.
    account_id: Option<String>,
    /// user, operator (at the command line) or system.
    actor: String,
    /// Which person, for `user`.
    actor_id: Option<String>,
    /// What was done.
    #[schema(example = "key.suspended")]
    action: String,
    /// The id of what it was done to.
    object: String,
    /// What else is worth knowing.
    #[schema(value_type = Object)]
    details: serde_json::Value,
    /// When.
    created_at: String,
}

impl From<AuditRecord> for AuditItem {
    fn from(record: AuditRecord) -> Self {
        Self {
            id: record.id,
            account_id: record.account_id.map(|id| id.to_string()),
            actor: record.actor,
            actor_id: record.actor_id.map(|id| id.to_string()),
            action: record.action,
            object: record.object,
            details: record.details,
            created_at: time(record.created_at),
        }
    }
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// The newest first.
    items: Vec<AuditItem>,
}

/// Somebody who asked for a plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessRequestItem {
    /// Names the request in other calls.
    id: String,
    /// The account that asked.
    account_id: Option<String>,
    /// The plan.
    plan: String,
    /// Where to answer.
    email: String,
    /// Who asks.
    name: String,
    /// For which company.
    company: String,
    /// What they say.
    message: String,
    /// When.
    created_at: String,
    /// When an operator had done with it.
    handled_at: Option<String>,
}

/// A page of access requests.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessRequestPage {
    /// Those that wait first, then the newest first.
    items: Vec<AccessRequestItem>,
}

/// Read the audit log.
#[utoipa::path(
    get, path = "/api/admin/audit-log", tag = "Admin", operation_id = "adminAuditLog", params(AuditQuery),
    responses((status = 200, description = "A page", body = AuditPage), (status = 401, description = "No session", body = web::ErrorBody), (status = 403, description = "Not an operator", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn audit_log(
    caller: SessionCaller,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    caller.require_operator()?;
    let asked: AuditQuery = input::query(&request)?;
    let records = app.store.audit_log(asked.account_id, asked.before, rows(asked.limit)).await?;
    Ok(HttpResponse::Ok().json(AuditPage { items: records.into_iter().map(AuditItem::from).collect() }))
}

/// List who asked for a plan.
#[utoipa::path(
    get, path = "/api/admin/access-requests", tag = "Admin", operation_id = "adminListAccessRequests", params(PageQuery),
    responses((status = 200, description = "A page", body = AccessRequestPage), (status = 401, description = "No session", body = web::ErrorBody), (status = 403, description = "Not an operator", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn access_requests(
    caller: SessionCaller,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    caller.require_operator()?;
    let asked: PageQuery = input::query(&request)?;
    let requests = app.store.list_access_requests(rows(asked.limit), asked.offset).await?;
    let view = |request: store::AccessRequest| AccessRequestItem {
        id: request.id.to_string(),
        account_id: request.account_id.map(|id| id.to_string()),
        plan: request.plan,
        email: request.email,
        name: request.name,
        company: request.company,
        message: request.message,
        created_at: time(request.created_at),
        handled_at: request.handled_at.map(time),
    };
    Ok(HttpResponse::Ok().json(AccessRequestPage { items: requests.into_iter().map(view).collect() }))
}

/// Note that a request is done with.
#[utoipa::path(
    post, path = "/api/admin/access-requests/{id}/handled", tag = "Admin", operation_id = "adminHandleAccessRequest",
    params(("id" = String, Path, description = "Id of the request")),
    responses((status = 204, description = "Noted"), (status = 401, description = "No session", body = web::ErrorBody), (status = 403, description = "Not an operator", body = web::ErrorBody), (status = 404, description = "No such request that waits", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn handled(
    caller: SessionCaller,
    id: Path<String>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    caller.require_operator()?;
    let id: Uuid = input::id(&id)?;
    if app.store.handle_access_request(id, Actor::User(caller.user.id), app.clock.now()).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::not_found())
    }
}
