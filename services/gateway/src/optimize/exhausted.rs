//! 402: credits are used up, in the words of the API's documents.

use chrono::SecondsFormat;
use domain::ErrorCode;
use domain::credits::{CreditKind, Exhausted};
use web::{ApiCaller, ApiError};

use crate::app::App;

/// The refusal of work that the account has no credits for.
pub(crate) fn refusal(app: &App, caller: &ApiCaller, exhausted: &Exhausted) -> ApiError {
    let Exhausted { kind, limit, used, month } = *exhausted;
    let (code, message) = match kind {
        CreditKind::ResultBytes => (
            ErrorCode::BandwidthQuotaExceeded,
            format!("Monthly bandwidth exhausted: {used}/{limit} bytes used."),
        ),
        CreditKind::SourceBytes => (
            ErrorCode::MonthlyQuotaExceeded,
            format!("Monthly quota of source bytes exhausted: {used}/{limit} bytes used."),
        ),
        CreditKind::Images => (
            ErrorCode::MonthlyQuotaExceeded,
            format!("Monthly image quota exhausted: {used}/{limit} images used."),
        ),
        CreditKind::Ai => {
            (ErrorCode::MonthlyQuotaExceeded, format!("AI credits exhausted: {used}/{limit} used."))
        }
    };
    ApiError::new(code, message)
        .member("code", "QUOTA_EXCEEDED")
        .member("limit", limit)
        .member("used", used)
        .member("remaining", limit.saturating_sub(used))
        .member("reset_at", month.reset_at().to_rfc3339_opts(SecondsFormat::Secs, true))
        .member("retry_after_seconds", serde_json::Value::Null)
        .member("current_tier", app.plans.plan(caller.tier).code.as_str())
        .member("next_tier", app.plans.next(caller.tier).map(|plan| plan.code.as_str()))
        .member("upgrade_url", app.contact.alerts.upgrade_url.as_str())
}
