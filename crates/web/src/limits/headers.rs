//! Rate-limit headers: the three of the API's documents, and those of draft-ietf-httpapi-ratelimit-headers.

use actix_web::HttpMessage;
use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, Utc};
use limiter::{Outcome, Source};

use super::checks::{
    ACCOUNT, ANONYMOUS, CONCURRENT, CREDENTIALS, KEY, REQUESTS_DAY, REQUESTS_MINUTE, REQUESTS_SECOND,
    UNAUTHENTICATED,
};
use super::gate::Standing;

/// Writes what is known about the request's limits into the response.
pub(crate) fn write(response: &mut ServiceResponse<BoxBody>) {
    let standing = response.request().extensions().get::<Standing>().cloned();
    if let Some(standing) = standing {
        fill(response.headers_mut(), &standing.outcomes(), standing.source, standing.at);
    }
}

/// The policy that `X-RateLimit-*` is about: the first of these that applies, an address's cap otherwise.
const ORDER: [&str; 6] = [CREDENTIALS, UNAUTHENTICATED, ANONYMOUS, KEY, REQUESTS_MINUTE, ACCOUNT];

fn fill(headers: &mut HeaderMap, outcomes: &[Outcome], source: Source, now: DateTime<Utc>) {
    let main = ORDER
        .iter()
        .find_map(|policy| outcomes.iter().find(|outcome| outcome.policy == *policy))
        .or_else(|| outcomes.first());
    if let Some(main) = main {
        let reset = now.timestamp() + i64::try_from(seconds(main)).unwrap_or(60);
        set(headers, "x-ratelimit-limit", &main.limit.to_string());
        set(headers, "x-ratelimit-remaining", &main.remaining.to_string());
        set(headers, "x-ratelimit-reset", &reset.to_string());
    }
    // Caps of addresses protect the service; a client that has credentials cannot plan by them.
    let shown: Vec<_> = outcomes.iter().filter(|outcome| !outcome.policy.starts_with("address-")).collect();
    if !shown.is_empty() {
        set(headers, "ratelimit-policy", &join(shown.iter().map(|outcome| policy(outcome))));
        set(headers, "ratelimit", &join(shown.iter().map(|outcome| state(outcome))));
    }
    if source == Source::Local {
        set(headers, "x-ratelimit-policy", "local");
    }
}

/// `"key";q=15;w=60`.
fn policy(outcome: &Outcome) -> String {
    let window = match outcome.policy {
        REQUESTS_SECOND => ";w=1",
        REQUESTS_DAY => ";w=86400",
        CONCURRENT => ";qu=\"concurrent-requests\"",
        _ => ";w=60",
    };
    format!("\"{}\";q={}{window}", outcome.policy, outcome.limit)
}

/// `"key";r=14;t=4`.
fn state(outcome: &Outcome) -> String {
    match seconds(outcome) {
        0 => format!("\"{}\";r={}", outcome.policy, outcome.remaining),
        wait => format!("\"{}\";r={};t={wait}", outcome.policy, outcome.remaining),
    }
}

fn seconds(outcome: &Outcome) -> u64 {
    outcome.reset_after.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX)
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn outcome(policy: &'static str, limit: u32, remaining: u32, millis: u64) -> Outcome {
        Outcome {
            policy,
            limit,
            remaining,
            used: limit - remaining,
            reset_after: Duration::from_millis(millis),
            allowed: true,
        }
    }

    #[test]
    fn headers_are_those_of_the_documents_and_the_draft() {
        let outcomes = [
            outcome("address-work", 12_000, 11_999, 5),
            outcome(KEY, 15, 14, 3_200),
            outcome(REQUESTS_DAY, 1_000, 1, 7_000_000),
            outcome(CONCURRENT, 5, 4, 0),
            outcome(ACCOUNT, 30, 27, 24_000),
        ];
        let mut headers = HeaderMap::new();
        let now = DateTime::from_timestamp(1_761_696_000, 0).unwrap();
        fill(&mut headers, &outcomes, Source::Local, now);
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        ratelimit-policy: "key";q=15;w=60, "day";q=1000;w=86400, "concurrent";q=5;qu="concurrent-requests", "account";q=30;w=60
        ratelimit: "key";r=14;t=4, "day";r=1;t=7000, "concurrent";r=4, "account";r=27;t=24
        x-ratelimit-limit: 15
        x-ratelimit-policy: local
        x-ratelimit-remaining: 14
        x-ratelimit-reset: 1761696004
        "#);
    }

    #[test]
    fn strangers_see_the_cap_of_their_address() {
        let mut headers = HeaderMap::new();
        let outcomes = [outcome("address-work", 9, 8, 0), outcome(ANONYMOUS, 60, 47, 1_000)];
        fill(&mut headers, &outcomes, Source::Redis, DateTime::from_timestamp(0, 0).unwrap());
        assert_eq!(headers.get("x-ratelimit-limit").unwrap(), "60");
        let mut headers = HeaderMap::new();
        fill(&mut headers, &outcomes[..1], Source::Redis, DateTime::from_timestamp(0, 0).unwrap());
        assert_eq!(headers.get("x-ratelimit-limit").unwrap(), "9");
        assert!(headers.get("ratelimit").is_none() && headers.get("x-ratelimit-policy").is_none());
    }
}
