//! PostgreSQL: the truth. Accounts and people, API keys, jobs, results, the ledger and the outbox.
//!
//! One file an aggregate, each an `impl Store` block. Rows stay inside this crate; what leaves it is made
//! of domain types, and a row that does not map is [`StoreError::Corrupt`]. No method reads a clock.
//! Timestamps are kept to the microsecond.

mod accepting;
mod access_requests;
mod accounts;
mod admin;
mod alerts;
mod api_keys;
mod audit_ledger;
mod audit_log;
mod callers;
mod config;
mod connect;
mod convert;
mod credits;
mod daily_usage;
mod email_tokens;
mod error;
mod events;
mod intents;
mod invitations;
mod jobs;
mod key_suspension;
mod ledger;
pub mod letters;
mod library;
mod mails;
mod members;
mod migrate;
mod new_result;
mod outbox;
mod results;
mod schema;
mod seats;
mod sessions;
mod sign_up;
mod sources;
mod statement;
mod store;
mod users;

pub use accepting::{Acceptance, InvitationState};
pub use access_requests::{AccessRequest, NewAccessRequest};
pub use accounts::{Account, Lifecycle, NewAccount};
pub use admin::{AccountChange, OverrideChange};
pub use alerts::Alerts;
pub use api_keys::{ApiKey, ApiKeyChange, NewApiKey};
pub use audit_ledger::Discrepancy;
pub use audit_log::{Actor, AuditEntry, AuditRecord};
pub use callers::Caller;
pub use config::Config;
pub use credits::{CacheHit, Granted, KindUsage, NewTopup, Topup, TopupSource, Totals, Usage};
pub use daily_usage::DailyCount;
pub use email_tokens::{EmailPurpose, NewEmailToken};
pub use error::StoreError;
pub use intents::{IntentUse, NewIntent};
pub use invitations::{Invitation, NewInvitation};
pub use jobs::{Accepted, Claim, ClaimedJob, Completion, Job, NewJob, WhenExhausted};
pub use library::CommitOutcome;
pub use mails::{DueMail, NewMail};
pub use members::{Member, Membership, Removal};
pub use migrate::migrate;
pub use outbox::{OutboxRow, OutgoingMessage, SweepReport};
pub use results::StoredResult;
pub use sessions::{NewSession, Rotation, SessionHolder, SessionItem};
pub use sign_up::NewSignUp;
pub use sources::{NewSource, Source};
pub use store::Store;
pub use users::User;
