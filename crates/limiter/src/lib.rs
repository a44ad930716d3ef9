//! Rate limits: shared by all gateways through Redis, and by every gateway for itself while Redis is away.
//!
//! [`Limiter::decide`] measures a request by all of its limits at once ([`Check`], [`Rule`]) and punishes
//! who keeps running into them ([`Penalty`], [`Escalation`]).
//!
//! A limit is never the reason for an error or a delay (RELIABILITY R5, D17): no request waits for a
//! connection, an answer that takes longer than `LIMITER_TIMEOUT_MS` is not waited for, and after one
//! failure Redis is left alone for [`RETRY_AFTER`] while this process decides by its share of the limits.
//! Nothing that has to be exact lives here: quotas and credits are in Postgres.
//!
//! ```no_run
//! # use std::time::Duration;
//! # use limiter::{Check, Limiter, Penalty, Request, Rule};
//! # async fn work(limiter: &Limiter, key: String) {
//! let minute = Rule::Window { limit: 30, length: Duration::from_secs(60) };
//! let concurrent = Rule::Lease { limit: 5, ttl: Duration::from_secs(60) };
//! let check = |policy, rule| Check { policy, subject: key.clone(), rule, cost: 1 };
//! let request = Request {
//!     checks: vec![check("minute", minute), check("concurrent", concurrent)],
//!     penalty: Some(Penalty {
//!         subject: key.clone(),
//!         label: format!("key:{key}"),
//!         settings: limiter.escalation(),
//!     }),
//! };
//! let verdict = limiter.decide(&request).await;
//! if !verdict.allowed() {
//!     // 429 with `verdict.retry_after()`. Once for each block: `verdict.blocked` with `entered`.
//! }
//! let lease = verdict.lease; // Held until the work is done; renewed if that takes longer than the ttl.
//! # drop(lease);
//! # }
//! ```

mod admin;
mod answer;
mod config;
mod decision;
mod error;
mod escalation;
mod hashed;
mod lease;
mod limiter;
mod link;
mod local;
mod program;
mod request;
mod rule;
mod scripts;

pub use config::Config;
pub use decision::{Decision, FixedWindow};
pub use error::LimiterError;
pub use escalation::{
    Block, BlockedSubject, DEFAULT_COOLDOWNS, DEFAULT_DECAY, DEFAULT_THRESHOLDS, Escalation,
    HIGHEST_ADDRESS_TIER, HIGHEST_TIER, Penalty, Standing,
};
pub use lease::LeaseGuard;
pub use limiter::Limiter;
pub use link::RETRY_AFTER;
pub use request::{Check, Outcome, Request, Source, Verdict};
pub use rule::Rule;
