//! Rate limits: shared by all gateways through Redis, and by every gateway for itself while Redis is away.
//!
//! [`Limiter::decide`] measures a request by all of its limits at once ([`Check`], [`Rule`]) and punishes
//! who keeps running into them ([`Penalty`], [`Escalation`]).
//!
//! A limit is never the reason for an error or a delay (RELIABILITY R5, D17): no request waits for a
//! connection, an answer that takes longer than `LIMITER_TIMEOUT_MS` is not waited for, and after one
//! failure Redis is left alone for [`RETRY_AFTER`] while this process decides by its share of the limits.
//! Nothing that has to be exact lives here: quotas and credits are in Postgres.

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
