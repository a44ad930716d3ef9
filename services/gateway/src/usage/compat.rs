//! The same figures in the shapes of two other APIs, for clients that were written for those.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;
use chrono::SecondsFormat;
use domain::Tier;
use domain::credits::CreditKind;
use serde::Serialize;
use utoipa::ToSchema;
use web::ApiError;

use super::figures::Figures;
use super::subject::Subject;
use crate::app::App;

/// What `compressor_limit` says where there is none.
const UNLIMITED: u64 = 99_999;

/// The month's images.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Quota {
    /// The plan's code.
    #[schema(example = "pro")]
    plan: String,
    /// Image credits of the month; `null` is no limit.
    #[schema(example = 500)]
    quota: Option<u64>,
    #[schema(example = 425)]
    used: u64,
    #[schema(example = 75)]
    remaining: Option<u64>,
    /// Whole percent, 0 where there is no limit.
    #[schema(example = 85)]
    percent_used: u64,
    #[schema(example = "2024-02-01T00:00:00.000Z")]
    reset_date: String,
}

/// How much of the month's images is used.
#[utoipa::path(
    get, path = "/api/user/usage", tag = "Usage", operation_id = "getQuota",
    responses((status = 200, description = "The month's images", body = Quota), (status = 401, description = "No credentials", body = web::ErrorBody)),
    security(("api_key" = []), ("bearer" = []), ("session" = [])),
)]
pub(crate) async fn quota(subject: Subject, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let figures = Figures::read(&app, &subject).await?;
    let images = figures.of(CreditKind::Images).monthly;
    let percent = images.limit.map_or(0, |limit| images.used.saturating_mul(100) / limit.max(1));
    let body = Quota {
        plan: app.plans.plan(subject.account.tier).code.clone(),
        quota: images.limit,
        used: images.used,
        remaining: images.limit.map(|limit| limit.saturating_sub(images.used)),
        percent_used: percent.min(100),
        reset_date: figures.month.reset_at().to_rfc3339_opts(SecondsFormat::Millis, true),
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(body))
}

/// Compressions and AI credits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Credits {
    /// The plan's code.
    #[schema(example = "pro")]
    plan: String,
    /// Images of the month.
    #[schema(example = 45)]
    compressor_used: u64,
    /// Image credits of the month; 99999 where there is no limit.
    #[schema(example = 99_999)]
    compressor_limit: u64,
    /// AI credits of the month that are used.
    #[schema(example = 120)]
    ia_credits_used: u64,
    /// AI credits of the month.
    #[schema(example = 1_000)]
    ia_credits_monthly: u64,
    /// AI credits that were bought on top and are left; used after the month's.
    #[schema(example = 200)]
    ia_topup_credits: u64,
    /// The month's and those on top.
    #[schema(example = 1_080)]
    ia_credits_remaining: u64,
    /// Whether an image can be compressed now.
    #[serde(rename = "canCompress")]
    can_compress: bool,
    /// Whether the plan is a paid one and an AI credit is left.
    #[serde(rename = "canUseIA")]
    can_use_ia: bool,
    /// Packs that are sold: what `POST /api/my/topups/checkout` takes as `pack`.
    topups: BTreeMap<String, String>,
}

/// What can still be done this month.
#[utoipa::path(
    get, path = "/api/usage", tag = "Usage", operation_id = "getCredits",
    responses((status = 200, description = "Compressions and AI credits", body = Credits), (status = 401, description = "No credentials", body = web::ErrorBody)),
    security(("api_key" = []), ("bearer" = []), ("session" = [])),
)]
pub(crate) async fn credits(subject: Subject, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let figures = Figures::read(&app, &subject).await?;
    let (images, ai) = (figures.of(CreditKind::Images), figures.of(CreditKind::Ai));
    let monthly = ai.monthly.limit.unwrap_or(0);
    let remaining = monthly.saturating_sub(ai.monthly.used) + ai.topup.free();
    let body = Credits {
        plan: app.plans.plan(subject.account.tier).code.clone(),
        compressor_used: images.monthly.used,
        compressor_limit: images.monthly.limit.unwrap_or(UNLIMITED),
        ia_credits_used: ai.monthly.used,
        ia_credits_monthly: monthly,
        ia_topup_credits: ai.topup.free(),
        ia_credits_remaining: remaining,
        can_compress: figures.can_work(),
        can_use_ia: subject.account.tier != Tier::Free && remaining > 0,
        topups: app.plans.topups().iter().map(|pack| (pack.code.clone(), pack.code.clone())).collect(),
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(body))
}
