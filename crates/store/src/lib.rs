//! PostgreSQL: the truth. Accounts, API keys, jobs, results, the ledger and the outbox.
//!
//! One file an aggregate, each an `impl Store` block. Rows stay inside this crate; what leaves it is made
//! of domain types, and a row that does not map is [`StoreError::Corrupt`]. No method reads a clock.
//! Timestamps are kept to the microsecond.

mod accounts;
mod alerts;
mod api_keys;
mod audit_ledger;
mod config;
mod connect;
mod convert;
mod credits;
mod error;
mod events;
mod jobs;
mod ledger;
mod library;
mod migrate;
mod new_result;
mod outbox;
mod results;
mod schema;
mod sources;
mod statement;
mod store;
mod users;

pub use accounts::{Account, Lifecycle, NewAccount};
pub use alerts::Alerts;
pub use api_keys::{ApiKey, Caller, NewApiKey};
pub use audit_ledger::Discrepancy;
pub use config::Config;
pub use credits::{CacheHit, Granted, KindUsage, NewTopup, Topup, TopupSource, Totals, Usage};
pub use error::StoreError;
pub use jobs::{Accepted, Claim, ClaimedJob, Completion, Job, NewJob, WhenExhausted};
pub use library::CommitOutcome;
pub use migrate::migrate;
pub use outbox::{OutboxRow, OutgoingMessage, SweepReport};
pub use results::StoredResult;
pub use sources::{NewSource, Source};
pub use store::Store;
pub use users::User;
