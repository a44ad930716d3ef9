//! A brake on guessing: sign-ups and log-ins per client address.

use std::time::Duration;

use actix_web::HttpRequest;
use domain::ErrorCode;
use limiter::{Decision, FixedWindow, Source};
use web::{ApiError, ClientAddress};

use crate::app::App;

/// What is left of the attempts while Redis is away: one in this many.
const CLOSED_SHARE: u32 = 10;

/// Counts one attempt of the request's address.
pub(crate) async fn count(app: &App, request: &HttpRequest) -> Result<(), ApiError> {
    let window =
        FixedWindow { name: "auth", limit: app.auth_attempts_per_minute, window: Duration::from_secs(60) };
    let address = ClientAddress::of(request, app.trusted_hops).0.to_string();
    let mut decision = app.limiter.take(&window, &address, 1).await;
    if decision.source == Source::Local {
        // Guessers must gain nothing from an outage: each gateway alone lets a tenth through (RELIABILITY D17).
        decision.limit = decision.limit.div_ceil(CLOSED_SHARE);
        decision.allowed &= decision.used <= decision.limit;
        decision.remaining = decision.limit.saturating_sub(decision.used);
    }
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
