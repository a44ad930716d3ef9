//! The 429 of each layer, in the words of the API's documents.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::plan::PlanCatalogue;
use domain::{ErrorCode, Tier};
use limiter::{Block, Outcome, Verdict};

use super::checks::{CONCURRENT, REQUESTS_DAY, REQUESTS_SECOND};
use crate::ApiError;

/// The refusal that a verdict asks for; none where the request may pass. `tier` is the caller's, the lowest for
/// callers without an account.
pub(crate) fn of(
    verdict: &Verdict,
    tier: Tier,
    plans: &PlanCatalogue,
    now: DateTime<Utc>,
) -> Option<ApiError> {
    if let Some(block) = verdict.blocked {
        return Some(blocked(&block, verdict, tier, plans, now));
    }
    let refused = verdict.outcomes.get(verdict.refused?)?;
    Some(limited(refused, whole_seconds(verdict.retry_after()), tier, plans, now))
}

/// `429` with what was used, when there is more, and what to do.
pub(crate) fn limited(
    outcome: &Outcome,
    wait: u32,
    tier: Tier,
    plans: &PlanCatalogue,
    now: DateTime<Utc>,
) -> ApiError {
    let (limit, used) = (outcome.limit, outcome.used);
    let (code, message) = match outcome.policy {
        REQUESTS_DAY => (
            ErrorCode::DailyLimitExceeded,
            format!("Daily limit exceeded: {used}/{limit} requests today. Try again in {wait} seconds."),
        ),
        CONCURRENT => (
            ErrorCode::ConcurrencyLimitExceeded,
            format!(
                "Concurrency limit exceeded: {used}/{limit} requests at the same time. Wait for one to end, \
                 or try again in {wait} seconds."
            ),
        ),
        REQUESTS_SECOND => (
            ErrorCode::RateLimitExceeded,
            format!("Rate limit exceeded: {used}/{limit} requests this second. Try again in {wait} seconds."),
        ),
        _ => (
            ErrorCode::RateLimitExceeded,
            format!("Rate limit exceeded: {used}/{limit} requests this minute. Try again in {wait} seconds."),
        ),
    };
    with_numbers(ApiError::new(code, message), outcome, wait, tier, plans, now)
        .member("violated-policies", vec![outcome.policy])
}

fn blocked(
    block: &Block,
    verdict: &Verdict,
    tier: Tier,
    plans: &PlanCatalogue,
    now: DateTime<Utc>,
) -> ApiError {
    let wait = whole_seconds(block.retry_after);
    if block.tier >= limiter::HIGHEST_TIER {
        return ApiError::new(
            ErrorCode::KeySuspended,
            "This API key is suspended after repeated violations of its limits. An administrator has to \
             reactivate it; other keys of the account work.",
        )
        .member("escalation_tier", block.tier);
    }
    let message = format!(
        "Too many requests beyond the limits: blocked for a while (tier {}). Try again in {wait} seconds, and wait \
         for Retry-After from then on.",
        block.tier
    );
    let error = ApiError::new(ErrorCode::TemporarilyBlocked, message).member("escalation_tier", block.tier);
    let shown = verdict.refused.and_then(|refused| verdict.outcomes.get(refused));
    match shown.or_else(|| verdict.outcomes.get(1)).or_else(|| verdict.outcomes.first()) {
        Some(outcome) => with_numbers(error, outcome, wait, tier, plans, now),
        None => error.retry_after(wait),
    }
}

fn with_numbers(
    error: ApiError,
    outcome: &Outcome,
    wait: u32,
    tier: Tier,
    plans: &PlanCatalogue,
    now: DateTime<Utc>,
) -> ApiError {
    let reset = now + TimeDelta::seconds(i64::from(wait));
    error
        .member("limit", outcome.limit)
        .member("used", outcome.used)
        .member("remaining", outcome.remaining)
        .member("reset_at", reset.to_rfc3339_opts(SecondsFormat::Secs, true))
        .member("retry_after", wait)
        .member("current_tier", plans.plan(tier).code.as_str())
        .member("next_tier", plans.next(tier).map(|plan| plan.code.as_str()))
        .retry_after(wait)
}

/// Rounded up, at least one: a caller that waits that long is not refused for the same reason.
pub(crate) fn whole_seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use limiter::Source;

    use super::*;

    fn body(policy: &'static str, blocked: Option<Block>) -> serde_json::Value {
        let outcome = Outcome {
            policy,
            limit: 60,
            remaining: 0,
            used: 60,
            reset_after: Duration::from_millis(23_100),
            allowed: false,
        };
        let verdict = Verdict {
            outcomes: vec![outcome],
            refused: Some(0),
            blocked,
            source: Source::Redis,
            lease: None,
        };
        let now = DateTime::from_timestamp(1_777_466_076, 0).unwrap();
        let error = of(&verdict, Tier::Free, &PlanCatalogue::built_in().unwrap(), now).unwrap();
        error.body()
    }

    #[test]
    fn the_documented_refusal() {
        insta::assert_json_snapshot!(body("key", None));
    }

    #[test]
    fn days_and_concurrency_have_codes_of_their_own() {
        insta::assert_json_snapshot!(body(REQUESTS_DAY, None));
        insta::assert_json_snapshot!(body(CONCURRENT, None));
    }

    #[test]
    fn repeated_violations_block_and_suspend() {
        let block = |tier| Block { tier, retry_after: Duration::from_secs(300), entered: true };
        insta::assert_json_snapshot!(body("key", Some(block(2))));
        insta::assert_json_snapshot!(body("key", Some(block(5))));
    }
}
