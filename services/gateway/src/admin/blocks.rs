//! Who is blocked for repeated violations of limits.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use domain::ErrorCode;
use serde::Serialize;
use store::{Actor, AuditEntry};
use utoipa::ToSchema;
use web::{ApiError, SessionCaller};

use crate::app::App;

/// Most blocks of one answer.
const MOST: usize = 1_000;

/// All blocks, the longest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Blocks {
    items: Vec<BlockView>,
}

/// An address or a key that is blocked.
#[derive(Debug, Serialize, ToSchema)]
struct BlockView {
    /// What it is lifted by.
    #[schema(example = "ip:203.0.113.9")]
    label: String,
    /// 2 to 5.
    escalation_tier: u8,
    /// Seconds until it ends by itself.
    ends_in_seconds: u64,
}

/// List the addresses and keys that are blocked for repeated violations.
#[utoipa::path(
    get, path = "/api/admin/blocks", tag = "Admin", operation_id = "listBlocks",
    responses((status = 200, description = "Blocks, the longest first", body = Blocks), (status = 403, description = "Not an administrator", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn list(caller: SessionCaller, app: Data<App>) -> Result<HttpResponse, ApiError> {
    caller.require_operator()?;
    let blocked = app.limiter.blocked(MOST).await;
    let items = blocked.into_iter().map(|block| BlockView {
        label: block.label,
        escalation_tier: block.tier,
        ends_in_seconds: block.retry_after.as_secs(),
    });
    Ok(HttpResponse::Ok().json(Blocks { items: items.collect() }))
}

/// Lift a block. A key that was suspended at tier 5 is reactivated by its own route.
#[utoipa::path(
    delete, path = "/api/admin/blocks/{label}", tag = "Admin", operation_id = "liftBlock",
    params(("label" = String, Path, description = "As listed, e.g. `ip:203.0.113.9` or `key:UUID`")),
    responses(
        (status = 204, description = "Lifted"),
        (status = 403, description = "Not an administrator", body = web::ErrorBody),
        (status = 404, description = "Nothing is blocked by this label", body = web::ErrorBody),
        (status = 503, description = "The limiter is away", body = web::ErrorBody),
    ),
    security(("session" = [])),
)]
pub(crate) async fn lift(
    caller: SessionCaller,
    label: Path<String>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    caller.require_operator()?;
    let lifted = app.limiter.forgive_label(&label).await;
    let lifted = lifted
        .map_err(|error| ApiError::unavailable(ErrorCode::RateLimiterUnavailable, 5).caused_by(error))?;
    if !lifted {
        return Err(ApiError::not_found());
    }
    let entry = AuditEntry {
        account_id: None,
        actor: Actor::User(caller.user.id),
        action: "block.lifted",
        object: label.into_inner(),
        details: serde_json::json!({}),
    };
    app.store.audit(entry, app.clock.now()).await?;
    Ok(HttpResponse::NoContent().finish())
}
