//! `GET /api/limits` and `GET /api/my/limits`.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;
use domain::Tier;
use domain::credits::CreditKind;
use domain::plan::{Dimension, Limits};
use serde::Serialize;
use store::Account;
use utoipa::ToSchema;
use web::{ApiCaller, ApiError, SessionCaller};

use super::figures::{Figures, Rates};
use super::subject::Subject;
use crate::app::App;

/// What an account may use and has used. A limit that is `null` is none.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitsView {
    /// The plan's code.
    #[schema(example = "free")]
    subscription_tier: String,
    /// Whether its members may use operator routes.
    is_admin: bool,
    lifecycle: LifecycleView,
    storage: StorageView,
    limits: LimitNumbers,
    usage: UsageNumbers,
    remaining: RemainingNumbers,
    pricing: PricingView,
    /// Requests, and how the limits of the key stand.
    requests: RequestsView,
    /// Credits by kind, what was bought on top included.
    credits: BTreeMap<&'static str, CreditsView>,
}

/// How the account stands with the service.
#[derive(Debug, Serialize, ToSchema)]
struct LifecycleView {
    /// `active`, `past_due`, `cancelled`, `suspended` or `archived`.
    #[schema(example = "active")]
    state: String,
    reason: String,
    previous_tier: String,
    target_tier: String,
    storage_bytes_at_transition: u64,
    storage_cap_bytes_at_transition: u64,
    warning_count: u32,
}

/// The Storage Library.
#[derive(Debug, Serialize, ToSchema)]
struct StorageView {
    used_bytes: u64,
    included_bytes: Option<u64>,
    remaining_bytes: Option<u64>,
    hard_limit_bytes: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LimitNumbers {
    monthly_images: Option<u64>,
    file_size_mb: Option<u64>,
    bandwidth_bytes: Option<u64>,
    /// Results of the account in a fixed minute.
    minute_requests: Option<u64>,
    max_api_keys: Option<u64>,
    team_seats: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct UsageNumbers {
    monthly_images: u64,
    bandwidth_bytes: u64,
    minute_requests: u32,
    /// Members and open invitations together.
    team_seats: u64,
    active_seats: u64,
    pending_seats: u64,
    #[schema(example = "2026-04-01")]
    month_start: String,
    #[schema(example = "2026-04-30")]
    month_end: String,
    /// Image credits set aside for jobs that have not ended.
    reserved_images: u64,
    /// Jobs that wait for credits.
    paused_jobs: u64,
}

/// What is left of each limit; never negative.
#[derive(Debug, Serialize, ToSchema)]
struct RemainingNumbers {
    monthly_images: Option<u64>,
    bandwidth_bytes: Option<u64>,
    minute_requests: Option<u64>,
    team_seats: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PricingView {
    #[schema(example = "free")]
    tier: String,
    display_name: String,
    monthly_cents: u64,
    annual_cents: u64,
    annual_discount_percent: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct RequestsView {
    /// Requests of the account today (UTC).
    today: u64,
    /// The plan's limit of a key in a day.
    daily_limit: Option<u64>,
    /// Answers in the last 24 hours that a limit refused; of this key, or of all keys for a session.
    rate_limit_hits_24h: u32,
    /// 0: none; 1: violations that are not forgiven yet; 2 to 5: blocked or suspended. The highest of the keys.
    escalation_tier: u8,
    /// Until when the block lasts, in seconds.
    blocked_for_seconds: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct CreditsView {
    monthly_limit: Option<u64>,
    monthly_used: u64,
    /// Set aside for jobs that have not ended.
    reserved: u64,
    topup_granted: u64,
    topup_remaining: u64,
    /// Used beyond both, and priced.
    overage: u64,
}

/// What the key's account may use and has used.
#[utoipa::path(
    get, path = "/api/limits", tag = "Usage", operation_id = "getLimits",
    responses((status = 200, description = "Limits and usage", body = LimitsView), (status = 401, description = "No API key", body = web::ErrorBody)),
    security(("api_key" = []), ("bearer" = [])),
)]
pub(crate) async fn by_key(caller: ApiCaller, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let subject = Subject::by_key(&app, caller).await?;
    answer(&app, &subject).await
}

/// The same for a dashboard session.
#[utoipa::path(
    get, path = "/api/my/limits", tag = "Usage", operation_id = "getMyLimits",
    responses((status = 200, description = "Limits and usage", body = LimitsView), (status = 401, description = "No session", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn by_session(caller: SessionCaller, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let subject = Subject::by_session(&app, caller);
    answer(&app, &subject).await
}

async fn answer(app: &App, subject: &Subject) -> Result<HttpResponse, ApiError> {
    let figures = Figures::read(app, subject).await?;
    let rates = Rates::read(app, subject).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(view(app, subject, &figures, &rates)))
}

fn view(app: &App, subject: &Subject, figures: &Figures, rates: &Rates) -> LimitsView {
    let Subject { account, limits, .. } = subject;
    let plan = app.plans.plan(account.tier);
    let cap = limits.get(Dimension::StorageBytes);
    LimitsView {
        subscription_tier: plan.code.clone(),
        is_admin: account.is_admin,
        lifecycle: lifecycle(app, account),
        storage: StorageView {
            used_bytes: account.stored_bytes,
            included_bytes: cap,
            remaining_bytes: left(limits, Dimension::StorageBytes, account.stored_bytes),
            hard_limit_bytes: cap,
        },
        limits: LimitNumbers {
            monthly_images: limits.get(Dimension::MonthlyImages),
            file_size_mb: limits.get(Dimension::FileBytes).map(|bytes| bytes / 1_000_000),
            bandwidth_bytes: limits.get(Dimension::BandwidthBytes),
            minute_requests: limits.get(Dimension::ResultsPerMinute),
            max_api_keys: limits.get(Dimension::ApiKeys),
            team_seats: limits.get(Dimension::Seats),
        },
        usage: usage(figures, rates),
        remaining: remaining(limits, figures, rates),
        pricing: PricingView {
            tier: plan.code.clone(),
            display_name: plan.name.clone(),
            monthly_cents: plan.monthly_cents,
            annual_cents: plan.annual_cents(app.plans.annual_discount_percent),
            annual_discount_percent: app.plans.annual_discount_percent,
        },
        requests: RequestsView {
            today: rates.requests_today,
            daily_limit: limits.get(Dimension::RequestsPerDay),
            rate_limit_hits_24h: rates.hits_24h,
            escalation_tier: rates.escalation_tier,
            blocked_for_seconds: rates.blocked_for.as_secs(),
        },
        credits: CreditKind::ALL.into_iter().map(|kind| (kind.as_str(), credits(figures, kind))).collect(),
    }
}

fn lifecycle(app: &App, account: &Account) -> LifecycleView {
    let code = |tier: Option<Tier>| tier.map(|tier| app.plans.plan(tier).code.clone()).unwrap_or_default();
    let lifecycle = &account.lifecycle;
    LifecycleView {
        state: account.state.to_string(),
        reason: lifecycle.reason.clone(),
        previous_tier: code(lifecycle.previous_tier),
        target_tier: code(lifecycle.target_tier),
        storage_bytes_at_transition: lifecycle.storage_bytes_at_transition,
        storage_cap_bytes_at_transition: lifecycle.storage_cap_bytes_at_transition,
        warning_count: lifecycle.warning_count,
    }
}

fn usage(figures: &Figures, rates: &Rates) -> UsageNumbers {
    let images = figures.of(CreditKind::Images);
    UsageNumbers {
        monthly_images: images.monthly.used,
        bandwidth_bytes: figures.of(CreditKind::ResultBytes).monthly.used,
        minute_requests: rates.results_this_minute,
        team_seats: figures.active_seats + figures.pending_seats,
        active_seats: figures.active_seats,
        pending_seats: figures.pending_seats,
        month_start: figures.month.first_day().to_string(),
        month_end: figures.month.last_day().to_string(),
        reserved_images: images.monthly.reserved + images.topup.reserved,
        paused_jobs: figures.paused_jobs,
    }
}

fn remaining(limits: &Limits, figures: &Figures, rates: &Rates) -> RemainingNumbers {
    let images = figures.of(CreditKind::Images).monthly;
    let bandwidth = figures.of(CreditKind::ResultBytes).monthly;
    RemainingNumbers {
        monthly_images: left(limits, Dimension::MonthlyImages, images.used + images.reserved),
        bandwidth_bytes: left(limits, Dimension::BandwidthBytes, bandwidth.used),
        minute_requests: left(limits, Dimension::ResultsPerMinute, u64::from(rates.results_this_minute)),
        team_seats: left(limits, Dimension::Seats, figures.active_seats + figures.pending_seats),
    }
}

fn left(limits: &Limits, dimension: Dimension, used: u64) -> Option<u64> {
    limits.get(dimension).map(|limit| limit.saturating_sub(used))
}

fn credits(figures: &Figures, kind: CreditKind) -> CreditsView {
    let purse = figures.of(kind);
    CreditsView {
        monthly_limit: purse.monthly.limit,
        monthly_used: purse.monthly.used,
        reserved: purse.monthly.reserved + purse.topup.reserved,
        topup_granted: purse.topup.limit.unwrap_or(0),
        topup_remaining: purse.topup.free(),
        overage: figures.overage(kind),
    }
}
