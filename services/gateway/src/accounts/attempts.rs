//! A brake on guessing: sign-ups and log-ins per client address.

use std::time::Duration;

use actix_web::HttpRequest;
use domain::ErrorCode;
use limiter::{Decision, FixedWindow};
use web::{ApiError, ClientAddress};

use crate::app::App;

/// Counts one attempt of the request's address.
pub(crate) async fn count(app: &App, request: &HttpRequest) -> Result<(), ApiError> {
    let window =
        FixedWindow { name: "auth", limit: app.auth_attempts_per_minute, window: Duration::from_secs(60) };
    let address = ClientAddress::of(request, app.trusted_hops).0.to_string();
    let decision = app.limiter.take(&window, &address, 1).await;
    if decision.allowed { Ok(()) } else { Err(refusal(app, &decision)) }
}

fn refusal(app: &App, decision: &Decision) -> ApiError {
    let wait = u32::try_from(decision.reset_after.as_secs()).unwrap_or(60).max(1);
    let reset = app.clock.now() + chrono::TimeDelta::seconds(i64::from(wait));
    ApiError::new(
        ErrorCode::RateLimitExceeded,
        format!(
            "Rate limit exceeded: {used}/{limit} requests this minute. Try again in {wait} seconds.",
            used = decision.used,
            limit = decision.limit
        ),
    )
    .member("limit", decision.limit)
    .member("used", decision.used)
    .member("remaining", decision.remaining)
    .member("reset_at", reset.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    .member("retry_after", wait)
    .retry_after(wait)
}
