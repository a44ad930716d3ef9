//! Accounts, as operators see and change them.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::plan::Overrides;
use domain::{AccountId, AccountState, ErrorCode, Rejection};
use serde::{Deserialize, Serialize};
use store::{Account, AccountChange, Actor, OverrideChange};
use utoipa::{IntoParams, ToSchema};
use web::{ApiError, SessionCaller};

use super::rows;
use crate::accounts::input;
use crate::accounts::keys::{KeyItem, item};
use crate::accounts::tokens::time;
use crate::app::App;
use crate::team::members::MemberView;

/// Longest reason in characters.
pub(super) const MAX_REASON: usize = 500;

/// Which accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Search {
    /// A part of the address or name, or the id; all accounts without it.
    #[serde(default)]
    q: String,
    /// At most 200; 50 without it.
    limit: Option<u32>,
    /// How many to leave out.
    #[serde(default)]
    offset: u32,
}

/// An account as operators see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminAccount {
    /// Its identity.
    id: String,
    /// Its address.
    email: String,
    /// What its members call it.
    name: String,
    /// Its access tier.
    subscription_tier: String,
    /// active, past_due, cancelled, suspended or archived.
    state: String,
    /// Why.
    reason: String,
    /// Whether its members may use these routes.
    is_admin: bool,
    /// Its own limits, in the place of the plan's; null is no limit.
    #[schema(value_type = Object)]
    overrides: Overrides,
    /// Whether results may be delivered outside the included regions.
    global_delivery: bool,
    /// Bytes in the Storage Library.
    stored_bytes: u64,
    /// The tier before the last change.
    previous_tier: Option<String>,
    /// When it was made.
    created_at: String,
}

impl From<Account> for AdminAccount {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.to_string(),
            email: account.email,
            name: account.name,
            subscription_tier: account.tier.to_string(),
            state: account.state.to_string(),
            reason: account.lifecycle.reason,
            is_admin: account.is_admin,
            overrides: account.overrides,
            global_delivery: account.global_delivery,
            stored_bytes: account.stored_bytes,
            previous_tier: account.lifecycle.previous_tier.map(|tier| tier.to_string()),
            created_at: time(account.created_at),
        }
    }
}

/// A page of accounts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminAccounts {
    /// How many there are in all.
    total: u64,
    /// The newest first.
    items: Vec<AdminAccount>,
}

/// An account with its people and keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminAccountDetail {
    /// The account.
    #[serde(flatten)]
    account: AdminAccount,
    /// Its members.
    members: Vec<MemberView>,
    /// Its keys, revoked ones too.
    keys: Vec<KeyItem>,
}

/// What is to become of an account; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeAccount {
    /// A plan's code, a tier or an old name of one.
    #[schema(example = "pro")]
    tier: Option<String>,
    /// active, past_due, cancelled (goes on in the lowest tier), suspended or archived.
    #[schema(value_type = Option<String>, example = "suspended")]
    state: Option<AccountState>,
    /// Why, at most 500 characters; kept with the account and in the audit log.
    reason: Option<String>,
    /// These limits and no others in the place of the plan's; null is no limit.
    #[schema(value_type = Option<Object>)]
    overrides: Option<Overrides>,
    /// Whether results may be delivered outside the included regions.
    global_delivery: Option<bool>,
}

/// List and search accounts.
#[utoipa::path(
    get, path = "/api/admin/accounts", tag = "Admin", operation_id = "adminListAccounts", params(Search),
    responses((status = 200, description = "A page", body = AdminAccounts), (status = 401, description = "No session", body = web::ErrorBody), (status = 403, description = "Not an operator", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn list(
    caller: SessionCaller,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    caller.require_operator()?;
    let asked: Search = input::query(&request)?;
    let (accounts, total) = app.store.search_accounts(&asked.q, rows(asked.limit), asked.offset).await?;
    let items = accounts.into_iter().map(AdminAccount::from).collect();
    Ok(HttpResponse::Ok().json(AdminAccounts { total, items }))
}

/// Show an account with its members and keys.
#[utoipa::path(
    get, path = "/api/admin/accounts/{id}", tag = "Admin", operation_id = "adminGetAccount",
    params(("id" = String, Path, description = "Id of the account")),
    responses((status = 200, description = "The account", body = AdminAccountDetail), (status = 401, description = "No session", body = web::ErrorBody), (status = 403, description = "Not an operator", body = web::ErrorBody), (status = 404, description = "No such account", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn show(
    caller: SessionCaller,
    id: Path<String>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    caller.require_operator()?;
    let id: AccountId = input::id(&id)?;
    let account = app.store.account(id).await?.ok_or_else(ApiError::not_found)?;
    let members = app.store.list_members(id).await?;
    let keys = app.store.list_api_keys(id).await?;
    Ok(HttpResponse::Ok().json(AdminAccountDetail {
        account: account.into(),
        members: members.into_iter().map(MemberView::from).collect(),
        keys: keys.into_iter().map(item).collect(),
    }))
}

/// Change tier, state, limits or delivery of an account.
#[utoipa::path(
    patch, path = "/api/admin/accounts/{id}", tag = "Admin", operation_id = "adminChangeAccount", request_body = ChangeAccount,
    params(("id" = String, Path, description = "Id of the account")),
    responses((status = 200, description = "The account now", body = AdminAccount), (status = 400, description = "Unknown member, tier, state or limit", body = web::ErrorBody), (status = 401, description = "No session", body = web::ErrorBody), (status = 403, description = "Not an operator", body = web::ErrorBody), (status = 404, description = "No such account", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn change(
    caller: SessionCaller,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    caller.require_operator()?;
    let id: AccountId = input::id(&id)?;
    let given: ChangeAccount = input::json(&app, &request, payload).await?;
    if id == caller.account.id && given.state.is_some_and(|state| !state.may_use()) {
        let message = "This would lock you out; have another operator do it, or use the command line.";
        return Err(ApiError::new(ErrorCode::Forbidden, message));
    }
    let change = checked(&app, given)?;
    let actor = Actor::User(caller.user.id);
    let account = app.store.change_account(id, change, &app.plans, actor, app.clock.now()).await?;
    let account = account.ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok().json(AdminAccount::from(account)))
}

fn checked(app: &App, given: ChangeAccount) -> Result<AccountChange, Rejection> {
    let tier = given.tier.map(|name| {
        app.plans.tier_of(&name).ok_or_else(|| {
            let known: Vec<_> = app.plans.plans().iter().map(|plan| plan.code.as_str()).collect();
            Rejection::invalid("tier", format!("`tier` must be one of {}.", known.join(", ")))
        })
    });
    let change = AccountChange {
        tier: tier.transpose()?,
        state: given.state,
        reason: given.reason.map(|text| input::line("reason", &text, MAX_REASON)).transpose()?,
        overrides: given.overrides.map(OverrideChange::Replace),
        global_delivery: given.global_delivery,
    };
    let nothing = AccountChange { reason: change.reason.clone(), ..AccountChange::default() };
    if change == nothing {
        let message = "Nothing to change: send tier, state, overrides or global_delivery.";
        return Err(Rejection::new(ErrorCode::InvalidRequest, message));
    }
    Ok(change)
}
