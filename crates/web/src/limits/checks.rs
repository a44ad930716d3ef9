//! Which limits a request is measured by.

use std::time::Duration;

use domain::AccountId;
use domain::plan::{Dimension, Limits};
use limiter::{Check, Escalation, Penalty, Rule};

use super::identity::Identity;
use super::{EdgeConfig, Family};
use crate::{ApiCaller, ClientAddress};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
/// Longer than any request may take with the longest upload that the settings usually permit; a request that a dead
/// process leaves behind is forgotten after it.
const LEASE: Duration = Duration::from_secs(600);

/// Results that one key asks for in a minute.
pub(crate) const KEY: &str = "key";
/// Results of the account in a minute.
pub(crate) const ACCOUNT: &str = "account";
/// Work without credentials, where it is let in.
pub(crate) const ANONYMOUS: &str = "anonymous";
/// Requests without credentials to routes that take them.
pub(crate) const UNAUTHENTICATED: &str = "unauthenticated";
/// Requests with wrong credentials.
pub(crate) const CREDENTIALS: &str = "credentials";
/// Reads of absent results.
pub(crate) const MISSES: &str = "misses";
pub(crate) const REQUESTS_SECOND: &str = "second";
pub(crate) const REQUESTS_MINUTE: &str = "minute";
pub(crate) const REQUESTS_DAY: &str = "day";
pub(crate) const CONCURRENT: &str = "concurrent";

/// The limits of a request.
pub(crate) fn request(
    family: Family,
    identity: &Identity,
    address: ClientAddress,
    edge: &EdgeConfig,
    escalation: Escalation,
) -> limiter::Request {
    let address = address.0.to_string();
    let bucket = |policy, limit| Check {
        policy,
        subject: address.clone(),
        rule: Rule::Bucket { limit, per: MINUTE },
        cost: 1,
    };
    let mut checks = vec![bucket(family.policy(), edge.of(family))];
    let by_address = || Penalty {
        subject: format!("ip:{address}"),
        label: format!("ip:{address}"),
        settings: escalation.for_addresses(),
    };
    let penalty = match identity {
        Identity::Key(caller) => {
            checks.extend(of_key(caller, family));
            caller.key_id.filter(|_| family.counts_for_keys()).map(|key| of_key_penalty(key, escalation))
        }
        Identity::Anonymous(caller) => {
            checks.extend(of_anonymous(caller, &address, edge));
            Some(by_address())
        }
        Identity::Session => None,
        Identity::Bad => {
            checks.push(bucket(CREDENTIALS, edge.bad_credentials));
            Some(by_address())
        }
        Identity::Unknown => {
            if family.takes_credentials() {
                checks.push(bucket(UNAUTHENTICATED, edge.anonymous));
            }
            if family == Family::Images {
                checks.push(Check { cost: 0, ..bucket(MISSES, edge.misses) });
            }
            Some(by_address())
        }
    };
    limiter::Request { checks, penalty }
}

/// One more read of something that is not there.
pub(crate) fn miss(address: ClientAddress, edge: &EdgeConfig) -> limiter::Request {
    let rule = Rule::Bucket { limit: edge.misses, per: MINUTE };
    let check = Check { policy: MISSES, subject: address.0.to_string(), rule, cost: 1 };
    limiter::Request { checks: vec![check], penalty: None }
}

/// The subject of a key's penalties in the limiter.
#[must_use]
pub fn key_subject(key: domain::ApiKeyId) -> String {
    format!("key:{key}")
}

/// Callers without credentials are counted by address, whatever the account permits in all.
fn of_anonymous(caller: &ApiCaller, address: &str, edge: &EdgeConfig) -> Vec<Check> {
    let check = |policy, rule| Check { policy, subject: address.to_owned(), rule, cost: 1 };
    let mut checks = vec![
        check(ANONYMOUS, Rule::Bucket { limit: edge.anonymous_work.per_minute, per: MINUTE }),
        check(REQUESTS_DAY, Rule::Window { limit: edge.anonymous_work.per_day, length: DAY }),
        check(CONCURRENT, Rule::Lease { limit: edge.anonymous_work.concurrent, ttl: LEASE }),
    ];
    checks.extend(results(caller, 0));
    checks
}

fn of_key_penalty(key: domain::ApiKeyId, escalation: Escalation) -> Penalty {
    let subject = key_subject(key);
    Penalty { label: subject.clone(), subject, settings: escalation }
}

fn of_key(caller: &ApiCaller, family: Family) -> Vec<Check> {
    let cost = u32::from(family.counts_for_keys());
    let subject = caller.key_id.map_or_else(|| caller.account_id.to_string(), |key| key.to_string());
    let key = |policy, rule| Check { policy, subject: subject.clone(), rule, cost };
    let limit = |dimension| caller.limits.count(dimension);
    let share = share_of_key(caller);
    let rules = [
        share.map(|limit| key(KEY, Rule::Bucket { limit, per: MINUTE })),
        limit(Dimension::RequestsPerSecond)
            .map(|limit| key(REQUESTS_SECOND, Rule::Bucket { limit, per: SECOND })),
        limit(Dimension::RequestsPerMinute)
            .map(|limit| key(REQUESTS_MINUTE, Rule::Bucket { limit, per: MINUTE })),
        limit(Dimension::RequestsPerDay).map(|limit| key(REQUESTS_DAY, Rule::Window { limit, length: DAY })),
        limit(Dimension::ConcurrentRequests).map(|limit| key(CONCURRENT, Rule::Lease { limit, ttl: LEASE })),
        results(caller, 0),
    ];
    rules.into_iter().flatten().collect()
}

/// What one key may do in a minute: its own rate where it has one, but never more than the account. A rate that an
/// operator has set for the account's keys is in the limits already, and the smaller one counts.
fn share_of_key(caller: &ApiCaller) -> Option<u32> {
    let of_plan = caller.limits.count(Dimension::ResultsPerMinutePerKey);
    let of_account = caller.limits.count(Dimension::ResultsPerMinute);
    let own = caller.rate_per_minute.or(of_plan);
    match (own, of_account) {
        (Some(own), Some(account)) => Some(own.min(account)),
        (own, _) => own,
    }
}

/// Further results of one request, against the key's share; the request itself was counted on its way in.
pub(crate) fn more_of_key(caller: &ApiCaller, cost: u32) -> Option<Check> {
    let (limit, key) = (share_of_key(caller)?, caller.key_id?);
    Some(Check { policy: KEY, subject: key.to_string(), rule: Rule::Bucket { limit, per: MINUTE }, cost })
}

/// The account's results in a fixed minute, `cost` of them.
pub(crate) fn results(caller: &ApiCaller, cost: u32) -> Option<Check> {
    results_of(caller.account_id, &caller.limits, cost)
}

/// The same for an account with these limits.
pub(crate) fn results_of(account: AccountId, limits: &Limits, cost: u32) -> Option<Check> {
    let limit = limits.count(Dimension::ResultsPerMinute)?;
    Some(Check {
        policy: ACCOUNT,
        subject: account.to_string(),
        rule: Rule::Window { limit, length: MINUTE },
        cost,
    })
}
