//! Credits that an administrator gives.

use std::num::NonZeroU64;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use chrono::SecondsFormat;
use domain::credits::CreditKind;
use domain::{AccountId, Rejection};
use serde::{Deserialize, Serialize};
use store::{NewTopup, TopupSource};
use utoipa::ToSchema;
use web::{ApiError, SessionCaller};

use crate::accounts::input;
use crate::app::App;

/// Most credits of one grant: a petabyte of bytes.
const MOST: u64 = 1_000_000_000_000_000;
/// Longest note in characters.
const MAX_NOTE: usize = 500;

/// Credits to give.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantRequest {
    /// `images`, `source_bytes`, `result_bytes` or `ai`.
    #[schema(value_type = String, example = "images")]
    kind: CreditKind,
    /// How many; at least 1.
    #[schema(example = 1_000)]
    amount: u64,
    /// Why; for the audit log.
    #[serde(default)]
    note: String,
}

/// Top-ups of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Grants {
    items: Vec<GrantView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct GrantView {
    kind: &'static str,
    amount: u64,
    /// `admin` or `payment`.
    source: &'static str,
    note: String,
    created_at: String,
}

/// Give an account credits on top of its plan. Jobs that wait for credits go on by themselves.
#[utoipa::path(
    post, path = "/api/admin/accounts/{id}/topups", tag = "Admin", operation_id = "grantTopup",
    params(("id" = String, Path, description = "The account")), request_body = GrantRequest,
    responses(
        (status = 201, description = "Granted", body = Grants),
        (status = 400, description = "Bad amount or kind", body = web::ErrorBody),
        (status = 403, description = "Not an administrator", body = web::ErrorBody),
        (status = 404, description = "No such account", body = web::ErrorBody),
    ),
    security(("session" = [])),
)]
pub(crate) async fn grant(
    caller: SessionCaller,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    caller.require_operator()?;
    let asked: GrantRequest = input::json(&app, &request, payload).await?;
    let amount = NonZeroU64::new(asked.amount)
        .filter(|amount| amount.get() <= MOST)
        .ok_or_else(|| Rejection::invalid("amount", format!("`amount` must be from 1 to {MOST}.")))?;
    if asked.note.chars().count() > MAX_NOTE {
        return Err(
            Rejection::invalid("note", format!("`note` may have at most {MAX_NOTE} characters.")).into()
        );
    }
    let account = find(&app, &id).await?;
    let topup = NewTopup {
        account_id: account,
        kind: asked.kind,
        amount,
        source: TopupSource::Admin { by: Some(caller.user.id) },
        note: asked.note,
    };
    app.store.grant_topup(topup, app.clock.now()).await?;
    Ok(HttpResponse::Created().json(of(&app, account).await?))
}

/// List what an account was given and has bought on top of its plan.
#[utoipa::path(
    get, path = "/api/admin/accounts/{id}/topups", tag = "Admin", operation_id = "listTopups",
    params(("id" = String, Path, description = "The account")),
    responses(
        (status = 200, description = "The newest first", body = Grants),
        (status = 403, description = "Not an administrator", body = web::ErrorBody),
        (status = 404, description = "No such account", body = web::ErrorBody),
    ),
    security(("session" = [])),
)]
pub(crate) async fn list(
    caller: SessionCaller,
    id: Path<String>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    caller.require_operator()?;
    let account = find(&app, &id).await?;
    Ok(HttpResponse::Ok().json(of(&app, account).await?))
}

async fn find(app: &App, id: &str) -> Result<AccountId, ApiError> {
    let id: AccountId = id.parse().map_err(|_| ApiError::not_found())?;
    app.store.account(id).await?.map(|account| account.id).ok_or_else(ApiError::not_found)
}

async fn of(app: &App, account: AccountId) -> Result<Grants, ApiError> {
    let topups = app.store.topups(account).await?;
    let items = topups.into_iter().map(|topup| GrantView {
        kind: topup.kind.as_str(),
        amount: topup.amount,
        source: match topup.source {
            TopupSource::Admin { .. } => "admin",
            TopupSource::Payment { .. } => "payment",
        },
        note: topup.note,
        created_at: topup.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
    });
    Ok(Grants { items: items.collect() })
}
