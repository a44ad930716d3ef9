//! What happened, one row each, for analytics, webhooks and live progress.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use domain::{AccountId, JobId};
use serde_json::Value;
use uuid::Uuid;

use crate::schema::events;

/// A row of `events` to insert. The payload must not hold a NUL.
#[derive(Insertable)]
// `DEFAULT` in the place of NULL would make another statement, and so one that is prepared for every call.
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub(crate) struct NewEvent {
    account_id: Uuid,
    job_id: Option<Uuid>,
    kind: &'static str,
    payload: Value,
    created_at: DateTime<Utc>,
}

impl NewEvent {
    pub(crate) fn new(account: AccountId, kind: &'static str, payload: Value, now: DateTime<Utc>) -> Self {
        Self { account_id: account.0, job_id: None, kind, payload, created_at: now }
    }

    pub(crate) fn of_job(mut self, job: JobId) -> Self {
        self.job_id = Some(job.0);
        self
    }
}
