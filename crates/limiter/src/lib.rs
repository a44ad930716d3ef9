//! Rate limits: shared by all gateways through Redis, and by every gateway for itself while Redis is away.
//!
//! A limit is never the reason for an error or a delay (RELIABILITY R5, D17): no request waits for a
//! connection, an answer that takes longer than `LIMITER_TIMEOUT_MS` is not waited for, and after one
//! failure Redis is left alone for [`RETRY_AFTER`] while windows in this process decide. Nothing that has
//! to be exact lives here: quotas and credits are in Postgres.

mod config;
mod decision;
mod error;
mod fixed_window;
mod limiter;
mod link;
mod local;

pub use config::Config;
pub use decision::{Decision, FixedWindow, Source};
pub use error::LimiterError;
pub use limiter::Limiter;
pub use link::RETRY_AFTER;
